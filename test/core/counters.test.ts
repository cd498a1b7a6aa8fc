/** `clear counters`: highest values alone, or everything that is counted. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BackendCounters, FrontendCounters, ServerCounters } from '../../src/core/counters.ts';

function used(): ServerCounters {
  const counters = new ServerCounters();
  counters.stot = 5;
  counters.smax = 4;
  counters.qmax = 3;
  counters.chkdown = 2;
  counters.lastsess = 1000;
  counters.hrsp.count(200);
  counters.qtime.add(7, 1);
  counters.rate.add(1000);
  counters.rate.add(1000);
  return counters;
}

describe('counters', () => {
  it('forget their highest values', () => {
    const counters = used();
    counters.clearMax();
    const { smax, qmax, rate, qtime } = counters;
    assert.deepEqual([smax, qmax, rate.max, qtime.max], [0, 0, 0, 0]);
    assert.deepEqual([counters.stot, counters.hrsp.two, qtime.read(1), rate.read(1000)], [5, 1, 7, 2]);
  });

  it('forget everything but the rate of this moment', () => {
    const counters = used();
    counters.clear();
    const { rate, ...rest } = counters;
    const { rate: _rate, ...fresh } = new ServerCounters();
    assert.deepEqual(rest, fresh);
    assert.deepEqual([rate.max, rate.read(1000)], [0, 2]);
  });

  it('of a backend keep how often it was down', () => {
    const counters = new BackendCounters();
    counters.chkdown = 2;
    counters.stot = 3;
    counters.clear();
    assert.deepEqual([counters.chkdown, counters.stot], [2, 0]);
  });

  it('of a frontend are all rates', () => {
    const counters = new FrontendCounters();
    for (const rate of [counters.rate, counters.connRate, counters.reqRate]) rate.add(1000);
    counters.clearMax();
    assert.deepEqual([counters.rate.max, counters.connRate.max, counters.reqRate.max], [0, 0, 0]);
  });
});
