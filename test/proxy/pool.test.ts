import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Head } from '../../src/http/head.ts';
import { parseResponseHead } from '../../src/http/parse.ts';
import { bindsConnection, limitIdle, Need, needOf, parkIdle, takeIdle, takeOwn, unparkIdle } from '../../src/proxy/pool.ts';
import type { ServerConnection } from '../../src/proxy/server-connection.ts';
import { turnNumber } from '../../src/proxy/turn.ts';
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
  const backend = new Backend({ shutdown: () => {}, name: 'app', config: proxyConfig('app'), wheel, events: silent, origin: '' });
  server = backend.addServer(serverConfig('s1', changes), 0);
  servers.push(server);
}

/** A connection by name, with what the pool looks at. */
function connection(name: string, uses = 1): ServerConnection {
  const one = {
    name,
    uses,
    idleSince: 0,
    parkedIn: -1,
    idle: true,
    owner: undefined,
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
  server.mostUsed = Math.max(server.mostUsed, slots);
  const kept = parkIdle(server, one, wheel, now);
  server.scur = 0;
  return kept;
}

/** As `park`, for one client alone. */
function parkOwned(one: ServerConnection, now = 0): boolean {
  one.owner = { onOwnClosed() {} };
  return park(one, now);
}

const nameOf = (one: ServerConnection | 'later' | undefined) =>
  one === 'later' ? one : (one as unknown as { readonly name: string } | undefined)?.name;
const take = (need: Need, now = 0) => nameOf(takeIdle(server, need, now));
/** The next turn of the event loop, behind its poll. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
/** The pool's own timer: its deadline, and what it does then. */
const purge = (now: number) => (server.idle as unknown as { onTimeout(now: number): void }).onTimeout(now);
const deadline = () => (server.idle as unknown as { readonly deadline: number }).deadline;

describe('what a request may be sent on', () => {
  const table = [
    // policy, replayable, first of its session
    ['never', true, false, Need.None],
    ['never', false, true, Need.None],
    ['safe', true, true, Need.Any],
    ['safe', true, false, Need.Any],
    ['safe', false, true, Need.None],
    ['safe', false, false, Need.Recent],
    ['aggressive', true, true, Need.Any],
    ['aggressive', false, true, Need.Proven],
    ['aggressive', false, false, Need.Recent],
    ['always', true, true, Need.Any],
    ['always', false, true, Need.Recent],
    ['always', false, false, Need.Recent],
  ] as const;
  for (const [policy, replayable, first, need] of table) {
    it(`http-reuse ${policy}: ${replayable ? 'GET' : 'POST'}, ${first ? 'the first' : 'a later one'} of its client`, () => {
      assert.equal(needOf(policy, replayable, first), need);
    });
  }

  it('the newest first', () => {
    serve();
    for (const name of 'abc') park(connection(name));
    assert.deepEqual([take(Need.Any), take(Need.Recent), take(Need.Any), take(Need.Any)], ['c', 'b', 'a', undefined]);
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

  it('not one of this turn: no poll has told yet what stands behind its response', async () => {
    serve();
    const [a, b, c] = [connection('a', 2), connection('b', 2), connection('c', 1)];
    for (const one of [a, b, c]) park(one);
    for (const one of [b, c]) one.parkedIn = turnNumber();
    assert.deepEqual([take(Need.Any), take(Need.Any), take(Need.Recent), take(Need.Proven)], ['a', 'later', 'later', 'later']);
    unparkIdle(server, b);
    assert.equal(take(Need.Proven), undefined, 'nor would that one do in the next');
    await nextTurn();
    assert.deepEqual([take(Need.Any), take(Need.Any)], ['c', undefined]);
  });

  it('none that its server may be closing just now, if it must not be sent twice', () => {
    serve();
    park(connection('a', 2), 0);
    park(connection('b', 2), 1000);
    assert.deepEqual([take(Need.Recent, 5001), take(Need.Proven, 5001)], [undefined, undefined]);
    assert.deepEqual([take(Need.Recent, 5000), take(Need.Any, 9999)], ['b', 'a']);
  });
});

describe('a connection with an owner', () => {
  it('is for nobody else, and for its owner while it is idle', () => {
    serve();
    const [a, b] = [connection('a'), connection('b')];
    for (const one of [a, b]) parkOwned(one);
    assert.equal(take(Need.Any), undefined);
    assert.deepEqual([takeOwn(server, undefined, true, 0), takeOwn(server, a, true, 0)], [undefined, a]);
    (a as { idle: boolean }).idle = false;
    assert.equal(takeOwn(server, a, true, 0), undefined);
  });

  it('is not for another server', () => {
    serve();
    const a = connection('a');
    parkOwned(a);
    serve();
    assert.equal(takeOwn(server, a, true, 0), undefined);
  });

  it('is not for what must not be sent twice when its server may be closing it just now', () => {
    serve();
    const a = connection('a');
    parkOwned(a, 1000);
    assert.deepEqual([takeOwn(server, a, false, 5001), takeOwn(server, a, false, 5000)], [undefined, a]);
    parkOwned(a, 1000);
    assert.equal(takeOwn(server, a, true, 9999), a);
  });

  it('is taken in the turn after that of its last response', async () => {
    serve();
    const a = connection('a');
    a.parkedIn = turnNumber();
    parkOwned(a);
    assert.equal(takeOwn(server, a, true, 0), 'later');
    await nextTurn();
    assert.equal(takeOwn(server, a, true, 0), a);
  });

  it('is beside the pool: its limits, its purge, its numbers', () => {
    serve({ poolMaxConn: 1, poolPurgeDelay: 500 });
    for (const name of 'abc') assert.ok(parkOwned(connection(name)));
    assert.deepEqual([server.idle.length, server.idle.proven, wheel.size], [0, 0, 0]);
    assert.ok(park(connection('d')));
    for (let now = 500; server.idle.length > 0; now += 500) {
      wheel.disarm(server.idle as never);
      purge(now);
    }
    assert.equal(closed, 'd');
    serve({ poolPurgeDelay: 0 });
    assert.ok(parkOwned(connection('e')));
  });

  it('closes with those of the pool when its server goes', () => {
    serve();
    parkOwned(connection('a'));
    park(connection('b'));
    server.closeIdle();
    assert.equal(closed, 'ba');
    closed = '';
    server.closeIdle();
    assert.equal(closed, '');
  });

  it('is used as often as max-reuse says, too', () => {
    serve({ maxReuse: 2 });
    assert.deepEqual([parkOwned(connection('a', 2)), parkOwned(connection('a', 3))], [true, false]);
  });

  const table = [
    // status, field, value
    [401, 'WWW-Authenticate', 'NTLM', true],
    [401, 'www-authenticate', 'ntlm TlRMTVNTUAAC', true],
    [401, 'WWW-Authenticate', 'Negotiate', true],
    [401, 'WWW-Authenticate', 'nego2 x', true],
    [401, 'WWW-Authenticate', 'Basic realm="a", NTLM', true],
    [401, 'WWW-Authenticate', 'Basic realm="NTLM"', false],
    [401, 'WWW-Authenticate', 'Bearer', false],
    [401, 'Proxy-Authenticate', 'NTLM', false],
    [401, 'X-Authenticate', 'NTLM', false],
    [407, 'Proxy-Authenticate', 'Negotiate', true],
    [407, 'WWW-Authenticate', 'Negotiate', false],
    [200, 'WWW-Authenticate', 'Negotiate', false],
  ] as const;
  for (const [status, field, value, binds] of table) {
    it(`${binds ? 'begins' : 'does not begin'} with ${status}, ${field}: ${value}`, () => {
      const text = `HTTP/1.1 ${status} x\r\nA: b\r\n${field}: ${value}\r\nContent-Length: 0\r\n\r\n`;
      const head = new Head();
      parseResponseHead(Buffer.from(text), 0, text.length, head, 1000, 0);
      assert.equal(bindsConnection(head), binds);
    });
  }
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

  it('as many of all servers together as this process can spare, where pool-max-conn says nothing: the oldest go', () => {
    assert.equal(limitIdle(40), 10);
    try {
      serve();
      for (const name of 'abcdefghij') assert.ok(park(connection(name)));
      assert.deepEqual([park(connection('k')), server.idle.length], [true, 10]);
      const full = server;
      serve();
      assert.deepEqual([park(connection('x')), server.idle.length, full.idle.length], [true, 1, 9]);
      assert.deepEqual([park(connection('y')), server.idle.length, full.idle.length], [true, 1, 9]);
      assert.equal(take(Need.Any), 'y');
      serve({ poolMaxConn: 1 });
      assert.deepEqual([park(connection('e')), park(connection('f'))], [true, false]);
      server = full;
      full.closeIdle();
      assert.ok(park(connection('g')));
    } finally {
      for (const one of servers) one.closeIdle();
      limitIdle(undefined);
    }
  });

  it('a quarter of the descriptors, and no more than 4096', () => {
    assert.deepEqual([limitIdle(700), limitIdle(1_000_000), limitIdle(undefined)], [175, 4096, 4096]);
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
    assert.deepEqual([server.idle.length, server.neededConnections, wheel.size], [0, 0, 0]);
  });

  it('keeps its estimate where connections have gone before it', () => {
    serve({ poolPurgeDelay: 500 });
    const held = [...'abcd'].map((name) => connection(name));
    for (const one of held) park(one, 0, 4);
    assert.deepEqual([server.mostUsed, server.neededConnections], [4, 4]);
    for (const one of held) one.close();
    wheel.disarm(server.idle as never);
    purge(500);
    assert.deepEqual([server.mostUsed, server.neededConnections, wheel.size], [4, 4, 0]);
    // With the next one it counts for half, with each delay.
    park(connection('e'), 600);
    purge(1100);
    purge(1600);
    assert.deepEqual([server.mostUsed, server.neededConnections], [0, 2]);
  });

  it('leaves what the load needs', () => {
    serve({ poolPurgeDelay: 500 });
    const held = [...'abcd'].map((name) => connection(name));
    for (const one of held) park(one, 0, 4);
    for (let now = 500; now <= 20_000; now += 500) {
      // Four at once, between one purge and the next.
      for (let i = 0; i < 4; i++) assert.ok(takeIdle(server, Need.Any, now));
      for (const one of held) park(one, now, 4);
      purge(now);
    }
    assert.deepEqual([closed, server.idle.length, server.neededConnections], ['', 4, 4]);
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
