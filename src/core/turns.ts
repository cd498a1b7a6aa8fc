/**
 * Work that is done in steps, so that traffic goes on meanwhile: one step in each turn of the event loop, in rotation,
 * whoever's it is and however many there are. The first may be made at once, where nobody else's was in this turn.
 */

/** Guards itself: what it throws ends the process. Asks for the next one by itself. */
type Step = () => void;

const waiting: Step[] = [];
/** Of this turn. */
let made = false;

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
  const step = waiting.shift();
  if (step === undefined) {
    made = false;
    return;
  }
  setImmediate(nextTurn);
  step();
}
