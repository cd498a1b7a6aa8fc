import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCaddy } from '../../../src/discovery/labels/caddy.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

type Short = Readonly<Record<string, string>>;

/** Below `caddy`, which itself is the empty key; `_1` for a site of its own. */
function caddy(short: Short, exposed: readonly number[] = [80]): SubjectTraits {
  const long = (key: string) => (key === '' || key.startsWith('_') ? `caddy${key}` : `caddy.${key}`);
  return { labels: Object.fromEntries(Object.entries(short).map(([key, value]) => [long(key), value])), exposed };
}

const SITE = { '': 'example.com' };
const UP = '{{upstreams}}';
const GUARDED = 'is not known here, and the container might be open to people whom it keeps out';

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { labels: { caddyfile: 'x' } }, undefined],
  [
    'a site',
    caddy({ '': 'whoami.example.com', reverse_proxy: '{{upstreams 80}}' }),
    { routes: ['whoami.example.com/ -> whoami.example.com:80'] },
  ],
  ['port 80 when nothing is said', caddy({ ...SITE, reverse_proxy: UP }, [80, 443]), { routes: ['example.com/ -> example.com:80'] }],
  ['not where there is none', caddy({ ...SITE, reverse_proxy: '{{ upstreams }}' }, [3000]), { routes: ['example.com/ -> example.com:'] }],
  [
    'https and a port',
    caddy({ ...SITE, reverse_proxy: '{{upstreams https 8443}}' }),
    { routes: ['example.com/ -> example.com:8443 https'] },
  ],
  ['http and a port', caddy({ ...SITE, reverse_proxy: '{{upstreams http 8080}}' }), { routes: ['example.com/ -> example.com:8080'] }],
  [
    'several addresses',
    caddy({ '': 'http://example.com, https://www.example.com:443 *.example.org', reverse_proxy: UP }),
    { routes: ['example.com/ -> example.com:80', 'www.example.com/ ~^[^.]+\\.example\\.org$/ -> www.example.com-66f78800:80 secure=308'] },
  ],
  ['any host', caddy({ '': ':80', reverse_proxy: UP }), { routes: ['*/ -> any-22de6956:80'] }],
  [
    'a port that clients come to',
    caddy({ '': 'a.test:8080', reverse_proxy: UP }),
    {
      routes: ['a.test/ -> a.test:80'],
      warnings: ['label caddy: port 8080 is not read: on which ports clients come frontends decide'],
    },
  ],
  [
    'several sites',
    caddy({ _0: 'a.test', '_0.reverse_proxy': '{{upstreams 80}}', _1: 'b.test', '_1.reverse_proxy': '{{upstreams 81}}' }),
    { routes: ['a.test/ -> a.test:80', 'b.test/ -> b.test:81'] },
  ],
  [
    'a path of the site, stripped',
    caddy({ ...SITE, handle_path: '/source/*', 'handle_path.0_reverse_proxy': UP }),
    { routes: ['example.com/source -> example.com_source:80 rewrite='] },
  ],
  [
    'a path, rewritten to another',
    caddy({ ...SITE, handle_path: '/source/*', 'handle_path.0_rewrite': '* /target{uri}', 'handle_path.1_reverse_proxy': UP }),
    { routes: ['example.com/source -> example.com_source:80 rewrite=/target'] },
  ],
  [
    'a subpath in the container',
    caddy({ ...SITE, rewrite: '* /target{path}', reverse_proxy: UP }),
    { routes: ['example.com/ -> example.com:80 rewrite=/target'] },
  ],
  [
    'a path as it is, one alone, and the rest',
    caddy({ ...SITE, '1_reverse_proxy': '/api* {{upstreams 81}}', '2_reverse_proxy': '/ping {{upstreams 82}}', reverse_proxy: UP }),
    {
      routes: [
        'example.com/api -> example.com_api:81',
        'example.com=/ping -> example.com-ping-aaacb5a2:82',
        'example.com/ -> example.com:80',
      ],
    },
  ],
  [
    'blocks within blocks',
    caddy({
      ...SITE,
      handle_0: '/a/*',
      'handle_0.handle_path': '/a/b/*',
      'handle_0.handle_path.reverse_proxy': '{{upstreams 81}}',
      'handle_0.reverse_proxy': '{{upstreams 82}}',
      'route_1.uri': 'strip_prefix /',
      route_1: '/c/*',
      'route_1.1_uri': 'strip_prefix /c',
      'route_1.2_reverse_proxy': '/c/d/* {{upstreams 83}}',
      'route_2.reverse_proxy': '/c/d {{upstreams 84}}',
      route_3: '/e/*',
      'route_3.1_uri': 'strip_prefix /e',
      'route_3.2_rewrite': '* /f{path}',
      'route_3.3_reverse_proxy': '/g/* {{upstreams 85}}',
      'route_3.reverse_proxy': '{{upstreams 86}}',
    }),
    {
      routes: [
        'example.com/a/b -> example.com_a_b:81 rewrite=',
        'example.com/a -> example.com_a:82',
        'example.com=/c/d -> example.com-c-d-38d4da78:84',
        'example.com/e -> example.com_e:86 rewrite=/f',
      ],
      warnings: [
        'label caddy.route_1.uri changes paths in a way that Fairlead does not',
        'label caddy.route_3.3_reverse_proxy asks for a path that has been rewritten before',
      ],
    },
  ],
  [
    'matchers with names',
    caddy({
      ...SITE,
      '@api.path': '/api/* /v1/*',
      '@b': 'path /b',
      '@host.host': 'www.example.com',
      '@host.path': '/h*',
      '1_reverse_proxy': '@api {{upstreams 81}}',
      '2_reverse_proxy': '@b {{upstreams 82}}',
      '3_reverse_proxy': '@host {{upstreams 83}}',
    }),
    {
      routes: [
        'example.com/api -> example.com_api:81',
        'example.com/v1 -> example.com_v1:81',
        'example.com=/b -> example.com-b-f28dac18:82',
        'www.example.com/h -> www.example.com_h:83',
      ],
    },
  ],
  [
    'what matches something else is no route, and leaves the others',
    caddy({
      ...SITE,
      '@ws.0_header': 'Connection *Upgrade*',
      '@ws.1_header': 'Upgrade websocket',
      '0_reverse_proxy': `@ws ${UP}`,
      '1_reverse_proxy': `/api* ${UP}`,
      '2_reverse_proxy': `*.php ${UP}`,
      '3_reverse_proxy': `/*.php ${UP}`,
    }),
    {
      routes: ['example.com/api -> example.com_api:80', 'example.com/ -> example.com:80'],
      warnings: [
        'label caddy.2_reverse_proxy: *.php is not read: a container speaks for itself alone',
        'label caddy.0_reverse_proxy asks for header, and routes know hosts and paths alone',
        "label caddy.3_reverse_proxy asks for the path '/*.php', and routes know the beginnings of paths alone",
      ],
    },
  ],
  [
    'health checks and balancing',
    caddy({
      ...SITE,
      reverse_proxy: '{{upstreams 8080}}',
      'reverse_proxy.lb_policy': 'least_conn',
      'reverse_proxy.health_uri': '/health',
      'reverse_proxy.health_interval': '10s',
      'reverse_proxy.health_fails': '2',
      'reverse_proxy.header_up': 'X-Y z',
    }),
    {
      routes: ['example.com/ -> example.com:8080 balance=leastconn check http=/health200,299 timeout=5000 fall 2 inter 10000'],
      warnings: ['label caddy.reverse_proxy.header_up is not read: Fairlead has nothing like it'],
    },
  ],
  [
    'sticky by a cookie, to a server that speaks TLS',
    caddy({
      ...SITE,
      'reverse_proxy.to': '{{upstreams 8443}}',
      'reverse_proxy.lb_policy': 'cookie lb',
      'reverse_proxy.transport': 'http',
      'reverse_proxy.transport.tls_insecure_skip_verify': '',
    }),
    { routes: ['example.com/ -> example.com:8443 https sticky=lb'] },
  ],
  [
    'what is not read is said',
    caddy({ ...SITE, reverse_proxy: UP, tls: 'a@b.test', encode: 'zstd', _1: 'www.example.com', '_1.redir': 'https://example.com{uri}' }),
    {
      routes: ['example.com/ -> example.com:80'],
      warnings: [
        'label caddy.encode is not read: Fairlead has nothing like it',
        'label caddy.tls is not read: certificates, versions and ciphers stand on bind lines (crt, self-signed, ssl-min-ver)',
        'label caddy_1.redir is not read: Fairlead has nothing like it',
      ],
    },
  ],
  [
    'a certificate of an authority of its own',
    caddy({ ...SITE, reverse_proxy: UP, tls: 'internal' }),
    { routes: ['example.com/ -> example.com:80'] },
  ],
  [
    'a site for https',
    caddy({ ...SITE, '': 'https://example.com', reverse_proxy: UP }),
    { routes: ['example.com/ -> example.com:80 secure=308'] },
  ],
  [
    'certificates that clients must have refuse the container',
    caddy({ ...SITE, reverse_proxy: UP, tls: 'internal', 'tls.client_auth.mode': 'require_and_verify' }),
    {
      routes: ['example.com/ -> example.com:80'],
      errors: ['label caddy.tls is not known here, and the container might be open to people whom it keeps out'],
    },
  ],
  [
    'global options and snippets are for Caddy',
    caddy({ email: 'a@b.test', _1: '(snippet)', '_1.tls': 'internal' }),
    { warnings: ['label caddy.email is not read: global options are for Caddy', 'label caddy_1 is not read: snippets are for Caddy'] },
  ],
  [
    "another one's address is not this container's",
    caddy({ ...SITE, reverse_proxy: 'localhost:6001' }),
    { warnings: ['label caddy.reverse_proxy: localhost:6001 is not read: a container speaks for itself alone'] },
  ],
  [
    'what may keep people out refuses the container',
    caddy({ ...SITE, reverse_proxy: UP, basic_auth: '', 'basic_auth.bob': '$2a$14$x', import: 'auth', respond: '@blocked 403' }),
    {
      routes: ['example.com/ -> example.com:80'],
      errors: [`label caddy.basic_auth ${GUARDED}`, `label caddy.import ${GUARDED}`, `label caddy.respond ${GUARDED}`],
    },
  ],
  [
    'also in a block that cannot be a route, because another one leads to the same',
    caddy({
      ...SITE,
      '@lan.remote_ip': '10.0.0.0/8',
      handle_0: '@lan',
      'handle_0.forward_auth': 'auth:80',
      'handle_0.reverse_proxy': UP,
      handle_1: '/x/*',
      'handle_1.1_rewrite': '/y',
      'handle_1.2_basic_auth': '',
      '2_respond': '/admin* "no" 403',
      '3_redir': '@lan /login',
      reverse_proxy: UP,
    }),
    {
      routes: ['example.com/ -> example.com:80'],
      errors: [
        `label caddy.2_respond ${GUARDED}`,
        `label caddy.3_redir ${GUARDED}`,
        `label caddy.handle_0.forward_auth ${GUARDED}`,
        `label caddy.handle_1.2_basic_auth ${GUARDED}`,
      ],
      warnings: [
        'label caddy.handle_0 asks for remote_ip, and routes know hosts and paths alone',
        'label caddy.handle_1.1_rewrite changes paths in a way that Fairlead does not',
      ],
    },
  ],
  [
    'also an answer or a redirect that Caddy gives instead of the container',
    caddy({
      ...SITE,
      '0_respond': '/admin/* "Members only"',
      '1_redir': '/internal/* /login',
      handle_0: '/x/*',
      'handle_0.respond': '"Members only"',
      handle_1: '',
      'handle_1.reverse_proxy': UP,
    }),
    {
      routes: ['example.com/ -> example.com:80'],
      errors: [`label caddy.0_respond ${GUARDED}`, `label caddy.1_redir ${GUARDED}`, `label caddy.handle_0.respond ${GUARDED}`],
    },
  ],
  [
    'also those of a site that is left to a wider one',
    caddy({ _0: 'admin.a.test', '_0.redir': '/x /login', _1: '*.a.test', '_1.reverse_proxy': UP }),
    { routes: ['~^[^.]+\\.a\\.test$/ -> a-.test-17ee18b0:80'], errors: [`label caddy_0.redir ${GUARDED}`] },
  ],
  [
    'and to one for any host',
    caddy({ _0: 'admin.a.test', '_0.respond': '"Hello"', _1: ':80', '_1.reverse_proxy': UP }),
    { routes: ['*/ -> any-22de6956:80'], errors: [`label caddy_0.respond ${GUARDED}`] },
  ],
  [
    'paths that are said twice are one',
    caddy({ ...SITE, '@m.path': '/a /a /a/', reverse_proxy: `@m ${UP}` }),
    { routes: ['example.com=/a -> example.com-a-f58db0d1:80', 'example.com=/a/ -> example.com-a-8c0d9fda:80'] },
  ],
  [
    'a network',
    { labels: { ...caddy({ ...SITE, reverse_proxy: UP }).labels, caddy_ingress_network: 'front' } },
    { network: 'front', routes: ['example.com/ -> example.com:80'] },
  ],
  [
    'broken values refuse the container',
    caddy({
      '': 'exa mple.com!, ok.test',
      reverse_proxy: '{{upstreams ftp 99999}}',
      'reverse_proxy.health_uri': 'x',
      'reverse_proxy.health_interval': 'x',
      'reverse_proxy.health_status': 'ok',
      'reverse_proxy.lb_policy': 'best',
      'reverse_proxy.transport': 'fastcgi',
    }),
    {
      routes: ['exa/ ok.test/ -> exa-be6a69d1:80 check timeout=5000'],
      errors: [
        "label caddy holds 'mple.com!', which is not a host",
        "label caddy.reverse_proxy holds 'ftp': ports, http and https are understood",
        "label caddy.reverse_proxy holds '99999': ports, http and https are understood",
        "label caddy.reverse_proxy.health_interval holds 'x', which is not a time",
        "label caddy.reverse_proxy.health_status holds 'ok', which is not a status",
        "label caddy.reverse_proxy.health_uri holds 'x', which is not a path",
        "label caddy.reverse_proxy.lb_policy holds 'best', which Fairlead does not balance by",
        "label caddy.reverse_proxy.transport holds 'fastcgi': servers are spoken to by http and https alone",
      ],
    },
  ],
  [
    'a container of which nothing is left is refused',
    caddy({ ...SITE, reverse_proxy: `@no ${UP}` }),
    { errors: ['label caddy.reverse_proxy asks for @no, which is not there'] },
  ],
];

describe("caddy-docker-proxy's labels", () => {
  for (const [behaviour, traits, expected] of CASES) it(behaviour, () => assert.deepEqual(said(readCaddy, traits), expected));

  it('refuses a container whose blocks multiply their paths', () => {
    const paths = (start: string) => Array.from({ length: 30 }, (_, i) => `${start}/${i}*`).join(' ');
    const blocks: Record<string, string> = { caddy: 'a.test' };
    let block = 'caddy';
    for (const start of ['', '', '', '', '']) {
      blocks[`${block}.@m.path`] = paths(start);
      block = `${block}.handle_path`;
      blocks[block] = '@m';
    }
    assert.deepEqual(said(readCaddy, { labels: blocks })?.errors, ['its labels hold too many paths in blocks within blocks']);
    blocks[`${block}.reverse_proxy`] = UP;
    const { routes = [], errors } = said(readCaddy, { labels: blocks }) ?? {};
    assert.equal(routes.length, 1001);
    assert.deepEqual(errors, ['its labels claim more than 1000 hosts and paths']);
  });

  it('does not mind labels of any depth', () => {
    const deep = `caddy${'.handle'.repeat(10_000)}.reverse_proxy`;
    assert.deepEqual(said(readCaddy, { labels: { caddy: 'a.test', [deep]: UP } }), {});
  });
});
