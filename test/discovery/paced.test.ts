import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Paced } from '../../src/discovery/paced.ts';

/** Work that takes so many milliseconds of a clock that stands still otherwise. */
function costing(ms: number): { readonly paced: Paced; readonly done: () => number; readonly pass: (ms: number) => void } {
  let now = 0;
  let done = 0;
  const work = () => {
    done++;
    now += ms;
  };
  return {
    paced: new Paced(work, () => now),
    done: () => done,
    pass: (more) => {
      now += more;
    },
  };
}

/** Asks `times` times, a turn after the other. */
async function ask(paced: Paced, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    paced.soon();
    await turn();
    await turn();
  }
}

describe('paced work', () => {
  it('is done once for all that ask in one turn', async () => {
    const { paced, done } = costing(1);
    for (let i = 0; i < 10; i++) paced.soon();
    assert.equal(done(), 0);
    await turn();
    assert.equal(done(), 1);
  });

  it('is done each time as long as it can be afforded, 250 ms and a tenth of the time that passes, and then waits', async () => {
    const { paced, done, pass } = costing(10);
    await ask(paced, 50);
    assert.ok(done() >= 25 && done() <= 30, `${done()} times`);
    paced.stop();
    pass(200); // pays for two
    const before = done();
    await ask(paced, 50);
    assert.ok(done() - before >= 1 && done() - before <= 3, `${done() - before} times`);
    paced.stop();
  });

  it('does not wait when it is urgent', async () => {
    const { paced, done } = costing(25);
    await ask(paced, 50);
    const before = done();
    assert.ok(before < 15, `${before} times`);
    paced.now();
    await turn();
    assert.equal(done(), before + 1);
    paced.stop();
  });
});
