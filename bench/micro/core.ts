/** `core/`: time-outs and counting. */

import assert from 'node:assert/strict';
import { BackendCounters } from '../../src/core/counters.ts';
import { Histogram } from '../../src/core/histogram.ts';
import { Timed, Wheel } from '../../src/core/wheel.ts';
import { type Entry, entry } from './subject.ts';

class Timeout extends Timed {
  onTimeout(): void {
    throw new Error('its deadline never comes');
  }
}

/** A wheel whose time stands still, with others in it. */
class Still extends Wheel {
  private readonly others = Array.from({ length: 1000 }, () => new Timeout());

  constructor() {
    super(() => 0);
    for (const [at, other] of this.others.entries()) this.arm(other, 1000 + 10 * at, 0);
  }

  /** An empty wheel stops by itself. */
  empty(timeout: Timed): void {
    for (const one of [timeout, ...this.others]) this.disarm(one);
  }
}

export const core: readonly Entry[] = [
  entry('core: arm and disarm a time-out, 1,000 others', () => {
    const wheel = new Still();
    const timeout = new Timeout();
    return {
      op: () => {
        wheel.arm(timeout, 5000, 0);
        wheel.disarm(timeout);
        return wheel.size;
      },
      verify: (armed) => assert.deepEqual([armed, timeout.slot], [1000, -1]),
      end: () => wheel.empty(timeout),
    };
  }),
  entry('core: push an armed time-out back', () => {
    const wheel = new Still();
    const timeout = new Timeout();
    let now = 0;
    return {
      op: () => {
        wheel.arm(timeout, 5000, ++now);
        return timeout.deadline;
      },
      verify: (deadline) => assert.deepEqual([deadline, wheel.size], [now + 5000, 1001]),
      end: () => wheel.empty(timeout),
    };
  }),
  entry('core: count one exchange of a backend', () => {
    const counters = new BackendCounters();
    let exchanges = 0;
    return {
      op: () => {
        const now = ++exchanges / 10;
        counters.stot++;
        counters.reqTot++;
        counters.bin += 120;
        counters.bout += 260;
        counters.hrsp.count(200);
        counters.rate.add(now);
        counters.qtime.add(0, counters.reqTot);
        counters.ctime.add(1, counters.reqTot);
        counters.rtime.add(2, counters.reqTot);
        counters.ttime.add(3, counters.reqTot);
        return counters;
      },
      verify: ({ stot, bout, hrsp, ttime }) => {
        assert.deepEqual([stot, bout, hrsp.two, ttime.read(exchanges)], [exchanges, 260 * exchanges, exchanges, 3]);
      },
    };
  }),
  entry('core: a latency into its histogram', () => {
    const histogram = new Histogram();
    let exchanges = 0;
    return {
      op: () => {
        histogram.add((exchanges++ & 1023) * 0.7);
        return histogram;
      },
      verify: ({ counts }) =>
        assert.equal(
          counts.reduce((sum, count) => sum + count),
          exchanges,
        ),
    };
  }),
];
