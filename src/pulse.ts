/** What can only be known by looking again and again, once a second: how busy the process is, and how much goes out. */

import { performance } from 'node:perf_hooks';
import { monotonic } from './core/clock.ts';

const SECOND = 1000;

export class Pulse {
  private readonly bytesOut: () => number;
  private readonly timer: NodeJS.Timeout;
  private at = monotonic();
  private utilization = performance.eventLoopUtilization();
  private idlePercent = 100;
  /** Bytes until the last beat, and between the last two. */
  private total = 0;
  private last = 0;

  /** `bytesOut`: sent since the start. */
  constructor(bytesOut: () => number) {
    this.bytesOut = bytesOut;
    this.timer = setInterval(() => this.beat(), SECOND);
    this.timer.unref();
  }

  /** Percent of the last whole second that was spent waiting. */
  get idle(): number {
    return this.idlePercent;
  }

  /** Bytes in the last second: those since the last beat, and of those before as much as still counts. */
  bytesOutRate(): number {
    const elapsed = Math.min(1, (monotonic() - this.at) / SECOND);
    return Math.round(Math.max(0, this.bytesOut() - this.total) + this.last * (1 - elapsed));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private beat(): void {
    this.at = monotonic();
    const { utilization } = performance.eventLoopUtilization(this.utilization);
    this.utilization = performance.eventLoopUtilization();
    this.idlePercent = 100 * (1 - utilization);
    const total = this.bytesOut();
    this.last = Math.max(0, total - this.total);
    this.total = total;
  }
}
