/** Generations of a service under load: whoever has been answered by a newer one is never answered by an older one again. */

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { until } from '../support/wait.ts';
import { type Facts, type Fleet, withFleet } from './fleet.ts';

const WWW = 'frontend www\n bind 127.0.0.1:0\n docker-routes\n';

/** A container of generation `a`, `b`, ...: the later, the newer. */
function of(generation: string, more: Facts = {}): Facts {
  const labels = { host: 'a.test', service: 'a', rollout: 'config', ':com.docker.compose.config-hash': generation };
  return { created: generation.charCodeAt(0), ...more, labels: { ...labels, ...more.labels } };
}

interface Answered {
  /** Milliseconds. */
  readonly begun: number;
  readonly ended: number;
  readonly status: number;
  readonly body: string;
}

/** Sixteen clients that ask one request after the other. */
class Load {
  readonly answers: Answered[] = [];
  private readonly fleet: Fleet;
  private readonly loops: Promise<void>[];
  private stopped = false;

  constructor(fleet: Fleet, clients = 16) {
    this.fleet = fleet;
    this.loops = Array.from({ length: clients }, () => this.loop());
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      const begun = performance.now();
      const { status, body } = await ask(this.fleet.balancer.port('www'), { headers: { host: 'a.test' } });
      this.answers.push({ begun, ended: performance.now(), status, body });
    }
  }

  /** So many more answers, by a server whose name begins so. */
  more(count: number, generation = ''): Promise<true> {
    const from = this.answers.length;
    const enough = () => this.answers.slice(from).filter(({ body }) => body.startsWith(generation)).length >= count;
    return until(`${count} more answers of ${generation || 'any'}`, enough);
  }

  async end(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
  }
}

/** None failed; and each generation in `order` begins for good where the one before it ends. */
function assertUnmixed(answers: readonly Answered[], order: readonly string[]): void {
  assert.deepEqual(
    answers.filter(({ status }) => status !== 200),
    [],
  );
  const rank = ({ body }: Answered): number => order.indexOf(body.charAt(0));
  const ends = [...answers].sort((one, other) => one.ended - other.ended);
  let seen = 0;
  let newest = 0;
  for (const answer of [...answers].sort((one, other) => one.begun - other.begun)) {
    for (; seen < ends.length && (ends[seen] as Answered).ended < answer.begun; seen++)
      newest = Math.max(newest, rank(ends[seen] as Answered));
    assert.ok(rank(answer) >= newest, `${answer.body} was asked after ${order[newest]} had answered`);
  }
  assert.ok(
    answers.some((answer) => rank(answer) === order.length - 1),
    'it has come to the last one',
  );
}

/** Answers after some turns of the loop, so that a change always meets requests under way. */
function slow(name: string, healthy: () => boolean = () => true) {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/health') {
      response.statusCode = healthy() ? 200 : 503;
      response.end();
    } else setTimeout(() => response.end(name), name.endsWith('1') ? 3 : 0);
  };
}

function statuses(fleet: Fleet, ...names: readonly string[]): readonly string[] {
  return names.map((name) => fleet.balancer.server('a', fleet.serverName(name)).statusText());
}

describe('a rollout under load', () => {
  it('goes from generation to generation without a failed request or a mixed answer', async () => {
    await withFleet(WWW, async (fleet) => {
      for (const name of ['a1', 'a2']) await fleet.run(name, of('a'), slow(name));
      const load = new Load(fleet);
      await load.more(50);

      // One that Docker has not found healthy yet waits.
      await fleet.run('b1', of('b', { health: 'starting' }), slow('b1'));
      await load.more(50, 'a');
      fleet.change('b1', { health: 'healthy' });
      assert.deepEqual(statuses(fleet, 'a1', 'a2', 'b1'), ['DRAIN', 'DRAIN', 'no check']);
      await load.more(50, 'b');
      await fleet.run('b2', of('b'), slow('b2'));
      fleet.leave('a1');
      fleet.leave('a2');
      await load.more(50, 'b2');
      await fleet.remove('a1');
      await fleet.remove('a2');

      // One that our own check has not found well yet waits.
      let healthy = false;
      const check = {
        labels: { check: '/health', 'check.interval': '200ms', 'check.timeout': '10s', 'check.rise': '1', 'check.fall': '9' },
      };
      await fleet.run(
        'c1',
        of('c', check),
        slow('c1', () => healthy),
      );
      await until('it was found sick', () => statuses(fleet, 'c1')[0] === 'DOWN');
      await load.more(50, 'b');
      healthy = true;
      await load.more(50, 'c');
      await fleet.remove('b1');
      await fleet.remove('b2');
      await load.more(50, 'c');
      await load.end();
      assertUnmixed(load.answers, ['a', 'b', 'c']);
    });
  });

  it('gives the traffic back to an older generation when the newest is sick altogether, and takes it again', async () => {
    await withFleet(WWW, async (fleet) => {
      for (const name of ['a1', 'a2']) await fleet.run(name, of('a'), slow(name));
      for (const name of ['b1', 'b2']) await fleet.run(name, of('b'), slow(name));
      const load = new Load(fleet);
      await load.more(50, 'b');
      fleet.change('b1', { health: 'unhealthy' });
      await load.more(50, 'b2');
      fleet.change('b2', { health: 'unhealthy' });
      await load.more(50, 'a');
      const there = load.answers.length;
      fleet.change('b1', { health: 'healthy' });
      await load.more(50, 'b');
      await load.end();
      assertUnmixed(load.answers.slice(0, there), ['b', 'a']);
      assertUnmixed(load.answers.slice(there), ['a', 'b']);
    });
  });

  it('many times in a row, forward and back', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('a1', of('a'), slow('a1'));
      await fleet.run('b1', of('b'), slow('b1'));
      const load = new Load(fleet);
      await load.more(20, 'b');
      for (let round = 0; round < 10; round++) {
        const back = load.answers.length;
        fleet.change('b1', { health: 'unhealthy' });
        await load.more(10, 'a');
        const forth = load.answers.length;
        assertUnmixed(load.answers.slice(back, forth), ['b', 'a']);
        fleet.change('b1', { health: 'healthy' });
        await load.more(10, 'b');
        assertUnmixed(load.answers.slice(forth), ['a', 'b']);
      }
      await load.end();
    });
  });
});

async function body(fleet: Fleet, cookie = ''): Promise<string> {
  return (await ask(fleet.balancer.port('www'), { headers: { host: 'a.test', ...(cookie === '' ? {} : { cookie }) } })).body;
}

describe('a rollout', () => {
  it('takes clients with it that a cookie binds to the older generation', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('a1', of('a', { labels: { sticky: 'cookie' } }));
      const cookie = `SERVERID=${fleet.serverName('a1')}`;
      assert.equal(await body(fleet, cookie), 'a1');
      await fleet.run('b1', of('b', { labels: { sticky: 'cookie' } }));
      assert.equal(await body(fleet, cookie), 'b1');
      fleet.change('b1', { health: 'unhealthy' });
      assert.equal(await body(fleet, cookie), 'a1');
    });
  });

  it('counts containers that were there before anybody said so', async () => {
    await withFleet(WWW, async (fleet) => {
      const { labels: { rollout: _, ...labels } = {}, ...rest } = of('a') as Facts & { labels: Record<string, string> };
      await fleet.run('a1', { ...rest, labels });
      await fleet.run('b1', of('b'));
      for (let i = 0; i < 4; i++) assert.equal(await body(fleet), 'b1');
    });
  });

  it('goes by the image where the label says so', async () => {
    await withFleet(WWW, async (fleet) => {
      const image = (generation: string, created: number): Facts => ({
        ...of('same', { labels: { rollout: 'image' } }),
        imageId: `sha256:${generation}`,
        created,
      });
      await fleet.run('a1', image('a', 1));
      await fleet.run('a2', image('a', 2));
      assert.deepEqual(new Set([await body(fleet), await body(fleet)]), new Set(['a1', 'a2']));
      await fleet.run('b1', image('b', 3));
      for (let i = 0; i < 4; i++) assert.equal(await body(fleet), 'b1');
    });
  });

  it('may be wanted by the line, and not by a container', async () => {
    await withFleet('frontend www\n bind 127.0.0.1:0\n docker-routes rollout=config\n', async (fleet) => {
      const { labels: { rollout: _, ...labels } = {}, ...rest } = of('a') as Facts & { labels: Record<string, string> };
      await fleet.run('a1', { ...rest, labels });
      await fleet.run('b1', { ...of('b'), labels: { ...labels, ':com.docker.compose.config-hash': 'b' } });
      for (let i = 0; i < 4; i++) assert.equal(await body(fleet), 'b1');
      fleet.change('a1', { labels: { ...labels, rollout: 'off' } });
      assert.deepEqual(new Set([await body(fleet), await body(fleet)]), new Set(['a1', 'b1']));
    });
  });

  it('is for docker-servers, too', async () => {
    const app =
      'frontend www\n bind 127.0.0.1:0\n default_backend app\nbackend app\n docker-servers image=eviking/mydockerapp rollout=image\n';
    await withFleet(app, async (fleet) => {
      await fleet.run('a1', { imageId: 'sha256:a', created: 1 });
      await fleet.run('b1', { imageId: 'sha256:b', created: 2 });
      for (let i = 0; i < 4; i++) assert.equal(await body(fleet), 'b1');
      assert.equal(fleet.balancer.server('app', fleet.serverName('a1')).statusText(), 'DRAIN');
    });
  });
});
