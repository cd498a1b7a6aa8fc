/**
 * "At the end of this turn of the event loop": when everything that the kernel had ready has been delivered.
 *
 * A kept-alive connection may hold bytes or a FIN that Node has not told us of yet, because another socket of the same
 * poll came first. Writing a request to it at once would make those bytes the response. One turn later they are known.
 *
 * What is deferred in a turn may be more than is good for one: Node accepts a single connection each turn (libuv 1.45 and
 * later), so with a thousand busy clients the next one would wait for the work of all of them. The rest is for the next
 * turn then, in order.
 */

export interface Deferred {
  onTurn(): void;
}

/** How many a turn works off: about a millisecond. */
const BUDGET = 64;
/** As many while connections are coming in. */
const SHORT_BUDGET = 8;

let waiting: Deferred[] = [];
/** Those before it are done. */
let next = 0;
let accepted = false;
let turn = 0;
/** `run` is to come in this turn. */
let due = false;

/** One immediate serves all that is deferred in a turn. */
export function defer(deferred: Deferred): void {
  waiting.push(deferred);
  ensureRun();
}

/** A connection came in: there may be more behind it. */
export function shortenTurn(): void {
  accepted = true;
}

/**
 * The number of this turn, which ends with what is deferred in it: what was noted in another one has seen a poll since.
 * Turns in which nobody asks and nothing is deferred have none.
 */
export function turnNumber(): number {
  ensureRun();
  return turn;
}

/** How many wait for the end of this turn or of a later one. */
export function deferredNow(): number {
  return waiting.length - next;
}

function ensureRun(): void {
  if (due) return;
  due = true;
  setImmediate(run);
}

function run(): void {
  const end = Math.min(waiting.length, next + (accepted ? SHORT_BUDGET : BUDGET));
  accepted = false;
  try {
    while (next < end) (waiting[next++] as Deferred).onTurn();
  } finally {
    // Whatever one of them has thrown, the others have their turn.
    settle();
  }
}

function settle(): void {
  turn++;
  due = false;
  if (next < waiting.length) {
    ensureRun();
    if (next < waiting.length / 2) return;
    waiting = waiting.slice(next);
  } else {
    waiting = [];
  }
  next = 0;
}
