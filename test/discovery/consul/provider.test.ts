import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Config, ConsulAgentConfig } from '../../../src/config/model.ts';
import { ConsulProvider } from '../../../src/discovery/consul/provider.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { Recorder } from '../../support/recorder.ts';
import { until } from '../../support/wait.ts';
import { agentConfig, config, consulRoutes, consulServers, proxy } from '../make.ts';
import { FakeConsul } from './fake-consul.ts';

const eager = { pace: 1, backoff: [5, 20], round: 1000 } as const;
const web = config([proxy('app', { consulServers: [consulServers('web')] })]);
const everything = config([proxy('www', { kind: 'frontend', consulRoutes: [consulRoutes({ domains: ['a.test'] })] })]);

let consul: FakeConsul;
let log: Recorder;
let abort: AbortController;
let published: Snapshot[];
let running: Promise<void>[];
let folder: string;

beforeEach(async () => {
  consul = new FakeConsul();
  await consul.listen();
  log = new Recorder();
  abort = new AbortController();
  published = [];
  running = [];
  folder = mkdtempSync(join(tmpdir(), 'fairlead-consul-'));
});

afterEach(async () => {
  abort.abort();
  await Promise.all(running);
  await consul.close();
  rmSync(folder, { recursive: true });
});

function start(configuration: Config = web, more: Partial<ConsulAgentConfig> = {}, env: Record<string, string> = {}): ConsulProvider {
  const agent = { ...agentConfig, endpoint: consul.endpoint, ...more };
  const provider = new ConsulProvider({ agent, config: configuration, env, events: log, timings: eager });
  running.push(provider.run((snapshot) => published.push(snapshot), abort.signal));
  return provider;
}

/** `address state` of the servers of a pool, in the last snapshot. */
function now(pool = 'app'): readonly string[] | undefined {
  const servers = published.at(-1)?.pools.get(pool);
  return servers?.map(({ config: { address, port }, state }) => `${address}:${port} ${state}`);
}

async function is(...expected: string[]): Promise<void> {
  await until(`the servers are ${expected.join(', ') || 'none'}`, () => JSON.stringify(now()) === JSON.stringify(expected)).catch(
    (error: unknown) => {
      throw new Error(`they are ${now()?.join(', ')}`, { cause: error });
    },
  );
}

const count = (path: RegExp) => consul.asked.filter((asked) => path.test(asked)).length;

describe('a Consul agent as a source', () => {
  it('publishes what is registered, what comes, gets sick, gets well, is put into maintenance and goes', async () => {
    consul.register('web', { id: 'web-1', address: '192.0.2.1', port: 8001 });
    start();
    await is('192.0.2.1:8001 ready');
    consul.register('web', { id: 'web-2', address: '192.0.2.2', port: 8002, node: 'node-2' });
    await is('192.0.2.1:8001 ready', '192.0.2.2:8002 ready');
    consul.status('web-1', 'critical', 'HTTP GET http://192.0.2.1:8001/: 500 Internal Server Error\nOutput: oops');
    await is('192.0.2.1:8001 down', '192.0.2.2:8002 ready');
    const reason = published.at(-1)?.pools.get('app')?.[0]?.reason;
    assert.equal(reason, "check 'Service 'web-1' check' is critical: HTTP GET http://192.0.2.1:8001/: 500 Internal Server Error");
    consul.status('web-1', 'passing');
    await is('192.0.2.1:8001 ready', '192.0.2.2:8002 ready');
    consul.maintain('web-2', 'kernel update', 'node', 'node-2');
    await is('192.0.2.1:8001 ready', '192.0.2.2:8002 drain');
    consul.deregister('web-1');
    await is('192.0.2.2:8002 drain');
    consul.deregister('web-2', 'node-2');
    await is();
  });

  it('is told of a change by the question that the agent holds, and asks nothing meanwhile', async () => {
    consul.register('web', { address: '192.0.2.1' });
    start();
    await until('a question is held', () => consul.holding === 1);
    const before = consul.asked.length;
    consul.register('web', { address: '192.0.2.9' });
    await is('192.0.2.9:80 ready');
    await until('the next one is held', () => consul.holding === 1);
    assert.equal(consul.asked.length, before + 1);
    assert.match(consul.asked.at(-1) ?? '', /^\/v1\/health\/service\/web\?index=\d+&wait=60000ms$/);
  });

  it('keeps the identity of an instance that moves, and tells equal ids on two nodes apart', async () => {
    consul.register('web', { id: 'web', node: 'a', address: '192.0.2.1' });
    consul.register('web', { id: 'web', node: 'b', address: '192.0.2.2' });
    start();
    await is('192.0.2.1:80 ready', '192.0.2.2:80 ready');
    const before =
      published
        .at(-1)
        ?.pools.get('app')
        ?.map(({ config: { identity } }) => identity) ?? [];
    assert.equal(new Set(before).size, 2);
    consul.register('web', { id: 'web', node: 'a', address: '192.0.2.3' });
    await is('192.0.2.3:80 ready', '192.0.2.2:80 ready');
    assert.deepEqual(
      published
        .at(-1)
        ?.pools.get('app')
        ?.map(({ config: { identity } }) => identity),
      before,
    );
  });

  it('asks anew when the index goes back', async () => {
    consul.register('web', { address: '192.0.2.1' });
    start();
    await until('a question is held', () => consul.holding === 1);
    consul.deregister('web');
    await is();
    await until('a question is held', () => consul.holding === 1);
    const before = consul.asked.length;
    consul.register('web', { address: '192.0.2.2' });
    await is('192.0.2.2:80 ready');
    await until('a question is held', () => consul.holding === 1);
    consul.forget(7);
    await until('the new index is asked with', () => consul.holding === 1 && (consul.asked.at(-1) ?? '').includes('index=7&'));
    // Once without an index, then with the new one.
    assert.ok(consul.asked.slice(before).includes('/v1/health/service/web'));
  });

  it('never asks with an index below 1, and not in a loop, when the agent answers 0', async () => {
    consul.index = 0;
    consul.forget(0);
    start(web, { wait: 5 });
    await is();
    await until('it is asked again', () => count(/health\/service\/web/) >= 3);
    assert.equal(count(/index=0/), 0);
    assert.ok(count(/index=1&/) > 0);
  });

  it('publishes nothing that is the same, however often it is woken', async () => {
    consul.register('web', { address: '192.0.2.1' });
    start();
    await is('192.0.2.1:80 ready');
    for (let round = 0; round < 5; round++) {
      const before = consul.asked.length;
      await until('a question is held', () => consul.holding === 1);
      consul.forget(consul.index + 1);
      await until('it was woken', () => consul.asked.length > before);
    }
    assert.equal(published.length, 1);
  });
});

describe('an agent that is away', () => {
  it('is waited for, said once, and publishes nothing before it has spoken', async () => {
    await consul.close();
    const provider = start();
    await until('it has been tried', () => provider.counts.failures >= 4);
    assert.deepEqual(published, []);
    assert.equal(provider.trouble, 'connection refused');
    assert.equal(log.matching(/^Consul agent at http:.*: connection refused; trying again$/), 1);
    consul.register('web', { address: '192.0.2.1' });
    await consul.listen();
    await is('192.0.2.1:80 ready');
    assert.equal(provider.trouble, '');
    assert.equal(log.matching(/: connected, 1 services are watched$/), 1);
  });

  it('that is back is no news of each service', async () => {
    for (let i = 0; i < 20; i++) consul.register(`s${i}`, { id: `s${i}`, address: '192.0.2.1' });
    const provider = start(everything);
    await until('all are known', () => published.at(-1)?.pools.size === 20);
    await consul.close();
    await until('it is missed', () => provider.counts.failures >= 20);
    await consul.listen();
    consul.register('s0', { id: 's0', address: '192.0.2.2' });
    await until('it is caught up with', () => now('s0')?.[0] === '192.0.2.2:80 ready');
    const warnings = published.flatMap(({ notes }) => notes.filter(({ level }) => level === 'warning'));
    assert.deepEqual(warnings, []);
  });

  it('leaves what it has said last, and is caught up with', async () => {
    consul.register('web', { address: '192.0.2.1' });
    const provider = start();
    await is('192.0.2.1:80 ready');
    await consul.close();
    await until('it is missed', () => provider.trouble !== '');
    assert.deepEqual(now(), ['192.0.2.1:80 ready']);
    consul.register('web', { address: '192.0.2.2' });
    await consul.listen();
    await is('192.0.2.2:80 ready');
    assert.equal(log.matching(/: answers again$/), 1);
  });

  for (const [what, respond] of [
    [
      'cuts its answer',
      (response) => response.writeHead(200, { 'content-length': '100', 'x-consul-index': '5' }).write('[{"No', () => response.destroy()),
    ],
    ['is no Consul', (response) => response.end('<html>')],
    ['answers no JSON', (response) => response.writeHead(200, { 'x-consul-index': '5' }).end('[{')],
    ['answers another form', (response) => response.writeHead(200, { 'x-consul-index': '5' }).end('{"a":1}')],
  ] satisfies readonly (readonly [string, (response: ServerResponse) => void])[]) {
    it(`is away when it ${what}`, async () => {
      consul.register('web', { address: '192.0.2.1' });
      const provider = start();
      await is('192.0.2.1:80 ready');
      consul.intercept = (response) => {
        respond(response);
        return true;
      };
      consul.register('web', { address: '192.0.2.2' });
      await until('it has been noticed', () => provider.trouble !== '');
      assert.deepEqual(now(), ['192.0.2.1:80 ready']);
      consul.intercept = () => false;
      await is('192.0.2.2:80 ready');
    });
  }
});

describe('a service that is never answered', () => {
  const two = config([proxy('app', { consulServers: [consulServers('web')] }), proxy('db', { consulServers: [consulServers('sick')] })]);
  const cut = (response: ServerResponse, path: string) => {
    if (path.endsWith('/sick')) response.destroy();
    return path.endsWith('/sick');
  };

  it('keeps no other one from being published, and is told', async () => {
    consul.register('web', { address: '192.0.2.1' });
    consul.intercept = cut;
    const provider = start(two);
    await is('192.0.2.1:80 ready');
    assert.equal(published.at(-1)?.pools.has('db'), false);
    assert.deepEqual(
      published
        .at(-1)
        ?.notes.filter(({ level }) => level === 'warning')
        .map(({ subject }) => subject),
      ['service sick'],
    );
    assert.equal(provider.trouble, '');
  });

  it('is asked again when its own pause is over, however often the others are answered, and floods no log', async () => {
    for (let i = 0; i < 10; i++) consul.register(`s${i}`, { id: `s${i}`, address: '192.0.2.1' });
    consul.register('sick', { address: '192.0.2.3' });
    consul.intercept = cut;
    const agent = { ...agentConfig, endpoint: consul.endpoint };
    // A pause that no test lives to see the end of.
    const timings = { ...eager, backoff: [600_000, 600_000] } as const;
    const provider = new ConsulProvider({ agent, config: everything, env: {}, events: log, timings });
    running.push(provider.run((snapshot) => published.push(snapshot), abort.signal));
    await until('the others are known', () => provider.counts.events === 11);
    for (let round = 1; round <= 20; round++) {
      for (let i = 0; i < 10; i++) consul.register(`s${i}`, { id: `s${i}`, address: `192.0.2.${round + 1}` });
      await until('all changes are known', () => provider.counts.events >= 11 + 10 * round);
    }
    assert.equal(count(/service\/sick/), 1);
    assert.equal(provider.trouble, '');
    assert.equal(log.matching(/answers again/), 0);
  });
});

describe('an agent that refuses', () => {
  it('says that there is no leader: nothing is published, and it is asked again', async () => {
    consul.register('web', { address: '192.0.2.1' });
    consul.refusals.set('/health/', { status: 500, text: 'No cluster leader' });
    const provider = start();
    await until('it has been tried', () => provider.counts.failures >= 3);
    assert.deepEqual(published, []);
    assert.equal(provider.trouble, 'it answers 500: No cluster leader');
    assert.equal(log.matching(/service web: it answers 500: No cluster leader; trying again$/), 1);
    consul.refusals.clear();
    await is('192.0.2.1:80 ready');
  });

  it('refuses one service only: the others are not concerned, and its last servers stay', async () => {
    const two = config([
      proxy('app', { consulServers: [consulServers('web')] }),
      proxy('db', { consulServers: [consulServers('secret')] }),
    ]);
    consul.register('web', { address: '192.0.2.1' });
    consul.refusals.set('/health/service/secret', { status: 403, text: 'Permission denied: token with AccessorID lacks permission' });
    const provider = start(two);
    await is('192.0.2.1:80 ready');
    assert.equal(published.at(-1)?.pools.has('db'), false);
    assert.equal(provider.trouble, '');
    const note = () => published.at(-1)?.notes.find(({ subject }) => subject === 'service secret');
    assert.deepEqual(note(), {
      level: 'warning',
      subject: 'service secret',
      message: 'it answers 403: Permission denied: token with AccessorID lacks permission (the token needs service:read and node:read)',
    });
    consul.refusals.clear();
    consul.register('secret', { address: '192.0.2.8' });
    await until('the other one is there', () => now('db')?.[0] === '192.0.2.8:80 ready');
    assert.equal(note(), undefined);
    consul.refusals.set('/health/service/secret', { status: 500, text: 'rpc error' });
    consul.touch();
    consul.forget(consul.index + 1);
    await until('it is refused', () => note() !== undefined);
    assert.deepEqual(now('db'), ['192.0.2.8:80 ready']);
  });

  it('tells that there is no leader where any server may answer', async () => {
    consul.leader = false;
    consul.register('web', { address: '192.0.2.1' });
    start(web, { stale: true });
    await is('192.0.2.1:80 ready');
    assert.ok(published.at(-1)?.notes.some(({ message }) => message === 'there is no cluster leader: what is known may be old'));
  });

  it('tells that the token sees a part only', async () => {
    consul.filtered = true;
    consul.register('web', { address: '192.0.2.1' });
    start();
    await is('192.0.2.1:80 ready');
    assert.ok(published.at(-1)?.notes.some(({ message }) => message === 'the token sees a part of it only'));
  });
});

describe('what is asked of an agent', () => {
  const tokenCases = [
    ['of the section', { token: 'own' }, { CONSUL_HTTP_TOKEN: 'env' }, 'own'],
    ['of the environment', {}, { CONSUL_HTTP_TOKEN: 'env' }, 'env'],
    ['nobody has given', {}, {}, ''],
  ] as const;
  for (const [what, section, env, expected] of tokenCases) {
    it(`carries the token ${what}`, async () => {
      start(web, section, env);
      await until('it was asked', () => consul.tokens.length > 0);
      assert.equal(consul.tokens[0], expected);
    });
  }

  it('carries the token of a file, which is read anew for each question', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first\n');
    consul.register('web', { address: '192.0.2.1' });
    start(web, { tokenFile });
    await until('a question is held', () => consul.holding === 1);
    writeFileSync(tokenFile, 'second\n');
    consul.register('web', { address: '192.0.2.2' });
    await until('it was asked again', () => consul.tokens.at(-1) === 'second');
    assert.equal(consul.tokens[0], 'first');
  });

  it('is of another data center, by any server, near a node, where that is wanted', async () => {
    const lines = [consulServers('web', { datacenter: 'dc2', near: { to: '_agent', share: undefined } }), consulServers('web')];
    start(config([proxy('app', { consulServers: lines })]), { stale: true, datacenter: 'dc3' });
    await until('both were asked', () => consul.asked.length >= 2);
    assert.deepEqual([...consul.asked].slice(0, 2).sort(), [
      '/v1/health/service/web?dc=dc2&near=_agent&stale',
      '/v1/health/service/web?dc=dc3&stale',
    ]);
  });

  it('goes over a unix socket as well', async () => {
    const socket = join(folder, 'consul.sock');
    await consul.close();
    await consul.listen(socket);
    consul.register('web', { address: '192.0.2.1' });
    start(web, { endpoint: `unix://${socket}` });
    await is('192.0.2.1:80 ready');
  });

  it('is the same connection again, as long as it lives', async () => {
    const ports = new Set<number | undefined>();
    consul.intercept = (response) => {
      ports.add(response.socket?.remotePort);
      return false;
    };
    consul.register('web', { address: '192.0.2.1' });
    start();
    for (let i = 2; i < 6; i++) {
      await until('a question is held', () => consul.holding === 1);
      consul.register('web', { address: `192.0.2.${i}` });
      await is(`192.0.2.${i}:80 ready`);
    }
    assert.equal(ports.size, 1);
  });

  it('is asked of the environment’s agent where the section names none', async () => {
    consul.register('web', { address: '192.0.2.1' });
    start(web, { endpoint: undefined }, { CONSUL_HTTP_ADDR: consul.endpoint.replace('http://', '') });
    await is('192.0.2.1:80 ready');
  });
});

describe('a catalogue that is routed', () => {
  const hosts = () => published.at(-1)?.routes.map(({ host, pool }) => `${host.value} ${pool}`);

  it('gives every service a pool, and follows services as they come and go', async () => {
    consul.register('web', { address: '192.0.2.1' });
    start(everything);
    await until('one is routed', () => hosts()?.length === 2);
    assert.deepEqual(hosts(), ['web web', 'web.a.test web']);
    consul.register('shop_api', { address: '192.0.2.2' });
    await until('two are routed', () => hosts()?.length === 4);
    assert.deepEqual(hosts(), ['shop.api shop_api', 'shop.api.a.test shop_api', 'web web', 'web.a.test web']);
    consul.deregister('web');
    await until('one is routed', () => hosts()?.length === 2);
    assert.deepEqual(now('shop_api'), ['192.0.2.2:80 ready']);
    assert.equal(count(/health\/service\/consul$/), 0);
  });

  it('knows all of a thousand services before it publishes, with no more than 120 connections', async () => {
    for (let i = 0; i < 1000; i++) consul.register(`s${i}`, { id: `s${i}`, address: '192.0.2.1' });
    const sockets = new Set<number | undefined>();
    consul.intercept = (response) => {
      sockets.add(response.socket?.remotePort);
      return false;
    };
    start(everything);
    await until('it publishes', () => published.length > 0);
    assert.equal(published[0]?.pools.size, 1000);
    consul.status('s999', 'critical');
    await until('the last one is down', () => now('s999')?.[0] === '192.0.2.1:80 down', 60_000);
    assert.ok(sockets.size <= 120, `${sockets.size} connections`);
    assert.ok(consul.mostHeld <= 120, `${consul.mostHeld} questions at one time`);
  });

  it('knows what another configuration needs before that counts', async () => {
    consul.register('web', { address: '192.0.2.1' });
    consul.register('db', { address: '192.0.2.2' });
    const provider = start(web);
    await is('192.0.2.1:80 ready');
    const both = config([...web.proxies, ...everything.proxies, proxy('data', { consulServers: [consulServers('db')] })]);
    await provider.prepare(both);
    assert.deepEqual([...(published.at(-1)?.pools.keys() ?? [])], ['app']);
    const before = consul.asked.length;
    provider.reconfigure(both);
    assert.deepEqual(
      [now(), now('data'), now('web'), hosts()?.length],
      [['192.0.2.1:80 ready'], ['192.0.2.2:80 ready'], ['192.0.2.1:80 ready'], 4],
    );
    assert.equal(consul.asked.length, before);
    // It does not count after all.
    provider.reconfigure(web);
    assert.deepEqual([...(published.at(-1)?.pools.keys() ?? [])], ['app']);
  });

  it('follows another configuration at once, without asking anew what it knows', async () => {
    consul.register('web', { address: '192.0.2.1' });
    const provider = start(web);
    await is('192.0.2.1:80 ready');
    const before = count(/service\/web/);
    provider.reconfigure(config([proxy('other', { consulServers: [consulServers('web'), consulServers('db')] })]));
    assert.deepEqual(now('other'), ['192.0.2.1:80 ready']);
    assert.equal(published.at(-1)?.pools.has('app'), false);
    consul.register('db', { address: '192.0.2.2' });
    await until('the new one is there', () => now('other')?.length === 2);
    assert.equal(count(/service\/web/), before);
  });
});
