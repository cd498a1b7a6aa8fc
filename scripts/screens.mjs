/**
 * Takes the pictures of the statistics page in docs/ from a running balancer, with Debian's chromium: `npm run docs:screens`.
 * Servers that work, are slow, fail, drain and stand still; traffic of two seconds and more before the shutter.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../dist/test/browser/browser.js';
import { ask } from '../dist/test/support/client.js';
import { Fairlead } from '../dist/test/support/fairlead.js';

const SECONDS = Number(process.argv[2] ?? 125);

async function server(name, status, delay) {
  const made = createServer((_request, response) => {
    setTimeout(() => {
      response.writeHead(typeof status === 'function' ? status() : status);
      response.end(`${name}\n${'x'.repeat(400)}`);
    }, delay());
  });
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  return made;
}

/** A quarter of a minute, some time before the shutter. */
const isBadMoment = () => performance.now() > (SECONDS - 45) * 1000 && performance.now() < (SECONDS - 30) * 1000;
const quick = () => 2 + Math.random() * 8;
const servers = {
  'web-1': await server('web-1', 200, quick),
  'web-2': await server('web-2', () => (isBadMoment() && Math.random() < 0.3 ? 500 : 200), quick),
  'web-3': await server('web-3', 200, quick),
  sick: await server('sick', 503, quick),
  'api-1': await server('api-1', 200, () => 60 + Math.random() * 120),
  'api-2': await server('api-2', 200, () => 40 + Math.random() * 80),
};
const address = (name) => `127.0.0.1:${servers[name].address().port}`;

const fairlead = await Fairlead.start(
  `
global
    maxconn 2000
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout queue 5s
frontend www
    bind 127.0.0.1:0
    maxconn 2000
    stats uri /admin?stats
    stats admin if TRUE
    stats show-legends
    stats show-node edge-1
    stats show-desc Shop, Frankfurt
    acl api path_beg /api
    use_backend api if api
    default_backend shop
backend shop
    description What customers see
    balance leastconn
    cookie SRV insert indirect
    option httpchk GET /health
    server web-1 ${address('web-1')} check inter 500 cookie w1 maxconn 100
    server web-2 ${address('web-2')} check inter 500 cookie w2 maxconn 100
    server web-3 ${address('web-3')} check inter 500 cookie w3 maxconn 100
    server web-4 127.0.0.1:1 check inter 500 maxconn 100
    server web-5 ${address('sick')} check inter 500 backup maxconn 100
    server web-6 ${address('web-1')} check inter 500 disabled maxconn 100
backend api
    balance roundrobin
    server api-1 ${address('api-1')} check inter 500 maxconn 4 maxqueue 40
    server api-2 ${address('api-2')} check inter 500 maxconn 4 maxqueue 40 slowstart 200s
    server api-3 api-3.internal.invalid:8080 check inter 500 init-addr none
backend batch
    server job-1 ${address('api-2')} track api/api-1
    server job-2 ${address('api-1')}
`.replace(' resolvers none', ''),
);
const port = fairlead.port('www');
const form = (text) =>
  ask(port, { method: 'POST', path: '/admin?stats', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: text });
await form('s=web-3&action=drain&b=shop');

let going = true;
const traffic = async (path, pause) => {
  while (going) {
    await ask(port, { path }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, pause()));
  }
};
const wave = () => 14 + 10 * Math.sin(performance.now() / 8000);
const work = [...Array.from({ length: 6 }, () => traffic('/', wave)), ...Array.from({ length: 12 }, () => traffic('/api', () => 60))];
await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));

const browser = await openBrowser();
const shoot = async (file, options, then = async () => {}) => {
  const page = await browser.newPage(options);
  await page.goto(`http://127.0.0.1:${port}/admin?stats`);
  await page.waitForSelector('.sort');
  await then(page);
  await page.screenshot({ path: fileURLToPath(new URL(`../docs/${file}`, import.meta.url)) });
  await page.close();
};
const desktop = { viewport: { width: 1320, height: 790 } };
await shoot('page.png', { ...desktop, colorScheme: 'light' });
await shoot('page-dark.png', { viewport: { width: 1240, height: 640 }, colorScheme: 'dark' }, async (page) => {
  await page.click('tr[data-key="shop/web-2"] a.open');
  await page.waitForSelector('#panel [data-part="values"]');
});
await shoot('page-phone.png', { viewport: { width: 390, height: 800 }, colorScheme: 'light', isMobile: true, hasTouch: true });
await browser.close();
going = false;
await Promise.all(work);
await fairlead.stop('SIGKILL');
for (const made of Object.values(servers)) {
  made.close();
  made.closeAllConnections();
}
