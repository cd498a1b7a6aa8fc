import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defer, shortenTurn, turnNumber } from '../../src/proxy/turn.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Defers `count` entries that note their number. */
function deferMany(count: number): number[] {
  const done: number[] = [];
  for (let i = 0; i < count; i++) defer({ onTurn: () => done.push(i) });
  return done;
}

describe('the end of a turn', () => {
  it('works off what was deferred in the turn, in order, and not before it ends', async () => {
    const done = deferMany(3);
    await Promise.resolve();
    assert.deepEqual(done, []);
    await turn();
    assert.deepEqual(done, [0, 1, 2]);
  });

  it('leaves what is more than a millisecond’s work for the next turns, in order', async () => {
    const done = deferMany(150);
    const after: number[] = [];
    while (done.length < 150) {
      await turn();
      after.push(done.length);
    }
    assert.deepEqual(after, [64, 128, 150]);
    assert.deepEqual(
      done,
      Array.from({ length: 150 }, (_, i) => i),
    );
  });

  it('is shorter after a connection came in, because Node takes only one a turn', async () => {
    const done = deferMany(30);
    shortenTurn();
    await turn();
    assert.equal(done.length, 8);
    await turn();
    assert.equal(done.length, 30);
  });

  it('has a number that is the same until what was deferred in it is done', async () => {
    const first = turnNumber();
    let atEnd = -1;
    defer({
      onTurn: () => {
        atEnd = turnNumber();
      },
    });
    await turn();
    assert.equal(atEnd, first);
    assert.equal(turnNumber(), first + 1, 'and another in the next');
  });

  it('has a number of its own though nothing is deferred', async () => {
    const first = turnNumber();
    await turn();
    assert.notEqual(turnNumber(), first);
  });

  it('goes on after something that threw', async () => {
    const done: string[] = [];
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    try {
      defer({
        onTurn: () => {
          throw new Error('a fault');
        },
      });
      defer({ onTurn: () => done.push('the other') });
      while (done.length === 0) await turn();
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    defer({ onTurn: () => done.push('later') });
    await turn();
    assert.deepEqual([done, thrown.length], [['the other', 'later'], 1]);
  });

  it('takes what is deferred by something deferred in the next turn', async () => {
    const done: string[] = [];
    defer({
      onTurn: () => {
        done.push('first');
        defer({ onTurn: () => done.push('second') });
      },
    });
    await turn();
    assert.deepEqual(done, ['first']);
    await turn();
    assert.deepEqual(done, ['first', 'second']);
  });
});
