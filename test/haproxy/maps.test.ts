/** Maps and ACLs from files beside HAProxy's: what they find, what the Runtime API tells and changes, what a wrong line is told. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { prepare } from '../../src/prepare.ts';
import { both, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

/** HAProxy lets `map_sub`, `map_end`, `map_dir` and `map_dom` of one file share what the first of them looks up: each has its own here. */
const FILES: Readonly<Record<string, string>> = {
  'paths.lst': '# a comment\n\n  /one\n/two  \n\t/three\n #sharp\n/one\n',
  'more.lst': '/four five\n',
  'hosts.lst': 'EXAMPLE.com\nwww.example.org\n',
  'nets.lst': '10.0.0.0/8\n192.168.1.1\n::1\n2001:db8::/32\n',
  'main.map': '# a comment\n/one   1 value with blanks  \n/two\n  /three\tv3\n/one duplicate\n',
  'beg.map': '/a A\n/a/b AB\n/a/b/c ABC\n/a second\n/aa/1 1\n/aa/2 2\n/aa/3 3\n/aa/4 4\n/aa/5 5\n/aa/6 6\n/aa/77 7\n',
  'sub.map': 'b 1\n/a/b 2\n',
  'end.map': '/c C\n/b/c BC\nb B\n1 1\n22 22\n2 2\n333 333\n4 4\n5 5\n6 6\n',
  'dir.map': 'b dir-b\n/c/ dir-c\n',
  'dom.map': 'b dom-b\na.b dom-ab\n',
  'reg.map': '^/a/(.*)/(.*)$ [\\2]-[\\1]-[\\0]\n^/a(.*) A\\1\n',
  'int.map': '/a 1\n/b 22\n/c -5\n',
  'key.map': '1 one\n2:5 few\n6: many\n',
  'net.map':
    '10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n10.1.0.0/255.255.255.0 ten-one-zero\n2001:db8::/32 six\n::ffff:172.16.0.0/108 mapped\n0.0.0.0/0 any\n',
  'ip.map': '/a 192.0.2.1\n/b 2001:db8::1\n',
};

/** Before the name of one of them. */
const FILE_NAMES = new RegExp(`(?<![\\w/])(?=(?:${Object.keys(FILES).join('|')})(?: |$))`, 'gm');

const SERVICE = (name: string, rules: readonly string[], value: string): string => `
frontend ${name}
    bind unix@%DIR%/${name}
${rules.map((rule) => `    ${rule}`).join('\n')}
    http-request return status 200 content-type text/plain lf-string "${value}"
`;

const map = (expression: string): string => `<%[${expression.replace(/\((\w+\.map)/, '(%DIR%/$1')}]>`;

const CONFIG = `
global
    nbthread 1
    stats socket %DIR%/ctl level admin
    stats socket %DIR%/user level user
defaults rules
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    acl image path_end .png
    http-request set-header x-image 1 if image TRUE
defaults plain
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend first from rules
    bind unix@%DIR%/first
    acl here path_beg /x /y
    acl here path_beg -i /Z
    acl listed path -f %DIR%/paths.lst -f %DIR%/more.lst /inline
    acl hosts hdr(host) -i -f %DIR%/hosts.lst more.example
    acl hosts hdr(host) -f %DIR%/hosts.lst
    acl forced path -u 77 /forced
    acl near src -f %DIR%/nets.lst 172.16.0.0/12
    acl keyed path -M -f %DIR%/main.map
    acl big hdr_val(x-n) gt 5
    acl length path_len 3:5
    acl regs path_reg ^/r -i ^/s
    acl there hdr(y) -m found
    http-request return status 200 content-type text/plain string here if here
    http-request return status 200 content-type text/plain string listed if listed or { path -f %DIR%/paths.lst }
    http-request return status 200 content-type text/plain string hosts if hosts METH_GET
    http-request return status 200 content-type text/plain string forced if forced
    http-request return status 200 content-type text/plain string near if { hdr_ip(x-ip) -f %DIR%/nets.lst }
    http-request return status 200 content-type text/plain string big if big TRUE
    http-request return status 200 content-type text/plain string length if length
    http-request return status 200 content-type text/plain string regs if regs
    http-request return status 200 content-type text/plain string keyed if keyed
    http-request return status 200 content-type text/plain string there if there
    http-request return status 404
frontend second from rules
    bind unix@%DIR%/second
    http-request return status 200 content-type text/plain string "%DIR%" if TRUE
${SERVICE(
  'maps from plain',
  [],
  [
    'path,map(main.map)',
    'path,map(main.map,none)',
    'path,map_beg(beg.map)',
    'path,map_sub(sub.map,none)',
    'path,map_end(end.map)',
    'path,map_dir(dir.map)',
    'path,map_dom(dom.map)',
    'path,map_reg(reg.map)',
    'path,map_regm(reg.map,none)',
    'path,map_str_int(int.map)',
    'path,map_str_int(int.map,7),add(1)',
    'path,length,map_int(key.map)',
    'req.hdr(x-n),map_int(key.map,none)',
    'hdr(x-ip),map_ip(net.map)',
    'hdr(x-ip),map_ip(net.map,none)',
    'path,map_str_ip(ip.map,192.0.2.9)',
  ]
    .map(map)
    .join(' '),
).replace('unix@%DIR%/maps from plain', 'unix@%DIR%/maps')}
frontend changes from plain
    bind unix@%DIR%/changes
    acl asked-add hdr(x-do) -m str add-acl
    acl asked-del hdr(x-do) -m str del-acl
    acl asked-set hdr(x-do) -m str set-map
    acl asked-drop hdr(x-do) -m str del-map
    acl known path -f %DIR%/paths.lst
    http-request add-acl(%DIR%/paths.lst) %[path] if asked-add
    http-request del-acl(%DIR%/paths.lst) %[path] if asked-del
    http-request set-map(%DIR%/main.map) %[path] %[hdr(x-value)] if asked-set
    http-request set-map(%DIR%/int.map) %[path] %[hdr(x-value)] if { hdr(x-do) -m str set-int }
    http-request del-map(%DIR%/main.map) %[path] if asked-drop
    http-request set-map(%DIR%/nobody.map) %[path] 1
    http-response add-acl(%DIR%/more.lst) %[capture.req.uri] if { status 503 }
    http-request return status 200 content-type text/plain lf-string "known %[path,map(%DIR%/main.map)]" if known
    http-request return status 200 content-type text/plain lf-string "%[path,map(%DIR%/main.map)]"
backend unused from plain
    acl few src -m ip 192.0.2.1
    http-request deny if few METH_POST
`;

interface Asked {
  readonly path: string;
  readonly fields?: Readonly<Record<string, string>>;
}

const PATHS = [
  '/',
  '/a',
  '/a/b',
  '/a/b/c',
  '/a/b/cd',
  '/aa/77x',
  '/aa/8',
  '/b',
  '/c',
  '/one',
  '/two',
  '/three',
  '/x.a.b',
  '/y:b',
  '/22',
  '/333/22',
  '/a/1/2',
];

const REQUESTS: Readonly<Record<string, readonly Asked[]>> = {
  first: [
    ...[
      '/x1',
      '/y',
      '/zed',
      '/Zed',
      '/one',
      '/two',
      '/two  ',
      '/three',
      '/four',
      '/inline',
      '/forced',
      '/abc',
      '/roads',
      '/song',
      '/toolongpath',
    ].map((path) => ({ path })),
    ...['example.com', 'Example.com', 'EXAMPLE.com', 'MORE.example', 'nobody'].map((host) => ({
      path: '/longer-than-five',
      fields: { host },
    })),
    ...['10.2.3.4', '192.168.1.1', '192.168.1.2', '::1', '2001:db8:1::', '::ffff:10.0.0.1', 'none', '1.2.3'].map((ip) => ({
      path: '/longer-than-five',
      fields: { 'x-ip': ip },
    })),
    { path: '/longer-than-five', fields: { 'x-n': '6' } },
    { path: '/longer-than-five', fields: { y: '' } },
  ],
  maps: [
    ...PATHS.map((path) => ({ path })),
    ...[
      '10.9.1.1',
      '10.1.9.1',
      '10.1.0.1',
      '11.0.0.1',
      '::ffff:10.1.2.3',
      '2001:db8::9',
      '2001:db9::',
      '172.16.1.1',
      '2002:a01:1::',
      'x',
      '',
    ].map((ip) => ({
      path: '/',
      fields: { 'x-ip': ip },
    })),
    ...['1', '3', '99', '0', '-1', 'x', '4x'].map((number) => ({ path: '/', fields: { 'x-n': number } })),
  ],
};

/** Lines for the Runtime API, with the file names short. */
const SCRIPT: readonly (readonly [what: string, lines: readonly string[]])[] = [
  [
    'what there is',
    ['show acl', 'show map', 'show acl #0', 'show acl #77', 'show acl paths.lst', 'show acl more.lst', 'show map main.map'],
  ],
  [
    'what is named',
    [
      'show map nope',
      'show map paths.lst',
      'show acl nope',
      'show acl reg.map',
      'show acl main.map',
      'show acl #2x',
      'show acl #-1',
      'show acl # 2',
      'show acl #99',
      'show acl 1',
      'show map @',
      'show map @0',
      'show map @0 main.map',
      'show map @x main.map',
      'show map @7 main.map',
      'show acl #1 more',
    ],
  ],
  [
    'what is found',
    [
      'get map',
      'get map main.map',
      'get map nope x',
      'get acl',
      'get acl #0',
      'get acl nope x',
      'get map main.map /one',
      'get map main.map /none',
      'get map beg.map /a/b/c/d',
      'get map sub.map xb',
      'get map end.map /b/c',
      'get map dir.map /x/b/',
      'get map dom.map www.a.b',
      'get map reg.map /a/1/2',
      'get map int.map /b',
      'get map key.map 3',
      'get map key.map x',
      'get map net.map 10.1.2.3',
      'get map net.map 2001:db8::5',
      'get map net.map ::ffff:10.1.2.3',
      'get map net.map foo',
      'get map net.map 10.1.2.3:80',
      'get map key.map 3x',
      'get map paths.lst /one',
      'get acl main.map /one',
      'get acl paths.lst /one',
      'get acl hosts.lst www.example.org',
      'get acl nets.lst 10.1.1.1',
      'get acl #0 x.png',
      'get acl #1 x',
      'get acl #2 /xyz',
      'get acl #3 /ZZ',
    ],
  ],
  [
    'additions',
    [
      'add map',
      'add map nope',
      'add map main.map',
      'add map main.map k',
      'add map nope k v',
      'add map main.map k v',
      'add map main.map k v w',
      'add map main.map k "v w"',
      'add map main.map k v\\ w',
      'show map main.map',
      'add acl',
      'add acl nope k',
      'add acl #2',
      'add acl #2 /new',
      'add acl #2 /new more',
      'show acl #2',
      'add acl main.map k',
      'add map paths.lst key value',
      'show acl paths.lst',
      'get map paths.lst key',
      'set map paths.lst key other',
      'add acl paths.lst another',
      'del map paths.lst key',
      'clear map paths.lst',
      'prepare map paths.lst',
      'add acl #1 x',
      'get acl #1 x',
      'set acl #0 /x y',
    ],
  ],
  [
    'what makes no sense',
    [
      'add map int.map /d abc',
      'add map int.map /d 12abc',
      'show map int.map',
      'add map net.map foo bar',
      'add map ip.map /d foo',
      'add acl nets.lst foo',
      'add map key.map a:b v',
      'add map key.map 1:b v',
      'add map key.map 1x v',
      'add map key.map foo bar',
      'show map key.map',
    ],
  ],
  [
    'other values',
    [
      'set map',
      'set map nope k v',
      'set map main.map',
      'set map main.map k',
      'set map main.map k v2',
      'set map main.map k v3 v4',
      'set map main.map nokey v2',
      'set map main.map #0x12 v2',
      'set map main.map #foo v2',
      'set map main.map #0x v2',
      'show map main.map',
    ],
  ],
  [
    'removals',
    [
      'del map',
      'del map nope k',
      'del map main.map',
      'del map main.map k',
      'del map main.map k',
      'del map main.map #0x12',
      'del map main.map #zz',
      'del map main.map #0x',
      'del acl',
      'del acl #2',
      'del acl #2 /new',
      'del acl #2 nokey',
      'del acl nope x',
      'del acl #2 #',
      'show acl #2',
      'del map main.map /one',
      'get map main.map /one',
      'clear map',
      'clear map nope',
      'clear map @1',
      'clear map @1 nope',
      'clear map @7 main.map',
      'clear acl',
      'clear acl nope',
      'clear acl #3',
      'show acl #3',
    ],
  ],
  [
    'versions',
    [
      'prepare map',
      'prepare map nope',
      'prepare map main.map',
      'prepare map main.map',
      'prepare acl #2',
      'prepare acl #2 more',
      'prepare acl @1 #2',
      'add map @1 main.map p1 v1',
      'add map @2 main.map p2 v2',
      'add map @3 main.map p3 v3',
      'add acl @9 #2 p3',
      'add map @0 main.map p0 v0',
      'add map @x main.map px vx',
      'set map main.map p1 other',
      'get map main.map p1',
      'show map @1 main.map',
      'show map @2 main.map',
      'show map main.map',
      'show map',
      'set map @2 main.map p2 other',
      'del map @2 main.map p2',
      'get map @2 main.map p2',
      'commit map',
      'commit map @1',
      'commit map main.map',
      'commit map @9 main.map',
      'commit map @x main.map',
      'commit map @1 nope',
      'commit acl @1 nope',
      'commit acl #2',
      'commit map @2 main.map',
      'show map main.map',
      'show map @1 main.map',
      'show map',
      'commit map @2 main.map',
      'commit map @1 main.map',
      'commit acl @1 #2',
      'show acl #2',
      'clear map @2 main.map',
      'show map main.map',
    ],
  ],
  [
    'payloads',
    [
      'add map main.map <<\nq1 w1 w2  \nq3 z\n\nshow map main.map',
      'add map @2 main.map <<\nq4 x\n\nshow map @2 main.map',
      'add acl #2 <<\nl1\n\nshow acl #2',
      'add map nope <<\na b\n',
      'set severity-output number;add map nope k v;prepare map main.map;add map main.map a b;get map main.map a',
    ],
  ],
  ['without patterns', ['clear map beg.map', 'show map beg.map', 'clear acl paths.lst', 'clear acl #77']],
  [
    'another content',
    [
      'add map beg.map /a/b new',
      'add map end.map c c',
      'add map reg.map ^/(.)$ <\\1>',
      'add map key.map 0 zero',
      'add map net.map 11.0.0.0/8 eleven',
      'add map int.map / 12',
      'add acl paths.lst /abc',
      'add acl #2 /song',
      'add acl #77 /x1',
      'add acl nets.lst 1.2.3.4/31',
    ],
  ],
];

/** What a line of the configuration is told. HAProxy's words of the expression in which a converter stands are not ours. */
const WRONG: readonly string[] = [
  'acl a path -f %DIR%/missing',
  'acl a path -f',
  'acl a path -M -f %DIR%/missing-map',
  'acl a path -f %DIR%',
  'acl a src -n -f %DIR%/wrong-nets.lst',
  'acl a path_reg -f %DIR%/wrong-regs.lst',
  'acl a hdr_val(x) -f %DIR%/wrong-ints.lst',
  'acl a path -u x /a',
  'acl a path -u 5 /a',
  'acl b path -u 5 /a',
  'acl a src 1.2.3.4 foo',
  'acl a path -f %DIR%/one.lst -m end',
  'acl a path -M -f %DIR%/one.lst',
  'acl a path,map(%DIR%/missing-too) -m found',
  'acl a path,map_str_int(%DIR%/wrong.map) -m found',
  'acl a path,map_str_ip(%DIR%/wrong-ips.map) -m found',
  'acl a path,map_ip(%DIR%/wrong-nets.map) -m found',
  'acl a path,map_int(%DIR%/wrong-keys.map) -m found',
  // HAProxy crashes behind it.
  'http-request set-map(x) a',
];

const WRONG_FILES: Readonly<Record<string, string>> = {
  'one.lst': '/a\n',
  'wrong-nets.lst': '# x\n1.2.3.4\nnotip..x\n',
  'wrong-regs.lst': 'ok\n(bad\n',
  'wrong-ints.lst': '5\nx\n',
  'wrong.map': '/a 1\n\n/b x y\n',
  'wrong-ips.map': '/a 1\n',
  'wrong-keys.map': '/a 1\n',
  'wrong-nets.map': '1.2.3.4 a\nnotip..x b\n',
};

describe('maps and ACLs, side by side with HAProxy', { skip }, () => {
  let sides: Sides;

  before(async () => {
    sides = await startSides(CONFIG, FILES);
  });

  after(() => stopSides(sides));

  /** Both answer alike, each asked about the files in its own folder. */
  async function compare(line: string, told: (answer: string) => string = comparable, socket = 'ctl'): Promise<void> {
    const [theirs, ours] = await both(sides, (side) => side.cli(line.replace(FILE_NAMES, `${side.folder}/`), socket));
    assert.deepEqual([line, told(ours)], [line, told(theirs)]);
  }

  async function compareRequests(): Promise<void> {
    for (const [frontend, requests] of Object.entries(REQUESTS)) {
      for (const asked of requests) {
        const [theirs, ours] = await both(sides, (side) => ask(side, frontend, asked));
        assert.deepEqual([asked, ours], [asked, theirs]);
      }
    }
  }

  it('finds what HAProxy finds', compareRequests);

  for (const [what, lines] of SCRIPT) {
    it(`the Runtime API: ${what}`, async () => {
      for (const line of lines) {
        // Its counts go wrong with what it refuses.
        await compare(line, what === 'what there is' ? comparable : (answer) => comparable(answer).replace(/ entry_cnt=\d+/g, ''));
      }
    });
  }

  it('finds what HAProxy finds after changes', compareRequests);

  it('changes by rules', async () => {
    const steps: readonly (readonly [path: string, action: string, value?: string])[] = [
      ['/new', ''],
      ['/new', 'set-map', 'v1'],
      ['/new', 'set-map', 'v2'],
      ['/new', 'set-map'],
      ['/new', 'set-int', '5'],
      ['/new', 'set-int', '6'],
      ['/new', 'del-map'],
      ['/new', 'del-map'],
      ['/acl', 'add-acl'],
      ['/acl', 'add-acl'],
      ['/acl', ''],
      ['/acl', 'del-acl'],
      ['/acl', ''],
    ];
    for (const [path, action, value] of steps) {
      const fields = { 'x-do': action, ...(value === undefined ? {} : { 'x-value': value }) };
      const [theirs, ours] = await both(sides, (side) => ask(side, 'changes', { path, fields }));
      assert.deepEqual([path, action, ours], [path, action, theirs]);
      for (const file of ['main.map', 'int.map', 'paths.lst', 'more.lst']) {
        await compare(`show ${file.endsWith('map') ? 'map' : 'acl'} ${file}`);
      }
    }
  });

  it('entries by their reference', async () => {
    for (const side of sides) {
      const file = join(side.folder, 'sub.map');
      const tell = (line: string) => side.cli(line);
      await tell(`add map ${file} same 1;add map ${file} same 2`);
      const refs = [...(await tell(`show map ${file}`)).matchAll(/^(0x\w+) same/gm)].map(([, ref]) => ref);
      assert.equal(refs.length, 2);
      assert.equal(await tell(`set map ${file} #${refs[1]} other`), '\n');
      assert.equal(await tell(`del map ${file} #${refs[0]}`), '\n');
      assert.match(await tell(`show map ${file}`), /^0x\w+ b 1\n0x\w+ \/a\/b 2\n0x\w+ same other\n\n$/);
      assert.match(await tell(`get map ${file} same`), /key="same", value="other"/);
    }
  });

  it('those who may not change anything else may change them', async () => {
    for (const line of [
      'show acl #0',
      'get acl #0 x',
      'add acl #0 x',
      'del acl #0 x',
      'prepare map sub.map',
      'commit map @1 sub.map',
      'clear map sub.map',
    ]) {
      await compare(line, comparable, 'user');
    }
  });

  it('tells of lines that make no sense what HAProxy tells', () => {
    const place = join(sides[0].folder, 'wrong');
    mkdirSync(place);
    const text = `defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\nfrontend web\n    bind 127.0.0.1:1\n${WRONG.map((line) => `    ${line}\n`).join('')}`;
    for (const [name, content] of Object.entries({ ...WRONG_FILES, 'haproxy.cfg': text })) {
      writeFileSync(join(place, name), content.replaceAll('%DIR%', place));
    }
    const file = join(place, 'haproxy.cfg');
    const theirs = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' }).stderr;
    const ours = prepare({ kind: 'files', paths: [file] }, { env: {} }).diagnostics;
    // PCRE and JavaScript have words of their own.
    const plain = (message = ''): string => message.replace(/ \(error=.*?\)/, '').replace(/\.+$/, '');
    const told = new Map([...theirs.matchAll(/parsing \[.*?:(\d+)\] ?: (.*)$/gm)].map(([, line, message]) => [Number(line), message]));
    for (const [index, line] of WRONG.entries()) {
      const [diagnostic] = ours.filter((one) => one.place?.line === index + 8);
      assert.deepEqual([line, plain(diagnostic?.message)], [line, plain(told.get(index + 8))]);
    }
  });
});

async function ask(side: Side, frontend: string, { path: target, fields = {} }: Asked): Promise<string> {
  const socket = connect(join(side.folder, frontend));
  const lines = Object.entries({ host: 'nobody', ...fields }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${target.replaceAll(' ', '%20')} HTTP/1.1\r\nconnection: close\r\n${lines.join('')}\r\n`);
  let answer = '';
  for await (const piece of socket.setEncoding('latin1')) answer += piece;
  return answer.replace(/^[\s\S]*\r\n\r\n/, '');
}

/** Without places in memory, folders, and what HAProxy adds for a client of its own; it has no name for the method's own comparison. */
function comparable(answer: string): string {
  return answer
    .replace(/^\d+ \(\) acl 'var' file 'httpclient'.*\n/gm, '')
    .replace(/^0x[0-9a-f]+/gm, 'REF')
    .replace(/type=unknown\(0x[0-9a-f]+\)/g, 'type=meth')
    .replace(/\/[\w/-]+\/side-\w+-\w+\//g, '')
    .replace(/^(Unknown command.*)\n( {2}.*\n)+/gm, '$1\n');
}
