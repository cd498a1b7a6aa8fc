/**
 * A Swarm of two nodes, on engines of its own: Fairlead in a container on an overlay network, services that say by their labels
 * which hosts they serve, and updates, scaling, draining and removal under load. As long as a task is there no GET is lost.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ask } from '../support/client.ts';
import { type ClosedLoop, failures, inClosedLoop, tell } from '../support/closed-loop.ts';
import { appImage, docker } from '../support/docker.ts';
import { Fairlead } from '../support/fairlead.ts';
import { OwnEngine, whyNoSwarm } from '../support/own-engine.ts';
import { program, root } from '../support/paths.ts';
import { readStats, serverNames } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const name = 'www.example.test';
/** No registry has it, so that every task runs the one that is here. */
const image = 'fairlead-test/task:local';
const overlay = 'fairlead-front';

const config = `
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 20s
    balance leastconn
frontend www
    bind *:8080
    stats enable
    stats uri /admin?stats
    docker-routes
`;

const outside = (endpoint: string) => `
docker
    endpoint ${endpoint}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 20s
frontend www
    bind 127.0.0.1:0
    stats enable
    stats uri /admin?stats
    docker-routes
`;

const skip = whyNoSwarm();
const [manager, worker] = ['10.213.250.1', '10.213.250.2'] as const;

describe('the services of a Swarm', { timeout: 170_000, ...(skip === undefined ? {} : { skip }) }, () => {
  let engine: OwnEngine;
  let second: OwnEngine;
  /** Id of its node. */
  let secondNode: string;
  let folder: string;
  let balancer: string;

  const swarm = (...args: readonly string[]): Promise<string> => engine.docker(...args);
  const service = (verb: 'create' | 'update', ...args: readonly string[]): Promise<string> =>
    swarm('service', verb, '--detach', '--no-resolve-image', ...args);
  /** Short ids of the containers of the tasks that run. */
  const tasks = async (of: string, at: readonly OwnEngine[] = [engine, second]): Promise<string[]> => {
    const words = ['ps', '--no-trunc', '--filter', `label=com.docker.swarm.service.name=${of}`, '--format', '{{ .ID }}'];
    const running = (await Promise.all(at.map((one) => one.docker(...words)))).join('\n').split('\n');
    return running
      .filter((id) => id !== '')
      .map((id) => id.slice(0, 12))
      .sort();
  };
  const wanted = async (of: string): Promise<string[]> => {
    const listed = await swarm('service', 'ps', of, '--filter', 'desired-state=running', '--format', '{{ .ID }} {{ .CurrentState }}');
    return listed.split('\n').filter((line) => / Running/.test(line));
  };
  const servers = async (of = 'web'): Promise<string[]> =>
    serverNames(await readStats(8080, { host: balancer, uri: '/admin?stats' }), of).sort();
  const status = async (host = name): Promise<number> => (await ask(8080, { host: balancer, headers: { host } })).status;
  const logs = () => swarm('logs', 'lb');
  const explained = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch(async (error: unknown) => {
      throw new Error(`${(error as Error).message}; the balancer wrote:\n${await logs()}`, { cause: error });
    });
  /** Swarm has `count` tasks at work, and they are the servers. */
  const settles = (count: number): Promise<string[]> =>
    explained(
      until(
        `${count} tasks are the servers`,
        async () => {
          if ((await wanted('web')).length !== count) return undefined;
          const [ids, names] = [await tasks('web'), await servers()];
          return ids.length === count && ids.join() === names.join() ? ids : undefined;
        },
        40_000,
      ),
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-swarm-'));
    writeFileSync(join(folder, 'haproxy.cfg'), config, { mode: 0o644 });
    engine = new OwnEngine();
    second = new OwnEngine(1);
    await Promise.all([engine.start(), second.start()]);
    engine.connect(second, [manager, worker]);
    docker('tag', appImage, image);
    const taken = Promise.all([engine, second].map((one) => one.take(image)));
    await swarm('swarm', 'init', '--advertise-addr', manager);
    const token = await swarm('swarm', 'join-token', '--quiet', 'worker');
    await second.docker('swarm', 'join', '--token', token, '--advertise-addr', worker, `${manager}:2377`);
    secondNode = await second.docker('info', '--format', '{{ .Swarm.NodeID }}');
    await swarm('network', 'create', '--driver', 'overlay', '--attachable', overlay);
    const socket = ['--volume', `${engine.host.slice('unix://'.length)}:/var/run/docker.sock`];
    await taken;
    const mounts = ['--volume', `${root}:${root}:ro`, '--volume', `${folder}:/etc/haproxy:ro`, ...socket];
    const start = `exec node ${program} -f /etc/haproxy/haproxy.cfg 2>&1`;
    const place = ['--network', overlay, '--publish', '8080:8080', '--entrypoint', 'sh'];
    await swarm('run', '--detach', '--name', 'lb', ...mounts, ...place, image, '-c', start);
    balancer = new URL(engine.endpoint).hostname;
    await explained(until('the balancer answers', async () => (await status()) > 0));
  });

  after(async () => {
    await Promise.all([second?.stop(), engine?.stop()]);
    rmSync(folder, { recursive: true, force: true });
    docker('rmi', image);
  });

  /** Runs `work` under load; no GET fails in any of its phases, which are told. */
  const underLoad = async (t: TestContext, work: (loop: ClosedLoop) => Promise<void>): Promise<void> => {
    const phases = await inClosedLoop({ host: balancer, port: 8080, connections: 32, name }, work);
    for (const line of tell(phases).split('\n')) t.diagnostic(line);
    for (const { name: phase, GET } of phases) assert.equal(failures(GET), 0, `${phase}\n${tell(phases)}\n${await logs()}`);
  };

  it('say by their labels which hosts they serve, and each task is a server at its own address', async () => {
    assert.equal(await status(), 404);
    const health = ['--health-cmd', 'wget -q -O /dev/null http://127.0.0.1:8089/', '--health-interval', '300ms', '--health-retries', '20'];
    const labels = ['--label', `fairlead.host=${name}`];
    await service('create', '--name', 'web', '--replicas', '2', '--network', overlay, ...health, ...labels, image);
    const ids = await settles(2);
    const seen = new Set<string>();
    for (let request = 0; request < 12; request++) {
      const answer = await ask(8080, { host: balancer, path: '/slow', headers: { host: name } });
      assert.equal(answer.status, 200);
      seen.add(JSON.parse(answer.body).hostname);
    }
    for (const id of seen) assert.ok(ids.includes(id), `${id} is none of ${ids}`);
  });

  it('are updated under load without a failed GET, the new task first or the old one', async (t) => {
    await underLoad(t, async ({ phase, more }) => {
      for (const order of ['start-first', 'stop-first']) {
        await phase(order);
        const before = await settles(2);
        const words = ['--update-order', order, '--update-parallelism', '1', '--update-delay', '0s', '--update-monitor', '0s'];
        await service('update', ...words, '--env-add', `ORDER=${order}`, 'web');
        const replaced = async () => (await tasks('web')).every((id) => !before.includes(id));
        await explained(until('every task is another one', replaced, 60_000));
        await settles(2);
        await more(50);
      }
    });
  });

  it('are scaled, and leave a node that is drained, under load without a failed GET', async (t) => {
    await underLoad(t, async ({ phase, more }) => {
      await phase('to 4');
      await service('update', '--replicas', '4', 'web');
      await settles(4);
      assert.notEqual((await tasks('web', [second])).length, 0, 'some run on the other node');
      await more(50);
      await phase('drained');
      await swarm('node', 'update', '--availability', 'drain', secondNode);
      await explained(until('the other node has none', async () => (await tasks('web', [second])).length === 0, 30_000));
      await settles(4);
      await more(50);
      await phase('to 1');
      await service('update', '--replicas', '1', 'web');
      await settles(1);
      await more(50);
    });
  });

  it('answer 503 without a task, and for a while when they have been removed', async () => {
    await service('update', '--replicas', '0', 'web');
    await explained(until('there is no server', async () => (await status()) === 503, 30_000));
    await settles(0);
    assert.equal(await status(), 503);
    await swarm('service', 'rm', 'web');
    await explained(until('the engine has no such container', async () => (await tasks('web')).length === 0, 30_000));
    assert.equal(await status(), 503);
    assert.equal(await status('never.example.test'), 404);
  });

  it('are reached from outside of their networks at the ports that their nodes publish', async () => {
    const fairlead = await Fairlead.start(outside(engine.endpoint));
    try {
      const rows = () => readStats(fairlead.port('www'), { uri: '/admin?stats' });
      const get = () => ask(fairlead.port('www'), { headers: { host: 'all.example.test' } });
      const publish = ['--publish', 'mode=host,target=8089', '--mode', 'global', '--endpoint-mode', 'dnsrr'];
      await service('create', '--name', 'all', '--network', overlay, ...publish, '--label', 'fairlead.host=all.example.test', image);
      await until('its task answers', async () => (await get()).status === 200, 30_000).catch((error: unknown) => {
        throw new Error(`the balancer wrote:\n${fairlead.output}`, { cause: error });
      });
      assert.deepEqual(serverNames(await rows(), 'all'), await tasks('all', [engine]));
    } finally {
      await fairlead.stop();
    }
  });
});
