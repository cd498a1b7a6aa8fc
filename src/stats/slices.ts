/**
 * Long texts made a slice at a time, so that traffic goes on meanwhile. A text that is short is there at once; for all
 * others together one slice is made in each turn of the event loop, in rotation, however many are asked for.
 *
 * What a piece reads is of the moment it is made: who wants all of one moment reads it before.
 */

/** How long a slice may take, ms. */
const SLICE = 4;
/** So many pieces are made between two looks at the clock. */
const STEP = 32;

/** Makes the next slice; true when that was the last. */
type Job = () => boolean;

const jobs: Job[] = [];

/** As UTF-8; a long one in parts, which to join would take as long as to make some of them. */
export type Sliced = Buffer | Promise<readonly Buffer[]>;

/** `pieces`, one after the other. An error of theirs is thrown, or rejects. */
export function inSlices(pieces: Iterable<string>, slice: number = SLICE): Sliced {
  const iterator = pieces[Symbol.iterator]();
  const made: Buffer[] = [];
  const job: Job = () => {
    const until = performance.now() + slice;
    let over = false;
    do {
      let text = '';
      for (let step = 0; step < STEP && !over; step++) {
        const next = iterator.next();
        if (next.done === true) over = true;
        else text += next.value;
      }
      // To make one string of many takes longer than to make the many: it counts.
      made.push(Buffer.from(text));
    } while (!over && performance.now() < until);
    return over;
  };
  if (job()) return Buffer.concat(made);
  return new Promise((resolve, reject) => {
    start(() => {
      try {
        if (!job()) return false;
        resolve(made);
      } catch (error) {
        reject(error);
      }
      return true;
    });
  });
}

function start(job: Job): void {
  if (jobs.push(job) === 1) setImmediate(nextTurn);
}

function nextTurn(): void {
  const job = jobs[0] as Job;
  const over = job();
  jobs.shift();
  if (!over) jobs.push(job);
  if (jobs.length > 0) setImmediate(nextTurn);
}
