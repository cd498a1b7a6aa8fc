/**
 * Whether an agent can be reached: what is said of it when that changes, and who waits until it can be.
 *
 * It is away when so many of its questions in a row came to nothing that it cannot be the matter of one of them alone.
 */

import { type EventLog, Level } from '../../core/log.ts';

/** Questions that fail with none answered between. */
const SEVERAL = 3;

export class Contact {
  /** Why the agent cannot be reached; empty while it can. */
  away = '';
  /** How often anything was answered or refused. */
  answers = 0;
  private readonly label: string;
  private readonly log: EventLog;
  private readonly sleepers = new Set<() => void>();
  /** Who has failed since anything was answered. */
  private readonly failed = new Set<string>();

  /** @param label how messages call the agent */
  constructor(label: string, log: EventLog) {
    this.label = label;
    this.log = log;
  }

  /**
   * A question of whoever is called `who` came to nothing; `questions` counts those that could have been answered. The same failure is
   * not reported twice in a row.
   */
  lost(who: string, questions: () => number, reason: string, keeping: boolean): void {
    this.failed.add(who);
    if (this.away === '' && this.failed.size < Math.min(SEVERAL, questions())) return;
    if (this.away !== reason) this.warn(`${reason}; ${keeping ? 'trying again, keeping what is known' : 'trying again'}`);
    this.away = reason;
  }

  /** Something was answered. Where the agent was away, whoever waits goes on at once. */
  reached(keeping: boolean): void {
    this.answers++;
    this.failed.clear();
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
