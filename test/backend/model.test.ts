/** Any sequence of what can happen to a backend, against a model that is nothing but two sets and a list. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { BalanceAlgorithm } from '../../src/config/model.ts';
import { CHECK, Client, makeBackend, serverConfig, verdict } from './support.ts';

type Step =
  | { readonly kind: 'assign'; readonly key: number; readonly avoid: number; readonly failsAtOnce: boolean }
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
      key: fc.nat(20),
      avoid: fc.integer({ min: -2, max: 4 }),
      failsAtOnce: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }) },
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

class World {
  readonly backend: Backend;
  readonly bound: boolean;
  private readonly holders: Client[] = [];
  private readonly waiting: Client[] = [];
  /** Waiters that fail as soon as they get a slot. */
  private readonly hasty = new Set<Client>();
  private insideAssign = false;
  private servedInARow: Client[] = [];

  constructor(algorithm: BalanceAlgorithm) {
    const { backend } = makeBackend(
      [
        serverConfig('a', { maxconn: 1, check: CHECK }),
        serverConfig('b', { maxconn: 2, weight: 2, check: CHECK }),
        serverConfig('x', { maxconn: 1, backup: true }),
      ],
      { balance: { algorithm, draws: 2 } },
    );
    this.backend = backend;
    this.bound = algorithm === 'source';
  }

  run(step: Step): void {
    this.servedInARow = [];
    const expected = [...this.waiting];
    this.act(step);
    // First in, first out: whoever was served stood at the head.
    if (!this.bound) assert.deepEqual(this.servedInARow, expected.slice(0, this.servedInARow.length));
    this.check();
  }

  private act(step: Step): void {
    switch (step.kind) {
      case 'assign':
        this.assign(step.key, this.backend.servers[step.avoid], step.failsAtOnce);
        return;
      case 'release': {
        const [holder] = this.holders.splice(step.which % (this.holders.length || 1), 1);
        if (holder !== undefined) this.backend.release(holder.server as Server);
        return;
      }
      case 'cancel': {
        const [client] = this.waiting.splice(step.which % (this.waiting.length || 1), 1);
        if (client !== undefined) this.backend.cancel(client);
        return;
      }
      case 'add':
        this.backend.addServer(serverConfig(`n${this.backend.servers.length}`, { maxconn: step.maxconn, backup: step.backup }), 0);
        this.backend.refresh(0);
        return;
      default: {
        const target = this.backend.servers[step.server];
        if (target !== undefined) this.change(target, step);
      }
    }
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

  private assign(key: number, avoid: Server | undefined, failsAtOnce: boolean): void {
    const client = new Client('', (told) => this.onSlot(told));
    if (failsAtOnce) this.hasty.add(client);
    const electedBefore = this.backend.servers.filter((other) => other.elected);
    this.insideAssign = true;
    const answer = this.backend.assign(client, key, avoid);
    this.insideAssign = false;
    if (answer === 'queued') this.waiting.push(client);
    else if (answer === 'no-server') assert.equal(electedBefore.length, 0);
    else {
      assert.notEqual(answer, 'full');
      client.server = answer as Server;
      this.within(answer as Server);
      const others = electedBefore.filter((other) => other !== avoid && (other.maxconn === 0 || other.scur < other.maxconn));
      if (answer === avoid && !this.bound) assert.equal(others.length, 0, 'avoided while there is another');
      this.holders.push(client);
    }
  }

  private onSlot(client: Client): void {
    assert.equal(this.insideAssign, false, 'called from inside assign');
    const at = this.waiting.indexOf(client);
    assert.notEqual(at, -1, 'told, but it does not wait');
    this.waiting.splice(at, 1);
    this.servedInARow.push(client);
    this.within(client.server as Server);
    if (this.hasty.has(client)) this.backend.release(client.server as Server);
    else this.holders.push(client);
  }

  /** A slot was just lent: to a usable server, within its limit. */
  private within(lender: Server): void {
    assert.ok(lender.usable && lender.elected);
    assert.ok(lender.maxconn === 0 || lender.scur <= lender.maxconn, 'above maxconn');
  }

  private check(): void {
    const { backend } = this;
    for (const one of backend.servers) assert.equal(one.scur, this.holders.filter(({ server: lender }) => lender === one).length);
    assert.equal(backend.waiting, this.waiting.length);
    assert.equal(backend.queued + backend.servers.reduce((sum, one) => sum + one.queue.length, 0), this.waiting.length);
    const usable = backend.servers.filter((one) => one.usable);
    const active = usable.filter((one) => !one.config.backup);
    const group = active.length > 0 ? active : usable.slice(0, 1);
    assert.deepEqual(
      backend.servers.filter((one) => one.elected),
      group,
    );
    for (const one of group) {
      const room = one.maxconn === 0 || one.scur < one.maxconn;
      if (room) assert.equal(this.bound ? one.queue.length : this.waiting.length, 0, 'somebody waits beside a free slot');
    }
    if (this.bound && group.length > 0) assert.equal(backend.queued, 0);
  }
}

describe('a backend, whatever happens to it', () => {
  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random', 'source'] as const) {
    it(`lends each slot once, within maxconn, in order, and leaves nobody waiting beside a free slot (${algorithm})`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const world = new World(algorithm);
          for (const one of steps) world.run(one);
        }),
        { numRuns: 300 },
      );
    });
  }
});
