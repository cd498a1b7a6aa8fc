/** Which requests a condition holds for. test/haproxy/rules.test.ts holds many more beside HAProxy. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuleContext } from '../../src/rules/types.ts';
import { compile, compileClean, contextOf, type Message, request, response } from './support.ts';

function holds(condition: string, message: Message = {}, more: Partial<RuleContext> = {}, acls: readonly string[] = []): boolean {
  const { route } = compileClean([...acls, `use_backend yes if ${condition}`]);
  return route?.(contextOf(request(message), more)) === 'yes';
}

const www: Message = {
  target: '/img/png/logo.png?a=1&b=2&a=3',
  fields: [
    ['Host', 'www.Example.com:80'],
    ['Accept', 'text/html, text/plain'],
    ['Accept', 'image/png'],
    ['X-Forwarded-For', '192.0.2.1, 10.0.0.1'],
    ['Content-Length', '12'],
  ],
};

const table: readonly (readonly [condition: string, expected: boolean])[] = [
  ['{ hdr(host) www.Example.com:80 }', true],
  ['{ hdr(host) www.example.com:80 }', false],
  ['{ hdr(host) -i www.example.com:80 }', true],
  ['{ hdr(Host) -m found }', true],
  ['{ hdr_beg(host) www. }', true],
  ['{ hdr_end(host) :80 }', true],
  ['{ hdr_dom(host) -i example.com }', true],
  ['{ hdr_dom(host) -i xample.com }', false],
  ['{ hdr_sub(host) ample }', true],
  ['{ hdr_reg(host) ^www\\..*:\\d+$ }', true],
  ['{ hdr_len(host) 18 }', true],
  ['{ hdr(accept) text/plain }', true],
  ['{ hdr(accept) "text/html, text/plain" }', false],
  ['{ req.fhdr(accept) "text/html, text/plain" }', true],
  ['{ hdr(accept,1) text/plain }', false],
  ['{ hdr(accept,2) text/plain }', true],
  ['{ hdr(accept,-1) image/png }', true],
  ['{ hdr_cnt(accept) eq 3 }', true],
  ['{ hdr_cnt(accept) gt 3 }', false],
  ['{ req.hdr_ip(x-forwarded-for) 10.0.0.0/8 }', true],
  ['{ req.hdr_ip(x-forwarded-for,1) 10.0.0.0/8 }', false],
  ['{ path /img/png/logo.png }', true],
  ['{ path_beg /img /css }', true],
  ['{ path_end .gif .png }', true],
  ['{ path_dir png }', true],
  ['{ path_dir logo }', false],
  ['{ path_sub ng/lo }', true],
  ['{ path_reg \\.png$ }', true],
  ['{ path_len 17 }', true],
  ['{ url_end a=3 }', true],
  ['{ base_beg www.Example.com:80/img }', true],
  ['{ query a=1&b=2&a=3 }', true],
  ['{ urlp(a) 3 }', true],
  ['{ urlp(b) 3 }', false],
  ['{ method GET POST }', true],
  ['{ method get }', false],
  ['{ src 192.0.2.0/24 }', true],
  ['{ src 192.0.2.8 }', false],
  ['{ src 192.0.2.0/255.255.255.0 }', true],
  ['{ src ::ffff:192.0.2.7 }', true],
  ['{ dst 198.51.100.1 }', true],
  ['{ src_port 1024: }', true],
  ['{ dst_port 80 443 }', true],
  ['{ dst_port lt 80 }', false],
  ['{ req.ver 1.1 }', true],
  ['{ fe_name web }', true],
  ['{ always_true }', true],
  ['{ always_false }', false],
  ['{ str(a),upper A }', true],
  ['{ path,field(2,/) img }', true],
  ['{ int(7) 5:9 }', true],
  ['METH_GET HTTP_1.1 HTTP_URL_SLASH HTTP_CONTENT', true],
  ['METH_POST or METH_HEAD', false],
  ['METH_POST or TRUE', true],
  ['TRUE FALSE || TRUE TRUE', true],
  ['TRUE !METH_POST', true],
  ['!TRUE', false],
  ['! TRUE', false],
  ['!{ path_beg /css } { path_end .png }', true],
  ['LOCALHOST', false],
];

for (const [condition, expected] of table) {
  test(`${condition} is ${expected}`, () => assert.equal(holds(condition, www), expected));
}

test('lines of one name are alternatives', () => {
  const acls = ['acl static path_beg /css', 'acl static path_end .png'];
  assert.equal(holds('static', { target: '/a.png' }, {}, acls), true);
  assert.equal(holds('static', { target: '/css/a' }, {}, acls), true);
  assert.equal(holds('static', { target: '/a' }, {}, acls), false);
  assert.equal(holds('!static', { target: '/a.png' }, {}, acls), false);
});

test('names of ACLs are case-sensitive and may hide predefined ones', () => {
  assert.equal(holds('METH_GET', { method: 'PUT' }, {}, ['acl METH_GET method PUT']), true);
});

test('-i counts for the values behind it, and -- ends the flags', () => {
  assert.equal(holds('{ path -i -- -i }', { target: '/x' }), false);
  assert.equal(holds('{ path -i /A }', { target: '/a' }), true);
});

test('case is folded in ASCII alone, and bytes are compared as the file has them', () => {
  const bytes = Buffer.from('/é').toString('latin1');
  assert.equal(holds('{ hdr(x) -i /É }', { fields: [['x', bytes]] }), false);
  assert.equal(holds('{ hdr(x) -i /é }', { fields: [['x', bytes]] }), true);
  assert.equal(holds('{ hdr(x) é/ /é }', { fields: [['x', bytes]] }), true);
});

test('values come from files, one a line, -i or not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-acl-'));
  try {
    writeFileSync(join(folder, 'exact'), '# comment\n\n  /a\n /b\r\n');
    writeFileSync(join(folder, 'folded'), '/C\n');
    const condition = `{ path -f ${join(folder, 'exact')} -i -f ${join(folder, 'folded')} /D }`;
    const matching = ['/a', '/A', '/b', '/c', '/d', '# comment', ''].filter((target) => holds(condition, { target }));
    assert.deepEqual(matching, ['/a', '/b', '/c', '/d']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('addresses of both families are compared as the manual says', () => {
  const from = (clientAddress: string, network: string): boolean => holds(`{ src ${network} }`, {}, { clientAddress });
  assert.equal(from('2001:db8::1', '2001:db8::/32'), true);
  assert.equal(from('2001:db9::1', '2001:db8::/32'), false);
  assert.equal(from('2001:db8:8000::', '2001:db8::/33'), false);
  assert.equal(from('::ffff:10.0.0.1', '10.0.0.0/8'), true);
  assert.equal(from('2002:a00:1::', '10.0.0.0/8'), true);
  assert.equal(from('10.0.0.1', '::ffff:10.0.0.0/104'), true);
  assert.equal(from('10.0.0.1', '0.0.0.0/0'), true);
  assert.equal(from('10.0.0.12', '10.12'), true);
  assert.equal(from('', '0.0.0.0/0'), false);
});

test('a response is seen by response rules, and the request no more', () => {
  const decide = (condition: string): boolean => {
    const { rules } = compile([`http-response deny if ${condition}`]);
    const context = contextOf(request(), { response: response(404, [['Server', 'a, b']]), backend: 'app', server: 's1' });
    return rules.response?.(context) !== undefined;
  };
  assert.equal(decide('{ status 400:499 }'), true);
  assert.equal(decide('{ res.hdr(server) b }'), true);
  assert.equal(decide('{ srv_name s1 } { be_name app }'), true);
  assert.equal(decide('{ hdr(host) -m found }'), false);
  assert.equal(decide('!{ path -m found }'), true);
  assert.equal(decide('METH_GET'), true);
});

test('`unless` turns the whole condition round', () => {
  const { route } = compileClean(['use_backend yes unless METH_POST or { path /a }']);
  assert.equal(route?.(contextOf(request({ target: '/b' }))), 'yes');
  assert.equal(route?.(contextOf(request({ target: '/a' }))), undefined);
});
