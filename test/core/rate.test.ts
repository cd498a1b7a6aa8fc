import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Rate, SlidingAverage } from '../../src/core/rate.ts';

describe('Rate', () => {
  it('counts this period, which begins with the first event, and the share of the former that is within one second', () => {
    const rate = new Rate();
    for (let i = 0; i < 10; i++) rate.add(5300 + i);
    assert.equal(rate.read(6299), 10);
    assert.equal(rate.read(6300), 10);
    assert.equal(rate.read(6800), 5);
    rate.add(6800);
    assert.equal(rate.read(6800), 6);
    assert.equal(rate.read(7300), 1);
    assert.equal(rate.read(8301), 0);
  });

  it('reads 1 for a single event until its period and the next are over, instead of flapping', () => {
    const rate = new Rate();
    assert.equal(rate.read(5900), 0);
    rate.add(5900);
    assert.equal(rate.read(6800), 1);
    assert.equal(rate.read(7900), 1);
    assert.equal(rate.read(7901), 0);
  });

  it('tells how long it takes until there is room below a limit', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 1500 }), events: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 1, max: 15 }), (steps, limit) => {
        const rate = new Rate();
        let now = 5000;
        for (const { after, events } of steps) {
          now += after;
          for (let i = 0; i < events; i++) rate.add(now);
        }
        assert.equal(rate.until(limit, now) === 0, rate.read(now) < limit);
        let end = now;
        let asked = 0;
        for (let wait = rate.until(limit, end); wait > 0; wait = rate.until(limit, end), asked++) end += wait;
        assert.ok(end - now <= 2001, `${end - now} ms`);
        assert.ok(asked <= 1, `asked again ${asked} times`);
        if (end > now + 1) assert.ok(rate.read(end - 2) >= limit, 'it could have been sooner');
      }),
    );
  });

  it('tells at once how long a single event keeps a limit of one', () => {
    const rate = new Rate();
    rate.add(5900);
    assert.equal(rate.until(1, 5900), 2001);
    assert.equal(rate.until(1, 6950), 951);
    assert.equal(rate.until(1, 7901), 0);
  });

  it('forgets after a pause and keeps the maximum', () => {
    const rate = new Rate();
    for (let i = 0; i < 3; i++) rate.add(1000);
    rate.add(60_000);
    assert.equal(rate.read(60_000), 1);
    assert.equal(rate.max, 3);
  });
});

describe('SlidingAverage', () => {
  it('is the average of the first values, whole and never less', () => {
    const average = new SlidingAverage();
    assert.equal(average.read(0), 0);
    for (const [index, value] of [10, 20, 61].entries()) average.add(value, index + 1);
    assert.equal(average.read(3), 31);
    assert.equal(average.max, 61);
  });

  it('is smaller where requests brought no value', () => {
    const average = new SlidingAverage();
    average.add(90, 1);
    assert.equal(average.read(3), 30);
  });

  /** Ten of 2,011 ms in all, then nothing but 0, as HAProxy 2.6.12 showed it. */
  it('fades as in HAProxy', () => {
    const average = new SlidingAverage();
    let count = 0;
    const add = (value: number, times: number): void => {
      for (let n = 0; n < times; n++) average.add(value, ++count);
    };
    add(2011, 10);
    add(0, 490);
    assert.equal(average.read(count), 41);
    const seen = [24, 100, 390, 100, 1000].map((times) => {
      add(0, times);
      return average.read(count);
    });
    assert.deepEqual(seen, [39, 32, 15, 12, 2]);
  });

  it('follows a change within a few thousand values', () => {
    const average = new SlidingAverage();
    for (let n = 1; n <= 2000; n++) average.add(10, n);
    assert.equal(average.read(2000), 10);
    for (let n = 2001; n <= 12_000; n++) average.add(50, n);
    assert.equal(average.read(12_000), 50);
  });

  it('starts from nothing when cleared', () => {
    const average = new SlidingAverage();
    average.add(9, 1);
    average.clear();
    assert.equal(average.read(1), 0);
    assert.equal(average.max, 0);
  });
});
