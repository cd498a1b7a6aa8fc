/** The exporter of a running program: over reloads, over connections that stay, and when those who ask do not wait. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askCli } from '../support/cli.ts';
import { ask, RawClient } from '../support/client.ts';
import { type Family, parseExposition } from '../support/exposition.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const DURATIONS = 'fairlead_backend_request_duration_seconds';

let server: Upstream;
let fairlead: Fairlead;

const EXPORTER = 'http-request use-service prometheus-exporter if { path /metrics }';

function configuration(backends: readonly string[], rule = EXPORTER): string {
  return `
global
    stats socket %DIR%/ctl level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend metrics
    bind 127.0.0.1:0
    ${rule}
frontend www
    bind 127.0.0.1:0
    default_backend ${backends[0]}
${backends.map((name) => `backend ${name}\n    server s1 ${server.address}`).join('\n')}
`;
}

before(async () => {
  server = await startUpstream('app');
  fairlead = await Fairlead.start(configuration(['one']));
});

after(async () => {
  await fairlead.stop();
  await server.stop();
});

async function families(scope: string): Promise<ReadonlyMap<string, Family>> {
  const { body } = await ask(fairlead.port('metrics'), { path: `/metrics?scope=${scope}` });
  return parseExposition(body);
}

/** What a backend's histogram of durations has counted; undefined where it has none. */
async function counted(proxy: string): Promise<number | undefined> {
  const samples = (await families('fairlead')).get(DURATIONS)?.samples ?? [];
  return samples.find(({ name, labels }) => name === `${DURATIONS}_count` && labels.get('proxy') === proxy)?.value;
}

describe('the exporter', () => {
  it('answers on a connection that stays, whatever body comes with the question', async () => {
    const client = await RawClient.connect(fairlead.port('metrics'));
    client.send('POST /metrics?scope=listener HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    client.send('GET /metrics?scope= HTTP/1.1\r\nHost: a\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await until('all are answered', () => client.ended);
    assert.equal(client.received.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 3);
    assert.equal(client.received.match(/\r\n0\r\n\r\n/g)?.length, 2);
    client.close();
  });

  it('measures what a reload brings, and forgets nothing that stays', async () => {
    await ask(fairlead.port('www'));
    const first = await counted('one');
    assert.ok(first !== undefined && first > 0);
    fairlead.rewrite(configuration(['one', 'two']));
    fairlead.signal('SIGUSR2');
    await until('the new backend is there', async () => (await counted('two')) === 0);
    assert.equal(await counted('one'), first);
    const reloads = (await families('fairlead')).get('fairlead_reloads_total');
    assert.equal(reloads?.samples[0]?.value, 1);
  });

  it('begins anew with the counters', async () => {
    await ask(fairlead.port('www'));
    await askCli(join(fairlead.folder, 'ctl'), 'clear counters all');
    assert.equal(await counted('one'), 0);
    await ask(fairlead.port('www'));
    assert.equal(await counted('one'), 1);
  });

  it('measures nothing while nobody can ask', async () => {
    await ask(fairlead.port('www'));
    fairlead.rewrite(configuration(['one', 'two'], 'http-request return status 204'));
    fairlead.signal('SIGUSR2');
    await until('there is no exporter', async () => (await ask(fairlead.port('metrics'), { path: '/metrics' })).status === 204);
    await ask(fairlead.port('www'));
    fairlead.rewrite(configuration(['one', 'two']));
    fairlead.signal('SIGUSR2');
    await until('there is one again', async () => (await ask(fairlead.port('metrics'), { path: '/metrics' })).status === 200);
    assert.equal(await counted('one'), 0);
  });

  it('is not held up by those who ask and leave', async () => {
    const leavers = Array.from({ length: 50 }, () => {
      const socket = connect(fairlead.port('metrics'), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.destroy());
      return socket;
    });
    await until('they have left', () => leavers.every(({ destroyed }) => destroyed));
    await until('nobody is left but who asks', async () => {
      const found = await families('frontend');
      const sessions = found.get('haproxy_frontend_current_sessions')?.samples.find(({ labels }) => labels.get('proxy') === 'metrics');
      return sessions?.value === 1;
    });
  });
});
