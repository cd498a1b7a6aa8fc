/**
 * Servers that a source knows, as containers come and go: killed, paused, cut from their network, restarted. No request that
 * may be sent twice is lost while one of them is well, and none that must not be is sent again.
 */

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { ServerConfig } from '../../src/config/model.ts';
import type { DiscoveredServer } from '../../src/discovery/provider.ts';
import type { RawClient } from '../support/client.ts';
import { CHECK, serverConfig } from '../support/config.ts';
import { type Act, acts, type Faulty, refusingAddress, startDeaf, startFaulty } from '../support/faulty.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const DELETE = 'DELETE / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde';
const EMPTY_POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
const PUT = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde';

const reply = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** The next request of a client that got `head` with a cookie S. */
const bound = ({ head }: { readonly head: string }) => GET.replace('\r\n\r\n', `\r\nCookie: ${/S=[^;\r]+/.exec(head)?.[0]}\r\n\r\n`);

type Plan = readonly Act[] | 'refuses' | 'deaf';
type State = DiscoveredServer['state'] | 'gone' | 'unreachable';

interface Place {
  readonly host: string;
  readonly port: number;
  readonly faulty: Faulty | undefined;
  stop(): Promise<void>;
}

async function startPlace(name: string, plan: Plan): Promise<Place> {
  if (plan === 'refuses') return { ...(await refusingAddress()), faulty: undefined, stop: async () => {} };
  if (plan === 'deaf') return { host: '127.0.0.1', faulty: undefined, ...(await startDeaf()) };
  const faulty = await startFaulty(name, plan);
  return { host: '127.0.0.1', port: faulty.port, faulty, stop: () => faulty.stop() };
}

/** A pool of containers, and what their engine says of them. */
class Pool {
  readonly balancer: Balancer;
  private readonly places: ReadonlyMap<string, Place>;
  private readonly states = new Map<string, State>();
  private readonly moved = new Map<string, Place>();
  private readonly checkPort: number | undefined;
  private readonly config: Partial<ServerConfig>;

  constructor(balancer: Balancer, places: ReadonlyMap<string, Place>, { checkPort, config = {} }: Story) {
    this.balancer = balancer;
    this.checkPort = checkPort;
    this.config = config;
    this.places = places;
    this.say(Object.fromEntries([...places.keys()].map((name) => [name, 'ready'])));
  }

  /** The engine's word on those that are named; the others are as before. */
  say(states: Readonly<Record<string, State>>): void {
    for (const [name, state] of Object.entries(states)) this.states.set(name, state);
    const servers = [...this.states].flatMap(([name, state]) => (state === 'gone' ? [] : [this.serverOf(name, state)]));
    this.balancer.publish({ source: 'docker', pools: new Map([['www', servers]]), poolOptions: new Map(), routes: [], notes: [] });
  }

  /** `name` has the address of `other` from now on. */
  move(name: string, other: string): void {
    this.moved.set(name, this.place(other));
    this.say({});
  }

  /** What the servers were asked, by their names; those that were asked nothing are left out. */
  get asked(): Record<string, string> {
    const lists = [...this.places].map(([name, { faulty }]) => [name, faulty?.asked.join(' ') ?? ''] as const);
    return Object.fromEntries(lists.filter(([, list]) => list !== ''));
  }

  async ask(request = GET): Promise<RawClient> {
    const client = await this.balancer.client();
    client.send(request);
    return client;
  }

  async answer(request = GET): Promise<string> {
    const { status, body } = await (await this.ask(request)).readResponse();
    return status === 200 ? body : String(status);
  }

  get log(): readonly string[] {
    return this.balancer.logged.map((one) => `${one.server} ${one.status} ${one.termination} ${one.redispatched ? '+' : ''}${one.retries}`);
  }

  place(name: string): Place {
    return this.moved.get(name) ?? this.places.get(name) ?? assert.fail(name);
  }

  private serverOf(name: string, state: Exclude<State, 'gone'>): DiscoveredServer {
    const { host, port } = this.place(name);
    const address = state === 'unreachable' ? undefined : host;
    const { checkPort } = this;
    const check = name === 'a' && checkPort !== undefined ? { ...CHECK, inter: 20, fall: 1, port: checkPort } : undefined;
    const own = { check, identity: `container ${name}`, address, port, cookie: name, backup: name === 'backup' };
    const config = serverConfig(name, { ...own, ...this.config });
    return { config, state: state === 'unreachable' ? 'down' : state, reason: state === 'ready' ? '' : `container is ${state}` };
  }
}

interface Story {
  /** Where the checks of `a` go. */
  readonly checkPort?: number;
  /** Of the section. */
  readonly lines?: readonly string[];
  /** Of each server. */
  readonly config?: Partial<ServerConfig>;
  readonly plans: Readonly<Record<string, Plan>>;
}

async function withPool(set: Story, story: (pool: Pool) => Promise<void>): Promise<void> {
  const { lines = [], plans } = set;
  const places = new Map<string, Place>();
  for (const [name, plan] of Object.entries(plans)) places.set(name, await startPlace(name, plan));
  const text = ['listen www', 'bind 127.0.0.1:0', 'docker-servers image=a port=80', ...lines].join('\n ');
  try {
    await withBalancer(`${text}\n`, async (balancer) => story(new Pool(balancer, places, set)));
  } finally {
    for (const place of places.values()) await place.stop();
  }
}

/** Keeps what it is asked, until the test answers. */
function holding(): { readonly act: Act; readonly held: Socket[] } {
  const held: Socket[] = [];
  return { held, act: (socket) => held.push(socket) };
}

describe('a container that goes without an answer', () => {
  const ends = { 'ends its connection': acts.ends, 'resets it': acts.resets, 'ends inside its head': acts.headCut } as const;
  for (const [what, act] of Object.entries(ends)) {
    it(`and ${what} leaves its request to another one`, async () => {
      await withPool({ plans: { a: [act], b: [acts.ok] } }, async (pool) => {
        assert.equal(await pool.answer(), 'b');
        assert.deepEqual([pool.asked, pool.log], [{ a: 'GET', b: 'GET' }, ['b 200 ---- +1']]);
      });
    });
  }

  const methods = [
    ['DELETE', DELETE, 'b', { a: 'DELETE', b: 'DELETE' }],
    ['POST', POST, '502', { a: 'POST(5)' }],
    ['POST without a body', EMPTY_POST, '502', { a: 'POST' }],
    ['PUT with a body', PUT, '502', { a: 'PUT(5)' }],
  ] as const;
  for (const [name, request, answer, asked] of methods) {
    it(`is ${answer === '502' ? 'the last to see' : 'not the end of'} a ${name}`, async () => {
      await withPool({ plans: { a: [acts.ends], b: [acts.ok] } }, async (pool) => {
        assert.equal(await pool.answer(request), answer);
        assert.deepEqual(pool.asked, asked);
      });
    });
  }

  for (const line of ['retries 0', 'retry-on none', 'http-request disable-l7-retry']) {
    it(`ends its request where that is wanted: ${line}`, async () => {
      await withPool({ lines: [line], plans: { a: [acts.ends], b: [acts.ok] } }, async (pool) => {
        assert.equal(await pool.answer(), '502');
        assert.deepEqual(pool.asked, { a: 'GET' });
      });
    });
  }

  const all = (plan: Plan) => Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, plan]));
  for (const [lines, most] of [
    [['retries 1'], 2],
    [['retries 3'], 3],
    [['retries 4', 'retry-on conn-failure empty-response'], 5],
  ] as const) {
    it(`takes few others with it, a request may be what kills them: ${lines.join(', ')}`, async () => {
      await withPool({ lines, plans: all([acts.ends]) }, async (pool) => {
        assert.equal(await pool.answer(), '502');
        assert.equal(Object.values(pool.asked).length, most);
      });
    });
  }

  it('takes as few with it where it was asked over kept connections', async () => {
    await withPool({ plans: all([acts.ok, acts.ends]) }, async (pool) => {
      const client = await pool.ask();
      for (let i = 1; i < 6; i++) {
        await client.readResponse();
        client.send(GET);
      }
      await client.readResponse();
      client.send(GET);
      await until('it has failed', () => pool.log.length === 7);
      assert.equal(Object.values(pool.asked).join(' ').split(' ').length - 6, 3);
    });
  });

  it('keeps its client where only a kept connection has ended', async () => {
    await withPool({ lines: ['cookie S insert'], plans: { a: [acts.ok, acts.ends, acts.ok], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      client.send(bound(await client.readResponse()));
      assert.equal((await client.readResponse()).body, 'a');
      assert.deepEqual(pool.asked, { a: 'GET GET GET' });
    });
  });
});

describe('containers that refuse', () => {
  const dead = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`dead${i}`, 'refuses' as const]));
  for (const balance of ['roundrobin', 'leastconn', 'random', 'source', 'uri', 'first']) {
    it(`are all passed over for the one that does not: balance ${balance}`, async () => {
      await withPool({ lines: [`balance ${balance}`], plans: { ...dead, alive: [acts.ok] } }, async (pool) => {
        for (let i = 0; i < 9; i++) assert.equal(await pool.answer(), 'alive');
        for (const name of Object.keys(dead)) assert.ok(pool.balancer.server('www', name).counters.connect <= 9, 'once by each request');
      });
    });
  }

  it('are given up at once, without option redispatch, with a POST, too', async () => {
    await withPool({ plans: { a: 'refuses', b: [acts.ok] } }, async (pool) => {
      assert.equal(await pool.answer(POST), 'b');
      assert.deepEqual(pool.log, ['b 200 ---- +1']);
    });
  });

  it('are not asked all of them where there are many', async () => {
    const plans = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`dead${i}`, 'refuses' as const]));
    await withPool({ plans }, async (pool) => {
      assert.equal(await pool.answer(), '503');
      assert.equal(pool.balancer.backends.get('www')?.counters.connect, 17);
    });
  });

  it('leave it to a backup when nobody else is left', async () => {
    await withPool({ plans: { ...dead, backup: [acts.ok] } }, async (pool) => {
      assert.equal(await pool.answer(), 'backup');
      assert.equal(pool.log[0]?.endsWith('+8'), true);
    });
  });

  it('are given time when all of them do: one may be starting', async () => {
    await withPool({ plans: { a: 'refuses', b: 'refuses' } }, async (pool) => {
      const client = await pool.ask();
      await until('both have refused', () => pool.balancer.backends.get('www')?.counters.connect === 2);
      const late = createServer((socket) => socket.once('data', () => socket.end(reply('late'))));
      const { host, port } = pool.place('a');
      late.listen(port, host);
      try {
        assert.equal((await client.readResponse()).body, 'late');
      } finally {
        late.close();
      }
    });
  });

  for (const free of [0, 1]) {
    it(`leave it to whoever has a slot first: ${free}`, async () => {
      const { act, held } = holding();
      await withPool({ config: { maxconn: 1 }, plans: { a: 'refuses', b: [act], c: [act] } }, async (pool) => {
        pool.say({ a: 'drain' });
        const busy = [await pool.ask(), await pool.ask()];
        await until('both are busy', () => held.length === 2);
        pool.say({ a: 'ready' });
        const client = await pool.ask();
        await until('it waits', () => pool.balancer.backends.get('www')?.waiting === 1);
        held[free]?.write(reply('finished'));
        await until('it is asked', () => held.length === 3);
        held[2]?.write(reply('next'));
        assert.equal((await client.readResponse()).body, 'next');
        assert.equal(busy.length, 2);
      });
    });
  }

  it('are the end of a request in the end', async () => {
    await withPool({ lines: ['timeout connect 50ms'], plans: { a: 'refuses', b: 'refuses' } }, async (pool) => {
      assert.equal(await pool.answer(), '503');
    });
  });
});

describe('a container that falls silent', () => {
  for (const state of ['down', 'unreachable'] as const) {
    it(`loses what it has not answered when its engine says so: ${state}`, async () => {
      await withPool({ plans: { a: [acts.silent], b: [acts.ok] } }, async (pool) => {
        const client = await pool.ask();
        await until('it is asked', () => pool.asked.a === 'GET');
        pool.say({ a: state });
        assert.equal((await client.readResponse()).body, 'b');
        assert.deepEqual(pool.log, ['b 200 ---- +1']);
      });
    });
  }

  it('keeps it when a check finds that: it may only be slow, and the others have enough to do', async () => {
    const health = await startRawUpstream((socket) => socket.end());
    const { act, held } = holding();
    await withPool({ checkPort: health.port, plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      await health.stop();
      await until('it is down', () => pool.balancer.server('www', 'a').statusText() === 'DOWN');
      pool.say({ b: 'ready' });
      held[0]?.write(reply('late'));
      assert.equal((await client.readResponse()).body, 'late');
      assert.deepEqual(pool.asked, { a: 'GET' });
    });
  });

  it('loses who is still connecting to it when a check finds that', async () => {
    const health = await startRawUpstream((socket) => socket.end());
    await withPool({ checkPort: health.port, lines: ['timeout connect 60s'], plans: { a: 'deaf', b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask(POST);
      await until('it connects', () => pool.balancer.server('www', 'a').counters.connect === 1);
      await health.stop();
      assert.equal((await client.readResponse()).body, 'b');
    });
  });

  it('loses nothing when an operator takes it out', async () => {
    const { act, held } = holding();
    await withPool({ plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      pool.balancer.server('www', 'a').setAdmin('maint', performance.now());
      pool.say({ b: 'ready' });
      held[0]?.write(reply('finished'));
      assert.equal((await client.readResponse()).body, 'finished');
    });
  });

  it('loses it when it is somewhere else from then on', async () => {
    await withPool({ plans: { a: [acts.silent], b: [acts.ok], c: [acts.ok] } }, async (pool) => {
      pool.say({ c: 'gone' });
      const client = await pool.ask();
      await until('it is asked', () => pool.asked.a === 'GET');
      pool.move('a', 'c');
      assert.equal((await client.readResponse()).body, 'b');
      assert.deepEqual([await pool.answer(), await pool.answer()].sort(), ['b', 'c'], 'the name of the place');
    });
  });

  it('loses who is still connecting to it, with a POST, too, also when it is removed', async () => {
    for (const state of ['down', 'gone'] as const) {
      await withPool({ lines: ['timeout connect 60s'], plans: { a: 'deaf', b: [acts.ok] } }, async (pool) => {
        const client = await pool.ask(POST);
        await until('it connects', () => pool.balancer.server('www', 'a').counters.connect === 1);
        pool.say({ a: state });
        assert.equal((await client.readResponse()).body, 'b');
      });
    }
  });

  it('keeps what must not be sent twice, and may still answer it', async () => {
    const { act, held } = holding();
    await withPool({ plans: { a: [act, acts.ok], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask(POST);
      await until('it is asked', () => held.length === 1);
      pool.say({ a: 'down' });
      assert.equal(await pool.answer(), 'b');
      pool.say({ a: 'ready' });
      held[0]?.write(reply('late'));
      assert.equal((await client.readResponse()).body, 'late');
      assert.deepEqual(pool.asked, { a: 'POST(5)', b: 'GET' });
    });
  });

  it('keeps a response that has begun', async () => {
    const { act, held } = holding();
    await withPool({ plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      held[0]?.write(reply('0123456789').slice(0, -5));
      await client.readUntil('01234');
      pool.say({ a: 'down' });
      held[0]?.write('56789');
      await client.readUntil('56789');
      assert.deepEqual(pool.log, ['a 200 ---- 0']);
    });
  });

  it('keeps its requests where nobody else is, and loses them as soon as somebody is', async () => {
    const { act, held } = holding();
    await withPool({ plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      pool.say({ b: 'gone' });
      const [first, second] = [await pool.ask(), await pool.ask()];
      await until('it is asked', () => held.length === 2);
      pool.say({ a: 'down' });
      held[0]?.write(reply('unpaused'));
      const answered = await until('it answers', () => [first, second].find(({ received }) => received.endsWith('unpaused')));
      pool.say({ b: 'ready' });
      assert.equal((await (answered === first ? second : first).readResponse()).body, 'b');
    });
  });

  it('loses nothing where the client is to stay by force', async () => {
    const { act, held } = holding();
    const lines = ['cookie S insert', 'force-persist if { path / }'];
    await withPool({ lines, plans: { a: [acts.ok, act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      client.send(bound(await client.readResponse()));
      await until('it is asked', () => held.length === 1);
      pool.say({ a: 'down' });
      held[0]?.write(reply('a again'));
      assert.equal((await client.readResponse()).body, 'a again');
    });
  });

  it('loses what has no answer a second time as well', async () => {
    await withPool({ plans: { a: [acts.silent], b: [acts.silent], c: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => pool.asked.a === 'GET');
      pool.say({ a: 'down' });
      await until('another one is asked', () => pool.asked.b === 'GET');
      pool.say({ b: 'down' });
      assert.equal((await client.readResponse()).body, 'c');
    });
  });
});

describe('a container that is found down by what it answers', () => {
  const check = { ...CHECK, inter: 3_600_000 };
  const config = { observe: 'layer7', errorLimit: 1, onError: 'mark-down', check } as const;
  const oops = reply('oops').replace('200 OK', '500 Oops');

  it('has answered, and nobody else is asked', async () => {
    const act: Act = (socket) => socket.write(oops);
    await withPool({ config, plans: { a: [act], b: [act], c: [act] } }, async (pool) => {
      assert.equal((await (await pool.ask()).readResponse()).body, 'oops');
      assert.deepEqual([pool.asked, pool.log], [{ a: 'GET' }, ['a 500 ---- 0']]);
      assert.equal(pool.balancer.backends.get('www')?.activeCount(), 2);
    });
  });

  it('has answered, also from where it is no more', async () => {
    const { act, held } = holding();
    await withPool({ config, plans: { a: [act], b: [acts.ok], c: [acts.ok] } }, async (pool) => {
      pool.say({ b: 'gone', c: 'gone' });
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      pool.move('a', 'c');
      pool.say({ b: 'ready' });
      held[0]?.write(oops);
      assert.equal((await client.readResponse()).body, 'oops');
      assert.deepEqual(pool.asked, { a: 'GET' });
    });
  });
});

describe('a container that was told to stop', () => {
  it('finishes what it has, and gets nothing new', async () => {
    const { act, held } = holding();
    await withPool({ plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      pool.say({ a: 'drain' });
      for (let i = 0; i < 4; i++) assert.equal(await pool.answer(), 'b');
      pool.say({ a: 'gone' });
      held[0]?.end(reply('finished'));
      assert.equal((await client.readResponse()).body, 'finished');
    });
  });

  for (const state of ['drain', 'down', 'unreachable'] as const) {
    it(`or was ${state}, and is well again, serves again`, async () => {
      await withPool({ plans: { a: [acts.ok], b: [acts.ok] } }, async (pool) => {
        pool.say({ a: state });
        assert.deepEqual([await pool.answer(), await pool.answer()], ['b', 'b']);
        pool.say({ a: 'ready' });
        assert.deepEqual([await pool.answer(), await pool.answer()].sort(), ['a', 'b']);
      });
    });
  }
});

describe('while others come and go', () => {
  it('a tunnel and a long poll to unchanged containers notice nothing', async () => {
    const { act, held } = holding();
    const names = Array.from({ length: 12 }, (_, i) => `other${i}`);
    const plans = { a: [act, act, acts.ok], ...Object.fromEntries(names.map((name) => [name, [acts.ok]])) };
    await withPool({ plans }, async (pool) => {
      pool.say(Object.fromEntries(names.map((name) => [name, 'gone'])));
      const tunnel = await pool.ask('GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await until('it is asked', () => held.length === 1);
      held[0]?.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      await tunnel.readUntil('\r\n\r\n');
      const poll = await pool.ask();
      await until('the poll is there', () => held.length === 2);
      const states: readonly State[] = ['ready', 'down', 'drain', 'ready', 'unreachable', 'gone'];
      for (let change = 0; change < 300; change++) {
        const name = names[(change * 7) % names.length] as string;
        pool.say({ [name]: states[change % states.length] as State });
        if (change % 50 === 0) assert.match(await pool.answer(), /^a$|^other/);
      }
      held[0]?.write('pushed');
      await tunnel.readUntil('pushed');
      held[1]?.write(reply('news'));
      assert.equal((await poll.readResponse()).body, 'news');
      assert.equal(held.length, 2);
    });
  });
});

describe('a TCP session', () => {
  it('leaves a container that goes while it connects', async () => {
    const lines = ['mode tcp', 'timeout connect 60s'];
    await withPool({ lines, plans: { a: 'deaf', b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it connects', () => pool.balancer.server('www', 'a').counters.connect === 1);
      pool.say({ a: 'gone' });
      assert.equal((await client.readResponse()).body, 'b');
    });
  });

  it('stays with its container once bytes may have gone', async () => {
    const { act, held } = holding();
    await withPool({ lines: ['mode tcp'], plans: { a: [act], b: [acts.ok] } }, async (pool) => {
      const client = await pool.ask();
      await until('it is asked', () => held.length === 1);
      pool.say({ a: 'down' });
      held[0]?.write(reply('a'));
      assert.equal((await client.readResponse()).body, 'a');
    });
  });
});
