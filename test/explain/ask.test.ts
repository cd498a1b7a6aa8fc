import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { container, id } from '../discovery/docker/make.ts';
import { ask, textOf, worldOf } from './support.ts';

const TEXT = `defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend www
    bind 127.0.0.1:8080
    docker-routes
    use_backend nginx if { path_beg /static }
backend nginx
    docker-servers image=nginx
backend forgotten
    docker-servers image=redis
backend taken
    server s 127.0.0.1:1
`;

const labelled = (host: string, more: Readonly<Record<string, string>> = {}) => ({ labels: { 'fairlead.host': host, ...more } });

const world = worldOf(TEXT, [
  container('web-1', { id: id('aaa1'), ...labelled('www.example.test') }),
  container('files', { image: 'nginx:1.27' }),
  container('cache', { image: 'redis:7' }),
  container('thief', labelled('www.example.test')),
  container('sick', { ...labelled('sick.example.test'), health: 'unhealthy' }),
  container('broken', labelled('broken.example.test', { 'fairlead.port': 'eighty' })),
  container('clash', labelled('clash.example.test', { 'fairlead.service': 'taken' })),
  container('api', labelled('api.example.test', { 'fairlead.path': '/v1' })),
  container('mail', { image: 'postfix' }),
]);

/** `verdict summary` of a container. */
function told(name: string): string {
  const [one] = ask(world, name).containers;
  return `${one?.verdict} ${one?.summary}`;
}

/** Every container with its verdict, and what it says of why. */
const VERDICTS: readonly (readonly [name: string, said: RegExp])[] = [
  ['web-1', /^routed www\.example\.test\/ in 'www' -> web-1$/],
  ['files', /^routed use_backend of 'www' at haproxy\.cfg:9 -> nginx$/],
  ['cache', /^waiting server of backend 'forgotten', to which no frontend leads$/],
  ['thief', /^refused www\.example\.test\/ in 'www' is not given to it: container web-1 of pool 'web-1' serves it and is older$/],
  ['sick', /^waiting sick\.example\.test\/ in 'www' -> sick: DOWN: Docker's health check says unhealthy$/],
  ['broken', /^refused is refused: label fairlead\.port=eighty is not a whole number/],
  ['clash', /^refused is not routed as 'taken': a section of that name is configured/],
  ['mail', /^refused is not routed by 'www': it has no label fairlead\.host/],
];

describe('a container that is asked about', () => {
  for (const [name, said] of VERDICTS) {
    it(`${name}: ${said.source}`, () => {
      assert.match(told(name), said);
    });
  }

  it('is found by how its id begins, too', () => {
    const { containers, routed } = ask(world, 'aaa1');
    assert.deepEqual([containers.map(({ name }) => name), routed], [['web-1'], true]);
  });

  it('is told of in detail: its line, its way, its words, its networks', () => {
    const text = textOf(ask(world, 'web-1'));
    assert.match(text, /^container web-1 \(aaa100000000\) is routed; eviking\/mydockerapp, running, docker$/m);
    assert.match(
      text,
      /haproxy\.cfg:8 docker-routes of 'www': no check; server aaa100000000 of backend web-1, 172\.17\.0\.\d+:8089 \(network bridge\)$/m,
    );
    assert.match(text, /^ +www\.example\.test\/ in 'www'$/m);
    assert.match(text, /^ +read: fairlead\.host=www\.example\.test$/m);
    assert.match(text, /^ +networks: bridge 172\.17\.0\.\d+; ports: 8089$/m);
    // Who is routed is not told of lines that mean others.
    assert.doesNotMatch(text, /not selected/);
  });

  it('says nothing that would break a line, and no password', () => {
    const nasty = container('nasty', { labels: { 'fairlead.host': 'a\n\nb', 'traefik.http.middlewares.x.basicauth.users': 'me:secret' } });
    const text = textOf(ask(worldOf(TEXT, [nasty]), 'nasty'));
    assert.doesNotMatch(text, /secret/);
  });

  it('shows values of names that are read, and of no others', () => {
    const WORDS: readonly (readonly [compat: string, name: string, value: string, shown: string])[] = [
      ['registrator', 'SERVICE_NAME', 'www', 'www'],
      ['registrator', 'SERVICE_80_CHECK_HTTP', '/up', '/up'],
      ['registrator', 'SERVICE_API_KEY', 'k3y', '***'],
      ['registrator', 'SERVICE_DB_URL', 'postgres://u:pw@h/d', '***'],
      ['registrator', 'SERVICE_PWD', 'hunter2', '***'],
      ['camptocamp', 'SERVICE_TAGS', 'server_alias=a.test,key=k3y', 'server_alias=a.test,***'],
      ['caddy', 'caddy', 'c.test', 'c.test'],
      ['caddy', 'caddy.handle_path.0_reverse_proxy', '{{upstreams 80}}', '{{upstreams 80}}'],
      ['caddy', 'caddy.tls.dns', 'cloudflare KEY', '***'],
      ['caddy', 'caddy.reverse_proxy.header_up', 'Authorization "Bearer abc"', '***'],
      ['caddy', 'caddy.@api', 'path /a', 'path /a'],
      ['caddy', 'caddy.@key', 'header X-Key abc', '***'],
      ['traefik', 'traefik.http.routers.r.rule', 'Host(`h.test`)', 'Host(`h.test`)'],
      ['traefik', 'traefik.http.routers.s.rule', 'Host(`h.test`) && Header(`X`, `a)b`)', 'Host(`h.test`) && Header(***'],
      ['traefik', 'traefik.http.services.s.loadbalancer.server.port', '80', '80'],
      ['traefik', 'traefik.http.services.s.loadbalancer.x.password', 'pw1', '***'],
      ['traefik', 'traefik.http.middlewares.a.basicauth.users', 'admin:x', '***'],
      ['traefik', 'traefik.http.middlewares.h.headers.customrequestheaders.Authorization', 'Basic Zm9v', '***'],
      ['nginx-proxy', 'VIRTUAL_HOST', 'v.test', 'v.test'],
      ['nginx-proxy', 'VIRTUAL_SECRET', 'x', '***'],
      ['easyhaproxy', 'easyhaproxy.a.host', 'e.test', 'e.test'],
      ['easyhaproxy', 'easyhaproxy.a.auth', 'u:p', '***'],
    ];
    for (const compat of new Set(WORDS.map(([reader]) => reader))) {
      const mine = WORDS.filter(([reader]) => reader === compat);
      const labels = Object.fromEntries(mine.map(([, name, value]) => [name, value]));
      const asked = ask(worldOf(TEXT.replace('docker-routes', `docker-routes compat ${compat}`), [container('c', { labels })]), 'c');
      const told = new Map(asked.containers[0]?.words.map(({ name, value }) => [name, value]));
      assert.deepEqual(
        mine.map(([, name]) => [name, told.get(name)]),
        mine.map(([, name, , shown]) => [name, shown]),
      );
    }
    const own = container('own', labelled('a.test', { 'fairlead.auth': 'u:p', 'fairlead.hots': 'b', 'fairlead.routes.x.auth': 'u:p' }));
    assert.deepEqual(
      ask(worldOf(TEXT, [own]), 'own').containers[0]?.words.map(({ name, value }) => `${name}=${value}`),
      ['fairlead.auth=***', 'fairlead.host=a.test', 'fairlead.hots=***', 'fairlead.routes.x.auth=***'],
    );
  });

  it('tells no password in the reasons either', () => {
    const labels = { caddy: 'c.test', 'caddy.reverse_proxy': '{{upstreams 80}} http://u:S3CRET@h' };
    const auth = container('auth', labelled('a.test', { 'fairlead.auth': 'u:S3CRET x' }));
    const nasty = worldOf(TEXT.replace('docker-routes', 'docker-routes compat caddy'), [container('caddy', { labels }), auth]);
    const text = textOf(ask(nasty, 'caddy')) + textOf(ask(nasty, 'auth')) + textOf(ask(nasty, ''));
    assert.match(text, /http:\/\/\*\*\*@h is not read/);
    assert.match(text, /label fairlead\.auth is not the name of a userlist/);
    assert.doesNotMatch(text, /S3CRET/);
  });

  it('that a line wants and that has exited is not routed for that, whatever other lines say', () => {
    const text = `${TEXT}listen more\n    bind 127.0.0.1:8081\n    docker-servers image=postfix\n`;
    const exited = ask(worldOf(text, [container('mail', { image: 'postfix', state: 'exited' })]), 'mail').containers[0];
    assert.equal(exited?.summary, 'it is exited');
  });

  it('that nobody knows is not routed, and the nearest name is told', () => {
    const { routed, hints } = ask(world, 'wbe-1');
    assert.equal(routed, false);
    assert.match(hints.join(), /no container is called 'wbe-1', .*did you mean 'web-1'\?/);
  });
});

describe('everything', () => {
  it('is every container with its verdict, accepted or not', () => {
    const everything = ask(world, '');
    assert.deepEqual([everything.containers.length, everything.routed, everything.running], [9, true, false]);
    const text = textOf(everything);
    assert.match(text, /^no running balancer was asked/);
    assert.match(text, /^9 containers, of which 3 routed, 2 waiting, 4 not routed$/m);
    for (const { name } of everything.containers) assert.match(text, new RegExp(`^container ${name} \\(`, 'm'));
  });

  it('says which source has not answered', () => {
    assert.match(textOf(ask(worldOf(TEXT), '')), /^source docker has not answered\nno source knows of a container$/m);
  });
});

describe('a host that other sections would take by default', () => {
  const text = `${TEXT}listen mysql-admin
    bind 127.0.0.1:8082
    server s 127.0.0.1:1
listen tcpdb
    mode tcp
    bind 127.0.0.1:8083
    server s 127.0.0.1:1
`;
  const broken = container('broken', labelled('shop.test', { 'fairlead.port': 'eighty' }));
  const routed = (config: string, asked: string) => ask(worldOf(config, [broken]), asked).routed;
  const ROUTED: readonly (readonly [config: string, asked: string, routed: boolean])[] = [
    [text, 'shop.test', false],
    [text, 'nobody.test', false],
    [text, 'nobody.test:4711', false],
    [text, 'nobody.test:8082', true],
    [text, 'nobody.test:8083', false],
    [text, 'shop.test:8082', false],
    [text.replace('    docker-routes\n', '    docker-routes\n    default_backend taken\n'), 'nobody.test', true],
    [text.replace('    docker-routes\n', '    docker-routes\n    default_backend taken\n'), 'shop.test', false],
    [text.replace('    docker-routes\n', ''), 'nobody.test', true],
    [text, 'nobody.test:4711/static', false],
    [text, 'http://nobody.test/static', false],
    [text, 'http://nobody.test:8080/static', false],
  ];
  for (const [index, [config, asked, expected]] of ROUTED.entries()) {
    it(`${asked} is ${expected ? '' : 'not '}routed (${index})`, () => {
      assert.equal(routed(config, asked), expected);
    });
  }
});

describe('a host that is not routed', () => {
  const hints = (asked: string) => ask(world, asked).hints.join('\n');

  it('is nearly called like another', () => {
    assert.match(hints('wwww.example.test'), /'wwww\.example\.test' is not known as a host; did you mean 'www\.example\.test'\?/);
    assert.match(hints('www.example.test.'), /^$/);
    assert.match(hints('www.example.tets'), /did you mean 'www\.example\.test'\?/);
  });

  it('is known with other paths only', () => {
    assert.match(hints('api.example.test/v2'), /api\.example\.test is known with other paths: api\.example\.test\/v1/);
  });

  it('is claimed by a container that is refused', () => {
    assert.match(hints('broken.example.test'), /^container broken \(\w+\): is refused: label fairlead\.port=eighty/);
  });

  it('is called like a container that claims nothing', () => {
    assert.match(hints('mail.example.test'), /^container mail \(\w+\): is not routed by 'www': it has no label fairlead\.host/);
  });

  it('is served by a pool whose servers are all down: which, and why', () => {
    const text = textOf(ask(world, 'sick.example.test'));
    assert.match(text, /^sick\.example\.test is not routed$/m);
    assert.match(text, /^frontend www .*: 503: goes to backend sick, and none of its 1 servers is usable$/m);
    assert.match(text, /DOWN: Docker's health check says unhealthy$/m);
  });
});
