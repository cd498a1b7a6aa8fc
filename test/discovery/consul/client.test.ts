import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { ConsulAgentConfig } from '../../../src/config/model.ts';
import { ConsulClient } from '../../../src/discovery/consul/client.ts';
import { resolveConsul, tokenOf } from '../../../src/discovery/consul/endpoint.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { until } from '../../support/wait.ts';
import { agentConfig } from '../make.ts';
import { FakeConsul } from './fake-consul.ts';

const services = { path: '/catalog/services', parameters: {}, index: 0, wait: 1000 };
const never = new AbortController().signal;

let consul: FakeConsul;
let clients: ConsulClient[];

beforeEach(() => {
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  await consul.close();
});

function clientOf(more: Partial<ConsulAgentConfig> = {}, patience?: number, env: Readonly<Record<string, string>> = {}): ConsulClient {
  const client = new ConsulClient({ ...agentConfig, endpoint: consul.endpoint, ...more }, env, patience);
  clients.push(client);
  return client;
}

describe('a question', () => {
  beforeEach(async () => {
    consul = new FakeConsul();
    await consul.listen();
  });

  it('that is not answered is given up after its time', async () => {
    consul.intercept = () => true;
    await assert.rejects(clientOf({}, 20).ask(services, never), /^ConsulError: no answer within 20 ms$/);
  });

  it('that is held has the time of its wait, a sixteenth more, and some patience', async () => {
    const held = clientOf({}, 20).ask({ ...services, index: consul.index, wait: 64 }, never);
    consul.intercept = () => true;
    await assert.rejects(held, /^ConsulError: no answer within 88 ms$/);
  });

  it('ends with the signal, and gives its connection back', async () => {
    const abort = new AbortController();
    const held = clientOf().ask({ ...services, index: consul.index, wait: 60_000 }, abort.signal);
    await until('it is held', () => consul.holding === 1);
    abort.abort(new Error('enough'));
    await assert.rejects(held, /enough/);
    await until('nobody is held', () => consul.holding === 0);
  });

  it('is put once more where the agent has closed the kept connection meanwhile', async () => {
    const client = clientOf();
    await client.ask(services, never);
    consul.intercept = (response) => {
      consul.intercept = () => false;
      response.socket?.resetAndDestroy();
      return true;
    };
    assert.deepEqual((await client.ask(services, never)).body, { consul: [] });
    assert.equal(consul.asked.length, 3);
  });

  it('says what is wrong when its token cannot be read', async () => {
    const client = clientOf({ tokenFile: '/no/such/file' });
    await assert.rejects(client.ask(services, never), /^ConsulError: cannot read \/no\/such\/file: ENOENT$/);
  });

  it('of many has its name written for an URL', async () => {
    await clientOf().ask({ ...services, parameters: { near: 'a&b=c', stale: '', dc: undefined } }, never);
    assert.equal(consul.asked[0], '/v1/catalog/services?near=a%26b%3Dc&stale');
  });
});

describe('an agent over https', { skip: hasOpenssl() ? false : 'there is no openssl' }, () => {
  let folder: string;
  let pem: Certificates;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-consul-tls-'));
    pem = new Certificates(folder);
    for (const name of ['ca', 'stranger']) pem.authority(name);
    pem.certificate('agent', 'ca', 'subjectAltName=IP:127.0.0.1');
    pem.certificate('balancer', 'ca', 'extendedKeyUsage=clientAuth');
  });

  after(() => rmSync(folder, { recursive: true }));

  beforeEach(async () => {
    const tls = { key: pem.read('agent.key'), cert: pem.read('agent.pem'), ca: pem.read('ca.pem') };
    consul = new FakeConsul({ ...tls, requestCert: true, rejectUnauthorized: true });
    await consul.listen();
  });

  const ours = () => ({ tlsCa: pem.file('ca.pem'), tlsCert: pem.file('balancer.pem'), tlsKey: pem.file('balancer.key') });

  it('is asked with the certificates of both sides', async () => {
    assert.deepEqual((await clientOf(ours()).ask(services, never)).body, { consul: [] });
  });

  it('is asked with those of the environment', async () => {
    const env = {
      CONSUL_HTTP_ADDR: consul.endpoint.replace('https://', ''),
      CONSUL_HTTP_SSL: 'true',
      CONSUL_CACERT: pem.file('ca.pem'),
      CONSUL_CLIENT_CERT: pem.file('balancer.pem'),
      CONSUL_CLIENT_KEY: pem.file('balancer.key'),
    };
    assert.deepEqual((await clientOf({ endpoint: undefined }, undefined, env).ask(services, never)).body, { consul: [] });
  });

  it('is not trusted where another authority is', async () => {
    await assert.rejects(clientOf({ ...ours(), tlsCa: pem.file('stranger.pem') }).ask(services, never), /^ConsulError: .*certificate/);
  });

  it('does not trust us without a certificate', async () => {
    await assert.rejects(clientOf({ ...ours(), tlsCert: undefined, tlsKey: undefined }).ask(services, never), { name: 'ConsulError' });
  });

  it('is asked with a certificate that was renewed meanwhile', async () => {
    copyFileSync(pem.file('stranger.pem'), pem.file('current.pem'));
    const client = clientOf({ ...ours(), tlsCa: pem.file('current.pem') });
    await assert.rejects(client.ask(services, never), /certificate/);
    copyFileSync(pem.file('ca.pem'), pem.file('current.pem'));
    assert.deepEqual((await client.ask(services, never)).body, { consul: [] });
  });
});

describe('where the agent is', () => {
  beforeEach(() => {
    consul = new FakeConsul();
  });

  const places: readonly (readonly [
    what: string,
    section: Partial<ConsulAgentConfig>,
    env: Readonly<Record<string, string>>,
    text: string,
  ])[] = [
    ['nobody says', {}, {}, 'http://127.0.0.1:8500'],
    ['the environment says', {}, { CONSUL_HTTP_ADDR: 'consul:8500' }, 'consul:8500'],
    ['an empty variable says', {}, { CONSUL_HTTP_ADDR: '' }, 'http://127.0.0.1:8500'],
    ['the environment wants https', {}, { CONSUL_HTTP_ADDR: 'consul:8501', CONSUL_HTTP_SSL: '1' }, 'https://consul:8501'],
    ['the section says', { endpoint: 'http://a:1' }, { CONSUL_HTTP_ADDR: 'b:2' }, 'http://a:1'],
  ];
  for (const [what, section, env, text] of places) {
    it(what, () => assert.equal(resolveConsul({ ...agentConfig, ...section }, env).text, text));
  }

  it('has a token of which the environment’s file goes before its variable', () => {
    const env = { CONSUL_HTTP_TOKEN: 'stale', CONSUL_HTTP_TOKEN_FILE: '/token' };
    assert.deepEqual(tokenOf(agentConfig, env), { file: '/token' });
    assert.deepEqual(tokenOf({ ...agentConfig, token: 'own' }, env), { token: 'own' });
  });

  it('the environment’s files are for the environment’s agent alone', () => {
    const env = { CONSUL_CACERT: '/ca.pem' };
    assert.equal(resolveConsul(agentConfig, env).tls.ca, '/ca.pem');
    assert.equal(resolveConsul({ ...agentConfig, endpoint: 'https://a:1' }, env).tls.ca, undefined);
  });

  it('an address of the environment that makes no sense is told', async () => {
    const client = clientOf({ endpoint: undefined }, undefined, { CONSUL_HTTP_ADDR: 'ftp://a' });
    await assert.rejects(client.ask(services, never), /CONSUL_HTTP_ADDR expects http:\/\/host:port.*found 'ftp:\/\/a'/);
  });
});
