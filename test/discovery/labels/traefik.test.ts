import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTraefik } from '../../../src/discovery/labels/traefik.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

type Short = Readonly<Record<string, string>>;

/** `r.x` of routers, `s.x` of services, `m.x` of middlewares; anything else as it stands. */
function traefik(short: Short, exposed: readonly number[] = [80]): SubjectTraits {
  const sections: Short = { r: 'http.routers', s: 'http.services', m: 'http.middlewares' };
  const long = (key: string) => `traefik.${key.replace(/^[rsm](?=\.)/, (letter) => sections[letter] ?? '')}`;
  return { labels: Object.fromEntries(Object.entries(short).map(([key, value]) => [long(key), value])), exposed };
}

const A = 'Host(`a.test`)';
const OPENS = 'routers a and b let different networks in for the same host, and one might open what the other keeps shut';
const GUARDED = 'is not known here, and the container might be open to people whom it keeps out';

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { labels: { 'traefikk.enable': 'true' } }, undefined],
  ['a router alone is to a service that is made for it', traefik({ 'r.r.rule': A }), { routes: ['a.test/ -> web.shop:80'] }],
  ['labels are read in any case', { labels: { 'Traefik.HTTP.Routers.R.Rule': A } }, { routes: ['a.test/ -> web.shop:80'] }],
  ['the lowest of several ports', traefik({ 'r.r.rule': A }, [5000, 8080]), { routes: ['a.test/ -> web.shop:5000'] }],
  [
    "the only service is every router's",
    traefik({ 'r.r.rule': A, 'r.q.rule': 'Host(`b.test`)', 's.my-service.loadbalancer.server.port': '12345' }),
    { routes: ['b.test/ -> my-service:12345', 'a.test/ -> my-service:12345'] },
  ],
  [
    'several routers and services',
    traefik({
      'r.www-router.rule': 'Host(`example-a.com`)',
      'r.www-router.service': 'www-service',
      's.www-service.loadbalancer.server.port': '8000',
      'r.admin-router.rule': 'Host(`example-b.com`) && PathPrefix(`/admin`)',
      'r.admin-router.service': 'admin-service@docker',
      's.admin-service.loadbalancer.server.port': '9000',
    }),
    { routes: ['example-b.com/admin -> admin-service:9000', 'example-a.com/ -> www-service:8000'] },
  ],
  [
    'a rule with several paths is several routes to one pool',
    traefik({ 'r.r.rule': `${A} && (PathPrefix(\`/x\`) || Path(\`/y\`))` }),
    { routes: ['a.test/x -> web.shop:80', 'a.test=/y -> web.shop:80'] },
  ],
  ['enable=true without a router has the default rule', traefik({ enable: 'true' }), { enabled: true }],
  ['a service without a router, too', traefik({ 's.s.loadbalancer.server.port': '81' }), { routes: ['-> :81'] }],
  ['a router without a rule', traefik({ 'r.r.entrypoints': 'web' }), { routes: ['web.d.test/ -> web.shop:80 in=web'] }],
  ['enable=false', traefik({ enable: 'false', 'r.r.rule': A }), { enabled: false }],
  ['a network', traefik({ 'docker.network': 'front', 'r.r.rule': A }), { network: 'front', routes: ['a.test/ -> web.shop:80'] }],
  [
    'entry points',
    traefik({ 'r.r.rule': A, 'r.r.entrypoints': 'web, websecure' }),
    { routes: ['a.test/ -> web.shop:80 in=web,websecure'] },
  ],
  [
    'a priority above the length of the rule',
    traefik({ 'r.r.rule': A, 'r.r.priority': '42' }),
    { routes: ['a.test/ -> web.shop:80 prio=42'] },
  ],
  ['one below it', traefik({ 'r.r.rule': 'HostRegexp(`.+`)', 'r.r.priority': '1' }), { routes: ['~.+/ -> web.shop:80 prio=-999999'] }],
  ['none', traefik({ 'r.r.rule': A, 'r.r.priority': '0' }), { routes: ['a.test/ -> web.shop:80'] }],
  [
    'a very high one',
    traefik({ 'r.r.rule': A, 'r.r.priority': '9223372036854774807' }),
    { routes: ['a.test/ -> web.shop:80 prio=1000000'] },
  ],
  [
    'scheme and weight',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.server.scheme': 'https', 's.s.loadbalancer.server.weight': '42' }),
    { routes: ['a.test/ -> s:80 https weight 42'] },
  ],
  [
    'health checks',
    traefik({
      'r.r.rule': A,
      's.s.loadbalancer.healthcheck.path': '/foo',
      's.s.loadbalancer.healthcheck.interval': '10s',
      's.s.loadbalancer.healthcheck.timeout': '3',
      's.s.loadbalancer.healthcheck.hostname': 'h.test',
      's.s.loadbalancer.healthcheck.port': '42',
      's.s.loadbalancer.healthcheck.status': '204',
      's.s.loadbalancer.healthcheck.method': 'head',
      's.s.loadbalancer.healthcheck.scheme': 'http',
    }),
    { routes: ['a.test/ -> s:80 check http=HEADh.test/foo204,204 timeout=3000 inter 10000 port 42'] },
  ],
  [
    'a health check by default',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.healthcheck.path': '/' }),
    { routes: ['a.test/ -> s:80 check http=/ timeout=5000 inter 30000'] },
  ],
  [
    'no health check without a path',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.healthcheck.interval': '10s' }),
    {
      routes: ['a.test/ -> s:80'],
      warnings: ['label traefik.http.services.s.loadbalancer.healthcheck.interval is not read: without healthcheck.path there is no check'],
    },
  ],
  [
    'sticky by a cookie',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.sticky.cookie': 'true' }),
    { routes: ['a.test/ -> s:80 sticky=SERVERID'] },
  ],
  [
    'sticky by a cookie with a name',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.sticky.cookie.name': 'foobar', 's.s.loadbalancer.sticky.cookie.secure': 'true' }),
    { routes: ['a.test/ -> s:80 sticky=foobar'] },
  ],
  [
    'a strategy',
    traefik({ 'r.r.rule': A, 's.s.loadbalancer.strategy': 'p2c', 's.s.loadbalancer.passhostheader': 'true' }),
    { routes: ['a.test/ -> s:80 balance=random'] },
  ],
  [
    'paths that are stripped and put before',
    traefik({
      'r.r.rule': `${A} && PathPrefix(\`/api\`)`,
      'r.r.middlewares': 'strip@docker,add',
      'm.strip.stripprefix.prefixes': '/foobar,/api',
      'm.add.addprefix.prefix': '/v1',
    }),
    { routes: ['a.test/api -> web.shop:80 rewrite=/v1'] },
  ],
  [
    'a path that only some requests have to be stripped of',
    traefik({ 'r.r.rule': A, 'r.r.middlewares': 'strip', 'm.strip.stripprefix.prefixes': '/api/' }),
    { routes: ['a.test/ -> web.shop:80', 'a.test/api -> web.shop:80 rewrite='] },
  ],
  [
    'clients sent to https, by way of a chain',
    traefik({
      'r.r.rule': A,
      'r.r.middlewares': 'all',
      'm.all.chain.middlewares': 'tls,all',
      'm.tls.redirectscheme.scheme': 'https',
      'm.tls.redirectscheme.permanent': 'true',
    }),
    { routes: ['a.test/ -> web.shop:80 redirect=301'], errors: [`middleware all (chain) of router r ${GUARDED}`] },
  ],
  [
    'networks that clients may come from, for one of two routers to a service',
    traefik({
      'r.a.rule': A,
      'r.b.rule': 'Host(`b.test`) && PathPrefix(`/admin`)',
      'r.b.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '10.0.0.0/8, ::1',
    }),
    { routes: ['a.test/ -> web.shop:80', 'b.test/admin -> web.shop-b:80 allow=10.0.0.0/8,::1'] },
  ],
  [
    'networks for both of two routers that differ in their entry points alone',
    traefik({
      'r.a.rule': A,
      'r.a.entrypoints': 'web',
      'r.b.rule': A,
      'r.b.entrypoints': 'websecure',
      'r.b.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '::1',
    }),
    { routes: ['a.test/ -> web.shop-b:80 in=web allow=::1', 'a.test/ -> web.shop-b:80 in=websecure allow=::1'] },
  ],
  [
    'but not two lists of them',
    traefik({
      'r.a.rule': A,
      'r.a.middlewares': 'wan',
      'r.b.rule': `${A} || Host(\`b.test\`)`,
      'r.b.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '::1',
      'm.wan.ipallowlist.sourcerange': '::2',
    }),
    {
      routes: ['a.test/ -> web.shop-a:80 allow=::2', 'a.test/ b.test/ -> web.shop-b:80 allow=::1'],
      errors: [OPENS],
    },
  ],
  [
    'nor networks for a part of an open host: /adminer is in it for Traefik, and /x/../admin',
    traefik({
      'r.a.rule': A,
      'r.b.rule': `${A} && PathPrefix(\`/admin\`)`,
      'r.b.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '::1',
    }),
    { routes: ['a.test/ -> web.shop:80', 'a.test/admin -> web.shop-b:80 allow=::1'], errors: [OPENS] },
  ],
  [
    'nor for a pattern of hosts, of which the open one may be one: the longer rule goes first in Traefik',
    traefik({
      'r.a.rule': A,
      'r.b.rule': 'HostRegexp(`^a\\.test$`) && PathPrefix(`/`)',
      'r.b.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '::1',
    }),
    { routes: ['a.test/ -> web.shop:80', '~^a\\.test$/ -> web.shop-b:80 allow=::1'], errors: [OPENS] },
  ],
  [
    'nor for any host',
    traefik({
      'r.a.rule': A,
      'r.b.rule': 'PathPrefix(`/`)',
      'r.a.middlewares': 'lan',
      'm.lan.ipallowlist.sourcerange': '::1',
    }),
    { routes: ['a.test/ -> web.shop-a:80 allow=::1', '*/ -> web.shop:80'], errors: [OPENS] },
  ],
  [
    'a middleware of two kinds',
    traefik({ 'r.a.rule': A, 'r.a.middlewares': 'm', 'm.m.compress': 'true', 'm.m.basicauth.users': 'x:y' }),
    { routes: ['a.test/ -> web.shop:80'], errors: [`middleware m (basicauth and compress) of router a ${GUARDED}`] },
  ],
  [
    'chains that lead to each other many times over',
    traefik({
      'r.a.rule': A,
      'r.a.middlewares': 'm',
      'm.m.chain.middlewares': 'n,n,n,n,n,n,n,n',
      'm.n.chain.middlewares': 'm,m,m,m,m,m,m,m',
    }),
    {
      routes: ['a.test/ -> web.shop:80'],
      errors: [
        ...Array(8).fill(`middleware m (chain) of router a ${GUARDED}`),
        ...Array(7).fill(`middleware n (chain) of router a ${GUARDED}`),
      ],
    },
  ],
  [
    'networks of clients that are behind other proxies, or that are none',
    traefik({
      'r.a.rule': A,
      'r.a.middlewares': 'lan,wan',
      'm.lan.ipallowlist.sourcerange': '10.0.0.0/8',
      'm.lan.ipallowlist.ipstrategy.depth': '1',
      'm.wan.ipwhitelist.sourcerange': 'everybody',
    }),
    {
      routes: ['a.test/ -> web.shop:80'],
      errors: [`middleware lan (ipallowlist) of router a ${GUARDED}`, `middleware wan (ipwhitelist) of router a ${GUARDED}`],
    },
  ],
  [
    'what is not read is said',
    traefik({
      'r.r.rule': A,
      'r.r.tls': 'true',
      'r.r.tls.certresolver': 'le',
      'r.r.middlewares': 'gz',
      'm.gz.compress': 'true',
      's.s.loadbalancer.serverstransport': 'x@file',
      's.s.loadbalancer.passhostheader': 'false',
      'tcp.routers.t.rule': 'HostSNI(`*`)',
      'frontend.rule': 'Host:a.test',
    }),
    {
      routes: ['a.test/ -> s:80 secure=302'],
      warnings: [
        'label traefik.frontend.rule is not read: it is of Traefik 1',
        'label traefik.tcp.routers.t.rule is not read: only http is routed',
        'label traefik.http.services.s.loadbalancer.passhostheader is not read: Fairlead has nothing like it',
        'label traefik.http.services.s.loadbalancer.serverstransport is not read: how servers are spoken to by TLS stands on the line of the configuration (ca-file, sni)',
        'label traefik.http.routers.r.tls.certresolver is not read: Fairlead gets no certificates: a bind line has them (crt, self-signed)',
        'middleware gz (compress) of router r is not read: Fairlead has nothing like it',
      ],
    },
  ],
  [
    'a router for TLS alone',
    traefik({ 'r.r.rule': A, 'r.r.tls': 'true', 'r.r.tls.options': 'default@file' }),
    { routes: ['a.test/ -> web.shop:80 secure=302'] },
  ],
  ['a router for TLS or not', traefik({ 'r.r.rule': A, 'r.r.tls': 'false' }), { routes: ['a.test/ -> web.shop:80'] }],
  [
    'options of TLS that may ask clients for a certificate refuse the container',
    traefik({ 'r.r.rule': A, 'r.r.tls.options': 'mtls@file' }),
    {
      routes: ['a.test/ -> web.shop:80 secure=302'],
      errors: [
        'label traefik.http.routers.r.tls.options=mtls@file is not known here, and the container might be open to people whom it keeps out',
      ],
    },
  ],
  [
    'a router that cannot be a route leaves the others',
    traefik({
      'r.a.rule': 'Method(`GET`)',
      'r.b.rule': A,
      'r.c.rule': A,
      'r.c.service': 'api@internal',
      'r.d.rule': A,
      'r.d.service': 'no',
    }),
    {
      routes: ['a.test/ -> web.shop:80'],
      warnings: [
        'router a is not routed: its rule asks for Method, and routes know hosts and paths alone',
        "router c is not routed: its service api@internal is not one of this container's",
        "router d is not routed: its service no is not one of this container's",
      ],
    },
  ],
  [
    'the only router refuses the container',
    traefik({ 'r.a.rule': 'Host(`a.test`) && !Path(`/x`)' }),
    { errors: ["router a is not routed: its rule has a '!', and what is not meant cannot be a route"] },
  ],
  [
    'of two services one has to be named',
    traefik({ 'r.a.rule': A, 's.x.loadbalancer.server.port': '1', 's.y.loadbalancer.server.port': '2' }),
    { errors: ['router a is not routed: it names none of the services x, y'] },
  ],
  [
    'a middleware that keeps people out refuses the container, wherever else its router leads',
    traefik({
      'r.a.rule': A,
      'r.b.rule': `${A} && PathPrefix(\`/admin\`) && ClientIP(\`10.0.0.0/8\`)`,
      'r.b.middlewares': 'auth,elsewhere@file',
      'm.auth.basicauth.users': 'x:y',
    }),
    {
      routes: ['a.test/ -> web.shop:80'],
      errors: [`middleware auth (basicauth) of router b ${GUARDED}`, `middleware elsewhere@file of router b ${GUARDED}`],
      warnings: ['router b is not routed: its rule asks for ClientIP, and routes know hosts and paths alone'],
    },
  ],
  [
    'paths that are changed in other ways',
    traefik({ 'r.r.rule': A, 'r.r.middlewares': 'x', 'm.x.replacepath.path': '/y' }),
    { errors: ['router r is not routed: middleware x (replacepath) of router r changes paths in a way that Fairlead does not'] },
  ],
  [
    'broken values refuse the container',
    traefik({
      enable: 'yes',
      'r.r.rule': A,
      'r.r.priority': 'high',
      's.s.loadbalancer.server.port': 'http',
      's.s.loadbalancer.server.scheme': 'h2c',
      's.s.loadbalancer.healthcheck.path': 'foo',
      's.s.loadbalancer.healthcheck.interval': 'often',
      's.s.loadbalancer.healthcheck.status': '42',
      's.s.loadbalancer.sticky.cookie.name': 'a b',
    }),
    {
      routes: ['a.test/ -> s:80 check timeout=5000'],
      errors: [
        'label traefik.enable=yes is neither true nor false',
        'label traefik.http.services.s.loadbalancer.healthcheck.interval=often is not a time',
        'label traefik.http.services.s.loadbalancer.healthcheck.path=foo is not a path',
        'label traefik.http.services.s.loadbalancer.healthcheck.status=42 is not a status',
        'label traefik.http.services.s.loadbalancer.server.port=http is not a whole number from 1 to 65535',
        'label traefik.http.services.s.loadbalancer.server.scheme=h2c is not done: servers are spoken to by http and https alone',
        'label traefik.http.services.s.loadbalancer.sticky.cookie.name=a b is not the name of a cookie',
        'label traefik.http.routers.r.priority=high is not a whole number',
      ],
    },
  ],
];

describe("Traefik's labels", () => {
  for (const [behaviour, traits, expected] of CASES) it(behaviour, () => assert.deepEqual(said(readTraefik, traits, ['d.test']), expected));

  it('has no default rule without a domain', () => {
    assert.deepEqual(said(readTraefik, traefik({ 'r.r.entrypoints': 'web' })), {
      errors: ['router r is not routed: its rule is missing, and docker-routes has no domain='],
    });
  });
});
