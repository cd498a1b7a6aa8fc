/** What a faulty rule is told; wording and place as HAProxy's where it has the same complaint. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from './support.ts';

const alerts: readonly (readonly [line: string, message: string])[] = [
  ['acl a foo(host) x', "error detected while parsing ACL 'a' : unknown fetch method 'foo' in ACL expression 'foo(host)'."],
  [
    'acl a path_bge /x',
    "error detected while parsing ACL 'a' : unknown fetch method 'path_bge' in ACL expression 'path_bge'; did you mean 'path_beg'?",
  ],
  ['acl a hdr_beg(host x', "error detected while parsing ACL 'a' : ACL keyword 'hdr_beg' : expected ')'"],
  ['acl a path_reg a++', "error detected while parsing ACL 'a' : regex 'a++' uses '++', which is PCRE's alone"],
  ['acl a src 1.2.3.400', "error detected while parsing ACL 'a' : '1.2.3.400' is not a valid IPv4 or IPv6 address"],
  ['acl a src 1.2.3.4/33', "error detected while parsing ACL 'a' : '1.2.3.4/33' is not a valid IPv4 or IPv6 address"],
  ['acl a src localhost', "error detected while parsing ACL 'a' : 'localhost' is not a valid IPv4 or IPv6 address"],
  ['acl a src_port abc', "error detected while parsing ACL 'a' : 'abc' is not a number"],
  ['acl a src_port 10:5', "error detected while parsing ACL 'a' : '10:5' is not a valid number range"],
  ['acl a path -m foo x', "error detected while parsing ACL 'a' : unknown matching method 'foo' when parsing ACL expression"],
  ['acl a path -m meth x', "error detected while parsing ACL 'a' : unknown matching method 'meth' when parsing ACL expression"],
  ['acl a path -f /nonexistent', "error detected while parsing ACL 'a' : failed to open pattern file </nonexistent>"],
  [
    'acl a path -q x',
    "error detected while parsing ACL 'a' : '-q' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
  ],
  ['acl a path -M -f x', "error detected while parsing ACL 'a' : failed to open pattern file <x>"],
  ['acl a', "error detected while parsing ACL 'a' : missing fetch method in ACL expression ''"],
  ['acl a path(x) y', "error detected while parsing ACL 'a' : ACL keyword 'path' : expected ')' before 'x)'"],
  ['acl a path,foo x', "error detected while parsing ACL 'a' : ACL keyword 'path' : unknown converter 'foo'"],
  [
    'acl a path,map(x) y',
    "error detected while parsing ACL 'a' : ACL keyword 'path' : invalid args in converter 'map' : failed to open pattern file <x>",
  ],
  ['acl a hdr(host,x) y', "error detected while parsing ACL 'a' : ACL keyword 'hdr' : failed to parse 'x' as type 'integer' at position 2"],
  [
    'acl a path,bytes(1) y',
    "error detected while parsing ACL 'a' : matching method must be specified first (using '-m') when using a sample fetch of this type ('path')",
  ],
  ['acl a be_sess_rate(app) 1', "error detected while parsing ACL 'a' : 'be_sess_rate' is HAProxy's; Fairlead does not do it"],
  ['acl a fc_rtt(us)', "error detected while parsing ACL 'a' : 'fc_rtt' is HAProxy's; Fairlead does not do it"],
  [
    'acl a http_auth',
    "error detected while parsing ACL 'a' : fetch method 'http_auth' : missing arguments (got 0/1), type 'string' expected",
  ],
  ['acl a http_auth()', "error detected while parsing ACL 'a' : invalid args in fetch method 'http_auth' : missing userlist name"],
  ['acl a http_auth_group(users) -m found', "error detected while parsing ACL 'a' : http_auth_group() : no groups specified."],
  ['acl a http_auth_group(users)', "error detected while parsing ACL 'a' : http_auth_group() : no groups specified."],
  ['acl a http_auth_group(users),lower g', "error detected while parsing ACL 'a' : http_auth_group() : no groups specified."],
  ['acl or path x', "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition"],
  ['http-request set-header x y if nope', "error detected while parsing an 'http-request set-header' condition : no such ACL : 'nope'."],
  [
    'http-request set-header x y if METH_GTE',
    "error detected while parsing an 'http-request set-header' condition : no such ACL : 'METH_GTE'; did you mean 'METH_GET'?",
  ],
  [
    'http-request set-header x y if TRUE and TRUE',
    "error detected while parsing an 'http-request set-header' condition : no such ACL : 'and'. ACLs that must all be true are written next to each other, without 'and'.",
  ],
  [
    'http-request set-header x y if { path',
    "error detected while parsing an 'http-request set-header' condition : missing closing '}' in condition",
  ],
  [
    'http-request deny if WAIT_END',
    "error detected while parsing an 'http-request deny' condition : predefined ACL 'WAIT_END' is HAProxy's; Fairlead does not do it",
  ],
  [
    'http-request set-header x',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : expects exactly 2 arguments",
  ],
  ['http-request set-header x y z', "'http-request set-header' expects either 'if' or 'unless' followed by a condition but found 'z'"],
  [
    'http-request set-header x:y z',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : 'x:y' is not a valid header name",
  ],
  [
    'http-request set-header x %[foo]',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : failed to parse sample expression <foo> : unknown fetch method 'foo'",
  ],
  [
    'http-request set-header x %[path',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : missing ']' after 'path'",
  ],
  [
    'http-request set-header x %[status]',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : sample fetch <status> may not be reliably used here because it needs 'HTTP response headers' which is not available here",
  ],
  [
    'http-request set-header x %[be_name]',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : sample fetch <be_name> may not be reliably used here because it needs 'backend' which is not available here",
  ],
  [
    'http-request set-header x %zz',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : no such format variable 'zz'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
  ],
  [
    'http-request set-header x %Id',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : no such format variable 'Id'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
  ],
  [
    'http-request set-header x 5%',
    "error detected in frontend 'web' while parsing 'http-request set-header' rule : truncated line after '%'",
  ],
  [
    'http-request disable-l7-retry x',
    "'http-request disable-l7-retry' expects either 'if' or 'unless' followed by a condition but found 'x'",
  ],
  [
    'http-request use-service',
    "error detected in frontend 'web' while parsing 'http-request use-service' rule : 'use-service' expects a service name.",
  ],
  [
    'http-request use-service prometheus-exporte',
    "error detected in frontend 'web' while parsing 'http-request use-service' rule : 'prometheus-exporte' unknown service name; did you mean 'prometheus-exporter'?",
  ],
  [
    'http-request use-service lua.hello',
    "error detected in frontend 'web' while parsing 'http-request use-service' rule : 'lua.hello' is HAProxy's; Fairlead does not do it",
  ],
  [
    'http-request use-service prometheus-exporter x',
    "'http-request use-service' expects either 'if' or 'unless' followed by a condition but found 'x'",
  ],
  ['http-request set-nice 10', "'http-request set-nice' is HAProxy's; Fairlead does not do it"],
  ['http-request track-sc0(x) path', "'http-request track-sc0(x)' is HAProxy's; Fairlead does not do it"],
  [
    'http-request set-var(x) path',
    "error detected in frontend 'web' while parsing 'http-request set-var(x)' rule : invalid variable name 'x'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
  ],
  [
    'http-request set-var(txn.x,foo) path',
    "error detected in frontend 'web' while parsing 'http-request set-var(txn.x,foo)' rule : unknown condition \"foo\"",
  ],
  [
    'http-request set-var(txn.x) res.hdr(a)',
    "error detected in frontend 'web' while parsing 'http-request set-var(txn.x)' rule : fetch method 'res.hdr(a)' extracts information from 'HTTP response headers', none of which is available here",
  ],
  ['http-request deny status 99', "error detected in frontend 'web' while parsing 'http-request deny' rule : Unexpected status code '99'"],
  [
    'http-request deny deny_status 418',
    "error detected in frontend 'web' while parsing 'http-request deny' rule : status code '418' not handled by default with 'default-errorfiles' argument.",
  ],
  [
    'http-request return string x',
    "error detected in frontend 'web' while parsing 'http-request return' rule : a content type must be defined when non-empty payload is configured",
  ],
  [
    'http-request return status 204 content-type a string b',
    "error detected in frontend 'web' while parsing 'http-request return' rule : No body expected for 204 responses",
  ],
  [
    'http-request return content-type a file /nonexistent',
    "error detected in frontend 'web' while parsing 'http-request return' rule : error opening file '/nonexistent'",
  ],
  [
    'http-request return content-type a string b file c',
    "error detected in frontend 'web' while parsing 'http-request return' rule : unexpected 'file' argument, 'string' already defined",
  ],
  [
    'http-request redirect location / code 304',
    "error detected in frontend 'web' while parsing 'http-request redirect' rule : 'code': unsupported HTTP code '304' (must be one of 301, 302, 303, 307 or 308)",
  ],
  [
    'http-request redirect code 301',
    "error detected in frontend 'web' while parsing 'http-request redirect' rule : redirection type expected ('prefix', 'location', or 'scheme')",
  ],
  [
    'http-request redirect location',
    "error detected in frontend 'web' while parsing 'http-request redirect' rule : missing argument for 'location'",
  ],
  [
    'http-request del-header x -m foo',
    "error detected in frontend 'web' while parsing 'http-request del-header' rule : -m with unsupported matching method 'foo'",
  ],
  [
    'http-request set-path',
    "error detected in frontend 'web' while parsing 'http-request set-path' rule : expects exactly 1 argument <format>",
  ],
  [
    'http-response redirect prefix /x',
    "error detected in frontend 'web' while parsing 'http-response redirect' rule : response only supports redirect type 'location'",
  ],
  [
    'http-response set-status 99',
    "error detected in frontend 'web' while parsing 'http-response set-status' rule : expects an integer status code between 100 and 999",
  ],
  [
    'http-response set-header x %[path]',
    "error detected in frontend 'web' while parsing 'http-response set-header' rule : sample fetch <path> may not be reliably used here because it needs 'HTTP request headers' which is not available here",
  ],
  [
    'redirect location / if nope',
    "error detected in frontend 'web' while parsing redirect rule : error in condition: no such ACL : 'nope'.",
  ],
  ['use_backend x if nope', "error detected while parsing switching rule : no such ACL : 'nope'."],
  [
    'use_backend %[foo] if TRUE',
    "failed to parse use_backend rule '%[foo]' : failed to parse sample expression <foo> : unknown fetch method 'foo'",
  ],
  ['stats admin if nope', "error detected while parsing a 'stats admin' rule : no such ACL : 'nope'."],
  ['stats admin', "'stats admin' requires either 'if' or 'unless' followed by a condition."],
];

for (const [line, message] of alerts) {
  test(`${line} is an error`, () => {
    const { diagnostics } = compile(['acl fine path /', line]);
    assert.deepEqual(diagnostics, [{ severity: 'alert', place: { file: 'test.cfg', line: 2 }, message }]);
  });
}

test('a regular expression that does not compile is an error with its reason', () => {
  const [alert] = compile(['acl a path_reg (']).diagnostics;
  assert.match(alert?.message ?? '', /^error detected while parsing ACL 'a' : regex '\(' is invalid \(error=.*group.*\)$/);
});

test('an unknown action is told what there is, and what may have been meant', () => {
  const [alert] = compile(['http-request set-hedder x y']).diagnostics;
  assert.match(
    alert?.message ?? '',
    /^'http-request' expects 'add-acl', 'add-header', .* but got 'set-hedder'; did you mean 'set-header'\?$/,
  );
  const [wrongSide] = compile(['http-response set-path /x']).diagnostics;
  assert.match(wrongSide?.message ?? '', /^'http-response' expects .* but got 'set-path'\./);
  const [noRequest] = compile(['http-response disable-l7-retry']).diagnostics;
  assert.match(noRequest?.message ?? '', /^'http-response' expects .* but got 'disable-l7-retry'\./);
});

const warnings: readonly (readonly [line: string, message: RegExp])[] = [
  ['acl a path', /^parsing acl keyword 'path' : no pattern to match against were provided, so this ACL will never match\./],
  [
    'http-request deny if { status 200 }',
    /^anonymous acl will never match because it uses keyword 'status' which is incompatible with 'frontend http-request header rule'$/,
  ],
  ['http-response deny if { path /x }', /'path' which is incompatible with 'frontend http-response header rule'$/],
  ['use_backend x if { res.hdr(a) b }', /'res\.hdr' which is incompatible with 'frontend use-backend rule'$/],
  ['http-request return content-type text/plain', /^content-type 'text\/plain' ignored by the http reply/],
  ['http-request return hdr content-length 5', /^header 'content-length' always ignored by the http reply\.$/],
  ['http-request deny if', /^this condition is empty: it is never true$/],
];

for (const [line, message] of warnings) {
  test(`${line} is a warning`, () => {
    const { diagnostics } = compile([line]);
    assert.deepEqual(
      diagnostics.map(({ severity, place }) => [severity, place?.line]),
      [['warning', 1]],
    );
    assert.match(diagnostics[0]?.message ?? '', message);
  });
}

test('every faulty line is reported, and the others are compiled', () => {
  const { rules, diagnostics } = compile(['acl a foo', 'http-request bar', 'http-request deny', 'use_backend x if nope', 'redirect foo']);
  assert.deepEqual(diagnostics.map(({ place }) => place?.line).sort(), [1, 2, 4, 5]);
  assert.notEqual(rules.request, undefined);
});

test('a backend may use its own name in request rules', () => {
  assert.deepEqual(compile(['http-request set-header x %[be_name]'], 'backend').diagnostics, []);
});
