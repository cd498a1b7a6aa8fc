/** Any sequence of what can happen to a backend, against a model that is nothing but a set of holders and a list of those who wait. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { type Assignment, NO_KEY, OpState } from '../../src/backend/types.ts';
import type { BalanceAlgorithm } from '../../src/config/model.ts';
import { CHECK, Client, makeBackend, serverConfig, verdict } from './support.ts';

type Step =
  | { readonly kind: 'assign'; readonly key: number; readonly avoid: number; readonly failsAtOnce: boolean }
  | { readonly kind: 'claim'; readonly server: number; readonly forced: boolean; readonly failsAtOnce: boolean }
  | { readonly kind: 'release' | 'cancel'; readonly which: number }
  | { readonly kind: 'weight' | 'maxconn'; readonly server: number; readonly value: number }
  | { readonly kind: 'admin'; readonly server: number; readonly state: 'ready' | 'drain' | 'maint' }
  | { readonly kind: 'check'; readonly server: number; readonly passed: boolean }
  | { readonly kind: 'add'; readonly maxconn: number; readonly backup: boolean }
  | { readonly kind: 'remove'; readonly server: number }
  | { readonly kind: 'source'; readonly server: number; readonly state: 'ready' | 'drain' | 'down' };

const server = fc.nat(4);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('assign' as const),
      key: fc.oneof(fc.nat(20), fc.constant(NO_KEY)),
      avoid: fc.integer({ min: -2, max: 4 }),
      failsAtOnce: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('claim' as const), server, forced: fc.boolean(), failsAtOnce: fc.boolean() }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('weight' as const), server, value: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('maxconn' as const), server, value: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('admin' as const),
      server,
      state: fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('check' as const), server, passed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), maxconn: fc.nat(2), backup: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), server }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('source' as const),
      server,
      state: fc.constantFrom('ready' as const, 'drain' as const, 'down' as const),
    }),
  },
);

/** What is known of one who waits: for which server, or any; and what the queue it stands in had served when it came. */
interface Wait {
  readonly client: Client;
  readonly key: number;
  readonly forced: boolean;
  /** `asks`: its server has gone, and it is about to be told. */
  place: Server | 'any' | 'asks';
  since: number;
}

interface Options {
  readonly algorithm: BalanceAlgorithm;
  readonly redispatch: boolean;
  readonly persist: boolean;
}

class World {
  readonly backend: Backend;
  private readonly options: Options;
  private readonly holders: Client[] = [];
  /** In order of arrival in the queues. */
  private waiting: Wait[] = [];
  /** Waiters that fail as soon as they get a slot. */
  private readonly hasty = new Set<Client>();
  private insideAssign = false;
  /** How many have had a slot from each queue. */
  private readonly served = new Map<Server | 'any', number>();
  /** The figures for the log, by client. */
  private readonly passed = new Map<Client, { server: number; backend: number }>();

  constructor(options: Options) {
    const { algorithm, redispatch, persist } = options;
    // A draw among servers whose limits move may meet a full one, and then waits beside one that is not.
    const minconn = algorithm === 'random' ? 0 : 1;
    const { backend } = makeBackend(
      [
        serverConfig('a', { maxconn: 1, check: CHECK }),
        serverConfig('b', { maxconn: 2, weight: 2, check: CHECK }),
        serverConfig('m', { maxconn: 3, minconn }),
        serverConfig('x', { maxconn: 1, backup: true }),
      ],
      { balance: { ...makeBackend([]).backend.config.balance, algorithm }, fullconn: 6, redispatch: redispatch ? -1 : undefined, persist },
    );
    this.backend = backend;
    this.options = options;
  }

  async run(step: Step): Promise<void> {
    const before = new Map(this.backend.servers.map((one) => [one, stateOf(one)]));
    this.backend.scur = this.holders.length + this.waiting.length;
    this.act(step);
    this.check();
    for (const [one, was] of before) if (left(was, stateOf(one))) assert.equal(one.queue.length, this.staying(one), 'who stays with it');
    // Those who have to ask again do so now, and may be told something else at once.
    await Promise.resolve();
    this.check();
    assert.ok(this.waiting.every(({ place }) => place !== 'asks'));
  }

  private staying(one: Server): number {
    return this.waiting.filter(({ place }) => place === one).length;
  }

  private act(step: Step): void {
    switch (step.kind) {
      case 'assign':
        this.ask(step.key, undefined, false, step.failsAtOnce, this.backend.servers[step.avoid]);
        return;
      case 'claim': {
        const target = this.backend.servers[step.server];
        if (target !== undefined && !target.removed) this.ask(NO_KEY, target, step.forced, step.failsAtOnce, undefined);
        return;
      }
      case 'release': {
        const [holder] = this.holders.splice(step.which % (this.holders.length || 1), 1);
        if (holder !== undefined) this.release(holder.server as Server);
        return;
      }
      case 'cancel': {
        const [wait] = this.waiting.splice(step.which % (this.waiting.length || 1), 1);
        if (wait === undefined) return;
        this.backend.cancel(wait.client);
        this.leaves(wait);
        return;
      }
      case 'add':
        this.backend.addServer(serverConfig(`n${this.backend.servers.length}`, { maxconn: step.maxconn, backup: step.backup }), 0);
        this.backend.refresh(0);
        return;
      default: {
        const target = this.backend.servers[step.server];
        if (target !== undefined) this.changeAndTell(target, step);
      }
    }
  }

  private changeAndTell(target: Server, step: Exclude<Step, { readonly kind: 'assign' | 'claim' | 'release' | 'cancel' | 'add' }>): void {
    const was = stateOf(target);
    // Slots are given out inside: who waits for it then has been taken out before, if at all.
    const asking = this.waiting.filter((wait) => wait.place === target && this.mayLeave(wait, target, step.kind === 'remove'));
    this.change(target, step);
    if (!left(was, stateOf(target))) return;
    for (const wait of asking) if (this.waiting.includes(wait)) this.asksAgain(wait);
  }

  private mayLeave({ forced }: Wait, target: Server, removing: boolean): boolean {
    if (removing || target.removed) return true;
    return this.options.redispatch && !this.options.persist && !forced;
  }

  private asksAgain(wait: Wait): void {
    this.leaves(wait);
    wait.place = 'asks';
  }

  private change(target: Server, step: Step): void {
    if (step.kind === 'weight') target.setWeight(step.value, 0);
    else if (step.kind === 'maxconn') target.setMaxconn(step.value, 0);
    else if (step.kind === 'admin') target.setAdmin(step.state, 0);
    else if (step.kind === 'source') target.update(target.config, step.state, step.state, 0);
    else if (step.kind === 'check' && target.config.check !== undefined) target.setVerdict(verdict(step.passed ? 'L4OK' : 'L4CON'), 0);
    else if (step.kind === 'remove') target.remove('');
    this.backend.refresh(0);
  }

  private ask(key: number, bound: Server | undefined, forced: boolean, failsAtOnce: boolean, avoid: Server | undefined): void {
    const client: Client = new Client('', () => this.told(client));
    if (failsAtOnce) this.hasty.add(client);
    this.passed.set(client, { server: 0, backend: 0 });
    this.backend.scur++;
    // A slot that a growing limit has made is for those who wait for that server.
    const electedBefore = this.backend.servers.filter((other) => other.elected && !other.saturated && other.queue.length === 0);
    this.insideAssign = true;
    const answer = bound === undefined ? this.backend.assign(client, key, avoid) : this.backend.claim(client, bound, forced);
    this.insideAssign = false;
    const others = electedBefore.filter((other) => other !== avoid);
    if (bound === undefined && answer === avoid && !this.backend.bound) assert.equal(others.length, 0, 'avoided while there is another');
    this.answered(client, key, forced, bound, answer);
  }

  private answered(client: Client, key: number, forced: boolean, bound: Server | undefined, answer: Assignment): void {
    if (answer === 'queued') {
      const place = client.awaited ?? 'any';
      if (bound !== undefined) assert.equal(place, bound);
      this.waiting.push({ client, key, forced, place, since: this.served.get(place) ?? 0 });
    } else if (answer === 'no-server') {
      assert.equal(this.backend.servers.filter((other) => other.elected).length, 0);
      assert.equal(client.awaited, undefined);
    } else {
      assert.notEqual(answer, 'full');
      client.server = answer as Server;
      this.within(client.server, bound !== undefined);
      this.holders.push(client);
    }
  }

  private told(client: Client): void {
    assert.equal(this.insideAssign, false, 'called from inside assign');
    const wait = this.waiting.find((one) => one.client === client) ?? assert.fail('told, but it does not wait');
    if (client.server === undefined) {
      assert.equal(wait.place, 'asks');
      this.waiting = this.waiting.filter((one) => one !== wait);
      this.answered(client, wait.key, false, undefined, this.backend.assign(client, wait.key, client.redistributed));
      return;
    }
    const lender = client.server;
    const mine = this.waiting.filter(({ place }) => place === lender || (place === 'any' && lender.elected));
    assert.equal(wait, mine[0], 'somebody has waited longer');
    this.waiting = this.waiting.filter((one) => one !== wait);
    this.leaves(wait);
    const place = wait.place as Server | 'any';
    this.served.set(place, (this.served.get(place) ?? 0) + 1);
    this.within(lender, place === lender);
    if (this.hasty.has(client)) this.release(lender);
    else this.holders.push(client);
  }

  /** It stands in no queue any more: its figures are those of the model. */
  private leaves({ client, place, since }: Wait): void {
    const figures = this.passed.get(client) ?? assert.fail();
    if (place !== 'asks') figures[place === 'any' ? 'backend' : 'server'] += (this.served.get(place) ?? 0) - since + 1;
    assert.deepEqual([client.serverQueue, client.backendQueue], [figures.server, figures.backend]);
  }

  private release(lender: Server): void {
    this.backend.scur--;
    this.backend.release(lender);
  }

  /** A slot was just lent, within the limit: of a usable server, but for those who are bound to it. */
  private within(lender: Server, bound: boolean): void {
    assert.ok(bound || (lender.usable && lender.elected));
    assert.ok(lender.maxconn === 0 || lender.scur <= Math.max(lender.maxconn, lender.config.minconn), 'above maxconn');
  }

  private check(): void {
    const { backend, waiting } = this;
    for (const one of backend.servers) {
      assert.equal(one.scur, this.holders.filter(({ server: lender }) => lender === one).length);
      assert.equal(one.queue.length, this.staying(one));
      // A limit that moves gives out what it has made with the next slot.
      if (one.config.minconn > 0 || full(one)) continue;
      assert.equal(this.staying(one), 0, 'somebody waits for a server that has a free slot');
      if (one.elected) assert.equal(waiting.filter(({ place }) => place === 'any').length, 0, 'somebody waits beside a free slot');
    }
    assert.equal(backend.waiting, waiting.length);
    assert.equal(backend.queued, waiting.filter(({ place }) => place === 'any').length);
    const usable = backend.servers.filter((one) => one.usable);
    const active = usable.filter((one) => !one.config.backup);
    const group = active.length > 0 ? active : usable.slice(0, 1);
    assert.deepEqual(
      backend.servers.filter((one) => one.elected),
      group,
    );
  }
}

function full(one: Server): boolean {
  return one.maxconn !== 0 && one.scur >= one.maxconn;
}

interface State {
  readonly op: OpState;
  readonly draining: boolean;
  readonly removed: boolean;
}

function stateOf({ op, draining, inMaintenance, removed }: Server): State {
  return { op, draining: draining && !inMaintenance, removed };
}

/** It gets no traffic any more, or less than none. */
function left(was: State, is: State): boolean {
  return (
    (is.op === OpState.Stopped && was.op !== OpState.Stopped) ||
    (is.op === OpState.Stopping && was.op !== OpState.Stopping) ||
    (is.draining && !was.draining) ||
    is.removed
  );
}

describe('a backend, whatever happens to it', () => {
  const options = fc.record({ redispatch: fc.boolean(), persist: fc.boolean() });
  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random', 'source'] as const) {
    it(`lends each slot once, within maxconn, in order, and leaves nobody waiting beside a free slot (${algorithm})`, async () => {
      await fc.assert(
        fc.asyncProperty(options, fc.array(step, { maxLength: 60 }), async (chosen, steps) => {
          const world = new World({ algorithm, ...chosen });
          for (const one of steps) await world.run(one);
        }),
        { numRuns: 300 },
      );
    });
  }
});
