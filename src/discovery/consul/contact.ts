/** Whether an agent can be reached: what is said of it when that changes, and who waits until it can be. */

import { type EventLog, Level } from '../../core/log.ts';

export class Contact {
  /** Why the agent cannot be reached; empty while it can. */
  away = '';
  private readonly label: string;
  private readonly log: EventLog;
  private readonly sleepers = new Set<() => void>();

  /** @param label how messages call the agent */
  constructor(label: string, log: EventLog) {
    this.label = label;
    this.log = log;
  }

  /** The same failure is not reported twice in a row. */
  lost(reason: string, keeping: boolean): void {
    if (this.away !== reason) this.warn(`${reason}; ${keeping ? 'trying again, keeping what is known' : 'trying again'}`);
    this.away = reason;
  }

  /** Whoever waits goes on at once. */
  reached(keeping: boolean): void {
    if (this.away === '') return;
    this.away = '';
    if (keeping) this.say('answers again');
    for (const wake of [...this.sleepers]) wake();
  }

  warn(message: string): void {
    this.log.event(Level.Warning, `${this.label}: ${message}`);
  }

  say(message: string): void {
    this.log.event(Level.Notice, `${this.label}: ${message}`);
  }

  /** Resolves after `ms`, when the agent can be reached again, or when `signal` aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.sleepers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.sleepers.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
