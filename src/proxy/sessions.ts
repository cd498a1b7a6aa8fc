/**
 * The sessions of one listener, as a list through themselves.
 *
 * Not a Set: a Set whose members come and go makes a new table again and again, and an old one that V8 has moved to its
 * old space keeps everything that was ever in it until the next full collection. With a connection per request that was
 * four fifths of what each scavenge had to copy.
 */

import type { Socket } from 'node:net';
import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import type { ClientSocket } from './accept.ts';
import type { Phase } from './phases.ts';

/** Where something goes, and how far it is; undefined as far as that is not known. */
export interface Way {
  readonly backend: Backend | undefined;
  readonly server: Server | undefined;
  readonly phase: Phase;
  readonly retries: number;
  readonly connection: { readonly socket: Socket } | undefined;
}

/** A client's connection, whatever is spoken on it. */
export interface ClientSession {
  readonly neighbours: Neighbours;
  readonly socket: ClientSocket;
  /** When it was accepted, wall-clock ms. */
  readonly acceptedWall: number;
  /** The socket it came in by. */
  readonly listener: { readonly id: number; readonly config: { readonly name: string } };
  /** Requests on it so far, what is under way included. */
  readonly requests: number;
  /** Where what is under way goes. */
  readonly target: Way;
  /** Nothing is under way: a stopping proxy may close it. */
  readonly idle: boolean;
  /** What is under way on it at the same time, each as a session of its own; undefined where it is one. */
  readonly streams?: readonly ClientSession[];
  /** Takes nothing more, and closes when what it has begun is done. */
  closeCleanly(): void;
  /** Is not waited for any more as soon as it is silent, where nobody can tell whether it has something under way. */
  hurry(): void;
  destroy(): void;
  /** Ends what it has under way on `server`. */
  shutdown(server: Server, cause: ShutdownCause): void;
  /** Takes what it has under way on one of them to another server, where that does no harm. */
  abandon(servers: ReadonlySet<Server>): void;
}

/** A session's neighbours; undefined at the ends, and outside of a list. */
export interface Neighbours<Member = ClientSession> {
  previous: Member | undefined;
  next: Member | undefined;
  listed: boolean;
}

/** `Member`: or handshakes, from which sessions become. */
export class Sessions<Member extends { readonly neighbours: Neighbours<Member> } = ClientSession> {
  private first: Member | undefined = undefined;

  add(session: Member): void {
    const { first } = this;
    const { neighbours } = session;
    neighbours.listed = true;
    neighbours.next = first;
    if (first !== undefined) first.neighbours.previous = session;
    this.first = session;
  }

  /** False when it is not in the list (any more). */
  remove(session: Member): boolean {
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
  all(): Member[] {
    const all: Member[] = [];
    for (let session = this.first; session !== undefined; session = session.neighbours.next) all.push(session);
    return all;
  }
}
