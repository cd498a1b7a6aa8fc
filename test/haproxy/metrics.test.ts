/** What Prometheus reads of Fairlead beside what it reads of HAProxy: one configuration, one story, line by line. */

import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseExposition } from '../support/exposition.ts';
import { refusingAddress } from '../support/faulty.ts';
import { until } from '../support/wait.ts';
import { both, DEFAULTS, type Servers, type Side, type Sides, skip, startServers, startSides, stopSides } from './side-by-side.ts';

const CONFIG = `
global
 nbthread 1
 maxconn 500
 stats socket %DIR%/ctl level admin
${DEFAULTS}
 timeout queue 1s
 retries 1
 option http-server-close
frontend metrics
 bind unix@%DIR%/metrics
 log stdout format raw local0
 option httplog
 http-request use-service prometheus-exporter if { path_beg /metrics }
frontend web
 bind unix@%DIR%/web name main
 bind unix@%DIR%/web2 maxconn 5
 option socket-stats
 maxconn 100
 http-request deny if { path /deny }
 http-request redirect location /x if { path /redirect }
 use_backend lost if { path_beg /lost }
 use_backend states if { path_beg /states }
 default_backend app
backend app
 stick-table type ip size 100 expire 1m
 stick on src
 option redispatch
 server first %OK% maxconn 7 maxqueue 3 pool-max-conn 5 weight 10
 server second %OK% backup weight 20
backend lost
 server nobody %REFUSES%
backend states
 option httpchk GET /200
 default-server inter 2s rise 1 fall 1
 server up %OK% check
 server down %REFUSES% check
 server maint %OK% check disabled
 server stopped %OK% check
 server drained %OK% check
 server unwatched %OK% check
 server plain %OK%
 server tracker %OK% track states/up
 server slow %OK% check slowstart 100s
backend fading
 option httpchk GET /404
 http-check disable-on-404
 server nolb %OK% check inter 2s
 server drained %OK% check inter 2s
backend awaited
 option httpchk GET /silent
 timeout check 1m
 server ini %OK% check inter 2s
backend empty
listen tcp
 mode tcp
 bind unix@%DIR%/tcp
 option socket-stats
 stick-table type string len 10 size 50
 server t1 %OK% check inter 2s
 server t2 %REFUSES% disabled
backend off
 disabled
 server none %OK%`;

interface Scraped {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function scrape({ folder }: Side, path = '/metrics', method = 'GET'): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: join(folder, 'metrics'), path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** Everything that has a counter, and every state that a server can be in. */
async function play(side: Side): Promise<void> {
  const ask = async (name: string, ...requests: readonly string[]) => {
    await side.ask(name, ...requests);
    await until('the client has gone', async () => (await side.rows()).every(({ pxname, scur }) => pxname !== name || scur === '0'));
  };
  await ask('web', ...['/200', '/301', '/404', '/503', '/interim', '/deny', '/redirect', '/states'].map(get));
  await ask('web2', get('/200'), get('/deny'));
  await ask('web', 'BAD\r\n\r\n');
  await ask('web', get('/close'));
  await ask('web', get('/lost'));
  await ask('tcp', get('/'));
  await scrape(side);
  for (const command of [
    'set server states/stopped state maint',
    'set server states/drained state drain',
    'set server fading/drained state drain',
    'disable health states/unwatched',
    'set server states/slow state maint',
    'set server states/slow state ready',
    'disable frontend web',
  ]) {
    await side.cli(command);
  }
}

let sides: Sides;
let servers: Servers | undefined;

before(async () => {
  if (skip !== false) return;
  servers = await startServers();
  const refusing = (await refusingAddress()).address;
  const config = CONFIG.replaceAll('%OK%', servers.address).replaceAll('%REFUSES%', refusing);
  sides = await startSides(config);
  await Promise.all(
    sides.map(async (side) => {
      await until(`checks of ${side.name} have ended`, async () => {
        const rows = (await side.rows()).filter(({ check_status = '', svname }) => check_status !== '' && svname !== 'ini');
        return rows.every(({ check_status = '' }) => /^(?:\* )?L\d/.test(check_status));
      });
      await play(side);
    }),
  );
});

after(async () => {
  await stopSides(sides);
  await servers?.stop();
});

/** What a process has of its own: memory, descriptors, clocks, and who has asked it how often. */
const PROCESS =
  /^haproxy_process_(?:uptime|max_fds|max_sockets|connections_total|requests_total|current_tasks|current_run_queue|idle_time|jobs|bytes_out|max_memory|pool|start_time|hard_max|listeners)/;
/** What the clock makes of it. */
const RATE = /_rate(?:_max)?(?:\{|$)/;
const MOMENT = /_seconds(?:_total)?\{/;
/** HAProxy counts what it makes of messages; test/haproxy/stats-compare.test.ts says how near to that we are. */
const BYTES = /_bytes_(?:in|out)_total\{/;
/** A check that has not ended is a connection that HAProxy counts. */
const CHECKING = /need_connections_current\{proxy="awaited"/;
/** Who asks meets who has asked just before. */
const OWN_MOST = /^haproxy_frontend_max_sessions\{proxy="metrics"\}/;

/** A line, without what must differ; how a number is written stays to be seen. */
function masked(line: string): string {
  const [, series = '', value = ''] = /^([^#].*) (\S+)$/.exec(line) ?? [];
  if (series === '') return line;
  const name = series.replace(/version="[^"]*"/, 'version=""');
  if (PROCESS.test(series) || RATE.test(series) || BYTES.test(series) || OWN_MOST.test(series) || CHECKING.test(series))
    return `${name} ${value.replace(/\d+/, 'n')}`;
  if (MOMENT.test(series)) return `${name} ${value.replace(/^\d+/, 'n').replace(/\d/g, '0')}`;
  if (series.includes('current_throttle') && value !== 'NaN') return `${name} percent`;
  return `${name} ${value}`;
}

/** HAProxy's families stand first. */
function lines({ body }: Scraped): string[] {
  const end = body.search(/^# HELP (?!haproxy_)/m);
  return (end < 0 ? body : body.slice(0, end)).trimEnd().split('\n').map(masked);
}

/** Checks go on meanwhile, and one that is under way has no code: what differs is looked at again. Answers HAProxy's. */
async function sameLines(path: string): Promise<Scraped> {
  let last: readonly [Scraped, Scraped] | undefined;
  await until(
    'they agree',
    async () => {
      last = await both(sides, (side) => scrape(side, path));
      return lines(last[0]).join() === lines(last[1]).join();
    },
    3000,
  ).catch(() => undefined);
  assert.ok(last);
  assert.deepEqual(lines(last[1]), lines(last[0]));
  return last[0];
}

describe('the metrics', { skip }, () => {
  test('every line is HAProxy’s, in its order', async () => {
    const { body } = await sameLines('/metrics');
    assert.ok(body.split('\n').length > 1000);
  });

  test('what HAProxy writes passes the parser, and so does what we write', async () => {
    for (const { body } of await both(sides, (side) => scrape(side))) assert.ok(parseExposition(body).size >= 203);
  });

  for (const query of [
    '?scope=global',
    '?scope=frontend&scope=listener',
    '?scope=backend',
    '?scope=server&no-maint',
    '?no-maint&scope=server',
    '?scope=sticktable',
    '?scope=',
    '?scope=server&scope=',
    '?scope=&scope=listener',
    '?scope=%6cistener',
    '?sc%6fpe=listener&&x=%ff',
    '?scope=listener&x=%zz',
    '?%',
    '?no%2dmaint=0&scope=server',
    '?scope%3Dserver',
    '?metrics=haproxy_process_nbthread&scope=sticktable',
    '?scope',
    '?scope=foo',
    '?scope=Server',
    '?scope=global,server',
    '?scope=server%26no-maint',
    '?scope=server&scope=nothing',
    '?scope=%',
  ]) {
    test(`${query} is answered as by HAProxy`, async () => {
      const [theirs, ours] = await both(sides, (side) => scrape(side, `/metrics${query}`));
      assert.equal(ours.status, theirs.status);
      assert.deepEqual(ours.headers, theirs.headers);
      await sameLines(`/metrics${query}`);
    });
  }

  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
    test(`${method} is answered as by HAProxy`, async () => {
      const [theirs, ours] = await both(sides, (side) => scrape(side, '/metrics?scope=listener', method));
      assert.equal(ours.status, theirs.status);
      assert.deepEqual(lines(ours), lines(theirs));
      // HAProxy tells a HEAD of a coding that the answer to it does not have.
      const { 'transfer-encoding': coding, ...headers } = theirs.headers;
      assert.deepEqual(ours.headers, method === 'HEAD' ? headers : { ...headers, 'transfer-encoding': coding });
    });
  }

  test('the log names the exporter, with no time spent on servers', async () => {
    for (const side of sides) {
      const line = await until('a line is logged', () => /metrics metrics\/<PROMEX> .*/.exec(side.output)?.[0]);
      assert.match(line, /^metrics metrics\/<PROMEX> 0\/0\/0\/0\/\d+ 200 \d+ - - LR-- \d+\/\d+\/0\/0\/0 0\/0 "GET \/metrics HTTP\/1\.1"$/);
    }
  });

  test('scrapes count as requests that were intercepted', async () => {
    const name = 'haproxy_frontend_intercepted_requests_total{proxy="metrics"}';
    const [theirs, ours] = await both(sides, async (side) => {
      await scrape(side);
      const { body } = await scrape(side, '/metrics?scope=frontend');
      return body.split('\n').find((line) => line.startsWith(name));
    });
    assert.equal(ours, theirs);
  });
});
