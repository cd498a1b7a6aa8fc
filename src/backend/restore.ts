/**
 * New servers come into the states that they had (saved-states.ts). What the configuration says counts where it has changed
 * since: a weight, or `disabled`. It is told as HAProxy tells it, to whoever starts the process and not to its logs: nothing
 * has happened, nobody waits and nothing is under way.
 *
 * A server that tracks another one is in that one's state, whatever its own line says, but for maintenance of its own.
 * HAProxy takes one down whose line says so, and no check would ever bring it back.
 */

import type { Backend } from './backend.ts';
import type { Server } from './server.ts';
import type { SavedServer } from './servers-state.ts';
import { Admin, ANY_DRAIN, ANY_MAINT, OpState } from './types.ts';
import { balance, subject, via } from './words.ts';

export interface Restored {
  readonly server: Server;
  readonly saved: SavedServer;
}

/** When all servers are there and know whom they track; their backends refresh themselves afterwards. */
export function restore(all: readonly Restored[], now: number, tell: (message: string) => void): void {
  const restoring = new Restoring(now, tell);
  for (const one of all) restoring.take(one);
  // What came over those who track was only now, but it was so all the time.
  for (const one of all) restoring.date(one);
}

const CAUSE = ', changed from server-state after a reload';

class Restoring {
  private readonly now: number;
  private readonly tell: (message: string) => void;
  private readonly counts = new Map<Backend, Counts>();
  /** Their slow start begins anew. */
  private readonly starting = new Set<Server>();

  constructor(now: number, tell: (message: string) => void) {
    this.now = now;
    this.tell = tell;
  }

  take({ server, saved }: Restored): void {
    this.change(server, () => setUp(server, saved));
    if (!server.inMaintenance && !server.heldDown) this.operate(server, saved);
    this.administer(server, saved);
  }

  date({ server, saved }: Restored): void {
    if (this.starting.has(server)) return;
    server.lastChange = this.now - saved.since;
    if (server.op === OpState.Starting) server.warmup.step(this.now);
  }

  private operate(server: Server, saved: SavedServer): void {
    const { check, config } = server;
    const { op, since } = saved;
    const tracks = config.track !== undefined && !isMaintained(server, saved);
    if (op === OpState.Stopped) {
      check.value = 0;
      if (!tracks) this.takeDown(server, CAUSE);
    } else if (op === OpState.Stopping) {
      check.value = check.rise;
      if (!tracks) this.holdBack(server, CAUSE);
    } else if (op === OpState.Starting && check.rise > 1) {
      // It was on its way up, and is up by the next check that passes.
      check.value = check.rise - 1;
      if (!tracks && since < config.slowstart) this.start(server);
    } else {
      check.value = check.top;
    }
  }

  private start(server: Server): void {
    this.starting.add(server);
    server.moveOp(server.warmup.begin(this.now), this.now);
    this.say(server, ` is UP${this.balance(server)}`);
  }

  /** `cause` is empty where it goes with whom it tracks. */
  private takeDown(server: Server, cause: string): void {
    if (server.inMaintenance || server.op === OpState.Stopped) return;
    server.counters.chkdown++;
    this.move(server, OpState.Stopped);
    this.say(server, ` is DOWN${cause || via(server)}${this.balance(server)}`);
    for (const tracker of server.trackers) this.takeDown(tracker, '');
  }

  private holdBack(server: Server, cause: string): void {
    if (server.inMaintenance || server.op === OpState.Stopping) return;
    this.move(server, OpState.Stopping);
    this.say(server, ` is stopping${cause || via(server)}${this.balance(server)}`);
    for (const tracker of server.trackers) this.holdBack(tracker, '');
  }

  private administer(server: Server, saved: SavedServer): void {
    const { admin, configuredWeight } = saved;
    if (isMaintained(server, saved)) {
      this.setBits(server, Admin.ForcedMaint, 0);
    } else if (sayTheSame(server, saved)) {
      const wasMaint = server.inMaintenance;
      this.setBits(server, 0, Admin.ForcedMaint);
      if (wasMaint && !server.inMaintenance) this.say(server, ' is UP/READY (leaving forced maintenance).');
    }
    // A weight of 0 that was configured looks like a drain: without it there is none.
    const drains = configuredWeight > 0 || server.config.weight === 0;
    if ((admin & Admin.ForcedDrain) !== 0 && drains && (server.admin & Admin.ForcedMaint) === 0) {
      this.setBits(server, Admin.ForcedDrain, 0);
      if (!server.inMaintenance) this.say(server, ' remains in forced drain mode.');
    } else if ((server.admin & Admin.InheritedDrain) !== 0) {
      this.say(server, ` is leaving forced drain but remains in drain mode${via(server)}.`);
    }
  }

  private setBits(server: Server, set: number, clear: number): void {
    const was = server.admin;
    const is = (was | set) & ~clear;
    if (is === was) return;
    const wasMaint = server.inMaintenance;
    this.change(server, () => {
      server.admin = is;
      if (!wasMaint && server.inMaintenance) this.enterMaintenance(server);
      else if (wasMaint && !server.inMaintenance && !server.heldDown) this.leaveMaintenance(server);
    });
    for (const [bits, inherited] of [
      [ANY_MAINT, Admin.InheritedMaint],
      [ANY_DRAIN, Admin.InheritedDrain],
    ] as const) {
      const on = (is & bits) !== 0;
      if (on !== ((was & bits) !== 0)) for (const tracker of server.trackers) this.setBits(tracker, on ? inherited : 0, on ? 0 : inherited);
    }
  }

  private enterMaintenance(server: Server): void {
    server.check.value = 0;
    if (server.op === OpState.Stopped) return;
    server.counters.chkdown++;
    server.moveOp(OpState.Stopped, this.now);
  }

  private leaveMaintenance(server: Server): void {
    const { check, tracked, warmup } = server;
    check.value = check.rise;
    if (tracked === undefined || tracked.op === OpState.Running) server.moveOp(warmup.begin(this.now), this.now);
    else server.moveOp(tracked.op === OpState.Starting ? warmup.begin(this.now) : tracked.op, this.now);
  }

  private move(server: Server, op: OpState): void {
    this.change(server, () => server.moveOp(op, this.now));
  }

  /** Whatever it does to the server, the others of its backend are counted. */
  private change(server: Server, act: () => void): void {
    const counts = this.countsOf(server.backend);
    counts.add(server, -1);
    act();
    counts.add(server, 1);
  }

  private balance(server: Server): string {
    return balance(server, 0, 0, this.countsOf(server.backend));
  }

  private countsOf(backend: Backend): Counts {
    const known = this.counts.get(backend);
    if (known !== undefined) return known;
    const counts = new Counts(backend);
    this.counts.set(backend, counts);
    return counts;
  }

  private say(server: Server, message: string): void {
    this.tell(subject(server) + message);
  }
}

/** As the backend counts when it looks at all of its servers; each of a thousand lines would be a look too many. */
class Counts {
  private active = 0;
  private backup = 0;

  constructor({ servers }: Backend) {
    for (const server of servers) this.add(server, 1);
  }

  add(server: Server, sign: 1 | -1): void {
    if (!server.usable) return;
    if (server.config.backup) this.backup += sign;
    else this.active += sign;
  }

  activeCount(): number {
    return this.active;
  }

  backupCount(): number {
    return this.backup;
  }
}

/** The configuration says `disabled` where it said so, and only there. */
function sayTheSame(server: Server, { admin }: SavedServer): boolean {
  return ((server.admin ^ admin) & Admin.ConfigMaint) === 0;
}

/** It was in maintenance of its own, and is. */
function isMaintained(server: Server, saved: SavedServer): boolean {
  return (saved.admin & Admin.ForcedMaint) !== 0 && sayTheSame(server, saved);
}

/** What is no state: weight, ports, whether it is checked, and how its last check ended. */
function setUp(server: Server, saved: SavedServer): void {
  const { config } = server;
  if (saved.configuredWeight === config.weight) server.weight = saved.weight;
  if (saved.port > 0 && config.port > 0) {
    server.moveTo({ ...config, port: saved.port });
    if (saved.checkPort > 0) server.redirectCheck({ port: saved.checkPort });
  }
  if (saved.ssl !== undefined && saved.ssl !== (server.config.ssl !== undefined) && server.speaksTls) server.setSsl(saved.ssl);
  if (saved.checkDisabled) server.enableCheck(false);
  if (saved.agentDisabled) server.enableAgent(false);
  server.verdict = saved.verdict;
}
