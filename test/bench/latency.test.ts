/** Latency at a fixed rate: the schedule with a clock of the test's own, and the histogram. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Histogram } from '../../bench/latency/histogram.ts';
import { type Line, OpenLoop } from '../../bench/latency/open-loop.ts';

class TestLine implements Line {
  readonly name: string;
  private readonly log: string[];
  constructor(name: string, log: string[]) {
    this.name = name;
    this.log = log;
  }
  send(): void {
    this.log.push(this.name);
  }
}

/** Ten requests, one every 100 ms from 0 on, over `connections` lines a, b, c... */
function tenRequests(connections: number, countFrom = 0) {
  const sent: string[] = [];
  const lines = Array.from({ length: connections }, (_, at) => new TestLine(String.fromCharCode(97 + at), sent));
  const loop = new OpenLoop(lines, { rate: 10, start: 0, countFrom, end: 1000 });
  return { loop, lines: lines as [TestLine, ...TestLine[]], sent };
}

describe('the open loop', () => {
  it('sends each request when it is due, on connections in turn', () => {
    const { loop, lines, sent } = tenRequests(2);
    loop.tick(0);
    assert.deepEqual(sent, ['a']);
    loop.answered(lines[0], 5);
    loop.tick(99);
    assert.deepEqual(sent, ['a']);
    loop.tick(100);
    assert.deepEqual(sent, ['a', 'b']);
    loop.tick(200);
    assert.deepEqual(sent, ['a', 'b', 'a']);
  });

  it('counts latency from when a request was due, also when a stalled proxy kept it from being sent', () => {
    const { loop, lines, sent } = tenRequests(1);
    loop.tick(0);
    // The proxy stalls for half a second and is quick again after that.
    for (let now = 1; now <= 500; now++) loop.tick(now);
    assert.equal(sent.length, 1);
    let now = 500;
    while (!loop.done) {
      loop.answered(lines[0], ++now);
      loop.tick(now);
      if (sent.length === loop.answeredCount) now = 100 * sent.length - 1;
      loop.tick(now + 1);
    }
    assert.equal(loop.answeredCount, 10);
    assert.equal(loop.latencies.count, 10);
    // A closed loop would have seen one slow request; here those due at 100 .. 400 waited as well.
    assert.ok(loop.latencies.quantile(0.5) > 2_000, `${loop.latencies.quantile(0.5)}`);
    assert.ok(loop.latencies.max >= 501_000);
    assert.ok(loop.latencies.quantile(0.9) >= 400_000);
  });

  it('blames itself, not the proxy, for what it sends late on a free connection', () => {
    const { loop } = tenRequests(2);
    loop.tick(30);
    assert.equal(loop.lags.max, 30_000);
  });

  it('counts what was never answered as having waited until the end', () => {
    const { loop } = tenRequests(1);
    loop.tick(0);
    assert.equal(loop.giveUp(2000), 10);
    assert.ok(loop.done);
    assert.equal(loop.latencies.count, 10);
    assert.equal(loop.latencies.max, 2_000_000);
    assert.ok(loop.latencies.quantile(0.1) >= 1_100_000);
  });

  it('leaves the warm-up out of the latencies, but not out of the count', () => {
    const { loop, lines } = tenRequests(1, 500);
    for (let now = 0; !loop.done; now += 100) {
      loop.tick(now);
      loop.answered(lines[0], now + 1);
    }
    assert.equal(loop.answeredCount, 10);
    assert.equal(loop.latencies.count, 5);
  });
});

describe('the histogram', () => {
  it('knows a quantile to 1.6 %, and never below the truth', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 31 - 1 })), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (recorded, share) => {
        const histogram = new Histogram();
        for (const value of recorded) histogram.record(value);
        const sorted = [...recorded].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(recorded.length * share)) - 1] as number;
        const said = histogram.quantile(share);
        assert.ok(said >= exact && said <= exact * 1.016, `${said} for ${exact}`);
        assert.equal(histogram.max, sorted.at(-1));
      }),
    );
  });

  it('is exact for small values, bounded for large ones, and says nothing of nothing', () => {
    const histogram = new Histogram();
    assert.ok(Number.isNaN(histogram.quantile(0.5)));
    for (const value of [0, 1, 127]) histogram.record(value);
    assert.deepEqual(
      [0, 0.5, 1].map((share) => histogram.quantile(share)),
      [0, 1, 127],
    );
    histogram.record(1e12);
    assert.equal(histogram.quantile(1), 2 ** 31 - 1);
  });
});
