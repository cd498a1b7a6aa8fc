/**
 * How long one side of a relay lets itself be waited for: to send, or to take what is written to it.
 *
 * A write has no event for every piece that the kernel takes, and a large one takes long where its reader is slow. So while
 * bytes are pending it is looked several times in a time-out whether more of them have gone: who stops then is given up a
 * fraction of the time-out too late at most.
 */

import type { Wheel } from '../core/wheel.ts';
import { Alarm } from './alarm.ts';
import type { Outlet } from './outlet.ts';

/** Looks in a time-out. */
const LOOKS = 8;

export class Silence {
  private readonly outlet: Pick<Outlet, 'pending' | 'taken'>;
  private readonly alarm: Alarm;
  /** When something was heard last, and what had been taken then. */
  private since = 0;
  private taken = 0;
  private patience = 0;

  /** `onMoved`: it has taken more, and calls `watch` again where it is waited for. */
  constructor(outlet: Pick<Outlet, 'pending' | 'taken'>, wheel: Wheel, onMoved: (now: number) => void, onSilent: () => void) {
    this.outlet = outlet;
    this.alarm = new Alarm(wheel, (now) => {
      if (outlet.taken > this.taken) onMoved(now);
      else if (now - this.since < this.patience) this.look(now);
      else onSilent();
    });
  }

  get watched(): boolean {
    return this.alarm.armed;
  }

  /** From `now` on it may be silent for `patience` ms, or for ever. */
  watch(patience: number | undefined, now: number): void {
    if (patience === undefined) {
      this.alarm.clear();
      return;
    }
    this.since = now;
    this.taken = this.outlet.taken;
    this.patience = patience;
    this.look(now);
  }

  clear(): void {
    this.alarm.clear();
  }

  private look(now: number): void {
    const left = this.since + this.patience - now;
    this.alarm.set(this.outlet.pending > 0 ? Math.min(left, this.patience / LOOKS) : left, now);
  }
}
