/**
 * How what nobody can tell the end of is ended once SIGTERM has come: who says nothing for a second has nothing under way.
 * HAProxy cuts everybody at once; here requests are finished, and so is what still moves.
 */

import { monotonic } from '../core/clock.ts';
import type { Wheel } from '../core/wheel.ts';
import { Alarm } from './alarm.ts';

const SILENCE = 1000;

/** A relay of bytes, as seen from here. */
export interface Hurried {
  /** Grows whenever a byte goes by. */
  readonly moved: number;
  onSilent(): void;
}

export class Hurry {
  private readonly relay: Hurried;
  private readonly alarm: Alarm;
  private before = 0;

  /** From now on. */
  constructor(wheel: Wheel, relay: Hurried) {
    this.relay = relay;
    this.alarm = new Alarm(wheel, (now) => this.look(now));
    this.wait(monotonic());
  }

  clear(): void {
    this.alarm.clear();
  }

  private wait(now: number): void {
    this.before = this.relay.moved;
    this.alarm.set(SILENCE, now);
  }

  private look(now: number): void {
    if (this.relay.moved === this.before) this.relay.onSilent();
    else this.wait(now);
  }
}
