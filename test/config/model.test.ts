/** What texts mean: the part of the model that each says. */

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { Config, ProxyConfig, RetryOn } from '../../src/config/model.ts';

const DEFAULTS = `defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 30s
`;

function load(text: string): Config {
  const { config, diagnostics } = loadText(text, 'a.cfg', { env: {}, cwd: '/srv' });
  assert.ok(config, JSON.stringify(diagnostics, undefined, 1));
  return config;
}

function proxies(text: string): readonly ProxyConfig[] {
  return load(DEFAULTS + text).proxies;
}

function only(text: string): ProxyConfig {
  const [proxy] = proxies(text);
  assert.ok(proxy);
  return proxy;
}

/** `retry-on none` */
const NO_RETRY: RetryOn = {
  connFailure: false,
  emptyResponse: false,
  junkResponse: false,
  responseTimeout: false,
  zeroRttRejected: false,
  statuses: new Set(),
};

test('an empty backend has the documented defaults', () => {
  const { place: _place, ...proxy } = only('backend b');
  assert.equal(proxy.balance.algorithm, 'roundrobin');
  assert.equal(proxy.retries, 3);
  assert.equal(proxy.redispatch, undefined);
  assert.equal(proxy.connectionMode, 'keep-alive');
  assert.equal(proxy.logFormat, 'none');
  assert.equal(proxy.checkRules, undefined);
  assert.equal(proxy.stats, undefined);
  assert.equal(proxy.fullconn, 1);
  assert.equal(proxy.httpReuse, 'safe');
  assert.deepEqual([proxy.acceptInvalidRequest, proxy.acceptInvalidResponse], [false, false]);
  assert.deepEqual(proxy.retryOn, { ...NO_RETRY, connFailure: true });
});

test('time-outs that are not set take their value from others as the manual says', () => {
  const { timeouts } = only('listen l\n    bind :80\n');
  assert.deepEqual(timeouts, {
    connect: 5000,
    client: 50_000,
    server: 30_000,
    queue: 5000,
    httpRequest: undefined,
    httpKeepAlive: 50_000,
    tarpit: undefined,
    tunnel: undefined,
    check: undefined,
    clientFin: undefined,
    serverFin: undefined,
  });
  const more = only('listen l\n    bind :80\n    timeout http-request 3s\n    timeout queue 0\n    timeout client 0\n').timeouts;
  assert.equal(more.httpKeepAlive, 3000);
  assert.equal(more.queue, 5000);
  assert.equal(more.client, undefined);
});

test('one line may make several sockets, with names in HAProxy order', () => {
  const { binds } = only(
    'listen l\n    bind :80,[::]:81 maxconn 5\n    bind 127.0.0.1:90-91 name port\n    bind unix@x.sock mode 660 user app\n    bind :::443 v6only id 2\n    maxconn 7\n',
  );
  assert.deepEqual(
    binds.map(({ name, address, maxconn, id }) => [name, id, maxconn, address]),
    [
      ['sock-1', 1, 5, { kind: 'inet', host: '0.0.0.0', port: 80, v6only: false }],
      ['sock-3', 3, 5, { kind: 'inet', host: '::', port: 81, v6only: false }],
      ['port', 4, undefined, { kind: 'inet', host: '127.0.0.1', port: 90, v6only: false }],
      ['port', 5, undefined, { kind: 'inet', host: '127.0.0.1', port: 91, v6only: false }],
      ['sock-6', 6, undefined, { kind: 'unix', path: '/srv/x.sock', mode: 0o660, user: 'app', group: undefined }],
      ['sock-2', 2, undefined, { kind: 'inet', host: '::', port: 443, v6only: true }],
    ],
  );
  assert.ok(binds.every((bind) => bind.backlog === 7));
  assert.equal(binds[4]?.text, 'unix@x.sock mode 660 user app');
});

test('the old form of listen has its address on the line', () => {
  const { binds } = only('listen app 0.0.0.0:8380,:81\n    server a 127.0.0.1:80\n');
  assert.deepEqual(
    binds.map(({ address }) => address.kind === 'inet' && address.port),
    [8380, 81],
  );
});

test('a server has its own parameters over those of default-server lines before it', () => {
  const { servers } = only(`backend b
    server plain 10.0.0.1:80
    default-server inter 1s rise 5 maxconn 9
    default-server fall 7 check backup
    server a 10.0.0.2:80 inter 500ms weight 0
    server b web:8080 no-check no-backup maxconn 3 addr 10.9.9.9 port 99 disabled id 12
`);
  const [plain, a, b] = servers;
  const { sslWords: _ssl, ...rest } = plain ?? {};
  assert.deepEqual(rest, {
    name: 'plain',
    identity: 'plain',
    address: '10.0.0.1',
    port: 80,
    fqdn: undefined,
    maxconn: 0,
    maxqueue: 0,
    weight: 1,
    backup: false,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    disabled: false,
    cookie: undefined,
    minconn: 0,
    slowstart: 0,
    track: undefined,
    observe: undefined,
    errorLimit: 10,
    onError: 'fail-check',
    shutdownWhenDown: false,
    shutdownBackupsWhenUp: false,
    initAddr: [],
    nonStick: false,
    ssl: undefined,
    agent: undefined,
    agentWords: { inter: 2000, address: undefined, port: undefined, send: '' },
    check: undefined,
    checkWords: { inter: 2000, fastinter: undefined, downinter: undefined, rise: 2, fall: 3, address: undefined, port: undefined },
    origin: 'a.cfg:7',
  });
  assert.deepEqual(a?.check, {
    inter: 500,
    fastinter: undefined,
    downinter: undefined,
    rise: 5,
    fall: 7,
    address: undefined,
    port: undefined,
  });
  assert.deepEqual([a?.weight, a?.maxconn, a?.backup], [0, 9, true]);
  assert.equal(b?.check, undefined);
  assert.deepEqual([b?.fqdn, b?.address, b?.port, b?.maxconn, b?.backup, b?.disabled, b?.id], ['web', undefined, 8080, 3, false, true, 12]);
  assert.deepEqual(b?.checkWords, { ...a?.check, inter: 1000, address: '10.9.9.9', addressPort: undefined, port: 99 });
});

test('a template keeps its range, its name and the parameters of its servers', () => {
  const { serverTemplates } = only(
    'backend b\n    server-template web 2-4 app.example.test:80 check maxconn 5\n    server-template x 3 y:80\n',
  );
  const [template, other] = serverTemplates;
  assert.deepEqual([template?.prefix, template?.from, template?.to, template?.fqdn, template?.port], ['web', 2, 4, 'app.example.test', 80]);
  assert.equal(template?.template.maxconn, 5);
  assert.ok(template?.template.check);
  assert.deepEqual([other?.from, other?.to], [1, 3]);
});

test('rules are kept as words, conditions included', () => {
  const proxy = only(`frontend f
    bind :80
    acl host_app hdr(host) -i app.example.test "with space"
    http-request set-header X-A "a b" if host_app
    http-response del-header Server
    redirect location /x code 302 unless host_app
    use_backend b if host_app { path_beg /a }
    use_backend %[path] if { path_reg \\.php$ }
    use_backend b
    default_backend b
backend b
`);
  assert.deepEqual(proxy.acls, [
    { place: { file: 'a.cfg', line: 8 }, name: 'host_app', words: ['hdr(host)', '-i', 'app.example.test', 'with space'] },
  ]);
  assert.deepEqual(
    proxy.httpRequest.map(({ words }) => words),
    [['set-header', 'X-A', 'a b', 'if', 'host_app']],
  );
  assert.deepEqual(
    proxy.httpResponse.map(({ words }) => words),
    [['del-header', 'Server']],
  );
  assert.deepEqual(
    proxy.redirects.map(({ words }) => words),
    [['location', '/x', 'code', '302', 'unless', 'host_app']],
  );
  assert.deepEqual(
    proxy.useBackends.map(({ backend, words }) => [backend, ...words]),
    [['b', 'if', 'host_app', '{', 'path_beg', '/a', '}'], ['%[path]', 'if', '{', 'path_reg', '\\.php$', '}'], ['b']],
  );
  assert.equal(proxy.defaultBackend, 'b');
});

test('statistics have their defaults, and a dot is the proxy itself', () => {
  const { place: _place, ...stats } =
    only('listen l\n    bind :80\n    stats scope .\n    stats scope other\n    stats admin if TRUE\n').stats ?? {};
  assert.deepEqual(stats, {
    uri: '/haproxy?stats',
    realm: 'HAProxy Statistics',
    auth: [],
    scope: ['l', 'other'],
    hideVersion: false,
    refresh: undefined,
    showLegends: false,
    showNode: undefined,
    showDesc: undefined,
    admin: [{ place: { file: 'a.cfg', line: 10 }, words: ['if', 'TRUE'] }],
    httpRequest: [],
  });
});

test('a monitor is inherited by frontends, with conditions of their own', () => {
  const text = `${DEFAULTS}    monitor-uri /alive
listen l
    bind :80
    monitor fail if { path /x }
    monitor fail unless TRUE
backend b
`;
  const [l, b] = load(text).proxies;
  assert.equal(l?.monitor?.uri, '/alive');
  assert.deepEqual(
    l?.monitor?.fail.map(({ words }) => words.join(' ')),
    ['if { path /x }', 'unless TRUE'],
  );
  assert.equal(b?.monitor, undefined);
});

test('statistics take names from global and passwords with colons', () => {
  const text = `global
    description all of it
${DEFAULTS}    stats auth a:b
listen l
    bind :80
    stats auth c:d:e
    stats refresh 1500ms
    stats show-node
    stats show-desc
    stats realm "x y"
listen m
    bind :81
    description mine
    stats show-desc
    stats show-node n1
`;
  const [l, m] = load(text).proxies;
  assert.deepEqual(l?.stats?.auth, [
    { user: 'a', password: 'b' },
    { user: 'c', password: 'd:e' },
  ]);
  assert.deepEqual([l?.stats?.refresh, l?.stats?.showNode, l?.stats?.showDesc, l?.stats?.realm], [2, hostname(), 'all of it', 'x y']);
  assert.deepEqual([m?.stats?.auth.length, m?.stats?.showNode, m?.stats?.showDesc], [1, 'n1', 'mine']);
});

test('logs: targets, formats, severities, and what log global stands for', () => {
  const text = `global
    log 127.0.0.1 local0
    log [::1]:1514 len 2000 format rfc5424 local7 info err
    log stdout format raw daemon
    log /dev/log local1 notice
    log logs.example.test:5514 user
    log udp6@logs.example.test user
${DEFAULTS}    log global
frontend f
    bind :80
    log fd@3 format short mail
frontend g
    bind :81
    no log
`;
  const {
    global,
    proxies: [f, g],
  } = load(text);
  assert.deepEqual(
    global.logs.map(({ target, format, facility, level, minLevel, length }) => [target, format, facility, level, minLevel, length]),
    [
      [{ kind: 'udp', host: '127.0.0.1', port: 514, family: 0 }, 'local', 16, 7, 0, 1024],
      [{ kind: 'udp', host: '::1', port: 1514, family: 0 }, 'rfc5424', 23, 6, 3, 2000],
      [{ kind: 'fd', fd: 1 }, 'raw', 3, 7, 0, 1024],
      [{ kind: 'unix', path: '/dev/log' }, 'local', 17, 5, 0, 1024],
      [{ kind: 'udp', host: 'logs.example.test', port: 5514, family: 0 }, 'local', 1, 7, 0, 1024],
      [{ kind: 'udp', host: 'logs.example.test', port: 514, family: 6 }, 'local', 1, 7, 0, 1024],
    ],
  );
  assert.equal(f?.logs.length, 7);
  assert.deepEqual(f?.logs[6]?.target, { kind: 'fd', fd: 3 });
  assert.deepEqual(g?.logs, []);
  const sent = load('global\n    log 127.0.0.1 local0\n    log-send-hostname box\n').global;
  assert.deepEqual([sent.logs[0]?.format, sent.logSendHostname], ['rfc3164', 'box']);
});

test('options, and what negates them', () => {
  const text = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    option httpclose
    option dontlognull
    option redispatch
    option abortonclose
    option forwardfor
listen a
    bind :80
    no option httpclose
    no option dontlognull
    default option abortonclose
    option forwardfor except 127.0.0.0/8 header X-Client if-none
    option redispatch 2
    option httpchk GET /health HTTP/1.1
    http-check send hdr Host app hdr X-A "b c" body hello
    http-check expect ! status 500-599,404
    balance random(4)
    retries 0
listen b
    bind :81
    no option http-server-close
    no option redispatch
    option httpchk /up
`;
  const [a, b] = load(text).proxies;
  assert.deepEqual([a?.connectionMode, a?.dontlognull, a?.abortonclose, a?.redispatch, a?.retries], ['keep-alive', false, false, 2, 0]);
  assert.deepEqual(a?.forwardfor, { header: 'X-Client', except: ['127.0.0.0/8'], ifNone: true });
  assert.deepEqual(a?.balance, { algorithm: 'random', draws: 4 });
  const [, request, expect] = a?.checkRules?.steps ?? [];
  assert.ok(request?.kind === 'request' && expect?.kind === 'expect');
  assert.deepEqual([request.method, request.uri, request.version, request.body], ['GET', '/health', 'HTTP/1.1', 'hello']);
  assert.deepEqual(request.headers, [
    ['Host', 'app'],
    ['X-A', 'b c'],
  ]);
  const ranges = [
    [500, 599],
    [404, 404],
  ];
  assert.deepEqual([expect.match, expect.negate], [{ kind: 'status', ranges }, true]);
  assert.deepEqual([b?.connectionMode, b?.dontlognull, b?.abortonclose, b?.redispatch], ['close', true, true, undefined]);
  assert.deepEqual(
    b?.checkRules?.steps.map((step) => (step.kind === 'request' ? `${step.method} ${step.uri} ${step.version}` : step.kind)),
    ['connect', 'OPTIONS /up HTTP/1.0', 'expect'],
  );
});

const retryLines: readonly (readonly [words: string, meaning: Partial<RetryOn>])[] = [
  ['none', {}],
  ['conn-failure', { connFailure: true }],
  ['empty-response', { emptyResponse: true }],
  ['junk-response', { junkResponse: true }],
  ['response-timeout', { responseTimeout: true }],
  ['0rtt-rejected', { zeroRttRejected: true }],
  ['503 503 empty-response ""', { emptyResponse: true, statuses: new Set([503]) }],
  ['401 403 404 408 425 500 501 502 503 504', { statuses: new Set([401, 403, 404, 408, 425, 500, 501, 502, 503, 504]) }],
  [
    'all-retryable-errors 404',
    {
      connFailure: true,
      emptyResponse: true,
      junkResponse: true,
      responseTimeout: true,
      zeroRttRejected: true,
      statuses: new Set([500, 502, 503, 504, 404]),
    },
  ],
];

for (const [words, meaning] of retryLines) {
  test(`retry-on ${words} is that and nothing else`, () => {
    assert.deepEqual(only(`backend b\n    retry-on ${words}\n`).retryOn, { ...NO_RETRY, ...meaning });
  });
}

test('what a section says of retries, reuse and faulty messages replaces what its defaults say', () => {
  const text = `    retry-on 404 empty-response
    http-reuse always
    option accept-invalid-http-request
    option accept-invalid-http-response
listen inherits
    bind :80
listen differs
    bind :81
    retry-on 503
    http-reuse aggressive
    http-reuse never
    no option accept-invalid-http-request
    no option accept-invalid-http-response
`;
  const [inherits, differs] = proxies(text);
  assert.deepEqual(inherits?.retryOn, { ...NO_RETRY, emptyResponse: true, statuses: new Set([404]) });
  assert.deepEqual([inherits?.httpReuse, inherits?.acceptInvalidRequest, inherits?.acceptInvalidResponse], ['always', true, true]);
  assert.deepEqual(differs?.retryOn, { ...NO_RETRY, statuses: new Set([503]) });
  assert.deepEqual([differs?.httpReuse, differs?.acceptInvalidRequest, differs?.acceptInvalidResponse], ['never', false, false]);
});

test('how idle connections are pooled is said at every door that makes servers', () => {
  const {
    proxies: [b, f],
  } = load(`${DEFAULTS}    default-server pool-max-conn 9
backend b
    default-server pool-purge-delay 0 max-reuse 7
    server a 127.0.0.1:80 pool-max-conn 0 pool-purge-delay 1500us
    server c 127.0.0.1:81 max-reuse -1
    server-template w 2 127.0.0.1:82 pool-max-conn -1
    docker-servers image=x max-reuse 0
frontend f
    bind :80
    docker-routes pool-purge-delay 1m
`);
  const made = [b?.servers[0], b?.servers[1], b?.serverTemplates[0]?.template, b?.dockerServers[0]?.template, f?.dockerRoutes[0]?.template];
  assert.deepEqual(
    made.map((server) => [server?.poolMaxConn, server?.poolPurgeDelay, server?.maxReuse]),
    [
      [0, 2, 7],
      [9, 0, -1],
      [-1, 0, 7],
      [9, 0, 0],
      [9, 60_000, -1],
    ],
  );
});

test('a section begins with the defaults it names, else with the latest', () => {
  const text = `defaults slow
    mode http
    timeout client 60s
    timeout connect 1s
    timeout server 60s
    retries 9
defaults fast from slow
    timeout client 1s
backend a
backend b from slow
defaults
    mode http
backend c
`;
  const found = load(text).proxies.map(({ name, timeouts, retries }) => [name, timeouts.client, retries]);
  assert.deepEqual(found, [
    ['a', 1000, 9],
    ['b', 60_000, 9],
    ['c', undefined, 3],
  ]);
});

test('rules of named defaults come before those of the section', () => {
  const text = `defaults d
    mode http
    timeout client 1s
    http-request deny if { path /a }
frontend f from d
    bind :80
    http-request deny if { path /b }
`;
  const [f] = load(text).proxies;
  assert.deepEqual(
    f?.httpRequest.map(({ words }) => words[4]),
    ['/a', '/b'],
  );
});

test('numbers of proxies: in order, around those given, one later with a stats socket', () => {
  const text = 'frontend a\n    bind :80\nbackend b\n    id 2\nbackend c\n';
  assert.deepEqual(
    proxies(text).map(({ id }) => id),
    [1, 2, 3],
  );
  const withSocket = load(`global\n    stats socket /run/x.sock level admin\n${DEFAULTS}${text}`);
  assert.deepEqual(
    withSocket.proxies.map(({ id }) => id),
    [3, 2, 4],
  );
});

test('fullconn is a tenth of the maxconn of the frontends that may reach the backend', () => {
  const text = `frontend f
    bind :80
    maxconn 100
    use_backend one if { path /1 }
    default_backend two
listen l
    bind :81
    maxconn 205
    default_backend two
backend one
backend two
backend given
    fullconn 77
backend unreached
`;
  const found = proxies(text).map(({ name, fullconn }) => [name, fullconn]);
  assert.deepEqual(found, [
    ['f', 1 + 9],
    ['l', 21],
    ['one', 10],
    ['two', 31],
    ['given', 77],
    ['unreached', 1],
  ]);
});

test('userlists: groups from both sides', () => {
  const text = `userlist L
    group G1 users tiger,scott
    group G2 users scott
    user tiger password $6$hash
    user scott insecure-password "a b" groups G2
`;
  assert.deepEqual(load(text).userlists.get('L')?.users, [
    { name: 'tiger', password: '$6$hash', insecure: false, groups: ['G1'] },
    { name: 'scott', password: 'a b', insecure: true, groups: ['G2', 'G1'] },
  ]);
});

test('docker lines: selectors, then server parameters over default-server', () => {
  const { proxies: all, dockers } = load(`${DEFAULTS}backend b
    default-server inter 5s check
    docker-servers image=shop/app:1 label=role=web label=canary name=web-* service=web project=shop network=front port=8089 address=published maxconn 32 no-check
frontend f
    bind :80
    docker-routes domain=a.test,B.test domain=127.0.0.1.nip.io prefix=lb opt-in network=front weight 5
    docker-routes
`);
  const [b, f] = all;
  const [servers] = b?.dockerServers ?? [];
  assert.deepEqual(servers?.selector, {
    image: 'shop/app:1',
    labels: [
      { key: 'role', value: 'web' },
      { key: 'canary', value: undefined },
    ],
    name: 'web-*',
    service: 'web',
    project: 'shop',
    network: 'front',
    members: undefined,
    port: 8089,
    address: 'published',
    engines: [''],
  });
  assert.deepEqual([servers?.template.maxconn, servers?.template.check, servers?.template.checkWords?.inter], [32, undefined, 5000]);
  assert.deepEqual(servers?.parameters, ['maxconn', '32', 'no-check']);
  const [routes, bare] = f?.dockerRoutes ?? [];
  assert.deepEqual(
    [routes?.domains, routes?.prefix, routes?.optIn, routes?.network, routes?.template.weight],
    [['a.test', 'b.test', '127.0.0.1.nip.io'], 'lb.', true, 'front', 5],
  );
  assert.deepEqual([bare?.domains, bare?.prefix, bare?.optIn], [[], 'fairlead.', false]);
  assert.deepEqual(dockers, [{ place: undefined, name: '', endpoint: undefined, tlsCa: undefined, tlsCert: undefined, tlsKey: undefined }]);
});

test('a line without an engine means the docker section there is', () => {
  const {
    proxies: [b],
    dockers,
  } = load(`${DEFAULTS}docker far
    endpoint tcp://192.0.2.10:2376
    tls-ca ../dev/null
backend b
    docker-servers image=x
`);
  assert.deepEqual(b?.dockerServers[0]?.selector.engines, ['far']);
  assert.deepEqual(
    dockers.map(({ name, endpoint, tlsCa }) => [name, endpoint, tlsCa]),
    [['far', 'tcp://192.0.2.10:2376', '/dev/null']],
  );
});

test('a line means every docker section, or those that it names', () => {
  const {
    proxies: [b, f],
  } = load(`${DEFAULTS}docker
docker east
    endpoint tcp://192.0.2.10:2375
docker west
    endpoint tcp://192.0.2.11:2375
backend b
    docker-servers image=x
    docker-servers image=y engine=west,east,west
frontend f
    bind :80
    docker-routes
    docker-routes engine=east
`);
  assert.deepEqual(
    b?.dockerServers.map(({ selector }) => selector.engines),
    [
      ['', 'east', 'west'],
      ['west', 'east'],
    ],
  );
  assert.deepEqual(
    f?.dockerRoutes.map(({ engines }) => engines),
    [['', 'east', 'west'], ['east']],
  );
});

test('global limits', () => {
  const { global } = load(`global
    maxconn 256
    hard-stop-after 30s
    spread-checks 5
    tune.bufsize 32768
    tune.maxrewrite 30000
    tune.http.maxhdr 200
    node box-1
    log-tag lb
    pidfile /run/lb.pid
`);
  const { maxconn, hardStopAfter, spreadChecks, bufsize, maxrewrite, maxhdr, node, logTag, pidfile } = global;
  assert.deepEqual([maxconn, hardStopAfter, spreadChecks, bufsize, maxrewrite, maxhdr], [256, 30_000, 5, 32768, 16384, 200]);
  assert.deepEqual([node, logTag, pidfile], ['box-1', 'lb', '/run/lb.pid']);
});

test('a target may be as long as a head, where nobody says less', () => {
  const limits = (...lines: string[]): number => load(['global', ...lines, ''].join('\n')).global.maxurilen;
  assert.equal(limits(), 16384 - 1024);
  assert.equal(limits('tune.maxrewrite 384', 'tune.bufsize 8192'), 8192 - 384);
  assert.equal(limits('tune.bufsize 8192', 'tune.maxrewrite 8000'), 4096);
  assert.equal(limits('tune.http.maxurilen 2000', 'tune.bufsize 32768'), 2000);
});

test('the configuration is frozen', () => {
  const config = load(`${DEFAULTS}backend b\n    server a 127.0.0.1:80 check\n`);
  const [b] = config.proxies;
  for (const part of [config, config.proxies, b, b?.servers, b?.servers[0], b?.servers[0]?.check, b?.timeouts, b?.retryOn])
    assert.ok(Object.isFrozen(part));
});
