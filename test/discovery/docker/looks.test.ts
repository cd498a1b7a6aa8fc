import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Looks } from '../../../src/discovery/docker/looks.ts';

describe('looks at a container that could not be inspected', () => {
  let looked: string[];
  let looks: Looks;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    looked = [];
    looks = new Looks((id) => looked.push(id), 100, 800);
  });

  afterEach(() => mock.timers.reset());

  /** How often it is looked at within `ms` when every look is in vain. */
  function within(ms: number, id: string): number {
    const before = looked.length;
    for (let passed = 0; passed < ms; passed += 10) {
      const seen = looked.length;
      mock.timers.tick(10);
      if (looked.length > seen) looks.again(id);
    }
    return looked.length - before;
  }

  it('are ever rarer, until they are as rare as lists', () => {
    looks.again('a');
    assert.deepEqual(
      [100, 200, 400, 800, 800, 800].map((ms) => within(ms, 'a')),
      [1, 1, 1, 1, 1, 1],
    );
  });

  it('are as many after a hundred events as after one', () => {
    looks.again('a');
    within(1500, 'a');
    for (let events = 0; events < 100; events++) looks.again('a');
    assert.equal(within(8000, 'a'), 10);
  });

  it('begin anew after one that was not in vain', () => {
    looks.again('a');
    within(1500, 'a');
    looks.done('a');
    assert.equal(within(8000, 'a'), 0);
    looks.again('a');
    assert.equal(within(100, 'a'), 1);
  });

  it('end with the connection', () => {
    looks.again('a');
    looks.again('b');
    looks.stop();
    mock.timers.tick(10_000);
    assert.deepEqual(looked, []);
  });
});
