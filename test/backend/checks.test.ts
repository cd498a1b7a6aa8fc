import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Checker } from '../../src/backend/checks/checker.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig, Timeouts } from '../../src/config/model.ts';
import { type Timed, Wheel } from '../../src/core/wheel.ts';
import { until } from '../support/wait.ts';
import { CHECK, HTTP_CHECK, makeBackend, serverConfig } from './support.ts';

const QUICK = { ...CHECK, inter: 40 };

describe('Checker', () => {
  let wheel: Wheel;
  let checker: Checker;
  let peers: NetServer[];
  let sockets: Set<Socket>;
  /** What the peer does with a connection; tests change it while it runs. */
  let behave: (socket: Socket) => void;

  beforeEach(() => {
    wheel = new Wheel();
    checker = new Checker({ wheel, spread: 0 });
    peers = [];
    sockets = new Set();
    behave = () => {};
  });
  afterEach(async () => {
    checker.stopAll();
    assert.equal(wheel.size, 0);
    for (const socket of sockets) socket.destroy();
    await Promise.all(peers.map((peer) => new Promise((done) => peer.close(done))));
  });

  async function listen(where: number | string = 0): Promise<number> {
    const peer = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.resume();
      behave(socket);
    });
    peers.push(peer);
    if (typeof where === 'number') peer.listen(where, '127.0.0.1');
    else peer.listen(where);
    await once(peer, 'listening');
    return typeof where === 'number' ? (peer.address() as AddressInfo).port : 0;
  }

  function answer(text: string): void {
    behave = (socket) => socket.once('data', () => socket.end(text));
  }

  function check(config: Partial<ServerConfig>, more: Parameters<typeof makeBackend>[1] = {}): Server {
    const { servers } = makeBackend([serverConfig('s1', { check: QUICK, ...config })], more);
    checker.start(servers);
    return servers[0]!;
  }

  const code = (server: Server, wanted: string) => until(`the verdict is ${wanted}`, () => server.verdict?.code === wanted);

  it('finds a port that accepts L4OK, leaves no connection behind, and follows it down and up', async () => {
    const port = await listen();
    const server = check({ port });
    await code(server, 'L4OK');
    assert.equal(server.statusText(), 'UP');
    assert.ok((server.verdict?.duration ?? -1) >= 0);
    const peer = peers.pop()!;
    await new Promise((done) => peer.close(done));
    await until('it is DOWN', () => server.statusText() === 'DOWN');
    assert.deepEqual([server.verdict?.code, server.verdict?.info, server.counters.chkfail], ['L4CON', 'Connection refused', 3]);
    await listen(port);
    await until('it is UP', () => server.statusText() === 'UP');
  });

  it('asks at once who is enabled for the first time, and is not disturbed when something is enabled again', async () => {
    const [port, agentPort] = [await listen(), await listen()];
    let [asked, ended, agents] = [0, 0, 0];
    behave = (socket) => {
      if (socket.localPort === agentPort) {
        agents++;
        socket.end('up\n');
        return;
      }
      asked++;
      socket.on('close', () => ended++);
    };
    const inter = 3_600_000;
    const agent = { inter, address: undefined, port: agentPort, send: '' };
    const { servers } = makeBackend([serverConfig('s1', { port, check: { ...CHECK, inter }, agent })], { checkRules: HTTP_CHECK });
    const server = servers[0] as Server;
    server.enableCheck(false);
    server.enableAgent(false);
    checker.start(servers);
    server.onEnabled = () => checker.hasten(server);
    server.enableCheck(true);
    await until('it is asked', () => asked === 1);
    for (const on of [true, false, true]) server.enableAgent(on);
    await until('the agent is asked', () => agents === 1);
    for (const on of [false, true]) server.enableAgent(on);
    assert.deepEqual([asked, ended, server.checking], [1, 0, true]);
  });

  it('ends the connection of a TCP check with a reset', async () => {
    const ends: string[] = [];
    behave = (socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
      socket.on('end', () => ends.push('end'));
    };
    check({ port: await listen() });
    await until('a check has ended', () => ends.length > 0);
    assert.equal(ends[0], 'ECONNRESET');
  });

  it('checks a unix socket', async () => {
    const path = join(tmpdir(), `fairlead-check-${process.pid}.sock`);
    await listen(path);
    const server = check({ address: path, port: 0 });
    await code(server, 'L4OK');
    const missing = check({ address: `${path}.none`, port: 0 });
    await code(missing, 'SOCKERR');
    assert.equal(missing.verdict?.info, 'General socket error (No such file or directory)');
  });

  it('asks the address and port of the check line instead of those of the traffic', async () => {
    const server = check({ address: '127.0.0.254', port: 9, check: { ...QUICK, address: '127.0.0.1', port: await listen() } });
    await code(server, 'L4OK');
  });

  it('speaks HTTP with option httpchk', async () => {
    answer('HTTP/1.0 200 OK\r\n\r\n');
    const server = check({ port: await listen() }, { checkRules: HTTP_CHECK });
    await code(server, 'L7OK');
    assert.deepEqual([server.verdict?.status, server.verdict?.passed, server.verdict?.info], [200, true, '']);
    answer('HTTP/1.0 503 Service Unavailable\r\n\r\n');
    await until('it is DOWN', () => server.statusText() === 'DOWN');
    assert.deepEqual([server.verdict?.code, server.verdict?.status, server.verdict?.info], ['L7STS', 503, 'Service Unavailable']);
    behave = (socket) => socket.once('data', () => socket.resetAndDestroy());
    await code(server, 'SOCKERR');
    assert.equal(server.verdict?.info, 'Connection reset by peer');
    behave = (socket) => socket.end();
    await code(server, 'L7RSP');
  });

  it('tells a server that does not answer from one that does not accept', async () => {
    const port = await listen();
    const server = check({ port }, { checkRules: HTTP_CHECK });
    await code(server, 'L7TOUT');
    assert.ok((server.verdict?.duration ?? 0) >= QUICK.inter);
    const slow = check({ port, check: { ...QUICK, inter: 60_000 } }, { checkRules: HTTP_CHECK, timeouts: { check: 50 } });
    await code(slow, 'L7TOUT');
  });

  it('asks nobody in maintenance, and asks again afterwards', async () => {
    const asked = new Map<number, number>();
    behave = ({ localPort = 0 }) => asked.set(localPort, (asked.get(localPort) ?? 0) + 1);
    const [port, otherPort] = [await listen(), await listen()];
    const server = check({ port });
    await code(server, 'L4OK');
    server.setAdmin('maint', 0);
    await until('no check is in flight', () => !server.checking);
    const before = asked.get(port);
    check({ port: otherPort });
    await until('another one has been asked five times', () => (asked.get(otherPort) ?? 0) >= 5);
    assert.equal(asked.get(port), before);
    server.setAdmin('ready', 0);
    assert.equal(server.statusText(), 'UP 1/3');
    await until('it is whole again', () => server.statusText() === 'UP');
  });

  it('has one check in flight, and drops the answer of an old address', async () => {
    let open = 0;
    let most = 0;
    const held: Socket[] = [];
    behave = (socket) => {
      most = Math.max(most, ++open);
      held.push(socket);
      socket.on('close', () => open--);
    };
    const server = check({ port: await listen(), check: { ...QUICK, inter: 60_000 } }, { checkRules: HTTP_CHECK });
    await until('the old address is asked', () => held.length === 1);
    assert.equal(server.checking, true);
    const old = held[0]!;
    const gone = new Promise((done) => old.on('close', done));
    behave = (socket) => socket.once('data', () => socket.end('HTTP/1.0 500 New\r\n\r\n'));
    const port = await listen();
    assert.equal(server.update({ ...server.config, port }, 'ready', '', 0), true);
    checker.start([server]);
    old.end('HTTP/1.0 200 OK\r\n\r\n');
    await gone;
    await until('the new address has answered', () => server.verdict !== undefined);
    assert.deepEqual([server.verdict?.info, most], ['New', 1]);
  });

  it('does not check a server without check', () => {
    check({ check: undefined });
    assert.equal(wheel.size, 0);
  });

  it('spreads the first checks as HAProxy does: over their own intervals, by place', () => {
    const delays: number[] = [];
    class Recorder extends Wheel {
      override arm(_timed: Timed, ms: number): void {
        delays.push(ms);
      }
    }
    const agent = { inter: 4000, address: undefined, port: 1, send: '' };
    const { servers } = makeBackend([
      serverConfig('s0', { check: { ...CHECK, inter: 4000 } }),
      serverConfig('s1', { check: { ...CHECK, inter: 200, fall: 1 } }),
      serverConfig('s2', { check: { ...CHECK, inter: 4000 } }),
      serverConfig('s3', { check: { ...CHECK, inter: 4000, fastinter: 1000 } }),
      serverConfig('s4', { check: { ...CHECK, inter: 4000, fastinter: 1000, downinter: 2000, fall: 1 } }),
      serverConfig('s5', { check: { ...CHECK, inter: 4000 }, agent }),
      serverConfig('s6'),
      serverConfig('s7', { agent }),
    ]);
    new Checker({ wheel: new Recorder(), spread: 0 }).start(servers);
    assert.deepEqual(delays, [0, 125, 1000, 375, 2000, 2500, 3000, 3500]);
  });

  /** Keeps what is armed to itself: what is to come next, and how long a check may take. */
  class Recorder extends Wheel {
    readonly intervals: number[] = [];
    readonly patience: number[] = [];
    private readonly server: () => Server | undefined;
    private readonly rounds: number;

    constructor(server: () => Server | undefined, rounds: number) {
      super();
      this.server = server;
      this.rounds = rounds;
    }

    override arm(timed: Timed, ms: number): void {
      if (this.server()?.checking === true) this.patience.push(ms);
      else if (this.intervals.push(ms) <= this.rounds) queueMicrotask(() => timed.onTimeout(0));
    }
  }

  const LIMITS: readonly (readonly [inter: number, timeouts: Partial<Timeouts>, patience: readonly number[]])[] = [
    [1000, { connect: 300, check: 100 }, [300, 100]],
    [200, { connect: 300, check: 700 }, [200, 700]],
    [200, { connect: 100 }, [200]],
    [200, { check: 100 }, [200, 100]],
  ];
  for (const [inter, timeouts, patience] of LIMITS) {
    it(`waits ${patience.join(' ms, then ')} ms with inter ${inter} and ${JSON.stringify(timeouts)}`, async () => {
      const { servers } = makeBackend([serverConfig('s1', { port: await listen(), check: { ...CHECK, inter } })], {
        checkRules: HTTP_CHECK,
        timeouts,
      });
      const recorder = new Recorder(() => servers[0], 1);
      const own = new Checker({ wheel: recorder, spread: 0 });
      own.start(servers);
      await until('the peer is asked', () => recorder.patience.length === patience.length && sockets.size === 1);
      assert.deepEqual(recorder.patience, patience);
      own.stopAll();
    });
  }

  it('comes back after inter, fastinter or downinter, as HAProxy does', async () => {
    const answers = [200, 500, 500, 500, 500, 200, 200, 200];
    behave = (socket) => socket.once('data', () => socket.end(`HTTP/1.0 ${answers.shift()} X\r\n\r\n`));
    const timing = { ...CHECK, inter: 3000, fastinter: 1000, downinter: 2000 };
    const { servers } = makeBackend([serverConfig('s1', { port: await listen(), check: timing })], { checkRules: HTTP_CHECK });
    const recorder = new Recorder(() => servers[0], answers.length);
    const own = new Checker({ wheel: recorder, spread: 0 });
    own.start(servers);
    await until('all have been asked', () => recorder.intervals.length === 9);
    // UP, UP 2/3, UP 1/3, DOWN, DOWN, DOWN 1/2, UP, UP
    assert.deepEqual(recorder.intervals, [0, 3000, 1000, 1000, 2000, 2000, 1000, 3000, 3000]);
    own.stopAll();
  });

  it('differs from its interval by spread-checks', async () => {
    behave = (socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n'));
    const { servers } = makeBackend([serverConfig('s1', { port: await listen(), check: { ...CHECK, inter: 1000 } })], {
      checkRules: HTTP_CHECK,
    });
    const recorder = new Recorder(() => servers[0], 20);
    const own = new Checker({ wheel: recorder, spread: 50 });
    own.start(servers);
    await until('it has been asked often', () => recorder.intervals.length === 21);
    own.stopAll();
    const [, ...intervals] = recorder.intervals;
    assert.ok(intervals.every((interval) => interval >= 500 && interval <= 1500));
    assert.ok(new Set(intervals).size > 1);
    const even = new Recorder(() => servers[0], 20);
    const changed = new Checker({ wheel: even, spread: 50 });
    changed.spread = 0;
    changed.start(servers);
    await until('it has been asked often again', () => even.intervals.length === 21);
    assert.deepEqual([...new Set(even.intervals.slice(1))], [1000]);
    changed.stopAll();
  });
});
