import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LABEL_KEYS, readLabels } from '../../../src/discovery/labels/own.ts';
import type { Labels } from '../../../src/discovery/labels/settings.ts';

function read(labels: Readonly<Record<string, string>>, prefix = 'fairlead.'): Labels {
  return readLabels(new Map(Object.entries(labels)), prefix);
}

describe('labels', () => {
  it('reads every key', () => {
    const labels = {
      'fairlead.enable': 'true',
      'fairlead.host': 'WWW.example.test, *.example.test,~^a{1,2}\\.test$',
      'fairlead.path': '/shop/',
      'fairlead.rewrite': '/v2',
      'fairlead.priority': '-3',
      'fairlead.service': 'shop_1',
      'fairlead.port': '8080',
      'fairlead.network': 'front',
      'fairlead.balance': 'random(3)',
      'fairlead.weight': '7',
      'fairlead.maxconn': '32',
      'fairlead.max-reuse': '100',
      'fairlead.pool-max-conn': '8',
      'fairlead.pool-purge-delay': '10s',
      'fairlead.backup': 'true',
      'fairlead.check': 'true',
      'fairlead.check.interval': '5s',
      'fairlead.check.rise': '3',
      'fairlead.check.fall': '4',
      'fairlead.check.docker': 'ignore',
      'fairlead.check.port': '9000',
      'fairlead.check.path': '/health?deep=1',
      'fairlead.check.host': 'www.example.test:80',
      'fairlead.check.status': '200, 301-303',
      'fairlead.check.timeout': '3s',
      'fairlead.scheme': 'https',
      'fairlead.slowstart': '30s',
      'fairlead.drain': '8s',
      'fairlead.sticky': 'cookie:JS httponly',
      'fairlead.redirect': 'https:301',
      'fairlead.auth': 'staff',
      'fairlead.rollout': 'image',
      'fairlead.tls': 'example',
    };
    const { flat, warnings, errors } = read(labels);
    const given = Object.keys(labels).map((label) => label.slice('fairlead.'.length));
    // Which `rewrite` wins over.
    assert.deepEqual([...given, 'strip'].sort(), [...LABEL_KEYS].sort());
    assert.deepEqual(warnings, []);
    assert.deepEqual(errors, []);
    assert.equal(flat.enabled, true);
    assert.deepEqual(flat.hosts, [
      { kind: 'exact', value: 'www.example.test' },
      { kind: 'suffix', value: '.example.test' },
      { kind: 'regex', value: '^a{1,2}\\.test$' },
    ]);
    assert.equal(flat.path, '/shop');
    assert.equal(flat.rewrite, '/v2');
    assert.equal(flat.priority, -3);
    assert.equal(flat.service, 'shop_1');
    assert.equal(flat.port, 8080);
    assert.equal(flat.network, 'front');
    assert.deepEqual(flat.balance, { algorithm: 'random', draws: 3 });
    assert.equal(flat.gate, false);
    assert.equal(flat.check, true);
    assert.deepEqual(flat.httpCheck, {
      path: '/health?deep=1',
      host: 'www.example.test:80',
      statuses: [
        [200, 200],
        [301, 303],
      ],
    });
    assert.equal(flat.checkTimeout, 3000);
    assert.equal(flat.scheme, 'https');
    assert.deepEqual(flat.secure, { word: 'label fairlead.tls', status: 302 });
    assert.equal(flat.drain, 8000);
    assert.deepEqual(flat.sticky, { kind: 'cookie', name: 'JS', httponly: true, secure: false });
    assert.equal(flat.redirect, 301);
    assert.equal(flat.auth, 'staff');
    assert.equal(flat.rollout, 'image');
    assert.deepEqual(
      flat.server.map(({ words }) => words),
      [
        ['weight', '7'],
        ['maxconn', '32'],
        ['max-reuse', '100'],
        ['pool-max-conn', '8'],
        ['pool-purge-delay', '10s'],
        ['slowstart', '30s'],
        ['backup'],
        ['inter', '5s'],
        ['rise', '3'],
        ['fall', '4'],
        ['port', '9000'],
      ],
    );
  });

  it('reads short forms', () => {
    const { flat } = read({ 'fairlead.check': '/health', 'fairlead.sticky': 'cookie', 'fairlead.redirect': 'https' });
    assert.equal(flat.check, true);
    assert.deepEqual(flat.httpCheck, { path: '/health' });
    assert.deepEqual(flat.sticky, { kind: 'cookie', name: 'SERVERID', httponly: false, secure: false });
    assert.equal(flat.redirect, 302);
    assert.deepEqual(read({ 'fairlead.sticky': 'source' }).flat.sticky, { kind: 'source' });
  });

  it('lets strip remove the path, and rewrite win over it', () => {
    assert.equal(read({ 'fairlead.strip': 'true' }).flat.rewrite, '');
    assert.equal(read({ 'fairlead.strip': 'false' }).flat.rewrite, undefined);
    assert.equal(read({ 'fairlead.strip': 'true', 'fairlead.rewrite': '/x' }).flat.rewrite, '/x');
  });

  it('lays the labels of a named route over the flat ones', () => {
    const { routes, flat } = read({
      'fairlead.host': 'a.test',
      'fairlead.port': '80',
      'fairlead.routes.api.port': '9000',
      'fairlead.routes.api.path': '/api',
    });
    const api = routes.get('api');
    assert.deepEqual(api?.hosts, flat.hosts);
    assert.equal(api?.port, 9000);
    assert.equal(api?.path, '/api');
    assert.equal(flat.port, 80);
    assert.equal(flat.path, '/');
  });

  const unknown: readonly (readonly [label: string, near: string])[] = [
    ['fairlead.hots', 'host'],
    ['fairlead.wieght', 'weight'],
    ['fairlead.routes.api.prot', 'port'],
    ['fairlead.check.intervall', 'check.interval'],
    ['fairlead.routes.api.enable', 'enable'],
  ];
  for (const [label, near] of unknown) {
    it(`tells about the unknown ${label} and means ${near}`, () => {
      const { warnings, errors } = read({ [label]: 'x' });
      assert.deepEqual(errors, []);
      assert.deepEqual(warnings, [`label ${label} is unknown; did you mean '${near}'?`]);
    });
  }

  const bad: readonly (readonly [key: string, value: string, problem: RegExp])[] = [
    ['enable', 'yes', /neither true nor false/],
    ['host', '', /empty host/],
    ['host', 'a.test,,b.test', /empty host/],
    ['host', 'a.test:8080', /without a port/],
    ['host', 'a b', /is not a host/],
    ['host', 'a.*.test', /is not a host/],
    ['host', '~(', /bad regular expression/],
    ['host', '~^(a+)+$', /regular expression that repeats a group/],
    ['host', '~.*.*.*x', /regular expression that has too many/],
    ['path', 'shop', /is not a path/],
    ['path', '/a?b', /is not a path/],
    ['rewrite', 'x', /is not a path/],
    // Heads are written as latin-1: this would be a CR LF, and a field of the label's own.
    ['rewrite', '/x\u010d\u010aEvil:1', /is not a path .* %XX/],
    ['rewrite', '/x\x0by', /is not a path/],
    ['rewrite', '/x\x7f', /is not a path/],
    ['rewrite', '/\xe9', /is not a path/],
    ['rewrite', '/a#b', /is not a path/],
    ['path', '/\u010d', /is not a path .* %XX/],
    ['path', '/\0', /is not a path/],
    ['path', '/a b', /is not a path/],
    ['strip', '1', /neither true nor false/],
    ['priority', 'high', /whole number/],
    ['service', '', /is not a name/],
    ['service', 'a b', /is not a name: ' '/],
    ['port', '0', /from 1 to 65535/],
    ['port', '65536', /from 1 to 65535/],
    ['port', '80/tcp', /from 1 to 65535/],
    ['network', ' ', /names no network/],
    ['balance', 'rondrobin', /did you mean 'roundrobin'/],
    ['balance', 'first(2)', /takes no argument/],
    ['balance', 'random(0)', /at least 1/],
    ['balance', 'random(300000000)', /at most 100/],
    ['check', 'yes', /neither true nor false, nor a path/],
    ['check', '/a b', /is not a path/],
    ['check.path', 'health', /is not a path/],
    ['check.path', '/a#b', /is not a path/],
    ['check.host', 'a b', /is not a host/],
    ['check.host', 'a\r\nEvil: 1', /is not a host/],
    ['check.status', '2xx', /invalid status code or range '2xx'/],
    ['check.status', '399-200', /invalid status code or range '399-200'/],
    ['check.timeout', 'soon', /unexpected character 's'/],
    ['scheme', 'ftp', /neither 'http' nor 'https'/],
    ['drain', '10 s', /unexpected character ' '/],
    ['sticky', 'yes', /neither 'cookie'/],
    ['sticky', 'cookie:', /names a cookie ''/],
    ['sticky', 'cookie:a;b', /names a cookie 'a;b'/],
    ['sticky', 'cookie:a forever', /neither 'cookie'/],
    ['sticky', 'source secure', /neither 'cookie'/],
    ['redirect', 'http', /neither 'https'/],
    ['redirect', 'https:300', /with one of 301, 302, 303, 307, 308/],
    ['redirect', '301', /neither 'https'/],
    ['auth', '', /not the name of a userlist/],
    ['auth', 'a) }', /not the name of a userlist: '\)'/],
    ['rollout', 'true', /neither 'config' nor 'image' nor 'off'/],
    ['backup', '', /neither true nor false/],
    ['check.docker', 'off', /neither 'gate' nor 'ignore'/],
  ];
  for (const [key, value, problem] of bad) {
    it(`refuses ${key}=${JSON.stringify(value).slice(1, -1)}`, () => {
      const { errors } = read({ [`fairlead.${key}`]: value });
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', problem);
      // Of auth somebody may have taken it for the place of a password.
      assert.ok(errors[0]?.startsWith(`label fairlead.${key}${key === 'auth' ? '' : `=${value}`} `));
    });
  }

  it('takes every visible character of a path but those that end it', () => {
    let path = '/';
    for (let code = 0x21; code < 0x7f; code++) if (code !== 0x23 && code !== 0x3f) path += String.fromCharCode(code);
    const { flat, errors } = read({ 'fairlead.path': path, 'fairlead.rewrite': path });
    assert.deepEqual([errors, flat.path, flat.rewrite], [[], path, path]);
  });

  it('tells about a bad flat label once, though named routes inherit it', () => {
    const { errors } = read({ 'fairlead.port': 'x', 'fairlead.routes.a.path': '/a', 'fairlead.routes.b.path': '/b' });
    assert.equal(errors.length, 1);
  });

  it('refuses more than a thousand hosts and paths, however they are said', () => {
    const routes = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`fairlead.routes.r${i}.path`, `/${i}`]));
    const names = Array.from({ length: 1001 }, (_, i) => `h${i}`).join();
    const most = ['its labels claim more than 1000 hosts and paths'];
    assert.deepEqual(read(routes(1000)).errors, []);
    assert.deepEqual(read(routes(1001)).errors, most);
    assert.deepEqual(read({ ...routes(100), 'fairlead.host': 'a,b,c,d,e,f,g,h,i,j,k' }).errors, most);
    assert.deepEqual(read({ 'fairlead.host': names }).errors, most);
    assert.equal(read(routes(20_000)).routes.size, 1001);
  });

  it('names the label of a route that is wrong', () => {
    const { errors } = read({ 'fairlead.port': '80', 'fairlead.routes.a.port': 'x' });
    assert.deepEqual(errors, ['label fairlead.routes.a.port=x is not a whole number from 1 to 65535']);
  });

  it('takes labels under its own prefix only', () => {
    const labels = { 'fairlead.port': '1', 'edge.port': '2', edgeport: '3' };
    assert.equal(read(labels, 'edge.').flat.port, 2);
    assert.equal(read({ other: 'x' }).silent, true);
    assert.equal(read(labels).silent, false);
  });

  it('knows each key once', () => {
    assert.equal(new Set(LABEL_KEYS).size, LABEL_KEYS.length);
  });
});
