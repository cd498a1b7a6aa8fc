/**
 * "At the end of this turn of the event loop": when everything that the kernel had ready has been delivered.
 *
 * A kept-alive connection may hold bytes or a FIN that Node has not told us of yet, because another socket of the same
 * poll came first. Writing a request to it at once would make those bytes the response. One turn later they are known.
 */

export interface Deferred {
  onTurn(): void;
}

let waiting: Deferred[] = [];

/** One immediate serves all that is deferred in a turn. */
export function defer(deferred: Deferred): void {
  if (waiting.push(deferred) === 1) setImmediate(run);
}

function run(): void {
  const now = waiting;
  waiting = [];
  for (let i = 0; i < now.length; i++) (now[i] as Deferred).onTurn();
}
