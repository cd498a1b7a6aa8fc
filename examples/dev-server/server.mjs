/**
 * A development server: requests that a route takes go to containers (or local processes), everything else gets its own page.
 * Usage: node server.mjs [haproxy.cfg | local.cfg]
 */

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createBalancer } from 'fairlead';

const configFile = fileURLToPath(new URL(process.argv[2] ?? 'haproxy.cfg', import.meta.url));
const balancer = await createBalancer({ configFile, fallthrough: true, log: (line) => console.error(line) });

const server = createServer((request, response) => balancer.web(request, response, () => ownPage(request, response)));
server.on('upgrade', balancer.ws);
server.listen(Number(process.env.PORT ?? 8080), () => console.log(`http://localhost:${server.address().port}/`));

/** Everything that the balancer knows, and why this very request is not routed. */
function ownPage({ headers, url }, response) {
  const servers = balancer.stats().filter(({ svname }) => svname !== 'FRONTEND' && svname !== 'BACKEND');
  const rows = servers.map(({ pxname, svname, status, stot }) => `${pxname}/${svname}\t${status}\t${stot} requests`);
  const why = balancer.explain(`http://${headers.host}${url}`).text;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`The development server's own page.\n\n${rows.join('\n')}\n\n${why}`);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close();
    server.closeIdleConnections();
    await balancer.close({ drainMs: 2000 });
    process.exit();
  });
}
