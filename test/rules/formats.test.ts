/** Log-format strings and converters. test/haproxy/rules.test.ts holds many more beside HAProxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileClean, contextOf, request } from './support.ts';

const message = {
  target: '/a/b.html?x=1&y=%0d%0a',
  fields: [
    ['Host', 'Example.com:8080'],
    ['X-List', '1, 2'],
    ['X-List', '3'],
    ['Cookie', 'sid=42; theme=dark'],
    ['Authorization', 'Basic dTpwOnE='],
  ] as const,
};

function rendered(format: string): string | undefined {
  const context = contextOf(request(message));
  compileClean([`http-request set-header x-value '${format}'`]).request?.(context);
  return context.request.first('x-value');
}

const table: readonly (readonly [format: string, expected: string])[] = [
  ['plain', 'plain'],
  ['100%%', '100%'],
  ['%[path]', '/a/b.html'],
  ['<%[hdr(x-list)]|%[hdr(x-list,1)]|%[hdr(x-list,-2)]>', '<3|1|2>'],
  ['%[req.fhdr(x-list,1)]', '1, 2'],
  ['%[hdr(nope)]', ''],
  ['%[hdr(host),lower,field(1,:)]', 'example.com'],
  ['%[hdr(host),host_only]:%[hdr(host),port_only]', 'example.com:8080'],
  ['%[req.cook(theme)]', 'dark'],
  ['%[path,regsub("/([a-z])","_\\1",g)]', '_a_b.html'],
  ['%[path,length]', '9'],
  ['%[path,base64]', 'L2EvYi5odG1s'],
  ['%[path,word(-1,/)]', 'b.html'],
  ['%[urlp(y),url_dec]', '%0D%0A'],
  ['%[http_auth_type] %[http_auth_user] %[http_auth_pass] %[http_auth_bearer]', 'Basic u p:q '],
  ['%[src]:%[src_port]', '192.0.2.7:40000'],
  ['%ci:%cp %fi:%fp', '192.0.2.7:40000 198.51.100.1:80'],
  ['%f %b %s', 'web web <NOSRV>'],
  ['%HM %HU %HP %HQ %HV', 'GET /a/b.html?x=1&y=%0d%0a /a/b.html ?x=1&y=%0d%0a HTTP/1.1'],
  ['%{+Q}f %{+X}fp %{+X}fi', '"web" 0050 C6336401'],
  ['%{+Q, +X}f %{ +Q }f %{}f %{+Q -Q}f', '"web" "web" web web'],
  ['%[ssl_fc,iif(https,http)]', 'http'],
  ['%[str("a,b)"),length]', '4'],
  ['%[always_true] %[int(-3),add(1)] %[ipv6(0:0::1)]', '1 -2 ::1'],
];

for (const [format, expected] of table) {
  test(`${format} is ${expected}`, () => assert.equal(rendered(format), expected));
}

test('a format sees the request as the rules before it left it, `capture.req.uri` as the client sent it', () => {
  const head = request(message);
  head.text = 'GET http://Example.com:8080/a/b.html?x=1 HTTP/1.1\r\n';
  head.fieldsFrom = head.text.length;
  const context = contextOf(head);
  compileClean(['http-request set-path /new', 'http-request set-header x-value %[path]|%[capture.req.uri]|%HU']).request?.(context);
  assert.equal(head.first('x-value'), '/new|/a/b.html?x=1|http://Example.com:8080/a/b.html?x=1');
});

test('a date is written as logs write it', () => {
  assert.match(rendered('%T') ?? '', /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
});
