import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Need, needOf, parkIdle, takeIdle, unparkIdle } from '../../src/proxy/pool.ts';
import type { ServerConnection } from '../../src/proxy/server-connection.ts';
import { proxyConfig, serverConfig } from '../support/config.ts';

let wheel: Wheel;
let server: Server;
let servers: Server[];
let closed: string;

beforeEach(() => {
  wheel = new Wheel(() => 0);
  servers = [];
  closed = '';
});

/** No timer keeps the process. */
afterEach(() => {
  for (const one of servers) one.closeIdle();
  assert.equal(wheel.size, 0);
});

function serve(changes: Partial<ServerConfig> = {}): void {
  const backend = new Backend({ name: 'app', config: proxyConfig('app'), wheel, events: silent, origin: '' });
  server = backend.addServer(serverConfig('s1', changes), 0);
  servers.push(server);
}

/** A connection by name, with what the pool looks at. */
function connection(name: string, uses = 1): ServerConnection {
  const one = {
    name,
    uses,
    idleSince: 0,
    idle: true,
    server,
    close: () => {
      closed += name;
      unparkIdle(server, one as unknown as ServerConnection);
    },
  };
  return one as unknown as ServerConnection;
}

/** Parks it as an exchange that ends does: with its slot still taken. */
function park(one: ServerConnection, now = 0, slots = 1): boolean {
  one.idleSince = now;
  server.scur = slots;
  const kept = parkIdle(server, one, wheel, now);
  server.scur = 0;
  return kept;
}

const nameOf = (one: ServerConnection | undefined) => (one as unknown as { readonly name: string } | undefined)?.name;
const take = (need: Need, now = 0, own?: ServerConnection) => nameOf(takeIdle(server, need, own, now));
/** The pool's own timer: its deadline, and what it does then. */
const purge = (now: number) => (server.idle as unknown as { onTimeout(now: number): void }).onTimeout(now);
const deadline = () => (server.idle as unknown as { readonly deadline: number }).deadline;

describe('what a request may be sent on', () => {
  const table = [
    // policy, replayable, first of its session
    ['never', true, false, Need.Own],
    ['never', false, true, Need.Own],
    ['safe', true, true, Need.Any],
    ['safe', true, false, Need.Any],
    ['safe', false, true, Need.None],
    ['safe', false, false, Need.Fresh],
    ['aggressive', true, true, Need.Any],
    ['aggressive', false, true, Need.Proven],
    ['aggressive', false, false, Need.Fresh],
    ['always', true, true, Need.Any],
    ['always', false, true, Need.Fresh],
    ['always', false, false, Need.Fresh],
  ] as const;
  for (const [policy, replayable, first, need] of table) {
    it(`http-reuse ${policy}: ${replayable ? 'GET' : 'POST'}, ${first ? 'the first' : 'a later one'} of its client`, () => {
      assert.equal(needOf(policy, replayable, first), need);
    });
  }

  it('the newest first', () => {
    serve();
    for (const name of 'abc') park(connection(name));
    assert.deepEqual([take(Need.Any), take(Need.Fresh), take(Need.Any), take(Need.Any)], ['c', 'b', 'a', undefined]);
  });

  it('proven: the newest that was used before', () => {
    serve();
    park(connection('a', 3));
    park(connection('b', 2));
    park(connection('c', 1));
    assert.deepEqual([server.idle.length, server.idle.proven], [3, 2]);
    assert.deepEqual([take(Need.Proven), take(Need.Proven), take(Need.Proven), take(Need.None)], ['b', 'a', undefined, undefined]);
    assert.equal(server.idle.length, 1);
  });

  it('its own: the one that is named, while it is idle', () => {
    serve();
    const [a, b] = [connection('a'), connection('b')];
    for (const one of [a, b]) park(one);
    assert.deepEqual([take(Need.Own, 0), take(Need.Own, 0, a)], [undefined, 'a']);
    assert.equal(server.idle.length, 1);
    (a as { idle: boolean }).idle = false;
    assert.equal(take(Need.Own, 0, a), undefined);
  });

  it('none that its server may be closing just now, if it must not be sent twice', () => {
    serve();
    park(connection('a', 2), 0);
    park(connection('b', 2), 1000);
    assert.deepEqual([take(Need.Fresh, 5001), take(Need.Proven, 5001)], [undefined, undefined]);
    assert.deepEqual([take(Need.Fresh, 5000), take(Need.Any, 9999)], ['b', 'a']);
  });
});

describe('what is kept', () => {
  it('as many as pool-max-conn says', () => {
    serve({ poolMaxConn: 2 });
    assert.deepEqual(
      [...'abc'].map((name) => park(connection(name))),
      [true, true, false],
    );
    serve({ poolMaxConn: 0 });
    assert.equal(park(connection('a')), false);
    serve({ poolMaxConn: -1 });
    for (let i = 0; i < 2000; i++) assert.ok(park(connection('x')));
  });

  it('none with pool-purge-delay 0', () => {
    serve({ poolPurgeDelay: 0 });
    assert.equal(park(connection('a')), false);
  });

  it('one that was used again as often as max-reuse says is not', () => {
    serve({ maxReuse: 2 });
    assert.deepEqual(
      [1, 2, 3].map((uses) => park(connection('a', uses))),
      [true, true, false],
    );
    serve({ maxReuse: 0 });
    assert.equal(park(connection('a', 1)), false);
  });

  it('one that closes is taken out wherever it stands', () => {
    serve();
    const [a, b, c] = [connection('a'), connection('b'), connection('c')];
    for (const one of [a, b, c]) park(one);
    b.close();
    unparkIdle(server, b);
    assert.deepEqual([take(Need.Any), take(Need.Any), take(Need.Any)], ['c', 'a', undefined]);
  });
});

describe('the purge', () => {
  it('closes half of what was not needed lately, the oldest first, each pool-purge-delay', () => {
    serve({ poolPurgeDelay: 500 });
    for (const name of 'abcdefgh') park(connection(name), 0, 8);
    assert.equal(deadline(), 500);
    const seen: string[] = [];
    for (let now = 500; now <= 5000 && wheel.size > 0; now += 500) {
      closed = '';
      wheel.disarm(server.idle as never);
      purge(now);
      seen.push(closed);
    }
    // 8 were in use at once; that counts for less with each delay: 8, 8, 4, 2, 1, 0.
    assert.deepEqual(seen, ['', '', 'ab', 'cd', 'ef', 'g', 'h']);
    assert.deepEqual([server.idle.length, server.idle.needed, wheel.size], [0, 0, 0]);
  });

  it('leaves what the load needs', () => {
    serve({ poolPurgeDelay: 500 });
    const held = [...'abcd'].map((name) => connection(name));
    for (const one of held) park(one, 0, 4);
    for (let now = 500; now <= 20_000; now += 500) {
      // Four at once, between one purge and the next.
      for (let i = 0; i < 4; i++) assert.ok(takeIdle(server, Need.Any, undefined, now));
      for (const one of held) park(one, now, 4);
      purge(now);
    }
    assert.deepEqual([closed, server.idle.length, server.idle.needed], ['', 4, 4]);
  });

  it('goes by what is in use as well', () => {
    serve({ poolPurgeDelay: 500 });
    for (const name of 'abcd') park(connection(name), 0, 4);
    purge(500);
    purge(1000);
    server.scur = 2;
    closed = '';
    purge(1500);
    assert.equal(closed, 'ab', 'two in use and four idle are four more than the two that were needed: half of them');
  });

  it('has no timer when all are closed', () => {
    serve();
    for (const name of 'ab') park(connection(name));
    server.closeIdle();
    assert.deepEqual([closed, server.idle.length, wheel.size], ['ab', 0, 0]);
  });
});
