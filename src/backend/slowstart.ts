/**
 * `slowstart`: a server that comes up gets its full share of the traffic over some time, in steps of a second.
 *
 *     steps    of SCALE, which is a whole weight: (SCALE * seconds since the start + slowstart) / slowstart, rounded down
 *     eweight  weight * steps; dynamic algorithms only, the others cannot change a weight while they run
 *
 * Time counts in whole seconds, as in HAProxy: the first step comes at once, the last when `slowstart` has passed.
 */

import { Timed } from '../core/wheel.ts';
import { offer, remind } from './effects.ts';
import { finishStart } from './operation.ts';
import type { Server } from './server.ts';
import { OpState } from './types.ts';

/** A weight of 1 in `eweight`. */
export const SCALE = 16;

/** Its timer runs while the server is Starting. */
export class Warmup extends Timed {
  private readonly server: Server;
  /** Steps of SCALE that the server gets now. */
  steps: number = SCALE;

  constructor(server: Server) {
    super();
    this.server = server;
  }

  /** The server comes up now: the state it comes up in. */
  begin(now: number): OpState {
    const { wheel } = this.server.backend;
    if (this.server.config.slowstart === 0) {
      this.end();
      return OpState.Running;
    }
    this.steps = 1;
    wheel.arm(this, 1000, now);
    return OpState.Starting;
  }

  /** The server is up for good, or not up at all. */
  end(): void {
    this.steps = SCALE;
    this.server.backend.wheel.disarm(this);
  }

  override onTimeout(now: number): void {
    const { server } = this;
    if (server.op !== OpState.Starting || !this.step(now)) return;
    offer(server, now);
    remind(server);
  }

  /** Takes note of the time that has passed, and goes on. Answers false when the start is over by it. */
  step(now: number): boolean {
    const { server } = this;
    const length = secondsOf(server.config.slowstart);
    const passed = Math.floor((now - server.lastChange) / 1000);
    if (passed >= length) {
      finishStart(server, now);
      return false;
    }
    this.steps = stepsAfter(passed, length);
    // From the beginning, not from this call: a late step does not make the next one late.
    server.backend.wheel.arm(this, (passed + 1) * 1000, server.lastChange);
    return true;
  }
}

/** HAProxy rounds up to seconds. */
function secondsOf(slowstart: number): number {
  return Math.ceil(slowstart / 1000);
}

export function stepsAfter(seconds: number, length: number): number {
  return Math.floor((SCALE * seconds + length) / length);
}
