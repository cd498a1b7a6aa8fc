/** What `explain` says is what happens: the same questions to the Runtime API and to the balancer itself. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Explanation } from '../../src/explain/explanation.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const NAMES = ['shop', 'v1', 'wild', 'static', 'blog', 'guarded', 'plain'] as const;
const upstreams = new Map<string, Upstream>();
const portOf = (name: string): number => upstreams.get(name)?.port ?? 0;
let engine: FakeEngine;
let fairlead: Fairlead;

function config(): string {
  return `global
    stats socket %DIR%/cli level operator
    stats socket %DIR%/user level user
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
docker
    endpoint ${engine.endpoint}
frontend www
    bind 127.0.0.1:0
    monitor-uri /alive
    stats uri /admin?stats
    http-request set-var(txn.area) str(blog) if { path_beg /blog }
    http-request set-path /static%[path] if { hdr(host) -i cdn.test }
    http-request deny if { path_beg /secret }
    http-request return status 204 if { path /nothing }
    redirect location https://new.test/ if { hdr(host) -i old.test }
    use_backend static if { path_beg /static }
    use_backend %[var(txn.area)] if { var(txn.area) -m found }
    use_backend %[path,field(3,/)] if { path_beg /pick/ }
    use_backend guarded if { path_beg /guarded }
    use_backend empty if { path_beg /empty }
    use_backend static if { nbsrv(down) eq 0 } { path_beg /fallback }
    docker-routes
backend static
    server s1 127.0.0.1:${portOf('static')}
backend blog
    server b1 127.0.0.1:${portOf('blog')}
    server b2 127.0.0.1:1 disabled
backend guarded
    http-request deny deny_status 429 if { path_end .php }
    server g1 127.0.0.1:${portOf('guarded')}
backend empty
backend down
    server d1 127.0.0.1:${portOf('static')} disabled
listen plain
    bind 127.0.0.1:0
    docker-routes
    server p1 127.0.0.1:${portOf('plain')}
`;
}

before(async () => {
  for (const name of NAMES) upstreams.set(name, await startUpstream(name));
  engine = new FakeEngine();
  await engine.listen();
  const run = (name: string, labels: Readonly<Record<string, string>>) =>
    engine.create(name, { address: '127.0.0.1', labels: { 'fairlead.port': `${portOf(name) || 1}`, ...labels } });
  run('shop', { 'fairlead.host': 'shop.test' });
  run('v1', { 'fairlead.host': 'shop.test', 'fairlead.path': '/v1', 'fairlead.strip': 'true' });
  run('wild', { 'fairlead.host': '*.wild.test,~^r[0-9]+\\.test$' });
  engine.state(run('sick', { 'fairlead.host': 'sick.test' }), 'running', 'unhealthy');
  run('broken', { 'fairlead.host': 'broken.test', 'fairlead.weight': 'heavy' });
  run('moved', { 'fairlead.host': 'moved.test', 'fairlead.redirect': 'https' });
  fairlead = await Fairlead.start(config());
});

after(async () => {
  await fairlead.stop();
  await engine.dispose();
  for (const upstream of upstreams.values()) await upstream.stop();
});

async function explained(asked: string): Promise<Explanation> {
  return JSON.parse(await fairlead.cli(`explain ${asked} json`)) as Explanation;
}

const ASKED = [
  ...['x.test/alive', 'x.test/alive/', 'x.test/admin?stats', 'x.test/admin', 'x.test/secret', 'x.test/nothing', 'x.test/nothing/more'],
  ...['old.test/x', 'x.test/static', 'cdn.test/a', 'x.test/blog/a', 'x.test/pick/guarded/a.php', 'x.test/pick/blog', 'x.test/pick/nobody'],
  ...[
    'x.test/guarded',
    'x.test/guarded/a.php',
    'x.test/empty',
    'x.test/fallback',
    'shop.test',
    'shop.test/v1',
    'shop.test/v1/users',
    'shop.test/v10',
  ],
  ...[
    'SHOP.test',
    'shop.test.',
    'a.wild.test',
    'wild.test',
    'a.b.wild.test/x',
    'r2.test',
    'rx.test',
    'sick.test',
    'broken.test',
    'moved.test/a',
    'nobody.test',
  ],
];

describe('an explanation', () => {
  for (const frontend of ['www', 'plain']) {
    for (const asked of ASKED) {
      it(`of ${asked} by ${frontend} is what happens`, async () => {
        const { paths } = await explained(asked);
        const outcome = paths.find((path) => path.frontend === frontend)?.outcome;
        const slash = asked.indexOf('/');
        const host = slash < 0 ? asked : asked.slice(0, slash);
        const path = slash < 0 ? '/' : asked.slice(slash);
        const answer = await ask(fairlead.port(frontend), { path, headers: { host } });
        const expected = outcome?.routed === true ? [200, outcome.pool?.name] : [outcome?.status, undefined];
        assert.deepEqual([answer.status, outcome?.routed === true ? answer.body : undefined], expected, JSON.stringify(outcome));
      });
    }
  }

  it('names whose turn it is', async () => {
    const pool = (await explained('shop.test')).paths[0]?.outcome.pool;
    assert.deepEqual(
      pool?.members.map(({ container, next }) => [container, next]),
      [['shop', true]],
    );
  });

  it('says why a server is down, as the statistics do', async () => {
    const sick = (await explained('sick')).containers[0];
    assert.equal(sick?.verdict, 'waiting');
    assert.match(sick?.summary ?? '', /DOWN: Docker's health check says unhealthy/);
  });

  it('follows what happens', async () => {
    const id = engine.run('late', { address: '127.0.0.1', labels: { 'fairlead.host': 'late.test' } });
    await until('it is routed', async () => (await explained('late')).routed);
    engine.kill(id, 'SIGTERM');
    await until('it drains', async () => /is stopping/.test((await explained('late')).containers[0]?.summary ?? ''));
    engine.destroy(id);
    await until('it is gone', async () => (await explained('late')).containers.length === 0);
    const { outcome, steps } = (await explained('late.test')).paths[0] ?? {};
    assert.equal(outcome?.status, (await ask(fairlead.port('www'), { headers: { host: 'late.test' } })).status);
    assert.equal(outcome?.status, 503);
    assert.match(steps?.at(-1)?.text ?? '', /^route late\.test\/ of container late .*, which nobody serves any more$/);
  });
});

describe('fairlead explain', () => {
  const socket = () => `${fairlead.folder}/cli`;
  /** The engine answers in this process: it must not wait for the program. */
  const run = async (...words: string[]) => {
    const program = Fairlead.run(['explain', ...words]);
    const { code } = await program.exit;
    const { output } = program;
    await program.stop();
    return { code, output };
  };

  it('asks the running balancer: 0 routed, 1 not', async () => {
    const routed = await run('-s', socket(), 'shop.test/v1/a');
    assert.match(routed.output, /^shop\.test\/v1\/a is routed$/m);
    assert.match(routed.output, /route shop\.test\/v1 of container v1 image eviking\/mydockerapp: pool v1, as \/a$/m);
    assert.equal(routed.code, 0);
    const refused = await run('-s', socket(), `http://broken.test:${fairlead.port('www')}/`);
    assert.match(refused.output, /^container broken .*is not routed by 'www': label fairlead\.weight/m);
    assert.equal(refused.code, 1);
    assert.equal((await run('-s', socket(), 'broken')).code, 1);
    assert.equal((await run('-s', socket(), 'shop')).code, 0);
    assert.equal((await run('-s', socket())).code, 0);
  });

  it('tells who claims a host that only a default takes: it is not routed', async () => {
    const { code, output } = await run('-s', socket(), 'broken.test');
    assert.match(output, /^broken\.test is not routed\n(.*\n)*container broken .*label fairlead\.weight/);
    assert.equal(code, 1);
  });

  it('asks nobody who may not know: 2, and which level is missing', async () => {
    const { code, output } = await run('-s', `${fairlead.folder}/user`, 'shop');
    assert.match(output, /user: Permission denied \(explain needs level operator or admin\)$/m);
    assert.equal(code, 2);
  });

  it('finds it by the configuration', async () => {
    const { code, output } = await run('-f', `${fairlead.folder}/haproxy.cfg`, 'shop');
    assert.equal(code, 0);
    assert.doesNotMatch(output, /no running balancer/);
  });

  it('answers as data', async () => {
    const { code, output } = await run('--socket', socket(), '--json', 'shop.test');
    const { running, routed, paths } = JSON.parse(output) as Explanation;
    assert.deepEqual([code, running, routed, paths.length], [0, true, true, 2]);
  });

  it('asks the configuration and its engine where no balancer runs, and says so', async () => {
    fairlead.rewrite(config().replace(/ {4}stats socket .*\n/g, ''));
    const { code, output } = await run('-f', `${fairlead.folder}/haproxy.cfg`, 'shop.test/v1');
    fairlead.rewrite(config());
    assert.match(output, /^no running balancer was asked/);
    assert.match(output, /goes to backend v1: 1 of 1 servers usable/);
    assert.equal(code, 0);
  });

  const refusals: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['--sokcet', 'x'], /unknown option '--sokcet' of 'explain'; did you mean '--socket'\?/],
    [['-s'], /'-s' expects a value/],
    [['a', 'b'], /expects one container, host or URL, and found 'b' behind 'a'/],
    [['-s', '/nowhere/cli', 'a'], /\/nowhere\/cli: there is no such socket/],
    [['-f', '/nowhere.cfg', 'a'], /nowhere\.cfg/],
    [[''], /is neither a container nor a host/],
  ];
  for (const [words, said] of refusals) {
    it(`ends with 2 for '${words.join(' ')}'`, async () => {
      const { code, output } = await run(...words);
      assert.match(output, said);
      assert.equal(code, 2);
    });
  }

  it('explains itself', async () => {
    const { code, output } = await run('--help');
    assert.match(output, /^fairlead explain: why is it routed, or not\?/);
    assert.equal(code, 0);
  });
});
