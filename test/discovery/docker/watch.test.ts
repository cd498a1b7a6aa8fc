/** The watcher of an engine that is a script: what it asks, and what it makes of engines that hang. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Container, ContainerState, Summary } from '../../../src/discovery/docker/container.ts';
import type { Engine, EventStream } from '../../../src/discovery/docker/engine.ts';
import { EngineError } from '../../../src/discovery/docker/engine-error.ts';
import type { EngineEvent } from '../../../src/discovery/docker/events.ts';
import { type EngineView, Watch, type WatchTimings } from '../../../src/discovery/docker/watch.ts';
import { Recorder } from '../../support/recorder.ts';
import { until } from '../../support/wait.ts';
import { container, localEngine } from './make.ts';
import { eager } from './rig.ts';

const never = <T>(signal: AbortSignal): Promise<T> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

const ended = () => 'its event stream ended';

class Script implements Engine {
  readonly label = 'the engine';
  readonly containers = new Map<string, Container>();
  /** Whose inspect never ends by itself. */
  readonly stuck = new Set<string>();
  /** What lists call the state of a container, where that is not what its inspect says. */
  readonly words = new Map<string, ContainerState>();
  lists = 0;
  connections = 0;
  alive = true;
  /** Inspections under way, and the most there have been. */
  busy = 0;
  busiest = 0;
  inspections = 0;
  /** Inspections, whose answers are made already, wait while this is pending. */
  gate: Promise<void> = Promise.resolve();
  /** Lists wait while this is pending. */
  listGate: Promise<void> = Promise.resolve();
  /** Ends the stream of events. */
  hangUp: () => void = () => {};
  private listener: (event: EngineEvent, missed?: number) => void = () => {};

  connect(): Promise<typeof localEngine> {
    this.connections++;
    return Promise.resolve(localEngine);
  }

  ping(): Promise<void> {
    return this.alive ? Promise.resolve() : Promise.reject(new EngineError('no answer to GET /_ping', undefined));
  }

  async list(): Promise<readonly Summary[]> {
    this.lists++;
    await this.listGate;
    return [...this.containers.values()].map(({ id, state }) => {
      const word = this.words.get(id) ?? state;
      return { id, state: word, fingerprint: word };
    });
  }

  async inspect(id: string, signal: AbortSignal): Promise<Container | undefined> {
    this.inspections++;
    this.busy++;
    this.busiest = Math.max(this.busiest, this.busy);
    try {
      if (this.stuck.has(id)) {
        await Promise.race([never(signal), new Promise((resolve) => setImmediate(resolve))]);
        throw new EngineError('no answer to GET /containers/{id}/json', undefined);
      }
      const answer = this.containers.get(id);
      await new Promise((resolve) => setImmediate(resolve));
      await this.gate;
      return answer;
    } finally {
      this.busy--;
    }
  }

  events(listener: (event: EngineEvent, missed?: number) => void, signal: AbortSignal): Promise<EventStream> {
    this.listener = listener;
    const cut = new Promise<void>((resolve) => (this.hangUp = resolve));
    return Promise.resolve({ ended: Promise.race([never<void>(signal), cut]).then(ended, ended) });
  }

  tell(action: string, id: string, signal?: string, missed?: number): void {
    this.listener({ action, container: id, signal }, missed);
  }

  add(...more: readonly Container[]): void {
    for (const one of more) this.containers.set(one.id, one);
  }
}

const abort: AbortController[] = [];
const running: Promise<void>[] = [];

afterEach(async () => {
  for (const each of abort.splice(0)) each.abort();
  await Promise.all(running.splice(0));
});

function watching(
  script: Script,
  timings: Partial<WatchTimings> = {},
): { readonly views: EngineView[]; readonly log: Recorder; readonly names: () => readonly string[] } {
  const views: EngineView[] = [];
  const log = new Recorder();
  const stop = new AbortController();
  abort.push(stop);
  running.push(new Watch(script, log, (view) => views.push(view), { ...eager, ping: 5, ...timings }).run(stop.signal));
  return { views, log, names: () => views.at(-1)?.containers.map((known) => known.container.name) ?? [] };
}

describe('a watcher', () => {
  it('inspects each of many containers once, few at a time', async () => {
    const script = new Script();
    script.add(...Array.from({ length: 300 }, (_, i) => container(`c${i}`)));
    const { names } = watching(script);
    await until('all are known', () => names().length === 300);
    assert.equal(script.inspections, 300);
    assert.equal(script.busiest, 8);
  });

  it('gives an engine up that does not answer a ping', async () => {
    const script = new Script();
    const { log } = watching(script);
    await until('it is connected', () => script.connections === 1);
    script.alive = false;
    await until('it was given up', () => log.matching(/no answer to GET \/_ping; trying again$/) > 0 && script.connections > 1);
  });

  it('does without a container that cannot be inspected as long as the engine answers', async () => {
    const script = new Script();
    const [good, bad] = [container('good'), container('bad')];
    script.add(good, bad);
    script.stuck.add(bad.id);
    const { log, names } = watching(script);
    await until('the other one is known', () => names().join() === 'good');
    assert.equal(log.matching(/cannot be inspected: no answer .*; it is not used/), 1);
    assert.equal(script.connections, 1);
    script.stuck.clear();
    await until('it is known, too', () => names().join() === 'good,bad');
  });

  it('gives the engine up when it answers neither that nor a ping', async () => {
    const script = new Script();
    const one = container('one');
    script.add(one);
    script.stuck.add(one.id);
    script.alive = false;
    const { log } = watching(script);
    await until('it was given up', () => script.connections > 2);
    assert.equal(log.matching(/cannot be inspected/), 0);
  });

  it('keeps who has left out of traffic until it is seen to run, however long that takes', async () => {
    const script = new Script();
    const one = container('one', { stopTimeout: 0 });
    script.add(one);
    const { views, names } = watching(script, { stopGrace: 1 });
    await until('it is known', () => names().join() === 'one');
    const leaving = () => views.at(-1)?.containers[0]?.leaving;
    script.stuck.add(one.id);
    script.tell('die', one.id);
    await until('it has left', () => leaving() === 'has exited');
    const before = script.inspections;
    await until('its time is over, and it was looked at in vain', () => script.inspections > before + 3);
    assert.equal(leaving(), 'has exited');
    script.stuck.clear();
    await until('it is back', () => leaving() === '');
  });

  it('keeps a restarted container out of traffic until its new run has been looked at', async () => {
    const script = new Script();
    const one = container('one', { stopTimeout: 3_600_000 });
    script.add(one);
    const { views, names } = watching(script);
    await until('it is known', () => names().join() === 'one');
    const before = views.length;
    let open: () => void = () => {};
    script.gate = new Promise((resolve) => (open = resolve));
    script.tell('kill', one.id, '15');
    script.tell('update', one.id); // an inspect of the old run, held up
    const anew: Container = { ...one, started: one.started + 1, health: 'starting' };
    script.tell('die', one.id);
    script.add(anew);
    script.tell('start', one.id);
    await until('it is told', () => views.length > before);
    open();
    await until('it is back', () => views.at(-1)?.containers[0]?.leaving === '');
    const told = views.slice(before).flatMap((view) => view.containers);
    assert.deepEqual(
      told.filter(({ leaving, container: { started } }) => leaving === '' && started !== anew.started),
      [],
    );
    assert.equal(told.at(-1)?.container.health, 'starting');
  });

  /** A container that is known, and a connection made anew whose list is not there before `open` is called. */
  async function reconnecting(script: Script, views: readonly EngineView[]): Promise<() => void> {
    await until('it is known', () => views.length > 0);
    let open: () => void = () => {};
    script.listGate = new Promise((resolve) => (open = resolve));
    script.hangUp();
    await until('it is connected again', () => script.connections === 2);
    await new Promise((resolve) => setImmediate(resolve));
    return open;
  }

  it('does not take a container out of traffic because of a restart that was over before it subscribed', async () => {
    const script = new Script();
    const one = container('one', { stopTimeout: 3_600_000 });
    script.add(one);
    const { views } = watching(script);
    const open = await reconnecting(script, views);
    const anew = { ...one, started: one.started + 1 };
    script.add(anew);
    script.tell('kill', one.id, '15', 300);
    script.tell('die', one.id, undefined, 200);
    script.tell('start', one.id, undefined, 100);
    await new Promise((resolve) => setTimeout(resolve));
    open();
    await until('its new run is known', () => views.at(-1)?.containers[0]?.container.started === anew.started);
    assert.deepEqual(new Set(views.flatMap((view) => view.containers.map(({ leaving }) => leaving))), new Set(['']));
  });

  for (const [what, missed, leaving] of [
    ['drains a container that was told to stop before it subscribed', 3000, 'is stopping (SIGTERM)'],
    ['does not mind a signal that a container has outlived', 13_000, ''],
  ] as const) {
    it(what, async () => {
      const script = new Script();
      const one = container('one', { stopTimeout: 10_000 });
      script.add(one);
      const { views, names } = watching(script);
      const open = await reconnecting(script, views);
      script.tell('kill', one.id, '15', missed);
      open();
      const two = container('two');
      script.add(two);
      script.tell('start', two.id);
      await until('what comes after it is known', () => names().join() === 'one,two');
      assert.equal(views.at(-1)?.containers[0]?.leaving, leaving);
      assert.equal(
        views.some((view) => view.containers.some((known) => known.leaving !== '')),
        leaving !== '',
      );
    });
  }

  it('does not take its stream for deaf when a container that does not run changes its state', async () => {
    const script = new Script();
    const one = container('one');
    script.add(one);
    const { views } = watching(script, { ping: 1, resync: 1 });
    await until('it is known', () => views.length > 0);
    script.add({ ...one, state: 'exited' });
    script.tell('die', one.id);
    await until('it has exited', () => views.at(-1)?.containers[0]?.container.state === 'exited');
    const listedTimes = (times: number, since = script.lists) => until('it was listed', () => script.lists >= since + times);
    await listedTimes(3);
    script.add({ ...one, state: 'dead' });
    await until('it is dead', () => views.at(-1)?.containers[0]?.container.state === 'dead');
    await listedTimes(5);
    assert.equal(script.connections, 1);
  });

  it('takes its stream for deaf once when lists and inspects do not agree', async () => {
    const script = new Script();
    const one = container('one');
    script.add(one);
    script.words.set(one.id, 'paused');
    watching(script, { ping: 1, resync: 1 });
    await until('it was listed often', () => script.lists > 10);
    assert.equal(script.connections, 2);
    script.tell('update', one.id);
    await until('that stream was not deaf, so it may be now', () => script.connections === 3);
  });

  it('says the same object of a container about which nothing has changed', async () => {
    const script = new Script();
    const [one, two] = [container('one'), container('two')];
    script.add(one, two);
    const { views, names } = watching(script);
    await until('both are known', () => names().length === 2);
    script.add({ ...one, labels: new Map(one.labels) }, { ...two, health: 'unhealthy' });
    const [before] = views.at(-1)?.containers ?? [];
    script.tell('update', one.id);
    script.tell('health_status', two.id);
    await until('the other one has changed', () => views.at(-1)?.containers[1]?.container.health === 'unhealthy');
    assert.equal(views.at(-1)?.containers[0], before);
  });

  it('is told of a flood in few views, and of who leaves at once', async () => {
    const script = new Script();
    const many = Array.from({ length: 100 }, (_, i) => container(`c${i}`, { stopTimeout: 3_600_000 }));
    script.add(...many);
    const { views, names } = watching(script);
    await until('all are known', () => names().length === 100);
    const before = { views: views.length, inspections: script.inspections };
    for (let i = 0; i < 5000; i++) script.tell('health_status', many[i % 100]?.id ?? '');
    const [first] = many;
    script.tell('kill', first?.id ?? '', '15');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(views.at(-1)?.containers[0]?.leaving, 'is stopping (SIGTERM)');
    await until('all were inspected', () => script.inspections - before.inspections >= 100 && script.busy === 0);
    assert.ok(script.inspections - before.inspections <= 200, `${script.inspections - before.inspections} inspections`);
    assert.ok(views.length - before.views <= 10, `${views.length - before.views} views`);
  });
});
