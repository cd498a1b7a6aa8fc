/** What actions do to a message. test/haproxy/rules.test.ts holds them beside HAProxy's. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Final } from '../../src/rules/types.ts';
import { compile, compileClean, contextOf, type Message, request, response } from './support.ts';

const message: Message = {
  target: '/a/b?q=1',
  fields: [
    ['Host', 'example.com'],
    ['X-One', '1, 2'],
    ['X-One', '3'],
    ['X-Two', 'two'],
    ['Content-Length', '5'],
  ],
};

/** What is forwarded after these rules: the request line and the fields but Host and Content-Length, as they come. */
function after(rules: readonly string[], start: Message = message): string {
  const context = contextOf(request(start));
  compileClean(rules.map((rule) => `http-request ${rule}`)).request?.(context);
  const { method, target } = context.request;
  const fields = Array.from(context.request.entries(), ([name, value]) => `${name}=${value}`);
  return [`${method} ${target}`, ...fields.filter((field) => !/^(Host=example.com|Content-Length=5)$/.test(field))].join(' ');
}

const UNCHANGED = 'GET /a/b?q=1 X-One=1, 2 X-One=3 X-Two=two';

const table: readonly (readonly [rule: string, expected: string])[] = [
  ['set-header X-One %[hdr(x-one)]!', 'GET /a/b?q=1 X-Two=two X-One=3!'],
  ['set-header X-New "a  b"', `${UNCHANGED} X-New=a  b`],
  ['add-header X-One 4', `${UNCHANGED} X-One=4`],
  ['del-header X-ONE', 'GET /a/b?q=1 X-Two=two'],
  ['del-header x- -m beg', 'GET /a/b?q=1'],
  ['del-header wo -m end', 'GET /a/b?q=1 X-One=1, 2 X-One=3'],
  ['del-header ^x-o -m reg', 'GET /a/b?q=1 X-Two=two'],
  ['replace-header X-One ^(.),.*$ <\\1>', 'GET /a/b?q=1 X-Two=two X-One=<1> X-One=3'],
  ['replace-header X-Two nomatch x', UNCHANGED],
  ['replace-value X-One ^2$ two', 'GET /a/b?q=1 X-Two=two X-One=1,two X-One=3'],
  ['replace-value X-One ^(.)$ %f\\1', 'GET /a/b?q=1 X-Two=two X-One=web1,web2 X-One=web3'],
  ['set-path /new', UNCHANGED.replace('/a/b', '/new')],
  ['set-path "no slash"', UNCHANGED.replace('/a/b', '/no%20slash')],
  ['set-path "/a%[str(\\r\\n)]#b"', UNCHANGED.replace('/a/b', '/a%0D%0A%23b')],
  ['set-query x=%[path]', UNCHANGED.replace('q=1', 'x=/a/b')],
  ['set-query %[hdr(nope)]', UNCHANGED.replace('q=1', '')],
  ['set-pathq /only', UNCHANGED.replace('/a/b?q=1', '/only')],
  ['replace-path /a/(.*) /z/\\1', UNCHANGED.replace('/a/', '/z/')],
  ['replace-pathq (.*)\\?(.*) /\\2\\1', UNCHANGED.replace('/a/b?q=1', '/q=1/a/b')],
  ['set-method POST', UNCHANGED.replace('GET', 'POST')],
  ['set-method "NO METHOD"', UNCHANGED],
  ['set-method HEAD', UNCHANGED],
];

for (const [rule, expected] of table) {
  test(`${rule} forwards ${expected}`, () => assert.equal(after([rule]), expected));
}

test('a rule runs if its condition holds, and `allow` skips the rest', () => {
  const rules = ['set-header a 1 if METH_POST', 'set-header b 1 unless METH_POST', 'allow if METH_GET', 'set-header c 1'];
  assert.equal(after(rules), `${UNCHANGED} b=1`);
  assert.equal(after(rules, { ...message, method: 'POST' }), `${UNCHANGED.replace('GET', 'POST')} a=1 c=1`);
});

test('what is filled in has no back-references', () => {
  assert.equal(
    after(['replace-header X-Two (t)(w)(o) %[hdr(x-one,2)]\\2'], {
      fields: [
        ['X-Two', 'two'],
        ['X-One', 'a, \\1'],
      ],
    }),
    'GET / X-One=a, \\1 X-Two=\\1w',
  );
});

test('fields that frame a message or are about its connection are left alone, with a warning', () => {
  for (const rule of [
    'set-header Content-Length 7',
    'add-header transfer-encoding chunked',
    'del-header Connection',
    'replace-header content-length 5 7',
  ]) {
    const { rules, diagnostics } = compile([`http-request ${rule}`]);
    assert.deepEqual(
      diagnostics.map(({ severity }) => severity),
      ['warning'],
      rule,
    );
    const context = contextOf(request(message));
    rules.request?.(context);
    assert.deepEqual(context.request.values('content-length'), ['5'], rule);
    assert.equal(context.request.has('transfer-encoding'), false, rule);
  }
  const context = contextOf(request(message));
  compileClean(['http-request del-header .* -m reg']).request?.(context);
  assert.deepEqual(Array.from(context.request.entries()), [['Content-Length', '5']]);
});

test('the name that is routed by follows the Host field', () => {
  const context = contextOf(request(message));
  compileClean(['http-request set-header Host other.example']).request?.(context);
  assert.equal(context.request.host, 'other.example');
});

test('disable-l7-retry marks the requests that its condition holds for, in frontends and backends', () => {
  for (const kind of ['frontend', 'backend', 'listen'] as const) {
    const { request: rules } = compileClean(['http-request disable-l7-retry if METH_POST', 'http-request set-header x-after 1'], kind);
    const marked = (method: string): readonly unknown[] => {
      const context = contextOf(request({ method }));
      assert.equal(rules?.(context), undefined);
      return [context.disableL7Retry, context.request.first('x-after')];
    };
    assert.deepEqual(marked('POST'), [true, '1']);
    assert.deepEqual(marked('GET'), [false, '1']);
  }
});

test('a status is changed, but never between one with a body and one without', () => {
  const change = (from: number, rule: string): string => {
    const context = contextOf(request(), { response: response(from) });
    compileClean([`http-response ${rule}`]).response?.(context);
    return `${context.response?.status} ${context.response?.reason}`;
  };
  assert.equal(change(200, 'set-status 201'), '201 Created');
  assert.equal(change(200, 'set-status 503 reason "Slow Down"'), '503 Slow Down');
  assert.equal(change(200, 'set-status 204'), '200 Reason');
  assert.equal(change(304, 'set-status 200'), '304 Reason');
});

function finalOf(rule: string, start: Message = message): Final | undefined {
  return compile([`http-request ${rule}`]).rules.request?.(contextOf(request(start)));
}

/** A final in one line. */
function shown(final: Final | undefined): string {
  if (final === undefined) return 'goes on';
  const { kind, status, reply, service } = final;
  if (service !== undefined) return `${kind} by ${service}`;
  if (reply === undefined) return `${kind} ${status} page`;
  return `${kind} ${status} ${reply.reason} ${reply.fieldLines.replaceAll('\r\n', ';')} <${reply.body}>`;
}

const finals: readonly (readonly [rule: string, expected: string])[] = [
  ['deny', 'denied 403 page'],
  ['deny deny_status 404', 'denied 404 page'],
  ['deny status 404', 'denied 404 Not Found  <>'],
  ['deny status 418 hdr a b', "denied 418 I'm a teapot a: b; <>"],
  ['deny content-type text/plain string "no %[path]"', 'denied 403 Forbidden content-type: text/plain; <no %[path]>'],
  ['deny content-type text/plain lf-string "no %[path]"', 'denied 403 Forbidden content-type: text/plain; <no /a/b>'],
  ['return', 'intercepted 200 OK  <>'],
  ['return status 503 default-errorfiles', 'intercepted 503 page'],
  ['return status 200 content-type text/html string é hdr a %[path]', 'intercepted 200 OK a: /a/b;content-type: text/html; <é>'],
  ['use-service prometheus-exporter', 'intercepted by prometheus-exporter'],
  ['use-service prometheus-exporter if { path /a/b }', 'intercepted by prometheus-exporter'],
  ['use-service prometheus-exporter if { path /metrics }', 'goes on'],
  ['redirect location /x', 'intercepted 302 Found location: /x;cache-control: no-cache; <>'],
  ['redirect location /x code 301', 'intercepted 301 Moved Permanently location: /x; <>'],
  ['redirect location /%[hdr(x-two)]', 'intercepted 302 Found location: /two;cache-control: no-cache; <>'],
  ['redirect location %[hdr(nope)] ignore-empty', 'goes on'],
  ['redirect scheme https code 308', 'intercepted 308 Permanent Redirect location: https://example.com/a/b?q=1; <>'],
  [
    'redirect prefix http://www.%[hdr(host)] drop-query',
    'intercepted 302 Found location: http://www.example.com/a/b;cache-control: no-cache; <>',
  ],
  ['redirect prefix / append-slash drop-query code 301', 'intercepted 301 Moved Permanently location: /a/b/; <>'],
  [
    'redirect location / code 303 set-cookie A=1',
    'intercepted 303 See Other location: /;cache-control: no-cache;set-cookie: A=1; path=/;; <>',
  ],
  ['redirect location / code 301 clear-cookie A=', 'intercepted 301 Moved Permanently location: /;set-cookie: A=; path=/; Max-Age=0;; <>'],
];

for (const [rule, expected] of finals) {
  test(`${rule} answers ${expected}`, () => assert.equal(shown(finalOf(rule)), expected));
}

test('a reply from a file keeps its fields but those of the connection', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-reply-'));
  try {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const page = file('page.http', 'HTTP/1.0 403 No\r\nConnection: close\r\nContent-Length: 9\r\nX-A: b\r\n\r\nbody\n');
    assert.equal(shown(finalOf(`deny errorfile ${page}`)), 'denied 403 No X-A: b; <body\n>');
    const text = file('text', 'for %[path]');
    assert.match(shown(finalOf(`return content-type text/plain file ${text}`)), /<for %\[path\]>$/);
    assert.match(shown(finalOf(`return content-type text/plain lf-file ${text}`)), /<for \/a\/b>$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a response is refused with 502 and redirected to a location', () => {
  const answer = (rule: string): string => {
    const { rules } = compile([`http-response ${rule}`]);
    return shown(rules.response?.(contextOf(request(), { response: response(200) })));
  };
  assert.equal(answer('deny'), 'denied 502 page');
  assert.equal(answer('redirect location /x code 301'), 'intercepted 301 Moved Permanently location: /x; <>');
});

test('a redirect line takes its address as it is', () => {
  const { redirect, request: none } = compileClean(['redirect location /%[path] code 301 if METH_GET']);
  assert.equal(none, undefined);
  assert.equal(shown(redirect?.(contextOf(request()))), 'intercepted 301 Moved Permanently location: /%[path]; <>');
  assert.equal(redirect?.(contextOf(request({ method: 'PUT' }))), undefined);
});

test('the first use_backend that matches names the backend, with samples filled in', () => {
  const { route } = compileClean(['use_backend a if { path /a }', 'use_backend app-%[hdr(host),field(1,.),lower] if { path_beg /d }']);
  assert.equal(route?.(contextOf(request({ target: '/a' }))), 'a');
  assert.equal(route?.(contextOf(request({ target: '/d', fields: [['Host', 'Shop.example.com']] }))), 'app-shop');
  assert.equal(route?.(contextOf(request({ target: '/x' }))), undefined);
});

test('stats admin is allowed by any of its lines', () => {
  const { statsAdmin } = compileClean(['stats admin if LOCALHOST', 'stats admin if { src 192.0.2.7 }']);
  assert.equal(statsAdmin?.(contextOf(request())), true);
  assert.equal(statsAdmin?.(contextOf(request(), { clientAddress: '127.0.0.1' })), true);
  assert.equal(statsAdmin?.(contextOf(request(), { clientAddress: '192.0.2.8' })), false);
});

test('a proxy without rules has none to run', () => {
  for (const rule of Object.values(compileClean([]))) assert.equal(rule, undefined);
});

test('what a rule says goes out byte for byte, and never breaks a head', () => {
  const line = (rule: string): string => finalOf(rule)?.reply?.fieldLines ?? '';
  assert.equal(line('return content-type "a\u010d\u010a" string x'), 'content-type: a\xc4\x8d\xc4\x8a\r\n');
  assert.equal(line('return content-type "a\\r\\n\\x00b" string x'), 'content-type: a   b\r\n');
  assert.match(line('redirect location "/\\r\\n\\x00\\xe9é"'), /^location: \/ {3}\xe9\xc3\xa9\r\n/);
  assert.match(line('redirect location / set-cookie "a\\r\\nb"'), /\r\nset-cookie: a {2}b; path=\/;\r\n$/);
  assert.equal(after(['set-header X-One "\\r\\n\\xe9é"']), 'GET /a/b?q=1 X-Two=two X-One=  \xe9\xc3\xa9');
});

test('a file is sent byte for byte, whatever it holds', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bytes-é-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  writeFileSync(join(folder, 'a.bin'), bytes);
  assert.deepEqual(finalOf(`return content-type a/b file ${folder}/a.bin`)?.reply?.body, bytes);
  writeFileSync(join(folder, 'a.lf'), '\xe9 %[path]', 'latin1');
  assert.equal(finalOf(`return content-type a/b lf-file ${folder}/a.lf`)?.reply?.body.toString('latin1'), '\xe9 /a/b');
});

test('a complaint about a rule is legible', () => {
  const { diagnostics } = compile(['http-request deny if { path_reg é( }', 'acl a ä']);
  assert.match(diagnostics.map(({ message }) => message).join('\n'), /'ä'.*\n.*'é\('/);
});
