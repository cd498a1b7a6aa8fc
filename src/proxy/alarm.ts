/** One time-out of something that has several. */

import { Timed, type Wheel } from '../core/wheel.ts';

export class Alarm extends Timed {
  private readonly wheel: Wheel;
  private readonly ring: (now: number) => void;

  constructor(wheel: Wheel, ring: (now: number) => void) {
    super();
    this.wheel = wheel;
    this.ring = ring;
  }

  get armed(): boolean {
    return this.slot >= 0;
  }

  /** `ms` from `now`, whatever it was before; undefined is no time-out. */
  set(ms: number | undefined, now: number): void {
    if (ms === undefined) this.wheel.disarm(this);
    else this.wheel.arm(this, ms, now);
  }

  clear(): void {
    this.wheel.disarm(this);
  }

  override onTimeout(now: number): void {
    this.ring(now);
  }
}
