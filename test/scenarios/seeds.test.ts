/**
 * The setups that users come from, each as its own documents have it with addresses adapted: accepted by `-c`, started
 * as a process, and serving.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { checkConfig, Fairlead } from '../support/fairlead.ts';
import { root } from '../support/paths.ts';
import { parseStats } from '../support/stats.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const text = (name: string) => readFileSync(join(root, 'test/config/cases/valid', `${name}.cfg`), 'utf8');

interface Story {
  readonly config: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts two servers, lets `adapt` put their addresses in, checks, starts, and tells the story. */
async function seed(
  adapt: (one: Upstream, two: Upstream) => Story,
  run: (fairlead: Fairlead, one: Upstream, two: Upstream) => Promise<void>,
) {
  const [one, two] = [await startUpstream('one'), await startUpstream('two')];
  const { config, files = {} } = adapt(one, two);
  const checked = checkConfig(config, { files });
  assert.equal(checked.code, 0, checked.output);
  assert.match(checked.output, /Configuration file is valid/);
  const fairlead = await Fairlead.start(config, { files });
  try {
    await run(fairlead, one, two);
  } finally {
    await fairlead.stop();
    await one.stop();
    await two.stop();
  }
}

async function bodies(port: number, count: number, host = 'a'): Promise<string[]> {
  const seen: string[] = [];
  for (let i = 0; i < count; i++) seen.push((await ask(port, { headers: { host } })).body);
  return seen;
}

describe('the setups that users come from', () => {
  it('the script over docker inspect: alternates, and the CSV adds up', async () => {
    const adapt = (one: Upstream, two: Upstream) => ({
      config: text('jonah-docker-haproxy')
        .replace('*:80', '127.0.0.1:0')
        .replace('172.17.0.4:8089', one.address)
        .replace('172.17.0.3:8089', two.address),
    });
    await seed(adapt, async (fairlead) => {
      const port = fairlead.port('http-in');
      assert.deepEqual(await bodies(port, 4), ['one', 'two', 'one', 'two']);
      assert.equal((await ask(port, { path: '/admin?stats;csv' })).status, 401);
      const answer = await ask(port, { path: '/admin?stats;csv', auth: 'admin:joypass123' });
      assert.equal(answer.status, 200);
      const rows = parseStats(answer.body);
      assert.deepEqual(
        rows.map((row) => [row.svname, row.stot, row.slim, row.status]),
        [
          ['FRONTEND', '6', '256', 'OPEN'],
          ['a137d48a862d', '2', '32', 'no check'],
          ['32da762ec20d', '2', '32', 'no check'],
          ['BACKEND', '4', '26', 'UP'],
        ],
      );
    });
  });

  it('the load-balancer script: servers by name', async () => {
    const adapt = (one: Upstream, two: Upstream) => ({
      config: text('vic-load-balancer')
        .replace('*:80', '127.0.0.1:0')
        .replace('web-1:80', `localhost:${one.port}`)
        .replace('web-2:80', `localhost:${two.port}`)
        .replace('web-3:80', 'no-such-name.invalid:80'),
    });
    await seed(adapt, async (fairlead) => {
      await until('both names are resolved', async () => (await bodies(fairlead.port('http-in'), 2)).sort().join() === 'one,two');
    });
  });

  it('haproxy-docker-config: the old form of listen, checked servers', async () => {
    const adapt = (one: Upstream, two: Upstream) => ({
      config: text('haproxy-docker-config')
        .replace('0.0.0.0:8380', '127.0.0.1:0')
        .replace('127.0.0.1:49161', one.address)
        .replace('127.0.0.1:49160', two.address),
    });
    await seed(adapt, async (fairlead) => {
      assert.deepEqual((await bodies(fairlead.port('dockerha-app1'), 2)).sort(), ['one', 'two']);
    });
  });

  it('the consul stacks: hosts and aliases by ACL, a statistics page of its own', async () => {
    const adapt = (one: Upstream, two: Upstream) => ({
      files: { '503.http': 'HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\nsorry\n' },
      config: text('consul-registrator')
        .replace('/var/run/haproxy.pid', '%DIR%/haproxy.pid')
        .replace('/var/run/haproxy.sock', '%DIR%/haproxy.sock')
        .replace('daemon', '')
        .replace('cases/files/503.http', '%DIR%/503.http')
        .replace('*:1936', '127.0.0.1:0')
        .replace('*:80', '127.0.0.1:0')
        .replace('consul:8500 check port 8500', `${one.address} check`)
        .replaceAll('172.17.0.5:32768', two.address)
        .replace('172.17.0.6:32769 172.17.0.6:32769', `spare ${one.address}`)
        .replace('web.service.consul:80', 'no-such-name.invalid:80'),
    });
    await seed(adapt, async (fairlead) => {
      const port = fairlead.port('www');
      assert.deepEqual(await bodies(port, 2, 'consul-admin.infra.127.0.0.1.nip.io'), ['one', 'one']);
      assert.deepEqual(await bodies(port, 2, 'www.hello.127.0.0.1.nip.io'), ['two', 'two']);
      assert.deepEqual(await bodies(port, 2, 'HELLO.home'), ['two', 'two']);
      const page = await ask(fairlead.port('stats'), { path: '/', auth: 'stats:stats' });
      assert.deepEqual([page.status, page.headers.refresh], [200, '5']);
      assert.match(page.body, /hello_www_backend/);
    });
  });

  it('the nginx that consul-template writes: one service over what is registered', async () => {
    const adapt = (one: Upstream, two: Upstream) => ({
      config: `defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend loadbalancer
    bind 127.0.0.1:0
    default_backend simple
backend simple
    balance roundrobin
    server host-1 ${one.address} check
    server host-2 ${two.address} check
`,
    });
    await seed(adapt, async (fairlead) => {
      assert.deepEqual(await bodies(fairlead.port('loadbalancer'), 4), ['one', 'two', 'one', 'two']);
    });
  });
});
