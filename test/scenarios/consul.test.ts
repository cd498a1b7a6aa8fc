/**
 * The stacks of the users who have registrator and Consul, with Fairlead where haproxy and consul-template, or nginx, stood: each
 * story as its own documents tell it, against the program `consul` where the PATH has it, else against an imitation that
 * answers in the shapes that its API documents.
 */

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { FakeConsul, type Registration } from '../discovery/consul/fake-consul.ts';
import { hasConsul, RealConsul } from '../discovery/consul/real-consul.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { readStats, rowOf, servers } from '../support/stats.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

/** What registrator and Consul's checks do. */
interface Catalogue {
  readonly endpoint: string;
  register(service: string, registration: Registration): unknown;
  deregister(id: string, node?: string): unknown;
  status(id: string, status: string, output?: string, node?: string): unknown;
  close(): Promise<void>;
}

const real = hasConsul();

async function startCatalogue(test: TestContext): Promise<Catalogue> {
  test.diagnostic(
    real
      ? 'against consul agent -dev'
      : "against an imitation that answers in the documented shapes of Consul's HTTP API: there is no consul on the PATH",
  );
  if (real) return await RealConsul.start();
  const fake = new FakeConsul();
  await fake.listen();
  return fake;
}

const DEFAULTS = `
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    option redispatch
`;

interface Stage {
  readonly consul: Catalogue;
  readonly fairlead: Fairlead;
  /** A container; what it answers is its name. */
  container(name: string): Promise<Upstream>;
}

async function onStage(test: TestContext, config: string, story: (stage: Stage) => Promise<void>): Promise<void> {
  const consul = await startCatalogue(test);
  const upstreams: Upstream[] = [];
  const fairlead = await Fairlead.start(config.replace('%CONSUL%', consul.endpoint));
  const container = async (name: string) => {
    const upstream = await startUpstream(name);
    upstreams.push(upstream);
    return upstream;
  };
  try {
    await story({ consul, fairlead, container });
  } finally {
    await fairlead.stop();
    for (const upstream of upstreams) await upstream.stop();
    await consul.close();
  }
}

/** As registrator registers a container of a host: host:name:port. */
function registered(
  node: string,
  name: string,
  { port }: Upstream,
  tags: readonly string[] = [],
): Required<Pick<Registration, 'id'>> & Registration {
  return { node, id: `${node}:${name}:80`, address: '127.0.0.1', port, tags };
}

/** Who answers `count` requests. */
async function answers(port: number, host: string, count = 6): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { status, body } = await ask(port, { headers: { host } });
    seen.add(status === 200 ? body : String(status));
  }
  return [...seen].sort();
}

async function answer(port: number, host: string, ...expected: string[]): Promise<void> {
  await until(`${host} is answered by ${expected}`, async () => (await answers(port, host)).join() === expected.join()).catch(
    async (error: unknown) => {
      throw new Error(`it is answered by ${await answers(port, host)}`, { cause: error });
    },
  );
}

describe('Fairlead in the place of haproxy-consul', () => {
  const config = `${DEFAULTS}
consul
    endpoint %CONSUL%
frontend www
    bind 127.0.0.1:0
    consul-routes domain=127.0.0.1.nip.io check inter 100ms
frontend stats
    bind 127.0.0.1:0
    stats enable
    stats uri /
`;

  it('serves the demo: www_hello, scaled to three, one made sick and replaced, then hello2 with its alias', async (test) => {
    await onStage(test, config, async ({ consul, fairlead, container }) => {
      const port = fairlead.port('www');
      const statistics = () => readStats(fairlead.port('stats'), { uri: '/' });
      const hello = 'www.hello.127.0.0.1.nip.io';
      assert.deepEqual(await answers(port, hello), ['404']);

      await consul.register('www_hello', registered('demo', 'hello_web_1', await container('web_1')));
      await answer(port, hello, 'web_1');
      // Others reach it by its short name.
      await answer(port, 'www.hello', 'web_1');

      await consul.register('www_hello', registered('demo', 'hello_web_2', await container('web_2')));
      await consul.register('www_hello', registered('demo', 'hello_web_3', await container('web_3')));
      await answer(port, hello, 'web_1', 'web_2', 'web_3');

      const output = 'HTTP GET http://172.17.0.4:80/: 502 Bad Gateway';
      await consul.status('demo:hello_web_2:80', 'critical', output, 'demo');
      await answer(port, hello, 'web_1', 'web_3');
      const sick = rowOf(await statistics(), 'www_hello', 'demo:hello_web_2:80');
      assert.match(sick.status ?? '', /^(DOWN|MAINT)/);

      await consul.deregister('demo:hello_web_2:80', 'demo');
      await consul.register('www_hello', registered('demo', 'hello_web_4', await container('web_4')));
      await answer(port, hello, 'web_1', 'web_3', 'web_4');
      await until('the sick one has left', async () => servers(await statistics(), 'www_hello').length === 3);

      const web2 = await container('web2');
      await consul.register('www_world.dev', registered('demo', 'hello2_web2_1', web2, ['server_alias=hello.home']));
      await answer(port, 'www.world.dev.127.0.0.1.nip.io', 'web2');
      await answer(port, 'hello.home', 'web2');
      await answer(port, hello, 'web_1', 'web_3', 'web_4');
    });
  });

  it('answers 503, not 404, for a service whose instances are all sick, and again when one is well', async (test) => {
    await onStage(test, config, async ({ consul, fairlead, container }) => {
      const port = fairlead.port('www');
      await consul.register('www_hello', registered('demo', 'hello_web_1', await container('web_1')));
      await answer(port, 'www.hello', 'web_1');
      await consul.status('demo:hello_web_1:80', 'critical', 'timeout', 'demo');
      await answer(port, 'www.hello', '503');
      await consul.status('demo:hello_web_1:80', 'passing', '', 'demo');
      await answer(port, 'www.hello', 'web_1');
    });
  });
});

describe('Fairlead in the place of the nginx of consul-template', () => {
  const config = `${DEFAULTS}
consul
    endpoint %CONSUL%
listen loadbalancer
    bind 127.0.0.1:0
    balance roundrobin
    consul-servers service=simple
`;

  it('balances what two hosts register, and lets go what they take away', async (test) => {
    await onStage(test, config, async ({ consul, fairlead, container }) => {
      const port = fairlead.port('loadbalancer');
      assert.deepEqual(await answers(port, '192.168.50.103'), ['503']);
      await consul.register('simple', registered('host-1', 'nanoservice', await container('host-1')));
      await answer(port, '192.168.50.103', 'host-1');
      await consul.register('simple', registered('host-2', 'nanoservice', await container('host-2')));
      await answer(port, '192.168.50.103', 'host-1', 'host-2');
      const turns = [];
      for (let i = 0; i < 4; i++) turns.push((await ask(port, {})).body);
      assert.ok(turns[0] === turns[2] && turns[1] === turns[3] && turns[0] !== turns[1], turns.join());
      await consul.deregister('host-1:nanoservice:80', 'host-1');
      await answer(port, '192.168.50.103', 'host-2');
    });
  });

  it('begins new sections with their servers after a reload', async (test) => {
    await onStage(test, config, async ({ consul, fairlead, container }) => {
      await consul.register('simple', registered('host-1', 'nanoservice', await container('host-1')));
      await consul.register('other', registered('host-1', 'other', await container('other')));
      await answer(fairlead.port('loadbalancer'), 'a', 'host-1');
      const more =
        'listen second\n bind 127.0.0.1:0\n consul-servers service=other\nfrontend third\n bind 127.0.0.1:0\n consul-routes domain=a.test\n';
      fairlead.rewrite(config.replace('%CONSUL%', consul.endpoint) + more);
      fairlead.signal('SIGUSR2');
      await fairlead.said(/listening on \S+ \(frontend third\)/);
      assert.deepEqual(await answers(fairlead.port('second'), 'a'), ['other']);
      assert.deepEqual(await answers(fairlead.port('third'), 'simple.a.test'), ['host-1']);
    });
  });
});
