/**
 * Requests at a fixed rate, whatever becomes of those before: request n is due at `start + n / rate`, and its latency counts
 * from then, not from when a connection was free to send it. A proxy that stalls so pays for the requests that it kept from
 * being sent ("coordinated omission" would forgive them).
 *
 * Knows no sockets and no clock. Invariant: a line is in `free` or has exactly one request under way.
 */

import { Histogram } from './histogram.ts';

/** A connection: it is asked to send one request, and says `answered` before it is asked again. */
export interface Line {
  send(): void;
}

export interface Schedule {
  /** Requests a second. */
  readonly rate: number;
  /** Monotonic ms of the first request. */
  readonly start: number;
  /** From here on latencies are recorded. */
  readonly countFrom: number;
  /** No request is due from here on. */
  readonly end: number;
}

export class OpenLoop<L extends Line> {
  /** µs from when a request was due to its answer. */
  readonly latencies: Histogram = new Histogram();
  /** µs by which a request was late although a connection was free: the load generator's own fault. */
  readonly lags: Histogram = new Histogram();
  /** Of all requests, warm-up included. */
  answeredCount = 0;
  private sent = 0;
  private readonly total: number;
  private readonly schedule: Schedule;
  /** A ring: connections take turns, as the requests of many clients would. */
  private readonly free: L[];
  private freeFrom = 0;
  private freeCount: number;
  private readonly under: Map<L, number>;

  constructor(lines: readonly L[], schedule: Schedule) {
    this.schedule = schedule;
    // Times are sums of fractions: 60 may come out as 59.999.
    this.total = Math.round(((schedule.end - schedule.start) * schedule.rate) / 1000);
    this.free = [...lines];
    this.freeCount = lines.length;
    this.under = new Map();
  }

  /** Sends what is due, as far as connections are free. */
  tick(now: number): void {
    while (this.freeCount > 0 && this.sent < this.total) {
      const due = this.dueTime(this.sent);
      if (due > now) return;
      if (due >= this.schedule.countFrom) this.lags.record(micros(now - due));
      this.sendOn(this.takeFree(), due);
    }
  }

  /** A request's answer is complete; the next overdue one goes out on the same connection. */
  answered(line: L, now: number): void {
    const due = this.under.get(line) as number;
    this.under.delete(line);
    this.answeredCount++;
    if (due >= this.schedule.countFrom) this.latencies.record(micros(now - due));
    const next = this.dueTime(this.sent);
    if (this.sent < this.total && next <= now) this.sendOn(line, next);
    else this.giveFree(line);
  }

  get done(): boolean {
    return this.sent === this.total && this.under.size === 0;
  }

  /** Ends a run that did not get done: what was due and is not answered has waited at least until now. Answers how many. */
  giveUp(now: number): number {
    const waiting = [...this.under.values()];
    for (; this.sent < this.total; this.sent++) waiting.push(this.dueTime(this.sent));
    this.under.clear();
    for (const due of waiting) if (due >= this.schedule.countFrom) this.latencies.record(micros(Math.max(0, now - due)));
    return waiting.length;
  }

  private dueTime(request: number): number {
    return this.schedule.start + (request * 1000) / this.schedule.rate;
  }

  private sendOn(line: L, due: number): void {
    this.sent++;
    this.under.set(line, due);
    line.send();
  }

  private takeFree(): L {
    const line = this.free[this.freeFrom] as L;
    this.freeFrom = (this.freeFrom + 1) % this.free.length;
    this.freeCount--;
    return line;
  }

  private giveFree(line: L): void {
    this.free[(this.freeFrom + this.freeCount) % this.free.length] = line;
    this.freeCount++;
  }
}

function micros(ms: number): number {
  return Math.round(ms * 1000);
}
