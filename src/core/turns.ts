/**
 * Work that is done in steps, so that traffic goes on meanwhile: one step in each turn of the event loop, in rotation,
 * whoever's it is and however many there are. The first may be made at once, where nobody else's was in this turn.
 */

/** Guards itself: what it throws ends the process. Asks for the next one by itself. */
type Step = () => void;

const waiting: Step[] = [];
/** Of this turn. */
let made = false;
/** Something else wants this turn for itself. */
let busy = false;
/** Turns in a row that were left to others. */
let left = 0;
/** So many at most: what is done in steps gets done. */
const MOST_LEFT = 8;

/** No step in this turn: a connection came in, one is accepted each turn, and there may be more behind it. */
export function leaveTurn(): void {
  busy = true;
}

export function inTurn(step: Step): void {
  if (made) {
    waiting.push(step);
    return;
  }
  made = true;
  setImmediate(nextTurn);
  step();
}

function nextTurn(): void {
  if (busy && left < MOST_LEFT && waiting.length > 0) {
    left++;
    busy = false;
    setImmediate(nextTurn);
    return;
  }
  left = 0;
  busy = false;
  const step = waiting.shift();
  if (step === undefined) {
    made = false;
    return;
  }
  setImmediate(nextTurn);
  step();
}
