import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtinText } from '../../src/config/builtin.ts';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { loadConfig, loadText } from '../../src/config/load.ts';
import { casesIn, here } from './cases.ts';

for (const name of casesIn('valid')) {
  test(`${name} is valid`, () => {
    const { config, diagnostics } = loadConfig([`cases/valid/${name}`], { env: {}, cwd: here });
    assert.deepEqual(diagnostics.filter(({ severity }) => severity === 'alert').map(formatDiagnostic), []);
    assert.ok(config);
  });
}

test('the first seed reads as its statistics show it', () => {
  const { config } = loadConfig(['cases/valid/jonah-docker-haproxy.cfg'], { env: {}, cwd: here });
  const [listen, ...more] = config?.proxies ?? [];
  assert.deepEqual(more, []);
  assert.deepEqual([config?.global.maxconn, listen?.kind, listen?.name, listen?.id], [256, 'listen', 'http-in', 1]);
  assert.deepEqual(
    listen?.servers.map(({ name, address, port, maxconn }) => [name, address, port, maxconn]),
    [
      ['a137d48a862d', '172.17.0.4', 8089, 32],
      ['32da762ec20d', '172.17.0.3', 8089, 32],
    ],
  );
  const { uri, realm, auth, scope, hideVersion } = listen?.stats ?? {};
  assert.deepEqual([uri, realm, scope, hideVersion], ['/admin?stats', 'Haproxy Statistics', ['http-in'], true]);
  assert.deepEqual(auth, [{ user: 'admin', password: 'joypass123' }]);
});

test('the old form of the docker-config seed listens where it says', () => {
  const { config } = loadConfig(['cases/valid/haproxy-docker-config.cfg'], { env: {}, cwd: here });
  const [listen] = config?.proxies ?? [];
  assert.deepEqual(
    listen?.binds.map(({ address }) => address),
    [{ kind: 'inet', host: '0.0.0.0', port: 8380, v6only: false }],
  );
  assert.deepEqual(
    listen?.servers.map(({ check }) => [check?.inter, check?.rise, check?.fall]),
    [
      [2000, 2, 5],
      [2000, 2, 5],
    ],
  );
});

test('a directory is its .cfg files in the order of their names, as one text', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'conf.d'));
  writeFileSync(join(folder, 'conf.d', '20-b.cfg'), 'backend b\n');
  writeFileSync(
    join(folder, 'conf.d', '10-a.cfg'),
    'defaults\n  mode http\n  timeout client 1s\nfrontend a\n  bind :80\n  default_backend b\n',
  );
  writeFileSync(join(folder, 'conf.d', 'notes.txt'), 'nonsense\n');
  writeFileSync(join(folder, 'conf.d', '.hidden.cfg'), 'nonsense\n');
  writeFileSync(join(folder, 'last.cfg'), 'backend "$HAPROXY_CFGFILES"\n');
  const { config, diagnostics } = loadConfig(['conf.d'], { env: {}, cwd: folder });
  assert.deepEqual(
    config?.proxies.map(({ name, place }) => [name, place.file]),
    [
      ['a', join('conf.d', '10-a.cfg')],
      ['b', join('conf.d', '20-b.cfg')],
    ],
  );
  assert.deepEqual(diagnostics, []);
  const both = loadConfig(['conf.d', 'last.cfg'], { env: {}, cwd: folder });
  assert.equal(both.config, undefined);
  assert.match(both.diagnostics[0]?.message ?? '', /name 'conf\.d\/10-a\.cfg;conf\.d\/20-b\.cfg;last\.cfg'/);
});

test('a file begins outside of any section', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'a.cfg'), 'global\n');
  writeFileSync(join(folder, 'b.cfg'), 'maxconn 5\n');
  const { diagnostics } = loadConfig(['a.cfg', 'b.cfg'], { env: {}, cwd: folder });
  assert.deepEqual(diagnostics.map(formatDiagnostic), ["config : parsing [b.cfg:1] : unknown keyword 'maxconn' out of section."]);
});

test('a file that cannot be read is an error without a line', () => {
  const { config, diagnostics } = loadConfig(['nope.cfg'], { env: {}, cwd: here });
  assert.equal(config, undefined);
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    'config : Cannot open configuration file/directory nope.cfg : no such file or directory',
  ]);
});

test('an errorfile is kept as it is, with CRLF in its head', () => {
  const text = 'backend b\n    mode http\n    errorfile 503 cases/files/503.http\n    errorfile 408 /dev/null\n';
  const { config } = loadText(text, 'a.cfg', { env: {}, cwd: here });
  const files = config?.proxies[0]?.errorfiles;
  const [head = '', body] = readFileSync(`${here}cases/files/503.http`, 'latin1').split('\n\n');
  assert.equal(files?.get(503)?.toString('latin1'), `${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`);
  assert.equal(files?.get(408)?.length, 0);
});

test('an errorfile must fit into a buffer', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'large.http'), `HTTP/1.0 500 X\r\n\r\n${'x'.repeat(16384)}`);
  const { diagnostics } = loadText('backend b\n    mode http\n    errorfile 500 large.http\n', 'a.cfg', { env: {}, cwd: folder });
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    "config : parsing [a.cfg:3] : errorfile : 'large.http': is larger than 16384 bytes",
  ]);
});

test('lines may end with CRLF', () => {
  const { config } = loadText('backend b\r\n    mode http\r\n    server a 127.0.0.1:80\r\n', 'a.cfg', { env: {} });
  assert.equal(config?.proxies[0]?.servers[0]?.port, 80);
});

test('the built-in configuration is valid, whatever its password', () => {
  const password = 'a"b\\c $HOME #x';
  const { config, diagnostics } = loadText(builtinText({ port: 8080, password }), 'built-in', { env: {} });
  assert.deepEqual(diagnostics, []);
  const [listen] = config?.proxies ?? [];
  assert.equal(listen?.name, 'http-in');
  assert.deepEqual(
    listen.binds.map(({ address }) => address.kind === 'inet' && address.port),
    [8080],
  );
  assert.equal(listen.dockerRoutes.length, 1);
  assert.equal(listen.stats?.uri, '/admin?stats');
  assert.deepEqual(listen.stats.auth, [{ user: 'admin', password }]);
});

test('rules keep the bytes of the file, other lines are text', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const lines = [
    '# B\xfcro',
    'defaults',
    ' mode http',
    ' timeout client 1s',
    'frontend f',
    ' bind :80',
    ' description B\xc3\xbcro',
    ' stats realm \xe9',
    ' http-request set-header x "\xe9\xc3\xa9\\xe9$NAME"',
  ];
  writeFileSync(join(folder, 'a.cfg'), `${lines.join('\n')}\n`, 'latin1');
  const { config, diagnostics } = loadConfig(['a.cfg'], { env: { NAME: 'ü' }, cwd: folder });
  assert.deepEqual(diagnostics, []);
  const [proxy] = config?.proxies ?? [];
  assert.equal(proxy?.description, 'Büro');
  assert.equal(proxy.stats?.realm, '\xe9');
  assert.deepEqual(proxy.httpRequest[0]?.words, ['set-header', 'x', '\xe9\xc3\xa9\xe9\xc3\xbc']);
});

test('text that is no UTF-8 is an error, and messages about bytes are legible', () => {
  const text = 'backend b\n mode http\n description \\xe9\n acl ä path /\n http-check send hdr a "b\\r\\nc: d"\n';
  assert.deepEqual(loadText(text, 'a.cfg', { env: {} }).diagnostics.map(formatDiagnostic), [
    "config : parsing [a.cfg:3] : '\ufffd' is not valid UTF-8; only rules may hold any bytes.",
    "config : parsing [a.cfg:4] : character 'ä' is not permitted in acl name 'ä'.",
    "config : parsing [a.cfg:5] : 'http-check send' : a line break or NUL cannot stand in the head of a request.",
  ]);
});
