import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownContainers } from '../../../src/discovery/docker/known.ts';
import { container } from './make.ts';

describe('what is told about a container', () => {
  const one = container('one');
  const rows: readonly (readonly [what: string, act: (known: KnownContainers) => void, urgent: readonly boolean[]])[] = [
    ['comes', () => {}, [false]],
    [
      'is told to stop, exits, and is removed',
      (known) => {
        known.told(one.id, '15');
        known.leave(one.id, 'has exited');
        known.put(one.id, { ...one, state: 'exited' }, '', true);
        known.forget(one.id);
      },
      [false, true, false, false, false],
    ],
    [
      'is paused and goes on',
      (known) => {
        known.put(one.id, { ...one, state: 'paused' }, '', true);
        known.put(one.id, one, '', true);
      },
      [false, true, false],
    ],
    ['becomes unhealthy', (known) => known.put(one.id, { ...one, health: 'unhealthy' }, '', true), [false, false]],
    ['is removed while it serves', (known) => known.forget(one.id), [false, true]],
    [
      'fails to start again and again',
      (known) => {
        known.put(one.id, { ...one, state: 'exited' }, '', true);
        for (let run = 1; run <= 2; run++) {
          known.started(one.id);
          known.leave(one.id, 'has exited');
          known.put(one.id, { ...one, state: 'exited', started: one.started + run }, '', true);
        }
      },
      [false, true, false, false, false, false],
    ],
  ];
  for (const [what, act, expected] of rows) {
    it(`that ${what} is urgent where it had traffic and has it no more`, () => {
      const urgent: boolean[] = [];
      const known = new KnownContainers({ changed: (leaving) => urgent.push(leaving), overdue: () => {} }, 0);
      known.put(one.id, one, '', true);
      act(known);
      known.stop();
      assert.deepEqual(urgent, expected);
    });
  }
});
