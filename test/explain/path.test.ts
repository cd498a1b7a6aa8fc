import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Path } from '../../src/explain/explanation.ts';
import { readWanted } from '../../src/explain/request.ts';
import { container } from '../discovery/docker/make.ts';
import { route } from '../discovery/make.ts';
import { ask, worldOf } from './support.ts';

const TEXT = `defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend www
    bind 127.0.0.1:8080
    monitor-uri /alive
    stats uri /admin?stats
    acl internal src 10.0.0.0/8
    acl api path_beg /api
    http-request set-var(txn.area) str(blog) if { path_beg /blog }
    http-request set-path /static%[path] if { hdr(host) -i cdn.test }
    http-request deny if { path_beg /secret }
    http-request return status 204 if { path /nothing }
    redirect location https://new.test/ if { hdr(host) -i old.test }
    use_backend internal if api internal
    use_backend static if { path_beg /static }
    use_backend %[var(txn.area)] if { var(txn.area) -m found }
    use_backend guarded if { path_beg /guarded }
    use_backend empty if { path_beg /empty }
    docker-routes
backend static
    server s1 127.0.0.1:9001
backend internal
    server i1 127.0.0.1:9002
backend blog
    balance leastconn
    cookie SRV insert
    server b1 127.0.0.1:9003 cookie b1
    server b2 127.0.0.1:9004 disabled
backend guarded
    http-request deny deny_status 429 if { path_end .php }
    server g1 127.0.0.1:9005 check
backend empty
`;

const containers = [
  container('shop', { labels: { 'fairlead.host': 'shop.test' } }),
  container('v1', { labels: { 'fairlead.host': 'shop.test', 'fairlead.path': '/v1', 'fairlead.strip': 'true' } }),
  container('wild', { labels: { 'fairlead.host': '*.wild.test' } }),
  container('sick', { labels: { 'fairlead.host': 'sick.test' }, health: 'unhealthy' }),
];
const world = worldOf(TEXT, containers);

/** The only frontend's. */
function pathOf(asked: string): Path {
  const { paths } = ask(world, asked);
  assert.equal(paths.length, 1);
  return paths[0] as Path;
}

/** What becomes of a request: the backend, or the status of an answer of ours. */
const OUTCOMES: readonly (readonly [asked: string, outcome: string | number])[] = [
  ['x.test/alive', 200],
  ['x.test/admin?stats', 200],
  ['x.test/admin?stats;csv', 200],
  ['x.test/secret/a', 403],
  ['x.test/nothing', 204],
  ['old.test/', 302],
  ['x.test/static/logo.png', 'static'],
  ['cdn.test/logo.png', 'static'],
  ['x.test/blog/1', 'blog'],
  ['x.test/guarded/', 'guarded'],
  ['x.test/guarded/a.php', 429],
  ['x.test/empty', 503],
  ['shop.test', 'shop'],
  ['SHOP.test:8080/x', 'shop'],
  ['http://shop.test/v1/users', 'v1'],
  ['shop.test/v10', 'shop'],
  ['a.b.wild.test', 'wild'],
  ['wild.test', 404],
  ['sick.test', 503],
  ['nobody.test', 404],
];

describe("a request's way", () => {
  for (const [asked, outcome] of OUTCOMES) {
    it(`of ${asked} ends at ${outcome}`, () => {
      const path = pathOf(asked);
      const { routed, status, pool } = path.outcome;
      assert.deepEqual([routed, status === 0 ? pool?.name : status], [typeof outcome === 'string', outcome], JSON.stringify(path.outcome));
    });
  }

  it('names the line that decides, and those before it that do not', () => {
    const { steps } = pathOf('x.test/static/logo.png');
    assert.deepEqual(
      steps.filter(({ result }) => result !== 'no').map(({ place, text }) => `${place} ${text}`),
      ['haproxy.cfg:18 use_backend static if { path_beg /static }'],
    );
    assert.ok(steps.some(({ place, result }) => place === 'haproxy.cfg:14' && result === 'no'));
  });

  it('names the route that decides, and what becomes of the path', () => {
    const { steps } = pathOf('shop.test/v1/users');
    assert.deepEqual(steps.at(-1), {
      place: '',
      text: 'route shop.test/v1 of container v1 image eviking/mydockerapp',
      result: 'yes',
      note: 'pool v1, as /users',
    });
  });

  it('says what a rule asks for that nobody knows, and goes on as if it did not match', () => {
    const { steps, unknown, outcome } = pathOf('shop.test/api');
    assert.deepEqual(
      steps.find(({ result }) => result === 'unknown'),
      {
        place: 'haproxy.cfg:17',
        text: 'use_backend internal if api internal',
        result: 'unknown',
        note: "asks for the client's address (src)",
      },
    );
    assert.deepEqual(unknown, ["the client's address (src)"]);
    assert.equal(outcome.pool?.name, 'shop');
  });

  it('does not say what a client has that nobody has seen: a password, a cookie', () => {
    const guarded = worldOf(
      `userlist team
    user a insecure-password b
defaults
    mode http
frontend www
    bind 127.0.0.1:8080
    use_backend canary if { req.cook(canary) -m found }
    docker-routes
backend canary
    server s 127.0.0.1:1
`,
      [container('au', { labels: { 'fairlead.host': 'au.test', 'fairlead.auth': 'team' } })],
    );
    const { routed, paths } = ask(guarded, 'au.test');
    assert.equal(routed, true);
    assert.deepEqual(paths[0]?.unknown, ["the client's cookies", "the client's password or token (Authorization)"]);
    const step = paths[0]?.steps.at(-1);
    assert.deepEqual([step?.place, step?.text], ['pool au (docker)', 'http-request auth unless { http_auth(team) }']);
  });

  it('tells no value that a rule puts into a request, or compares what a client says with', () => {
    const secret = worldOf(`defaults
    mode http
frontend www
    bind 127.0.0.1:8080
    http-request set-header Authorization "Basic S3CRET"
    http-request set-header X-Api-Key S3CRET if { path /nix }
    http-request replace-header Cookie S3CRET S3CRET
    http-request set-var(txn.key) str(S3CRET)
    http-request deny deny_status 429 unless { req.hdr(x-key) -m str S3CRET S3CRET } or { path /a }
    use_backend b if { req.cook(k),lower,hmac(sha256,S3CRET) -m str -i S3CRET } { hdr(host) -i x.test }
    default_backend b
backend b
    server s 127.0.0.1:1
`);
    const explanation = ask(secret, 'x.test/a');
    assert.doesNotMatch(JSON.stringify(explanation), /S3CRET/);
    assert.deepEqual(
      explanation.paths[0]?.steps.map(({ text }) => text),
      [
        'http-request set-header Authorization ...',
        'http-request set-header X-Api-Key ... if { path /nix }',
        'http-request replace-header Cookie ...',
        'http-request set-var(txn.key) ...',
        'http-request deny deny_status 429 unless { req.hdr(x-key) -m str ... } or { path /a }',
        'use_backend b if { req.cook(k),... -m str -i ... } { hdr(host) -i x.test }',
        'default_backend b',
      ],
    );
  });

  it('asks nothing that the rest of the condition has decided', () => {
    assert.deepEqual(pathOf('shop.test/').unknown, []);
  });

  it('tells of the servers, as far as they are known where nothing serves', () => {
    const { pool } = pathOf('x.test/blog/').outcome;
    assert.deepEqual([pool?.origin, pool?.algorithm, pool?.bound], ['haproxy.cfg:27', 'leastconn', ['cookie SRV']]);
    assert.deepEqual(
      pool?.members.map(({ name, address, status, usable }) => [name, address, status, usable]),
      [
        ['b1', '127.0.0.1:9003', 'no check', true],
        ['b2', '127.0.0.1:9004', 'MAINT', false],
      ],
    );
    assert.equal(pathOf('x.test/guarded/').outcome.pool?.members[0]?.status, 'unknown');
    assert.match(pathOf('sick.test').outcome.pool?.members[0]?.why ?? '', /health check says unhealthy/);
  });

  it('tells that a host has gone, and that what still serves in its pool does not claim it', () => {
    const gone = new Map([['www', [route('left.test', 'shop'), route('gone.test', 'empty')]]]);
    const later = { ...world, state: { ...world.state, gone } };
    const outcome = (asked: string) => ask(later, asked).paths[0]?.outcome;
    assert.deepEqual([outcome('left.test')?.status, outcome('left.test')?.text], [503, 'what still serves in pool shop does not claim it']);
    assert.deepEqual([outcome('gone.test')?.status, outcome('gone.test')?.text], [503, 'goes to backend empty, and it has no servers']);
  });

  it('waits for a source that has not spoken: 503, not 404', () => {
    const [path] = ask(worldOf(TEXT), 'nobody.test').paths;
    assert.equal(path?.outcome.status, 503);
    assert.match(path?.outcome.text ?? '', /docker has not answered yet/);
  });

  it('changes nothing that lasts: rules that would are not run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-explain-'));
    const list = join(folder, 'seen.lst');
    writeFileSync(list, '/b\n');
    const text = `defaults
    mode http
frontend www
    bind 127.0.0.1:8080
    acl seen path -f ${list}
    http-request add-acl(${list}) %[path]
    http-request set-var(proc.last) path
    use_backend again if seen
    default_backend first
backend first
    server s 127.0.0.1:1
backend again
    server s 127.0.0.1:1
`;
    const twice = worldOf(text, []);
    rmSync(folder, { recursive: true });
    assert.equal(ask(twice, 'x.test/b').paths[0]?.outcome.pool?.name, 'again');
    for (const _ of [1, 2]) assert.equal(ask(twice, 'x.test/a').paths[0]?.outcome.pool?.name, 'first');
  });

  it('is told for every frontend, or for those that listen on the port', () => {
    const two = worldOf(`defaults
    mode http
frontend one
    bind :81
    default_backend a
listen two
    bind :82
    server s 127.0.0.1:1
frontend off
    bind :83
    disabled
    default_backend a
backend a
    server s 127.0.0.1:1
`);
    const told = (asked: string) =>
      ask(two, asked).paths.map(({ frontend, outcome }) => `${frontend} ${outcome.pool?.name ?? outcome.text}`);
    assert.deepEqual(told('x.test'), ['one a', 'two two', "off 'off' is disabled"]);
    assert.deepEqual(told('x.test:82/'), ['two two']);
    assert.equal(told('x.test:99/').length, 3);
    assert.match(ask(two, 'x.test:99/').hints.join(), /no frontend listens on port 99/);
  });
});

describe('what is asked about', () => {
  const readings: readonly (readonly [text: string, host: string | undefined, port?: number | undefined, target?: string])[] = [
    ['www.example.test', 'www.example.test', undefined, '/'],
    ['WWW.Example.test/A?b=1', 'www.example.test', undefined, '/A?b=1'],
    ['http://www.example.test:8080/a', 'www.example.test', 8080, '/a'],
    ['[::1]:81/', '[::1]', 81, '/'],
    ['my_app', 'my_app', undefined, '/'],
    ['bücher.test/ü', 'xn--bcher-kva.test', undefined, '/%C3%BC'],
    ['http://h.test', 'h.test', 80, '/'],
    ['HTTPS://h.test/', 'h.test', 443, '/'],
    ['h.test:80', 'h.test', 80, '/'],
    ['h.test/a/../b', 'h.test', undefined, '/a/../b'],
    ['h.test/a/%2e%2E/b?c#d', 'h.test', undefined, '/a/%2e%2E/b?c'],
    ['h.test?c=/d', 'h.test', undefined, '/?c=/d'],
    ['1.2', '1.2', undefined, '/'],
    ['ftp://h.test/', undefined],
    ['%00', undefined],
    ['x y', undefined],
    ['user@x', undefined],
    ['/path', undefined],
    ['x:99999', undefined],
  ];
  for (const [text, host, port, target] of readings) {
    it(`is read from '${text}'`, () => {
      const wanted = readWanted(text);
      assert.deepEqual(
        wanted === undefined ? [undefined] : [wanted.host, wanted.port, wanted.target],
        host === undefined ? [host] : [host, port, target],
      );
    });
  }
});
