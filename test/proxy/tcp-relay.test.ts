/** Whom a relay waits for, and who has waited long enough: both sides made up, and what they take decided by the test. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { Timeouts } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Outlet } from '../../src/proxy/outlet.ts';
import type { ServerConnection } from '../../src/proxy/server-connection.ts';
import { type RelayEnd, TcpRelay } from '../../src/proxy/tcp-relay.ts';
import { proxyConfig } from '../support/config.ts';

/** One side: takes nothing of what is written, unless it is told to. */
class Side {
  pending = 0;
  behind = false;
  taken = 0;
  readonly finished = false;
  readonly socket = { writableFinished: false, end() {}, resume() {} };

  end(): void {}

  bytes(bytes: Buffer): void {
    this.pending += bytes.length;
    this.behind = true;
  }

  /** The system takes some more, of which nobody is told. */
  take(): void {
    this.taken++;
    this.pending--;
  }
}

const { timeouts: NONE } = proxyConfig('none');
const PATIENCE = 8000;
/** How much too late a time-out may strike: a tick of the wheel; and for who takes a piece slowly, an eighth more. */
const TICK = 20;
const LOOK = PATIENCE / 8;
const PIECE = Buffer.from('x'.repeat(100));

let now = 0;
let ends: RelayEnd[] = [];
let client = new Side();
let server = new Side();

function pass(ms: number): void {
  for (let left = ms; left > 0; left -= TICK) {
    now += Math.min(TICK, left);
    mock.timers.tick(Math.min(TICK, left));
  }
}

function relay(front: Partial<Timeouts>, back: Partial<Timeouts>): TcpRelay {
  const outlet = client as unknown as Outlet;
  const connection = { outlet: server, socket: server.socket, surrenderBuffer() {}, close() {} } as unknown as ServerConnection;
  const owner = { outlet, regulate() {}, onRelayEnd: (end: RelayEnd) => ends.push(end), onFault: assert.fail };
  return new TcpRelay(owner, connection, { ...NONE, ...front }, { ...NONE, ...back }, new Wheel(), monotonic());
}

beforeEach(() => {
  now = 12_340;
  mock.method(performance, 'now', () => now);
  mock.timers.enable({ apis: ['setInterval'] });
  ends = [];
  client = new Side();
  server = new Side();
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** By who it is: whose time-out is set, how something is written to it, and how it ends. */
const SIDES = [
  {
    who: 'client',
    front: { client: PATIENCE },
    back: {},
    write: (one: TcpRelay) => one.onResponse(PIECE, PIECE.length),
    side: () => client,
    end: 'client-timeout',
  },
  {
    who: 'server',
    front: {},
    back: { server: PATIENCE },
    write: (one: TcpRelay) => one.onClientBytes(PIECE, monotonic()),
    side: () => server,
    end: 'server-timeout',
  },
] as const;

describe('a relay', () => {
  for (const { who, front, back, write, side, end } of SIDES) {
    it(`gives up a ${who} that takes nothing`, () => {
      const one = relay(front, back);
      write(one);
      pass(PATIENCE - 1);
      assert.deepEqual(ends, []);
      pass(1 + 2 * TICK);
      assert.deepEqual(ends, [end]);
      one.close();
    });

    it(`waits for a ${who} that takes a large piece slowly`, () => {
      const one = relay(front, back);
      write(one);
      for (let i = 0; i < 20; i++) {
        pass(PATIENCE - LOOK - 2 * TICK);
        side().take();
      }
      assert.deepEqual(ends, []);
      pass(PATIENCE + LOOK + 2 * TICK);
      assert.deepEqual(ends, [end]);
      one.close();
    });

    for (const part of [0.01, 0.5, 0.99]) {
      it(`gives up a ${who} that takes nothing any more after ${part} of its time-out`, () => {
        const one = relay(front, back);
        write(one);
        pass(part * PATIENCE);
        side().take();
        pass(PATIENCE - 1);
        assert.deepEqual(ends, [], 'not too early');
        pass(LOOK + 2 * TICK);
        assert.deepEqual(ends, [end], 'nor much too late');
        one.close();
      });
    }

    it(`does not wait for a ${who} that it does not read`, () => {
      const one = relay(front, back);
      // The other one is slow, and so this one is not read.
      for (const other of SIDES) if (other.who !== who) other.write(one);
      pass(3 * PATIENCE);
      assert.deepEqual(ends, []);
      one.close();
    });
  }

  it('does not take what a client sends for a sign that it reads', () => {
    const one = relay({ client: PATIENCE }, {});
    one.onResponse(PIECE, PIECE.length);
    for (let i = 0; i < 10; i++) {
      pass(PATIENCE / 10);
      one.onClientBytes(Buffer.from('.'), monotonic());
    }
    pass(2 * TICK);
    assert.deepEqual(ends, ['client-timeout']);
    one.close();
  });

  it('waits for nobody without time-outs, and for nothing after its end', () => {
    const idle = relay({}, {});
    const closed = relay({ client: PATIENCE }, { server: PATIENCE });
    closed.close();
    pass(3 * PATIENCE);
    assert.deepEqual(ends, []);
    idle.close();
  });
});
