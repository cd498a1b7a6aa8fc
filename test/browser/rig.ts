/** A balancer with a page to look at, and a browser that takes note of whatever must not happen. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Fairlead } from '../support/fairlead.ts';
import { serve, type Upstream } from '../support/upstream.ts';
import { openBrowser } from './browser.ts';

/** What a server that means harm would have people run. */
export const EVIL = `<img src=x onerror="document.title='evil'"><script>document.title='evil'</script>`;

/** As a word of the configuration. */
const ESCAPED = EVIL.replace(/[\\ '"#]/g, '\\$&');

export interface Site {
  readonly browser: Browser;
  readonly fairlead: Fairlead;
  /** The page, with what stands behind its uri. */
  address(rest?: string): string;
  /** What the checks of a server are answered with from now on; its reason phrase is the server's own. */
  answer(server: string, status: number): void;
  stop(): Promise<void>;
}

async function startServer(name: string, status: () => number): Promise<Upstream> {
  return serve(
    createServer((_request, response) => {
      response.writeHead(status(), status() === 200 ? 'OK' : `sick ${EVIL}`);
      response.end(name);
    }),
  );
}

export async function startSite(): Promise<Site> {
  const statuses = new Map([
    ['web-1', 200],
    ['web-2', 200],
    ['sick', 503],
  ]);
  const names = [...statuses.keys()];
  const servers = await Promise.all(names.map((name) => startServer(name, () => statuses.get(name) ?? 200)));
  const at = (name: string): string => servers[names.indexOf(name)]?.address ?? '';
  const fairlead = await Fairlead.start(`
global
 stats socket %DIR%/ctl level admin
defaults
 mode http
 timeout connect 2s
 timeout client 20s
 timeout server 20s
frontend www
 bind 127.0.0.1:0
 stats uri /admin?stats
 stats refresh 1s
 stats show-legends
 stats show-desc ${ESCAPED}
 stats admin if { hdr(x-admin) yes }
 default_backend shop
backend shop
 option httpchk GET /health
 server web-1 ${at('web-1')} check inter 200 rise 1 fall 1 maxconn 7
 server web-2 ${at('web-2')} check inter 200 rise 1 fall 1 maxconn 9
 server web-3 ${at('web-1')} disabled
# Called like parts of the page itself.
backend panel
 server Backend 127.0.0.1:1
backend confirm
 server toast 127.0.0.1:1
backend other
 description ${ESCAPED}
 option httpchk GET /health
 server sick ${at('sick')} check inter 200
 server named nowhere.invalid:80 init-addr none
`);
  const browser = await openBrowser();
  return {
    browser,
    fairlead,
    address: (rest = '') => `http://127.0.0.1:${fairlead.port('www')}/admin?stats${rest}`,
    answer: (server, status) => statuses.set(server, status),
    async stop() {
      await browser.close();
      await fairlead.stop('SIGKILL');
      for (const server of servers) await server.stop();
    },
  };
}

const ADMIN: BrowserContextOptions = { extraHTTPHeaders: { 'x-admin': 'yes' } };

/** `admin: false` is a viewer who may change nothing. */
export interface Looking extends BrowserContextOptions {
  readonly rest?: string;
  readonly admin?: boolean;
  /** The story moves the page's clock on. */
  readonly clock?: true;
  /** Errors that belong to the story. */
  readonly expected?: RegExp;
}

/** Opens the page, tells a story about it, and makes sure that nothing went wrong meanwhile and nobody else was asked. */
export async function look(
  site: Site,
  { rest = '', admin = true, clock, expected, ...options }: Looking,
  story: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await site.browser.newContext({ viewport: { width: 1440, height: 900 }, ...(admin ? ADMIN : {}), ...options });
  context.setDefaultTimeout(10_000);
  try {
    const page = await context.newPage();
    if (clock) await page.clock.install();
    const faults: string[] = [];
    const hosts = new Set<string>();
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== 'data:') hosts.add(host);
    });
    await page.goto(site.address(rest));
    if (options.javaScriptEnabled !== false)
      await page
        .locator('#live')
        .getByText(/Live|Paused/)
        .waitFor();
    await story(page);
    assert.deepEqual(
      faults.filter((fault) => expected === undefined || !expected.test(fault)),
      [],
    );
    assert.deepEqual([...hosts], [new URL(site.address()).host]);
    assert.doesNotMatch(await page.title(), /evil/);
  } finally {
    await context.close();
  }
}
