/**
 * Times one operation: a batch of it is made long enough for the clock, some batches are thrown away while the code is being
 * optimised, and the others are the samples.
 */

import { GCProfiler } from 'node:v8';
import { median, quantile } from '../statistics.ts';

export interface Timing {
  /** Median of the samples. */
  readonly nanos: number;
  /** Half the distance between the quartiles, as a share of the median. */
  readonly spread: number;
  /** Bytes allocated per operation; NaN where `--expose-gc` is not set. */
  readonly bytes: number;
}

/** Every result goes here: work whose result nobody sees could be optimised away. */
export const sink: { value: unknown } = { value: undefined };

export interface Effort {
  readonly batchMs: number;
  readonly warmUpMs: number;
  readonly samples: number;
}

const usual: Effort = { batchMs: 10, warmUpMs: 300, samples: 25 };
/** Operations over which allocation is measured; halved until no collection falls between. */
const allocating = 2 ** 14;

export function time(op: () => unknown, { batchMs, warmUpMs, samples }: Effort = usual): Timing {
  const count = calibrate(op, batchMs);
  const until = performance.now() + warmUpMs;
  while (performance.now() < until) repeat(op, count);
  const nanos = Array.from({ length: samples }, () => (millis(op, count) * 1e6) / count);
  const middle = median(nanos);
  return { nanos: middle, spread: (quantile(nanos, 0.75) - quantile(nanos, 0.25)) / 2 / middle, bytes: allocation(op) };
}

function repeat(op: () => unknown, count: number): void {
  for (let i = 0; i < count; i++) sink.value = op();
}

function millis(op: () => unknown, count: number): number {
  const start = performance.now();
  repeat(op, count);
  return performance.now() - start;
}

/** How many operations last as long as a batch is to. */
function calibrate(op: () => unknown, batchMs: number): number {
  let count = 1;
  for (;;) {
    const took = millis(op, count);
    if (took >= batchMs) return count;
    // Code that is not optimised yet is slow: no great leaps.
    count = Math.ceil(count * Math.min(4, Math.max(1.2, batchMs / Math.max(took, 1e-3))));
  }
}

/** In the heap and, for buffers, outside of it. */
function allocation(op: () => unknown): number {
  const { gc } = globalThis;
  if (gc === undefined) return Number.NaN;
  for (let count = allocating; count >= 1; count >>= 1) {
    gc();
    const profiler = new GCProfiler();
    profiler.start();
    const before = allocated();
    repeat(op, count);
    const bytes = allocated() - before;
    const collections = profiler.stop().statistics.length;
    if (collections === 0) return Math.max(0, bytes) / count;
  }
  return Number.NaN;
}

function allocated(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
