/** Who waits and who comes in when there is room again, without sockets. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { ProcessCounters } from '../../src/core/counters.ts';
import { Rate } from '../../src/core/rate.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Accepted } from '../../src/proxy/accept.ts';
import { Admission } from '../../src/proxy/admission.ts';
import type { Listener } from '../../src/proxy/listener.ts';
import type { Services } from '../../src/proxy/services.ts';
import { stepsOf } from '../support/steps.ts';

const OURS = /\/src\/(proxy\/admission|core\/rate)/;

interface House {
  readonly admission: Admission;
  readonly wheel: Wheel;
  /** Names of who has come in. */
  readonly inside: string[];
  readonly counters: ProcessCounters;
  /** A listener of a frontend of its own. */
  readonly listener: (maxconn: number | undefined, rateLimit?: number) => Listener;
  /** The same for TLS. */
  readonly tlsListener: () => Listener;
  readonly knock: (listener: Listener, name: string) => EventEmitter;
}

function house(): House {
  const wheel = new Wheel();
  const counters = new ProcessCounters();
  const services = { wheel, connections: 0, counters } as Partial<Services> as Services;
  const admission = new Admission(services);
  quiet = () => wheel.disarm(admission);
  const inside: string[] = [];
  const names = new Map<Accepted, string>();
  const listener = (maxconn: number | undefined, rateLimit = 0): Listener => {
    const frontend = { state: 'OPEN', scur: 0, config: { maxconn, rateLimit }, counters: { rate: new Rate() } };
    const admit = (accepted: Accepted): void => {
      frontend.scur++;
      frontend.counters.rate.add(monotonic());
      inside.push(names.get(accepted) ?? '');
    };
    return { frontend, config: {}, scur: 0, waiting: 0, admit } as unknown as Listener;
  };
  const tlsListener = (): Listener => {
    const plain = listener(undefined);
    const admit = (accepted: Accepted): void => {
      counters.tls.current++;
      counters.tls.rate.add(monotonic());
      plain.admit(accepted);
    };
    return { ...plain, tls: {}, admit } as unknown as Listener;
  };
  const knock = (at: Listener, name: string): EventEmitter => {
    const socket = Object.assign(new EventEmitter(), { destroy: () => socket.emit('close') });
    const accepted = { socket } as unknown as Accepted;
    names.set(accepted, name);
    if (at.waiting > 0 || admission.full(at)) admission.wait(at, accepted);
    else at.admit(accepted);
    return socket;
  };
  return { admission, wheel, inside, counters, listener, tlsListener, knock };
}

let quiet = (): void => {};

describe('Admission', () => {
  afterEach(() => quiet());

  it('lets in who waited longest of those that have room, whichever door they stand at', () => {
    const { admission, inside, listener, knock } = house();
    const [one, other, closed] = [listener(0), listener(0), listener(0)];
    for (const [at, name] of [
      [closed, 'x'],
      [one, 'a'],
      [other, 'b'],
      [other, 'c'],
      [one, 'd'],
      [other, 'e'],
    ] as const) {
      knock(at, name);
    }
    for (const { frontend } of [one, other]) frontend.config = { ...frontend.config, maxconn: 2 };
    admission.left();
    assert.deepEqual(inside, ['a']);
    admission.refill();
    assert.deepEqual(inside, ['a', 'b', 'c', 'd']);
    other.frontend.scur--;
    admission.left();
    assert.deepEqual(inside, ['a', 'b', 'c', 'd', 'e']);
    assert.deepEqual([one.waiting, other.waiting, closed.waiting], [0, 0, 1]);
  });

  it('has room for so many who speak TLS, wherever they come in and whoever else has some, and no bound for the others', () => {
    const { admission, inside, counters, listener, tlsListener, knock } = house();
    const [one, other, clear] = [tlsListener(), tlsListener(), listener(undefined)];
    admission.maxsslconn = 2;
    // To a server.
    counters.tls.current = 1;
    for (const [at, name] of [
      [one, 'a'],
      [other, 'b'],
      [one, 'c'],
      [clear, 'd'],
    ] as const) {
      knock(at, name);
    }
    assert.deepEqual(inside, ['a', 'd']);
    counters.tls.current--;
    // Nobody has been told of it.
    admission.onTimeout();
    assert.deepEqual(inside, ['a', 'd', 'b']);
    counters.tls.current--;
    admission.left();
    assert.deepEqual(inside, ['a', 'd', 'b', 'c']);
  });

  it('has room for so many a second who speak TLS', () => {
    const { admission, inside, listener, tlsListener, knock, wheel } = house();
    const [one, clear] = [tlsListener(), listener(undefined)];
    admission.rateLimits = { connections: 0, sessions: 0, sslSessions: 1, compression: 0 };
    for (const name of ['a', 'b']) knock(one, name);
    knock(clear, 'c');
    assert.deepEqual(inside, ['a', 'c']);
    assert.ok(admission.slot >= 0, 'it wakes up by itself');
    wheel.disarm(admission);
    admission.rateLimits = { connections: 0, sessions: 0, sslSessions: 0, compression: 0 };
    admission.refill();
    assert.deepEqual(inside, ['a', 'c', 'b']);
  });

  it('forgets who goes, and those of a listener that closes', () => {
    const { admission, inside, listener, knock } = house();
    const [one, other] = [listener(0), listener(0)];
    const gone = knock(one, 'gone');
    knock(one, 'stays');
    const closed = knock(other, 'closed');
    gone.emit('close');
    admission.forget(other);
    assert.deepEqual([one.waiting, other.waiting, closed.listenerCount('close')], [1, 0, 1]);
    for (const { frontend } of [one, other]) frontend.config = { ...frontend.config, maxconn: 9 };
    admission.refill();
    assert.deepEqual(inside, ['stays']);
  });

  it('wakes up for a second that passes, though nobody leaves', () => {
    const { wheel, inside, listener, knock } = house();
    const limited = listener(undefined, 1);
    knock(limited, 'first');
    assert.equal(wheel.size, 0);
    knock(limited, 'second');
    assert.deepEqual([inside, wheel.size], [['first'], 1]);
  });

  it('does not look at those who wait where nobody may come in', () => {
    const cost = (count: number): number => {
      const { admission, inside, listener, knock } = house();
      const flooded = listener(undefined, 1);
      const own = listener(0);
      for (let i = 0; i < count; i++) knock(flooded, 'flood');
      knock(own, 'own');
      own.frontend.config = { ...own.frontend.config, maxconn: 1 };
      const steps = stepsOf(OURS, () => admission.left());
      assert.deepEqual(inside, ['flood', 'own']);
      quiet();
      return steps;
    };
    const [, few, many] = [10, 10, 1000].map(cost) as [number, number, number];
    assert.ok(few > 0 && many < few + 20, `${few}, ${many}`);
  });
});
