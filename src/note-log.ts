/**
 * What sources tell goes to the log once. What goes and comes again, as the reason of a container that is started over and over or
 * of one whose health changes all the time, is not repeated while it is fresh in memory: `explain` has what is true now.
 */

import type { Note } from './discovery/provider.ts';

/** How long the same sentence about the same thing is not repeated, ms. */
const QUIET = 600_000;
/** So many are remembered; the oldest are forgotten first. */
const MOST = 10_000;

export class NoteLog {
  /** By note, when it was told last, in monotonic ms: the oldest first. */
  private readonly told = new Map<string, number>();

  /** Those of `notes` that are to be told at monotonic `now`. */
  fresh(notes: readonly Note[], now: number): readonly Note[] {
    this.forget(now);
    return notes.filter(({ level, subject, message }) => {
      const key = `${level}\n${subject}\n${message}`;
      if (this.told.has(key)) return false;
      this.told.set(key, now);
      return true;
    });
  }

  private forget(now: number): void {
    for (const [key, at] of this.told) {
      if (now - at < QUIET && this.told.size <= MOST) return;
      this.told.delete(key);
    }
  }
}
