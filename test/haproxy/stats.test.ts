/** The statistics over HTTP beside HAProxy's: the same configuration, the same requests, the answers byte for byte. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PAGE_FIELDS } from '../../src/stats/page.ts';
import { until } from '../support/wait.ts';
import { both, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

/** Port 1 of the loopback refuses connections; no check comes while this test runs. */
const CONFIG = `
global
 nbthread 1
 stats socket %DIR%/ctl level admin
 log stdout format raw local0
defaults
 mode http
 log global
 option httplog
 timeout connect 1s
 timeout client 5s
 timeout server 5s
frontend open
 bind unix@%DIR%/open
 stats uri /admin?stats
 stats admin if TRUE
 stats refresh 10s
 monitor-uri /mon
 monitor fail if { hdr(x-dead) 1 }
 http-request deny if { path_beg /mon }
frontend plain
 bind unix@%DIR%/plain
 stats enable
 stats show-modules
frontend still
 bind unix@%DIR%/still
 stats uri /s
 stats refresh 0
frontend scoped
 bind unix@%DIR%/scoped
 stats uri /s
 stats scope scoped
 stats admin if TRUE
frontend auth
 bind unix@%DIR%/auth
 stats uri /stats
 stats auth a:b
 stats auth c:d:e
 stats realm HAProxy\\ Statistics
 stats admin if { hdr(x-admin) 1 }
frontend slow
 bind unix@%DIR%/slow
 timeout http-request 200ms
 stats uri /s
 stats admin if TRUE
listen rules
 bind unix@%DIR%/rules
 stats uri /s
 stats http-request deny if { hdr(x) deny }
 stats http-request allow if { hdr(x) allow }
 stats http-request auth realm Foo\\ Bar unless { hdr(x) ok }
 stats hide-version
frontend asks
 bind unix@%DIR%/asks
 http-request auth if { path /named }
 http-request auth realm Ours
frontend far
 bind unix@%DIR%/far
 stats uri http://here/s
frontend ways
 bind unix@%DIR%/ways
 monitor-uri http://here/mon
 default_backend app
backend app
 retries 0
 stats uri /b
 stats scope .
 stats scope rules
 stats show-legends
 server s1 127.0.0.1:1 maxconn 3 cookie c1
 server s2 127.0.0.1:1 backup
 server s3 127.0.0.1:1 disabled
 cookie SRV insert
backend app-of-others
 balance source
 server s1 127.0.0.1:1
`;

let sides: Sides;

before(async () => {
  if (skip !== false) return;
  sides = await startSides(CONFIG);
});

after(() => stopSides(sides));

const HEAD_END = '\r\n\r\n';

/** The answer of each to the same bytes. */
async function ask(socket: string, request: string): Promise<readonly [string, string]> {
  const [theirs, ours] = await both(sides, (side) => side.ask(socket, request));
  return [theirs as string, ours as string];
}

const split = (text: string): readonly [head: string, body: string] => {
  const end = text.indexOf(HEAD_END) + HEAD_END.length;
  return [text.slice(0, end), text.slice(end)];
};

/** Chunks joined. */
function dechunked(text: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

const form = (target: string, body: string, more = ''): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const get = (target: string, more = '', method = 'GET'): string => `${method} ${target} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const ADMIN = 's=s1&action=maint&b=app';

/** Socket and bytes; the name is what they are about. */
const REQUESTS: readonly (readonly [name: string, socket: string, request: string])[] = [
  ['the page', 'open', get('/admin?stats')],
  ['CSV', 'open', get('/admin?stats;csv')],
  ['CSV behind a slash', 'open', get('/admin?stats/;csv;norefresh')],
  ['something else behind the prefix', 'open', get('/admin?statsfoo&csv')],
  ['less than the prefix', 'open', get('/admin?stat')],
  ['another case', 'open', get('/ADMIN?stats;csv')],
  ['an encoded question mark', 'open', get('/admin%3Fstats')],
  ['two slashes', 'open', get('//admin?stats')],
  ['a target with its scheme', 'open', 'GET http://foo/admin?stats;csv HTTP/1.1\r\nHost: foo\r\n\r\n'],
  ['a uri with a scheme', 'far', 'GET http://here/stats;csv HTTP/1.1\r\nHost: here\r\n\r\n'],
  ['half of a uri with a scheme', 'far', get('/stats;csv')],
  ['typed', 'open', get('/admin?stats;typed')],
  ['JSON', 'open', get('/admin?stats;json')],
  ['several formats', 'open', get('/admin?stats;json;csv;typed')],
  ['the schema', 'open', get('/admin?stats;json-schema;csv')],
  ['HEAD', 'open', get('/admin?stats;csv', '', 'HEAD')],
  ['HEAD of HTTP/1.0', 'open', 'HEAD /admin?stats;csv HTTP/1.0\r\n\r\n'],
  ['HEAD that keeps an HTTP/1.0 connection', 'open', 'HEAD /admin?stats HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
  ['the last request of a connection', 'open', get('/admin?stats;csv', 'Connection: close\r\n')],
  ['another method', 'open', get('/admin?stats;csv', '', 'PUT')],
  ['OPTIONS', 'open', get('/admin?stats;csv', '', 'OPTIONS')],
  ['a GET with a body', 'open', get('/admin?stats;csv', 'Content-Length: 3\r\n').concat('abc')],
  ['the defaults of stats enable', 'plain', get('/haproxy?stats;csv')],
  ['a form without stats admin', 'plain', form('/haproxy?stats', ADMIN)],
  ['no password', 'auth', get('/stats')],
  ['no password, HEAD', 'auth', get('/stats', '', 'HEAD')],
  ['no password, HTTP/1.0', 'auth', 'GET /stats HTTP/1.0\r\n\r\n'],
  ['no password, form', 'auth', form('/stats', ADMIN)],
  ['the wrong password', 'auth', get('/stats;csv', 'Authorization: Basic YTpj\r\n')],
  ['the password', 'auth', get('/stats;csv', 'Authorization: Basic YTpi\r\n')],
  ['a password with a colon', 'auth', get('/stats;csv', 'Authorization: Basic YzpkOmU=\r\n')],
  ['a password and no right to change anything', 'auth', form('/stats', ADMIN, 'Authorization: Basic YTpi\r\n')],
  ['a password and a right', 'auth', form('/stats', ADMIN, 'X-Admin: 1\r\nAuthorization: Basic YTpi\r\n')],
  ['a rule denies', 'rules', get('/s;csv', 'X: deny\r\n')],
  ['a rule allows', 'rules', get('/s;csv', 'X: allow\r\n')],
  ['a rule asks for a password', 'rules', get('/s;csv')],
  ['no rule', 'rules', get('/s;csv', 'X: ok\r\n')],
  ['http-request auth', 'asks', get('/')],
  ['http-request auth without a realm', 'asks', get('/named')],
  ['statistics of a backend', 'ways', get('/b;csv')],
  ['a form for a backend without stats admin', 'ways', form('/b', ADMIN)],
  ['monitor-uri', 'open', get('/mon')],
  ['monitor-uri, HEAD', 'open', get('/mon', '', 'HEAD')],
  ['monitor-uri, a form', 'open', form('/mon', 'abc')],
  ['monitor-uri, HTTP/1.0', 'open', 'GET /mon HTTP/1.0\r\n\r\n'],
  ['monitor-uri with its scheme', 'open', 'GET http://foo/mon HTTP/1.1\r\nHost: foo\r\n\r\n'],
  ['monitor-uri with a query', 'open', get('/mon?x')],
  ['more than the monitor-uri', 'open', get('/monx')],
  ['monitor fail', 'open', get('/mon', 'X-Dead: 1\r\n')],
  ['a whole monitor-uri', 'ways', 'GET http://here/mon HTTP/1.1\r\nHost: here\r\n\r\n'],
  ['half of it', 'ways', get('/mon', 'Connection: close\r\n')],
  ['a form', 'open', form('/admin?stats', ADMIN)],
  ['a form by number, ready', 'open', form('/admin?stats', 's=s1&action=ready&b=%2311')],
  ['a form that says what to show', 'open', form('/admin?stats;csv;norefresh;up', ADMIN)],
  ['a form without a backend', 'open', form('/admin?stats', 's=s1&action=ready')],
  ['a form with an unknown action', 'open', form('/admin?stats', 's=s1&action=x&b=app')],
  ['a form with an unknown server', 'open', form('/admin?stats', 's=nope&s=s1&action=ready&b=app')],
  ['the last of several backends, unknown', 'open', form('/admin?stats', 's=s1&action=ready&b=app&b=nope')],
  ['the last of several backends', 'open', form('/admin?stats', 's=s1&action=ready&b=nope&b=app')],
  ['the last of several actions', 'open', form('/admin?stats', 's=s1&action=x&action=ready&b=app')],
  ['the last of several actions, unknown', 'open', form('/admin?stats', 's=s1&action=ready&action=x&b=app')],
  ['an unknown backend and no action', 'open', form('/admin?stats', 's=s1&b=%23')],
  ['an unknown backend and no server', 'open', form('/admin?stats', 'action=ready&b=nope')],
  ['an unknown action and no server', 'open', form('/admin?stats', 'action=x&b=app')],
  ['a form for a proxy that is not shown', 'scoped', form('/s', ADMIN)],
  ['never to be loaded again', 'still', get('/s;csv')],
  ['an empty form', 'open', form('/admin?stats', '')],
  ['a form without a length', 'open', get('/admin?stats', '', 'POST')],
  ['a form of another kind', 'open', form('/admin?stats', ADMIN, 'Content-Type: multipart/form-data; boundary=x\r\n')],
  ['a form in a target with its scheme', 'open', 'POST http://a/admin?stats HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ns=x'],
  ['a form as long as may be', 'open', form('/admin?stats', `s=${'x'.repeat(15000)}&action=ready&b=app`)],
  ['a form that is too long', 'open', form('/admin?stats', `s=${'x'.repeat(16500)}&action=ready&b=app`)],
  ['a form in chunks', 'open', get('/admin?stats', 'Transfer-Encoding: chunked\r\n', 'POST').concat(`3\r\ns=x\r\n0\r\n\r\n`)],
  ['a form that does not come in time', 'slow', 'POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\ns=x'],
];

/** What differs on purpose, by the name of the request. */
const OURS: Readonly<Record<string, (head: string) => string>> = {
  // What may not be seen may not be changed.
  'a form for a proxy that is not shown': (head) => head.replace(';st=DONE', ';st=ERRP'),
  // It is refused whole, not read to its end.
  'a form that is too long': (head) => head.replace(HEAD_END, '\r\nconnection: close\r\n\r\n'),
};

describe('the answer is the same', { skip }, () => {
  for (const [name, socket, request] of REQUESTS) {
    test(name, async () => {
      const [theirs, ours] = (await ask(socket, request)).map(split) as [ReturnType<typeof split>, ReturnType<typeof split>];
      // The page guards itself, which HAProxy's does not.
      assert.equal(ours[0].replace(PAGE_FIELDS, ''), OURS[name]?.(theirs[0]) ?? theirs[0]);
      if (!theirs[0].includes('chunked')) assert.equal(ours[1], theirs[1]);
    });
  }
});

describe('a report has the same rows', { skip }, () => {
  for (const target of [
    '/b;csv',
    '/b;csv;scope=APP',
    '/b;csvscope=ule;x',
    '/b;csv;scope=a%20',
    '/b;csv;no-maint',
    '/b;csv;up',
    '/b;csv;up;no-maint',
  ]) {
    test(target, async () => {
      const [theirs, ours] = (await ask('ways', get(target))).map((answer) => dechunked(split(answer)[1]).split('\n')) as [
        string[],
        string[],
      ];
      const cells = (lines: readonly string[]) =>
        lines.slice(1, -1).map((line) =>
          line
            .split(',')
            .filter((_, at) => [0, 1, 17, 73, 74, 76].includes(at))
            .join(),
        );
      assert.deepEqual(cells(ours), cells(theirs));
      assert.ok(theirs[0]?.startsWith(ours[0] ?? ''), 'the columns up to the mark');
    });
  }
});

test('who wants to be told so before its form is', { skip }, async () => {
  for (const side of sides) {
    const client = side.client('open');
    client.socket.write(get('/admin?stats', 'Expect: 100-continue\r\nContent-Length: 3\r\n', 'POST'));
    await until(`${side.name} says that it goes on`, () => client.received === 'HTTP/1.1 100 Continue\r\n\r\n');
    assert.match(await client.say('s=x'), /\r\n\r\nHTTP\/1.1 303 See Other\r\n(.*\r\n)*location: .*;st=NONE\r\n/);
    client.close();
  }
});

test('a client of HTTP/1.0 gets no chunks', { skip }, async () => {
  const [, ours] = sides;
  for (const kept of [false, true]) {
    const client = ours.client('open');
    const answer = await client.say(`GET /admin?stats;csv HTTP/1.0\r\n${kept ? 'Connection: keep-alive\r\n' : ''}\r\n`);
    assert.match(
      answer,
      new RegExp(`^HTTP/1.1 200 OK\r\ncontent-length: \\d+\r\n(.*\r\n)*connection: ${kept ? 'keep-alive' : 'close'}\r\n\r\n# pxname,`),
    );
    client.close();
  }
});
