import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Config } from '../../../src/config/model.ts';
import { DnsProvider } from '../../../src/discovery/dns/provider.ts';
import type { DnsTimings, Lookup } from '../../../src/discovery/dns/resolution.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { until } from '../../support/wait.ts';
import { config, proxy, server, serverTemplate } from '../make.ts';

/** Asked again at once, and never put down for an absence of a while. */
const quick: DnsTimings = { valid: 1, retry: 1, hold: 0 };
const patient: DnsTimings = { ...quick, hold: 1_000_000 };

/** Name -> addresses, or the code of the error. */
let zone: Record<string, readonly string[] | string>;
let asked: string[];
let published: Snapshot[];
let abort: AbortController;
let running: Promise<void>[];

const lookup: Lookup = async (name) => {
  asked.push(name);
  const answer = zone[name] ?? 'ENOTFOUND';
  if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer });
  return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

beforeEach(() => {
  zone = {};
  asked = [];
  published = [];
  abort = new AbortController();
  running = [];
});

afterEach(async () => {
  abort.abort();
  await Promise.all(running);
});

function start(configuration: Config, timings: DnsTimings = quick): DnsProvider {
  const provider = new DnsProvider({ config: configuration, lookup, timings });
  running.push(provider.run((snapshot) => published.push(snapshot), abort.signal));
  return provider;
}

const named = (name: string, fqdn: string, port = 80) => server(name, { address: undefined, fqdn, port });
const backend = (...names: string[]) => config([proxy('app', { servers: names.map((fqdn, index) => named(`s${index + 1}`, fqdn)) })]);
const template = (from: number, to: number, fqdn = 'app.test') =>
  config([proxy('app', { serverTemplates: [serverTemplate('web', from, to, fqdn)] })]);

function now(pool = 'app'): readonly string[] | undefined {
  return published
    .at(-1)
    ?.pools.get(pool)
    ?.map(({ config: { name, address, port }, state }) => `${name} ${address}:${port} ${state}`);
}

function is(...expected: string[]): Promise<true> {
  return until(`the servers are ${expected.join(', ')}`, () => JSON.stringify(now()) === JSON.stringify(expected)).catch(
    (error: unknown) => {
      throw new Error(`they are ${now()?.join(', ')}`, { cause: error });
    },
  );
}

describe('names of servers', () => {
  it('are resolved, and resolved again', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    start(backend('app.test'));
    await is('s1 192.0.2.1:80 ready');
    zone['app.test'] = ['192.0.2.9'];
    await is('s1 192.0.2.9:80 ready');
  });

  it('keep the address they have while it is one of several', async () => {
    zone = { 'app.test': ['192.0.2.5'] };
    start(backend('app.test'));
    await is('s1 192.0.2.5:80 ready');
    zone['app.test'] = ['192.0.2.1', '192.0.2.5'];
    const before = asked.length;
    await until('it was asked again', () => asked.length > before + 1);
    await is('s1 192.0.2.5:80 ready');
  });

  it('that do not resolve leave a server that is down and says why', async () => {
    start(backend('gone.test'));
    await is('s1 undefined:80 down');
    assert.equal(published.at(-1)?.pools.get('app')?.[0]?.reason, 'name gone.test does not resolve');
    assert.deepEqual(published.at(-1)?.notes, [{ level: 'warning', subject: 'gone.test', message: 'name gone.test does not resolve' }]);
    zone = { 'gone.test': ['192.0.2.1'] };
    await is('s1 192.0.2.1:80 ready');
  });

  it('lose their address when they are gone for longer than the hold time', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    start(backend('app.test'));
    await is('s1 192.0.2.1:80 ready');
    zone = {};
    await is('s1 undefined:80 down');
  });

  it('keep it within the hold time, with a note', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    start(backend('app.test'), patient);
    await is('s1 192.0.2.1:80 ready');
    zone = {};
    await until('there is a note', () => published.at(-1)?.notes.length === 1);
    assert.match(published.at(-1)?.notes[0]?.message ?? '', /does not resolve; using the last addresses 192.0.2.1/);
    await is('s1 192.0.2.1:80 ready');
  });

  it('keep it while the resolver does not answer, however long', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    start(backend('app.test'));
    await is('s1 192.0.2.1:80 ready');
    zone['app.test'] = 'EAI_AGAIN';
    await until('there is a note', () => /cannot be resolved: EAI_AGAIN/.test(published.at(-1)?.notes[0]?.message ?? ''));
    const before = asked.length;
    await until('it was asked again', () => asked.length > before + 1);
    await is('s1 192.0.2.1:80 ready');
  });

  it('are asked once for all servers that have them', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    const twice = config([proxy('a', { servers: [named('s1', 'app.test')] }), proxy('b', { servers: [named('s1', 'APP.test', 81)] })]);
    start(twice, { ...quick, valid: 1_000_000 });
    await until('both are resolved', () => now('a')?.[0] === 's1 192.0.2.1:80 ready' && now('b')?.[0] === 's1 192.0.2.1:81 ready');
    assert.deepEqual(asked, ['app.test']);
  });

  it('with IPv4 and IPv6 addresses are used by IPv4; without, by IPv6', async () => {
    zone = { 'both.test': ['2001:db8::1', '192.0.2.1'], 'six.test': ['2001:db8::1'] };
    start(backend('both.test', 'six.test'));
    await is('s1 192.0.2.1:80 ready', 's2 2001:db8::1:80 ready');
  });

  it('are published when all have been asked, and nothing is published before', async () => {
    zone = { 'app.test': ['192.0.2.1'] };
    start(backend('app.test', 'gone.test'));
    await is('s1 192.0.2.1:80 ready', 's2 undefined:80 down');
    assert.equal(published[0]?.pools.get('app')?.length, 2);
    assert.equal(published[0]?.pools.get('app')?.[0]?.state, 'ready');
  });

  it('of a configuration without any are published at once, as nothing', () => {
    start(config([proxy('app', { servers: [server('s1')] })]));
    assert.deepEqual(published.at(-1)?.pools, new Map());
  });

  it('come and go with the configuration', async () => {
    zone = { 'old.test': ['192.0.2.1'], 'new.test': ['192.0.2.2'] };
    const provider = start(backend('old.test'));
    await is('s1 192.0.2.1:80 ready');
    provider.reconfigure(backend('new.test'));
    await is('s1 192.0.2.2:80 ready');
    const before = asked.length;
    await until('names are asked again', () => asked.length > before + 3);
    assert.equal(asked.slice(before + 1).includes('old.test'), false);
  });

  it('stop being asked when the provider stops', async () => {
    zone = { 'app.test': ['192.0.2.1'], 'other.test': ['192.0.2.2'] };
    start(backend('app.test'));
    await is('s1 192.0.2.1:80 ready');
    abort.abort();
    await Promise.all(running);
    abort = new AbortController();
    start(backend('other.test'));
    const times = (name: string) => asked.filter((each) => each === name).length;
    await until('a question on its way has come back', () => times('other.test') > 1);
    const before = times('app.test');
    await until('the other name was asked again and again', () => times('other.test') > 6);
    assert.equal(times('app.test'), before);
  });
});

describe('a server-template', () => {
  it('gives each address a server, and the others none', async () => {
    zone = { 'app.test': ['192.0.2.2', '192.0.2.1'] };
    start(template(1, 3));
    await is('web1 192.0.2.1:80 ready', 'web2 192.0.2.2:80 ready', 'web3 undefined:80 down');
    assert.equal(published.at(-1)?.pools.get('app')?.[2]?.reason, 'name app.test has no more than 2 addresses');
  });

  it('moves no address while it stays in the answer', async () => {
    zone = { 'app.test': ['192.0.2.1', '192.0.2.2'] };
    start(template(1, 2));
    await is('web1 192.0.2.1:80 ready', 'web2 192.0.2.2:80 ready');
    zone['app.test'] = ['192.0.2.0', '192.0.2.2'];
    await is('web1 192.0.2.0:80 ready', 'web2 192.0.2.2:80 ready');
    zone['app.test'] = ['192.0.2.2'];
    await is('web1 undefined:80 down', 'web2 192.0.2.2:80 ready');
  });
});
