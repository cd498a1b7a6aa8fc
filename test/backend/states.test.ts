/** The rooms of a server's state, each by a table. What they come to together is compared with HAProxy's (test/haproxy/states.test.ts). */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Backend } from '../../src/backend/backend.ts';
import { Backends } from '../../src/backend/backends.ts';
import { Health } from '../../src/backend/health.ts';
import { Observer } from '../../src/backend/observe.ts';
import type { Server } from '../../src/backend/server.ts';
import type { SavedServer } from '../../src/backend/servers-state.ts';
import { stepsAfter } from '../../src/backend/slowstart.ts';
import { Admin, type AgentReport, NO_KEY, Observation, OpState, type Verdict } from '../../src/backend/types.ts';
import type { AgentConfig, ServerConfig } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Change, DiscoveredServer } from '../../src/state/types.ts';
import { CHECK, Client, Events, makeBackend, type proxyConfig as makeProxy, proxyConfig, serverConfig, verdict } from './support.ts';

const AGENT: AgentConfig = { inter: 2000, address: undefined, port: 1, send: '' };
const checked = { check: CHECK };

const ready = (name: string, more: Partial<ServerConfig> = {}): DiscoveredServer => ({
  config: serverConfig(name, more),
  state: 'ready',
  reason: '',
});
const add = (name: string, servers: readonly DiscoveredServer[], more: Parameters<typeof makeProxy>[1] = {}): Change => ({
  kind: 'add-backend',
  backend: { name, config: proxyConfig(name, more), servers, origin: 'test:1', routed: false },
});

/** A line of a state file. */
const SAVED: SavedServer = {
  address: undefined,
  op: OpState.Running,
  admin: 0,
  weight: 10,
  configuredWeight: 10,
  since: 0,
  verdict: undefined,
  checkDisabled: false,
  agentDisabled: false,
  port: 0,
  ssl: undefined,
  checkPort: 0,
  omitted: undefined,
};

describe('the health of a check', () => {
  /** `+` passes, `-` fails; the values after each. */
  const cases: readonly (readonly [rise: number, fall: number, results: string, values: readonly number[]])[] = [
    [2, 3, '+', [4]],
    [2, 3, '-', [0]],
    [2, 3, '+----++-+', [4, 3, 2, 0, 0, 1, 4, 3, 4]],
    [2, 3, '-+-++', [0, 1, 0, 1, 4]],
    [1, 1, '+-+', [1, 0, 1]],
    [1, 3, '-+---', [0, 3, 2, 1, 0]],
    [3, 4, '+-----+++', [6, 5, 4, 3, 0, 0, 1, 2, 6]],
  ];
  for (const [rise, fall, results, values] of cases) {
    it(`rise ${rise} fall ${fall}: ${results}`, () => {
      const health = new Health(rise, fall);
      assert.equal(health.value, rise);
      const seen = [...results].map((result) => {
        const before = health.value;
        const changed = result === '+' ? health.pass() : health.fail();
        assert.equal(changed, health.value !== before);
        return health.value;
      });
      assert.deepEqual(seen, values);
    });
  }
});

describe('the status', () => {
  const { Stopped, Starting, Running, Stopping } = OpState;
  const FORCED = Admin.ForcedMaint;
  const DRAIN = Admin.ForcedDrain;
  interface Case {
    readonly op: OpState;
    readonly admin?: number;
    readonly health?: number;
    readonly agent?: number;
    readonly check?: false;
  }
  const cases: readonly (readonly [words: string, state: Case])[] = [
    ['UP', { op: Running, health: 4 }],
    ['UP', { op: Starting, health: 4 }],
    ['UP 2/3', { op: Running, health: 3 }],
    ['UP 1/3', { op: Running, health: 2 }],
    ['no check', { op: Running, check: false }],
    ['no check', { op: Running, check: false, agent: 1 }],
    ['DRAIN', { op: Running, health: 4, admin: DRAIN }],
    ['DRAIN 2/3', { op: Running, health: 3, admin: DRAIN }],
    ['DRAIN (agent)', { op: Running, health: 3, admin: DRAIN, agent: 1 }],
    ['DRAIN', { op: Running, check: false, admin: Admin.SourceDrain }],
    ['NOLB', { op: Stopping, health: 4 }],
    ['NOLB 1/3', { op: Stopping, health: 2 }],
    ['NOLB', { op: Stopping, check: false }],
    ['NOLB', { op: Stopping, health: 4, admin: DRAIN }],
    ['DOWN', { op: Stopped, health: 0 }],
    ['DOWN 1/2', { op: Stopped, health: 1 }],
    ['DOWN', { op: Stopped, check: false }],
    ['DOWN', { op: Stopped, health: 0, admin: DRAIN }],
    ['DOWN (agent)', { op: Stopped, health: 4, agent: 0 }],
    ['DOWN (agent)', { op: Stopped, health: 0, agent: 0 }],
    ['DOWN', { op: Stopped, health: 0, agent: 1 }],
    ['DOWN 1/2', { op: Stopped, health: 1, agent: 1 }],
    ['MAINT', { op: Stopped, health: 0, admin: FORCED }],
    ['MAINT', { op: Stopped, health: 0, admin: FORCED | Admin.ConfigMaint | DRAIN }],
    ['UP', { op: Running, health: 4, admin: Admin.ConfigMaint }],
    ['MAINT (resolution)', { op: Stopped, health: 0, admin: FORCED | Admin.ResolutionMaint }],
  ];
  for (const [words, { op, admin = 0, health = 0, agent, check }] of cases) {
    it(`${words}: op ${op}, admin ${admin}, health ${check === false ? 'unknown' : health}, agent ${agent ?? 'none'}`, () => {
      const config = { ...(check === false ? {} : checked), ...(agent === undefined ? {} : { agent: AGENT }) };
      const { servers } = makeBackend([serverConfig('s1', config)]);
      const server = servers[0]!;
      server.op = op;
      server.admin = admin;
      server.check.value = health;
      server.agent.value = agent ?? 1;
      assert.equal(server.statusText(), words);
    });
  }

  it('without its check is that of a server without a check, whatever it has found', () => {
    const { servers } = makeBackend([serverConfig('s1', checked)]);
    const server = servers[0]!;
    server.enableCheck(false);
    assert.deepEqual([server.checkEnabled, server.statusText()], [false, 'no check']);
    server.enableCheck(true);
    assert.equal(server.statusText(), 'UP 1/3');
  });
});

describe('slowstart', () => {
  /** HAProxy 2.6's figures: the share of a weight of 16 after each second. */
  const shares: readonly (readonly [seconds: number, steps: readonly number[]])[] = [
    [3, [1, 6, 11]],
    [4, [1, 5, 9, 13]],
    [1, [1]],
    [20, [1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13, 13, 14, 15, 16]],
  ];
  for (const [seconds, steps] of shares) {
    it(`of ${seconds} s`, () => {
      assert.deepEqual(
        steps.map((_, second) => stepsAfter(second, seconds)),
        steps,
      );
    });
  }

  let now = 0;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    now = 1_000_000;
  });
  afterEach(() => mock.timers.reset());

  function pass(ms: number): void {
    for (let left = ms; left > 0; left -= 20) {
      now += 20;
      mock.timers.tick(20);
    }
  }

  function slow(config: Partial<ServerConfig> = {}, balance: 'roundrobin' | 'static-rr' = 'roundrobin') {
    const wheel = new Wheel(() => now);
    const { servers, events } = makeBackend([serverConfig('s1', { ...checked, weight: 50, slowstart: 3000, ...config })], {
      wheel,
      balance: { ...proxyConfig('x').balance, algorithm: balance },
    });
    return { server: servers[0]!, events, wheel };
  }

  it('gives a server that comes up its weight in steps of a second, and says when it is done', () => {
    const { server, events } = slow();
    assert.deepEqual([server.op, server.eweight], [OpState.Running, 800], 'not at the start of the program');
    server.setAdmin('maint', now);
    server.setAdmin('ready', now);
    const seen = [server.eweight];
    for (let second = 1; second <= 3; second++) {
      pass(1020);
      seen.push(server.eweight);
    }
    assert.deepEqual(seen, [50, 300, 550, 800]);
    assert.equal(server.op, OpState.Running);
    assert.match(events.take().at(-1) ?? '', /^5 Server app\/s1 is UP\. 1 active and 0 backup servers online\./);
  });

  it('counts anew when drain ends, and takes a new weight at once', () => {
    const { server } = slow();
    server.setVerdict(verdict('L4CON'), now);
    server.setVerdict(verdict('L4OK'), now);
    server.setVerdict(verdict('L4OK'), now);
    pass(1100);
    server.setWeight(100, now);
    assert.equal(server.eweight, 600);
    server.setAdmin('drain', now);
    server.setAdmin('ready', now);
    assert.equal(server.eweight, 100);
  });

  it('changes no weight where the algorithm cannot', () => {
    const { server } = slow({}, 'static-rr');
    server.setAdmin('maint', now);
    server.setAdmin('ready', now);
    assert.deepEqual([server.op, server.eweight], [OpState.Starting, 800]);
  });

  it('leaves nothing on the wheel when the server goes down meanwhile', () => {
    const { server, wheel } = slow();
    server.setAdmin('maint', now);
    server.setAdmin('ready', now);
    assert.equal(wheel.size, 1);
    server.setAdmin('maint', now);
    assert.equal(wheel.size, 0);
  });
});

describe('observe', () => {
  const { Connected, ConnectFailed, Answered, WrongStatus, InvalidHead, InvalidBody, ReadError, ReadTimeout, Closed } = Observation;
  const cases: readonly (readonly [layer: 'layer4' | 'layer7', seen: readonly Observation[], limit: number, found: string | undefined])[] =
    [
      ['layer4', [ConnectFailed, ConnectFailed], 2, 'Detected 2 consecutive errors, last one was: L4 unsuccessful connection'],
      ['layer4', [ConnectFailed, Connected, ConnectFailed], 2, undefined],
      ['layer4', [WrongStatus, InvalidHead, InvalidBody, ReadError, ReadTimeout, Closed], 1, undefined],
      ['layer4', [ConnectFailed, Answered, ConnectFailed], 2, 'Detected 2 consecutive errors, last one was: L4 unsuccessful connection'],
      ['layer7', [ConnectFailed], 1, 'Detected 1 consecutive errors, last one was: L4 unsuccessful connection'],
      ['layer7', [WrongStatus, Connected, WrongStatus], 2, 'Detected 2 consecutive errors, last one was: Wrong http response'],
      ['layer7', [WrongStatus, Answered, WrongStatus], 2, undefined],
      ['layer7', [WrongStatus, InvalidHead], 2, 'Detected 2 consecutive errors, last one was: Invalid http response (headers)'],
      ['layer7', [InvalidBody], 1, 'Detected 1 consecutive errors, last one was: Invalid http response'],
      ['layer7', [ReadError], 1, 'Detected 1 consecutive errors, last one was: Read error (http)'],
      ['layer7', [ReadTimeout], 1, 'Detected 1 consecutive errors, last one was: Read timeout (http)'],
      ['layer7', [Closed], 1, 'Detected 1 consecutive errors, last one was: Close from server (http)'],
    ];
  for (const [layer, seen, errorLimit, found] of cases) {
    it(`${layer}: ${seen.join(' ')} with a limit of ${errorLimit}`, () => {
      const observer = new Observer();
      const config = serverConfig('s1', { observe: layer, errorLimit });
      assert.equal(seen.map((observation) => observer.see(observation, config)).at(-1), found);
      assert.equal(observer.failures, found === undefined ? 0 : 1);
    });
  }

  const modes: readonly (readonly [mode: ServerConfig['onError'], before: number, after: number, status: string])[] = [
    ['fastinter', 4, 4, 'UP'],
    ['fail-check', 4, 3, 'UP 2/3'],
    ['fail-check', 2, 0, 'DOWN'],
    ['sudden-death', 4, 2, 'UP 1/3'],
    ['sudden-death', 2, 0, 'DOWN'],
    ['mark-down', 4, 0, 'DOWN'],
  ];
  for (const [onError, before, after, status] of modes) {
    it(`on-error ${onError} makes ${status} of a health of ${before}, and asks for the next check soon`, () => {
      const { servers } = makeBackend([serverConfig('s1', { ...checked, observe: 'layer7', errorLimit: 1, onError })]);
      const server = servers[0]!;
      let asked = 0;
      server.onFastCheck = () => asked++;
      server.check.value = before;
      server.observe(WrongStatus, 5);
      assert.deepEqual([server.health, server.statusText(), asked, server.fastCheck], [after, status, 1, true]);
      server.setVerdict(verdict('L4OK'), 6);
      assert.equal(server.fastCheck, false);
    });
  }

  it('needs a check, and begins to count anew after one that passes', () => {
    const { servers } = makeBackend([
      serverConfig('s1', { observe: 'layer7', errorLimit: 1 }),
      serverConfig('s2', { ...checked, observe: 'layer7', errorLimit: 2 }),
    ]);
    servers[0]!.observe(WrongStatus, 0);
    assert.equal(servers[0]!.observer.failures, 0);
    servers[1]!.observe(WrongStatus, 0);
    servers[1]!.setVerdict(verdict('L4OK'), 0);
    servers[1]!.observe(WrongStatus, 0);
    assert.equal(servers[1]!.observer.failures, 0);
  });
});

const NOTHING: AgentReport = { verdict: verdict('CHECKED'), weight: undefined, admin: undefined, state: undefined, maxconn: undefined };

describe('an agent', () => {
  function agent(balance: 'roundrobin' | 'static-rr' = 'roundrobin') {
    const { servers, events } = makeBackend([serverConfig('s1', { ...checked, agent: AGENT, weight: 10 }), serverConfig('s2')], {
      balance: { ...proxyConfig('x').balance, algorithm: balance },
    });
    return { server: servers[0]!, events };
  }

  it('changes what it names and nothing else', () => {
    const { server } = agent();
    server.setAgentReport({ ...NOTHING, weight: 25, maxconn: 7 }, 0);
    assert.deepEqual([server.weight, server.maxconn, server.statusText()], [2, 7, 'UP 1/3']);
    server.setAgentReport({ ...NOTHING, admin: 'drain' }, 0);
    assert.deepEqual([server.weight, server.maxconn, server.statusText()], [2, 7, 'DRAIN (agent)']);
    server.setAgentReport({ ...NOTHING, weight: 9999 }, 0);
    assert.equal(server.weight, 256);
  });

  it('takes the server down by what it says, not by being away', () => {
    const { server } = agent();
    server.setAgentReport({ ...NOTHING, verdict: verdict('L4CON') }, 0);
    assert.deepEqual([server.statusText(), server.agentHealth], ['UP 1/3', 1]);
    server.setAgentReport({ ...NOTHING, state: 'down', verdict: verdict('L7STS', 0, 'via agent : down') }, 0);
    assert.deepEqual([server.statusText(), server.agentHealth, server.counters.chkfail], ['DOWN (agent)', 0, 0]);
    server.setVerdict(verdict('L7OK', 200), 0);
    assert.equal(server.statusText(), 'DOWN (agent)');
    server.setAgentReport({ ...NOTHING, state: 'up', verdict: verdict('L7OK', 0, 'via agent : up') }, 0);
    assert.equal(server.statusText(), 'UP');
  });

  it('is told why its weight is not taken', () => {
    const { server } = agent('static-rr');
    const info = (report: Partial<AgentReport>): string | undefined => {
      server.setAgentReport({ ...NOTHING, ...report }, 0);
      return server.agentVerdict?.info;
    };
    const why = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
    assert.equal(info({ weight: 50 }), `agent warns : ${why}`);
    assert.equal(info({ weight: 50, state: 'up', verdict: verdict('L7OK', 0, 'via agent : up') }), `via agent : up (${why})`);
    assert.equal(info({ weight: 50, state: 'down', verdict: verdict('L7STS', 0, 'via agent : down') }), 'via agent : down');
    assert.equal(server.weight, 10);
    assert.equal(info({ weight: 0 }), '');
    assert.equal(server.weight, 0);
  });
});

describe('a discovered server is forsaken', () => {
  const cases: readonly (readonly [why: string, act: (server: Server) => void, forsaken: boolean, silenced: boolean])[] = [
    ['its source says so', (server) => server.update(server.config, 'down', 'paused', 1), true, true],
    ['it has no address', (server) => server.update({ ...server.config, address: undefined }, 'down', '', 1), true, true],
    ['a check has found it down', (server) => server.setVerdict(verdict('L4CON'), 1), true, false],
    ['traffic has', (server) => server.observe(Observation.Closed, 1), true, false],
    ['its agent has', (server) => server.setAgentReport({ ...NOTHING, verdict: verdict('L7STS'), state: 'down' }, 1), true, false],
    ['an operator calls it down', (server) => server.forceHealth('down', 1), false, false],
    ['an operator takes it out', (server) => server.setAdmin('maint', 1), false, false],
    ['it was told to stop', (server) => server.update(server.config, 'drain', '', 1), false, false],
  ];
  const config = { ...checked, agent: AGENT, observe: 'layer7', errorLimit: 1, onError: 'mark-down' } as const;
  for (const [why, act, forsaken, silenced] of cases) {
    it(`${forsaken ? '' : 'not '}because ${why}`, () => {
      for (const identity of ['container s1', 's1']) {
        const { servers } = makeBackend([serverConfig('s1', { ...config, check: { ...CHECK, fall: 1 }, identity })]);
        const server = servers[0] as Server;
        act(server);
        const discovered = identity !== 's1';
        assert.deepEqual([server.forsaken, server.silenced], [forsaken && discovered, silenced && discovered]);
      }
    });
  }
});

describe('sessions end', () => {
  function setUp(s1: Partial<ServerConfig>) {
    const ended: string[] = [];
    const backend = new Backend({
      name: 'app',
      config: proxyConfig('app'),
      wheel: new Wheel(),
      events: new Events(),
      origin: 'test:1',
      shutdown: (server, cause) => ended.push(`${server.config.name} ${cause}`),
    });
    const [server] = [
      serverConfig('s1', { ...checked, agent: AGENT, observe: 'layer7', errorLimit: 1, onError: 'mark-down', ...s1 }),
      serverConfig('b1', { backup: true }),
      serverConfig('b2', { backup: true }),
    ].map((config) => backend.addServer(config, 0));
    backend.refresh(0);
    return { server: server!, ended };
  }

  const downs: readonly (readonly [why: string, act: (server: Server) => void, ends: boolean])[] = [
    ['a check', (server) => server.setVerdict(verdict('L4CON'), 1), true],
    ['an operator', (server) => server.forceHealth('down', 1), true],
    ['maintenance', (server) => server.setAdmin('maint', 1), true],
    ['traffic', (server) => server.observe(Observation.Closed, 1), true],
    ['drain', (server) => server.setAdmin('drain', 1), false],
    ['a weight of 0', (server) => server.setWeight(0, 1), false],
    ['being held back', (server) => server.forceHealth('stopping', 1), false],
  ];
  for (const [why, act, ends] of downs) {
    it(`${ends ? '' : 'not '}by ${why}, with on-marked-down shutdown-sessions`, () => {
      const { server, ended } = setUp({ shutdownWhenDown: true });
      act(server);
      assert.deepEqual(ended, ends ? ['s1 D'] : []);
      const other = setUp({});
      act(other.server);
      assert.deepEqual(other.ended, []);
    });
  }

  const ups: readonly (readonly [what: string, before: (server: Server) => void, act: (server: Server) => void])[] = [
    ['checks', (server) => server.setVerdict(verdict('L4CON'), 1), (server) => [1, 2].map(() => server.setVerdict(verdict('L4OK'), 1))],
    ['leaving maintenance', (server) => server.setAdmin('maint', 1), (server) => server.setAdmin('ready', 1)],
    ['leaving drain', (server) => server.setAdmin('drain', 1), (server) => server.setAdmin('ready', 1)],
    ['a weight', (server) => server.setWeight(0, 1), (server) => server.setWeight(5, 1)],
  ];
  for (const [what, before, act] of ups) {
    it(`of backup servers when ${what} bring their better back, with on-marked-up shutdown-backup-sessions`, () => {
      const { server, ended } = setUp({ shutdownBackupsWhenUp: true });
      before(server);
      assert.deepEqual(ended, []);
      act(server);
      assert.deepEqual(ended, ['b1 U', 'b2 U']);
    });
  }
});

describe('all backends together', () => {
  let backends: Backends;
  let events: Events;
  beforeEach(() => {
    events = new Events();
    backends = new Backends({ wheel: new Wheel(), events, spreadChecks: 0 });
  });
  afterEach(() => backends.stop());

  const server = (backend: string, name: string): Server =>
    backends.get(backend)?.servers.find(({ config }) => config.name === name) ?? assert.fail(`no ${backend}/${name}`);

  const track = (target: string): Partial<ServerConfig> => {
    const [backend = '', name = ''] = target.split('/');
    return { track: { backend, server: name } };
  };

  it('a server tracks one of a backend that comes later, along a chain, and starts as that one is', () => {
    backends.apply([
      add('one', [ready('t1', track('two/s1')), ready('t2', track('/t1')), ready('t3', track('two/s2'))]),
      add('two', [ready('s1', { disabled: true }), ready('s2')], { id: 2 }),
    ]);
    assert.equal(server('one', 't2').statusText(), 'MAINT (via one/t1)');
    assert.equal(server('one', 't1').statusText(), 'MAINT (via two/s1)');
    assert.equal(server('one', 't3').usable, true);
    assert.deepEqual(events.take(), []);
    server('two', 's1').setAdmin('ready', 5);
    assert.deepEqual([server('one', 't1').usable, server('one', 't2').usable], [true, true]);
  });

  it('a tracked server that is removed leaves its trackers as they are, and one of its name takes its place', () => {
    backends.apply([add('app', [ready('s1', checked), ready('t1', track('/s1'))])]);
    server('app', 's1').setVerdict(verdict('L4CON'), 1);
    assert.equal(server('app', 't1').usable, false);
    backends.apply([{ kind: 'remove-server', backend: 'app', identity: 's1', reason: '' }]);
    assert.equal(server('app', 't1').tracked, undefined);
    assert.equal(server('app', 't1').usable, true, 'nobody says that it is down');
    backends.apply([{ kind: 'add-server', backend: 'app', server: ready('s1', { ...checked, identity: 'another' }) }]);
    server('app', 's1').setVerdict(verdict('L4CON'), 1);
    assert.equal(server('app', 't1').usable, false);
  });

  /** Takes the one slot of a server, and does not give it back. */
  const hold = (held: Server): void => {
    assert.equal(held.backend.assign(new Client(), NO_KEY, undefined), held);
  };

  it('those who track, along a chain and in other backends, get traffic again when whom they track is gone', () => {
    backends.apply([
      add('one', [ready('s1', checked), ready('s2')]),
      add('two', [ready('t1', track('one/s1'))], { id: 2 }),
      add('three', [ready('t2', track('two/t1'))], { id: 3 }),
    ]);
    server('one', 's1').setVerdict(verdict('L4CON'), 1);
    assert.deepEqual([backends.get('two')?.status(), backends.get('three')?.status()], ['DOWN', 'DOWN']);
    // Of no use to them is one that is only there until its exchanges end.
    server('one', 's2').setWeight(0, 1);
    server('one', 's1').setVerdict(verdict('L4OK'), 1);
    server('one', 's1').setVerdict(verdict('L4OK'), 1);
    hold(server('one', 's1'));
    server('one', 's1').setVerdict(verdict('L4CON'), 1);
    server('one', 's1').setVerdict(verdict('L4CON'), 1);
    server('one', 's1').setVerdict(verdict('L4CON'), 1);
    assert.deepEqual([backends.get('two')?.status(), backends.get('three')?.status()], ['DOWN', 'DOWN']);
    backends.apply([{ kind: 'remove-server', backend: 'one', identity: 's1', reason: '' }]);
    assert.deepEqual([backends.get('two')?.status(), backends.get('three')?.status()], ['UP', 'UP']);
  });

  it('one that tracks another stays as it is when its backend is on its way out', () => {
    backends.apply([add('one', [ready('s1', checked)]), add('two', [ready('t1', track('one/s1'))], { id: 2 })]);
    const t1 = server('two', 't1');
    hold(t1);
    server('one', 's1').setVerdict(verdict('L4CON'), 1);
    backends.apply([{ kind: 'remove-backend', name: 'two' }]);
    assert.equal(t1.statusText(), 'DOWN');
    backends.apply([{ kind: 'remove-server', backend: 'one', identity: 's1', reason: '' }]);
    assert.equal(t1.op, OpState.Stopped);
    assert.equal(t1.tracked, undefined);
  });

  it('what was set at run time stays until the text says something else', () => {
    backends.apply([add('app', [ready('s1', { ...checked, agent: AGENT })])]);
    const s1 = server('app', 's1');
    s1.setAddress('127.0.0.9', 99, 1);
    s1.config = { ...s1.config, agent: { ...AGENT, port: 7 } };
    const change = (more: Partial<ServerConfig>): void =>
      backends.apply([{ kind: 'change-server', backend: 'app', server: ready('s1', { ...checked, agent: AGENT, ...more }) }]);
    change({ maxconn: 5 });
    assert.deepEqual([s1.config.address, s1.config.port, s1.config.agent?.port, s1.maxconn], ['127.0.0.9', 99, 7, 5]);
    assert.deepEqual([s1.addressVersion, events.take()], [1, []]);
    change({ port: 81 });
    assert.deepEqual([s1.config.address, s1.config.port, s1.config.agent?.port], ['127.0.0.1', 81, 7]);
    assert.deepEqual(events.take(), ['5 Server app/s1 changed its address from 127.0.0.9:99 to 127.0.0.1:81.']);
  });

  describe('init-addr', () => {
    const unresolved = (name: string, initAddr: readonly string[]): DiscoveredServer => ({
      config: serverConfig(name, { address: undefined, fqdn: 'app.test', initAddr }),
      state: 'down',
      reason: 'name app.test does not resolve',
    });
    const cases: readonly (readonly [methods: string, saved: string | undefined, address: string | undefined])[] = [
      ['', undefined, undefined],
      ['', '127.0.0.5', '127.0.0.5'],
      ['last,libc,none', '127.0.0.5', '127.0.0.5'],
      ['libc,none', '127.0.0.5', undefined],
      ['libc,127.0.0.8', '127.0.0.5', '127.0.0.8'],
      ['none,127.0.0.8', '127.0.0.5', undefined],
      ['last,127.0.0.8', undefined, '127.0.0.8'],
    ];
    for (const [methods, saved, address] of cases) {
      it(`${methods || 'by default'}, ${saved ?? 'no address'} in the state file: ${address ?? 'maintenance'}`, () => {
        const line = { ...SAVED, weight: 1, configuredWeight: 1, address: saved };
        backends.saved = new Map([['app', new Map([['s1', line]])]]);
        const initAddr = methods === '' ? [] : methods.split(',');
        backends.apply([add('app', [unresolved('s1', initAddr)])]);
        const s1 = server('app', 's1');
        assert.deepEqual([s1.config.address, s1.statusText()], [address, address === undefined ? 'MAINT (resolution)' : 'no check']);
        // The resolver goes on without an answer, and then has one.
        backends.apply([{ kind: 'change-server', backend: 'app', server: { ...unresolved('s1', initAddr), reason: 'still not' } }]);
        assert.equal(s1.config.address, address);
        backends.apply([{ kind: 'change-server', backend: 'app', server: ready('s1', { fqdn: 'app.test', initAddr }) }]);
        backends.apply([{ kind: 'change-server', backend: 'app', server: unresolved('s1', initAddr) }]);
        assert.equal(s1.statusText(), 'MAINT (resolution)', 'what it had at first is no address any more');
      });
    }
  });
});

describe('a state file', () => {
  /** The servers of one backend as they start, what is told of it, and the clock then. */
  function start(servers: readonly (readonly [config: Partial<ServerConfig>, saved: SavedServer])[]) {
    const events = new Events();
    const backends = new Backends({ wheel: new Wheel(), events, spreadChecks: 0 });
    const told: string[] = [];
    backends.onRestored = (message) => told.push(message);
    backends.saved = new Map([['app', new Map(servers.map(([, saved], at) => [`s${at + 1}`, saved]))]]);
    backends.apply([
      add(
        'app',
        servers.map(([config], at) => ready(`s${at + 1}`, { weight: 10, ...config })),
      ),
    ]);
    const now = monotonic();
    const list = backends.get('app')?.servers ?? [];
    const weights = list.map(({ eweight }) => eweight);
    backends.stop();
    return { list, told, weights, events: events.take(), ages: list.map(({ lastChange }) => Math.round((now - lastChange) / 10_000) * 10) };
  }

  it('begins a slow start anew, and takes one that had the time for one that is over', () => {
    const slowstart = 100_000;
    const { list, told, weights, ages } = start([
      [{ slowstart }, { ...SAVED, op: OpState.Starting, since: 30_000 }],
      [{ slowstart }, { ...SAVED, op: OpState.Starting, since: 200_000 }],
      [{ slowstart }, { ...SAVED, op: OpState.Running, since: 30_000 }],
    ]);
    assert.deepEqual(
      list.map(({ op }) => op),
      [OpState.Starting, OpState.Running, OpState.Running],
    );
    assert.deepEqual(weights, [10, 160, 160]);
    assert.deepEqual(ages, [0, 200, 30]);
    assert.deepEqual(told, ['Server app/s1 is UP. 3 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.']);
  });

  it('dates what came over those who track, and leaves them in the state of whom they track', () => {
    const { list, told, events, ages } = start([
      [checked, { ...SAVED, op: OpState.Stopped, since: 50_000 }],
      [{ track: { backend: '', server: 's1' } }, { ...SAVED, op: OpState.Stopped, since: 40_000 }],
      [checked, { ...SAVED, since: 70_000 }],
      [{ track: { backend: '', server: 's3' } }, { ...SAVED, op: OpState.Stopped, since: 60_000 }],
    ]);
    assert.deepEqual(
      list.map((server) => server.statusText()),
      ['DOWN', 'DOWN', 'UP', 'UP'],
    );
    assert.deepEqual(ages, [50, 40, 70, 60]);
    const left = 'backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.';
    assert.deepEqual(told, [
      `Server app/s1 is DOWN, changed from server-state after a reload. 3 active and 0 ${left}`,
      `Server app/s2 is DOWN via app/s1. 2 active and 0 ${left}`,
    ]);
    assert.deepEqual(events, [], 'nothing has happened that a log should tell');
  });

  it('does not take a configured weight of 0 for a drain, when there is another weight now', () => {
    const drained: SavedServer = { ...SAVED, admin: Admin.ForcedDrain, configuredWeight: 0, weight: 0 };
    const { list } = start([
      [{}, drained],
      [{ weight: 0 }, drained],
    ]);
    assert.deepEqual(
      list.map((server) => server.statusText()),
      ['no check', 'DRAIN'],
    );
  });
});

describe('a line about a check', () => {
  it('quotes what was heard so that the quotation ends where it should', () => {
    const { servers, events } = makeBackend([serverConfig('s1', checked)]);
    const said: Verdict = { code: 'L7RSP', passed: false, status: -1, info: 'say "no"', duration: 3.7 };
    servers[0]!.setVerdict(said, 0);
    assert.match(events.take()[0] ?? '', /reason: Layer7 invalid response, info: "say <22>no<22>", check duration: 3ms\. /);
  });
});
