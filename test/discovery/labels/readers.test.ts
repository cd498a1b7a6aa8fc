/** What holds of every reader, whatever stands on a container. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { COMPAT_NAMES } from '../../../src/config/keywords/compat.ts';
import type { CompatName } from '../../../src/config/model.ts';
import { slowRegex } from '../../../src/discovery/labels/host-regex.ts';
import { readSubject } from '../../../src/discovery/labels/readers.ts';
import type { Settings } from '../../../src/discovery/labels/settings.ts';
import { isAuthority, isPath, isTarget, isToken } from '../../../src/discovery/labels/words.ts';
import { subject } from './make.ts';

/** Names and values that each tool's readers look into, to be put together anyhow. */
const NAMES: Readonly<Record<CompatName, readonly string[]>> = {
  traefik: [
    'enable',
    'docker.network',
    'http.routers.a.rule',
    'http.routers.b.rule',
    'http.routers.a.priority',
    'http.routers.a.entrypoints',
    'http.routers.a.service',
    'http.routers.a.middlewares',
    'http.middlewares.m.stripprefix.prefixes',
    'http.middlewares.m.addprefix.prefix',
    'http.middlewares.m.chain.middlewares',
    'http.middlewares.n.ipallowlist.sourcerange',
    'http.middlewares.n.redirectscheme.scheme',
    'http.services.s.loadbalancer.server.port',
    'http.services.s.loadbalancer.healthcheck.path',
    'http.services.s.loadbalancer.healthcheck.hostname',
    'http.services.s.loadbalancer.healthcheck.interval',
    'http.services.s.loadbalancer.healthcheck.method',
    'http.services.s.loadbalancer.sticky.cookie.name',
    'http.services.t.loadbalancer.strategy',
  ].map((key) => `traefik.${key}`),
  caddy: [
    '',
    '_1',
    '.reverse_proxy',
    '.1_reverse_proxy',
    '.@m.path',
    '.@m.host',
    '.@m',
    '.handle_path',
    '.handle_path.reverse_proxy',
    '.handle_path.rewrite',
    '.route_2',
    '.route_2.uri',
    '.route_2.reverse_proxy',
    '.reverse_proxy.to',
    '.reverse_proxy.lb_policy',
    '.reverse_proxy.health_uri',
    '.reverse_proxy.health_method',
    '_1.reverse_proxy',
    '_1.rewrite',
  ].map((key) => `caddy${key}`),
  easyhaproxy: ['host', 'localport', 'port', 'mode', 'balance', 'redirect_ssl'].map((key) => `easyhaproxy.d.${key}`),
  'nginx-proxy': ['HOST', 'PORT', 'PATH', 'DEST', 'PROTO', 'HOST_MULTIPORTS'].map((key) => `VIRTUAL_${key}`),
  camptocamp: ['NAME', 'TAGS', '80_NAME', '80_TAGS', 'IGNORE', 'CHECK_HTTP', 'CHECK_INTERVAL', 'CHECK_HTTP_METHOD'].map(
    (key) => `SERVICE_${key}`,
  ),
  registrator: ['NAME', 'TAGS', '80_NAME', '443_NAME', 'CHECK_HTTP', 'CHECK_TIMEOUT', 'CHECK_TCP'].map((key) => `SERVICE_${key}`),
};

const PIECES: readonly string[] = [
  'a.test',
  '*.b.test',
  'c.*',
  '~^d',
  '~(x+)+',
  '.e.test',
  '[::1]',
  '_',
  ':80',
  ',',
  ' ',
  '\t',
  '\r\n',
  '\u0000',
  'ü',
  '/',
  '/api',
  '/api/*',
  '//',
  '%',
  '?',
  '#',
  'Host(`a.test`)',
  'Path(`/x`)',
  'PathPrefix(`/y`)',
  'HostRegexp(`z`)',
  '&&',
  '||',
  '!',
  '(',
  ')',
  '`',
  '"',
  "'",
  '\\',
  '{{upstreams 80}}',
  '{{upstreams https}}',
  '{{upstreams',
  '@m',
  '* /t{uri}',
  'strip_prefix /api',
  'path',
  'host',
  'true',
  'false',
  '80',
  '0',
  '-1',
  '99999999999999999999',
  '1m30s',
  'm',
  'n',
  's',
  'n@file',
  'https',
  'cookie',
  'least_conn',
  'server_alias=',
  'urlprefix-',
  'strip=/api',
  'prepend=/q',
  'sticky_session',
  '10.0.0.0/8',
  '{',
  '}',
  ':\n',
  '  ',
  '"/":',
  'port: 80',
  '# x',
];

const value = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ maxLength: 20 }),
);

function wordsFor(reader: CompatName): fc.Arbitrary<Record<string, string>> {
  return fc.dictionary(
    fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...NAMES[reader]) }, { weight: 1, arbitrary: fc.string() }),
    value,
    { maxKeys: 8 },
  );
}

/** What may be written into a request, an answer, a rule or a table of routes. */
function assertSafe(settings: Settings): void {
  for (const { kind, value: host } of settings.hosts ?? []) {
    if (kind === 'exact') assert.match(host, /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)$/);
    if (kind === 'suffix') assert.match(host, /^\.[a-z0-9_.-]+$/);
    if (kind === 'any') assert.equal(host, '');
    if (kind === 'regex') assert.equal(slowRegex(new RegExp(host).source), undefined);
  }
  assert.ok(isPath(settings.path), settings.path);
  assert.ok(settings.rewrite === undefined || settings.rewrite === '' || isPath(settings.rewrite), settings.rewrite);
  assert.ok(settings.port === undefined || (settings.port > 0 && settings.port < 65536), String(settings.port));
  assert.ok(Number.isSafeInteger(settings.priority));
  const { method = 'GET', path = '/', host = 'a' } = settings.httpCheck ?? {};
  assert.ok(isToken(method) && isTarget(path) && isAuthority(host), JSON.stringify(settings.httpCheck));
  if (settings.sticky?.kind === 'cookie') assert.ok(isToken(settings.sticky.name));
  for (const network of settings.allow ?? []) assert.match(network, /^[0-9a-f.:/]+$/i);
}

describe('every reader', () => {
  for (const name of COMPAT_NAMES) {
    it(`of ${name} takes whatever there is, and makes of it what is safe or says why not`, () => {
      const property = fc.property(wordsFor(name), wordsFor(name), fc.subarray([80, 443, 3000]), (labels, env, exposed) => {
        const read = readSubject(subject({ labels, env, exposed }), 'fairlead.', [name], { domains: ['d.test'] });
        if (read.errors.length > 0) return;
        assertSafe(read.flat);
        for (const settings of read.routes.values()) assertSafe(settings);
      });
      fc.assert(property, { numRuns: 2000 });
    });
  }
});

describe('regular expressions of one container', () => {
  const hosts = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`fairlead.routes.r${i}.host`, `~.+-x${i}`]));
  const errorsOf = (labels: Readonly<Record<string, string>>) => readSubject(subject({ labels }), 'fairlead.', [], { domains: [] }).errors;

  it('are refused where they may together take long, each of which is quick', () => {
    assert.deepEqual(errorsOf(hosts(10)), []);
    assert.deepEqual(errorsOf(hosts(100)), ['its 100 regular expressions for hosts may together take long to match']);
  });

  it('count once, however often they are said', () => {
    const same = Array.from({ length: 100 }, (_, i) => [`fairlead.routes.r${i}.path`, `/${i}`]);
    assert.deepEqual(errorsOf({ 'fairlead.host': '~.+-x', ...Object.fromEntries(same) }), []);
  });
});

describe('a value of many thousand characters', () => {
  const long = 'x'.repeat(10_000);
  const errorsOf = (labels: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) =>
    readSubject(subject({ labels, env }), 'fairlead.', COMPAT_NAMES, { domains: [] }).errors;

  it('refuses the container where somebody reads it', () => {
    assert.deepEqual(errorsOf({ 'fairlead.host': long }), ['fairlead.host is longer than 8192 characters']);
    assert.deepEqual(errorsOf({ 'traefik.http.routers.r.middlewares': long }), [
      'traefik.http.routers.r.middlewares is longer than 8192 characters',
    ]);
    assert.deepEqual(errorsOf({}, { VIRTUAL_HOST: long }), ['VIRTUAL_HOST is longer than 8192 characters']);
  });

  it("is nobody's where it has another name, or one that applications have, too", () => {
    assert.deepEqual(errorsOf({ 'org.test.notes': long }, { TLS_KEY: long, SERVICE_ACCOUNT: long, SERVICE_TAGS: long }), []);
  });
});
