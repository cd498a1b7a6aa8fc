/**
 * The last two minutes of every row, for the page's sparklines: sessions and failures in each step of two seconds.
 *
 * Samples are taken all the time where there is a page at all, so that who opens the page sees what has led to what is now. That is bounded: 240 bytes
 * for a row, and reading a few counters of each every two seconds, a fifth of a millisecond for 2,000 servers. Nothing
 * is done on the path of traffic. What is gone from the configuration is forgotten with its object.
 */

import type { BackendCounters, FrontendCounters, ServerCounters } from '../../core/counters.ts';
import { EVERYTHING, type Row, rowsOf, type StatsProxy } from '../rows.ts';
import { LEVELS } from './shape.ts';

const STEP = 2000;
const STEPS = 60;

/** A row's course as the page draws it; empty texts where there was nothing. */
export interface Course {
  readonly rates: string;
  /** Sessions a second. */
  readonly peak: number;
  readonly faults: string;
}

const FLAT: Course = { rates: '', peak: 0, faults: '' };

class Samples {
  readonly sessions = new Uint16Array(STEPS);
  readonly faults = new Uint16Array(STEPS);
  private sessionsSeen: number;
  private faultsSeen: number;

  constructor(sessions: number, faults: number) {
    this.sessionsSeen = sessions;
    this.faultsSeen = faults;
  }

  /** A counter that was cleared begins anew. */
  take(at: number, sessions: number, faults: number): void {
    this.sessions[at] = Math.min(0xffff, Math.max(0, sessions - this.sessionsSeen));
    this.faults[at] = Math.min(0xffff, Math.max(0, faults - this.faultsSeen));
    this.sessionsSeen = sessions;
    this.faultsSeen = faults;
  }
}

export class History {
  private readonly proxies: () => readonly StatsProxy[];
  private readonly samples = new WeakMap<object, Samples>();
  /** Where the next sample goes: the oldest. */
  private next = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(proxies: () => readonly StatsProxy[]) {
    this.proxies = proxies;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      if (this.proxies().some(hasPage)) this.sample();
    }, STEP).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** One step has passed. */
  sample(): void {
    const at = this.next;
    for (const proxy of this.proxies()) {
      for (const row of rowsOf(proxy, EVERYTHING)) {
        if (row.side === 'L') continue;
        const { counters } = row.of;
        const faults = faultsOf(row.side, counters);
        let samples = this.samples.get(row.of);
        if (samples === undefined) {
          samples = new Samples(counters.stot, faults);
          this.samples.set(row.of, samples);
        }
        samples.take(at, counters.stot, faults);
      }
    }
    this.next = (at + 1) % STEPS;
  }

  course(row: Row): Course {
    const samples = this.samples.get(row.of);
    if (samples === undefined) return FLAT;
    const { sessions, faults } = samples;
    const busiest = highest(sessions);
    const worst = highest(faults);
    // On one scale: a failure in a thousand sessions shall not look like an outage.
    const most = Math.max(busiest, worst);
    return {
      rates: busiest === 0 ? '' : this.drawn(sessions, most),
      peak: busiest / (STEP / 1000),
      faults: worst === 0 ? '' : this.drawn(faults, most),
    };
  }

  /** The oldest first; what is not 0 is seen, however little it is. */
  private drawn(values: Uint16Array, most: number): string {
    let text = '';
    for (let step = 0; step < STEPS; step++) {
      const value = values[(this.next + step) % STEPS] as number;
      text += LEVELS.charAt(Math.ceil((value / most) * (LEVELS.length - 1)));
    }
    return text;
  }
}

function hasPage({ frontend, backend }: StatsProxy): boolean {
  return (frontend ?? backend)?.config.stats !== undefined;
}

function highest(values: Uint16Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** What went wrong: connections and responses that failed, and 5xx. */
function faultsOf(side: 'F' | 'S' | 'B', counters: FrontendCounters | ServerCounters | BackendCounters): number {
  if (side === 'F') return counters.hrsp.five;
  const { econ, eresp } = counters as ServerCounters | BackendCounters;
  return econ + eresp + counters.hrsp.five;
}
