/**
 * The sessions of one listener, as a list through themselves.
 *
 * Not a Set: a Set whose members come and go makes a new table again and again, and an old one that V8 has moved to its
 * old space keeps everything that was ever in it until the next full collection. With a connection per request that was
 * four fifths of what each scavenge had to copy.
 */

import type { Session } from './session.ts';

/** A session's neighbours; undefined at the ends, and outside of a list. */
export interface Neighbours {
  previous: Session | undefined;
  next: Session | undefined;
  listed: boolean;
}

export class Sessions {
  private first: Session | undefined = undefined;

  add(session: Session): void {
    const { first } = this;
    const { neighbours } = session;
    neighbours.listed = true;
    neighbours.next = first;
    if (first !== undefined) first.neighbours.previous = session;
    this.first = session;
  }

  /** False when it is not in the list (any more). */
  remove(session: Session): boolean {
    const { neighbours } = session;
    if (!neighbours.listed) return false;
    const { previous, next } = neighbours;
    if (previous === undefined) this.first = next;
    else previous.neighbours.next = next;
    if (next !== undefined) next.neighbours.previous = previous;
    neighbours.previous = undefined;
    neighbours.next = undefined;
    neighbours.listed = false;
    return true;
  }

  /** Those that are in the list now: ending one may end others. */
  all(): Session[] {
    const all: Session[] = [];
    for (let session = this.first; session !== undefined; session = session.neighbours.next) all.push(session);
    return all;
  }
}
