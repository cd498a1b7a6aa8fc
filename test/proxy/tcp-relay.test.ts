/** Whom a relay waits for, and who has waited long enough: both sides made up, and what they take decided by the test. */

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Timeouts } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Outlet } from '../../src/proxy/outlet.ts';
import type { ServerConnection } from '../../src/proxy/server-connection.ts';
import { type RelayEnd, TcpRelay } from '../../src/proxy/tcp-relay.ts';
import { proxyConfig } from '../support/config.ts';
import { outlast, until } from '../support/wait.ts';

/** One side: takes nothing of what is written, unless it is told to. */
class Side {
  pending = 0;
  behind = false;
  /** Takes a byte whenever somebody looks. */
  steady = false;
  looks = 0;
  private total = 0;
  readonly socket = { writableFinished: false, end() {}, resume() {} };

  get taken(): number {
    this.looks++;
    if (this.steady) this.total++;
    return this.total;
  }

  bytes(bytes: Buffer): void {
    this.pending += bytes.length;
    this.behind = true;
  }
}

const { timeouts: NONE } = proxyConfig('none');
const PATIENCE = 60;
const PIECE = Buffer.from('x'.repeat(100));

let ends: RelayEnd[] = [];
let client = new Side();
let server = new Side();

function relay(front: Partial<Timeouts>, back: Partial<Timeouts>): TcpRelay {
  const outlet = client as unknown as Outlet;
  const connection = { outlet: server, socket: server.socket, surrenderBuffer() {}, close() {} } as unknown as ServerConnection;
  const owner = { outlet, regulate() {}, onRelayEnd: (end: RelayEnd) => ends.push(end), onFault: assert.fail };
  return new TcpRelay(owner, connection, { ...NONE, ...front }, { ...NONE, ...back }, new Wheel(), monotonic());
}

beforeEach(() => {
  ends = [];
  client = new Side();
  server = new Side();
});

describe('a relay', () => {
  it('gives up a client that takes nothing', async () => {
    const one = relay({ client: PATIENCE }, {});
    one.onResponse(PIECE, PIECE.length);
    await until('it ends', () => ends.length > 0);
    assert.deepEqual(ends, ['client-timeout']);
    one.close();
  });

  it('waits for a client that takes a large piece slowly', async () => {
    const one = relay({ client: PATIENCE }, {});
    client.steady = true;
    one.onResponse(PIECE, PIECE.length);
    await until('its time-out has struck several times', () => client.looks > 10);
    assert.deepEqual(ends, []);
    client.steady = false;
    await until('it ends', () => ends.length > 0);
    assert.deepEqual(ends, ['client-timeout']);
    one.close();
  });

  it('waits for a server that takes a large piece slowly', async () => {
    const one = relay({}, { server: PATIENCE });
    server.steady = true;
    one.onClientBytes(PIECE, monotonic());
    await until('its time-out has struck several times', () => server.looks > 10);
    assert.deepEqual(ends, []);
    server.steady = false;
    await until('it ends', () => ends.length > 0);
    assert.deepEqual(ends, ['server-timeout']);
    one.close();
  });

  it('does not take what a client sends for a sign that it reads', async () => {
    const one = relay({ client: PATIENCE }, {});
    one.onResponse(PIECE, PIECE.length);
    const sending = setInterval(() => one.onClientBytes(Buffer.from('.'), monotonic()), PATIENCE / 6);
    await until('it ends', () => ends.length > 0);
    clearInterval(sending);
    assert.deepEqual(ends, ['client-timeout']);
    one.close();
  });

  for (const [who, front, back] of [
    ['server', {}, { server: PATIENCE }],
    ['client', { client: PATIENCE }, {}],
  ] as const) {
    it(`does not wait for a ${who} that it does not read`, async () => {
      const one = relay(front, back);
      if (who === 'server') one.onResponse(PIECE, PIECE.length);
      else one.onClientBytes(PIECE, monotonic());
      await outlast(PATIENCE);
      assert.deepEqual(ends, []);
      one.close();
    });
  }

  it('waits for nobody without time-outs, and for nothing after its end', async () => {
    const idle = relay({}, {});
    const closed = relay({ client: PATIENCE }, { server: PATIENCE });
    closed.close();
    await outlast(PATIENCE);
    assert.deepEqual(ends, []);
    idle.close();
  });
});
