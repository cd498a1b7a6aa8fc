/**
 * One question, asked again and again: each time the agent holds it until the answer differs from the last one.
 *
 *     index 0        answered at once: the first time, and after the index has gone back (the servers lost their state,
 *                    or the agent is another one)
 *     index          of the last answer; at least 1, or the agent would answer at once for ever
 *     refused        asked again later and later; what was known stays
 *     cut, too late  the same, where others are answered meanwhile; else it is the agent that is away
 *
 * Invariant: whatever the agent does, a question is asked at most once in `pace`.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Answer, ConsulError } from './client.ts';

/** Milliseconds. */
export interface QuestionTimings {
  /** The least time from one question to the next. */
  readonly pace: number;
  /** First and longest pause after a refusal. */
  readonly backoff: readonly [first: number, longest: number];
  /** Where there are more questions than the agent can hold, each has its turn within this time. */
  readonly round: number;
}

export const QUESTION_TIMINGS: QuestionTimings = { pace: 100, backoff: [250, 15_000], round: 10_000 };

/** What a question needs of whoever puts it. */
export interface Asker {
  readonly timings: QuestionTimings;
  ask(index: number, signal: AbortSignal): Promise<Answer>;
  /** How often the agent has answered or refused anything. */
  answers(): number;
  /** The answer is another one than before. */
  changed(): void;
  /** The agent has answered, or refused to. */
  reached(): void;
  /** It is known where the question stands; `differs`: otherwise than before. */
  settled(differs: boolean): void;
  /** `alone`: the agent refused this, or others are answered meanwhile. */
  failed(error: ConsulError, alone: boolean): void;
  /** Resolves after `ms`, or when the agent, which could not be reached, is back. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export class Question<T> {
  /** The last answer. */
  value: T | undefined;
  /** Why it is not answered though the agent is there; empty while it is answered. */
  problem = '';
  /** It has been answered, or has had a problem. */
  settled = false;
  /** What is to be known of the last answer; empty where it is whole and new. */
  caveat = '';
  private readonly asker: Asker;
  private readonly read: (body: unknown) => T;
  private index = 0;
  /** The last try came to nothing. */
  private failing = false;
  /** It fails while others are answered. */
  private alone = false;
  /** What the agent had answered when this was last asked, or failed last. */
  private heard = 0;

  constructor(asker: Asker, read: (body: unknown) => T) {
    this.asker = asker;
    this.read = read;
  }

  /** Asks until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { pace, backoff } = this.asker.timings;
    const [first, longest] = backoff;
    let pause = first;
    while (!signal.aborted) {
      const begun = performance.now();
      const well = await this.once(signal);
      if (signal.aborted) return;
      const rest = pace - (performance.now() - begun);
      if (rest > 0) await sleep(rest, undefined, { signal }).catch(() => {});
      if (well) pause = first;
      else {
        // Jitter, so that many balancers do not fall upon a restarted agent in step.
        await this.asker.pause(pause * (0.75 + Math.random() / 2), signal);
        pause = Math.min(pause * 2, longest);
      }
    }
  }

  private async once(signal: AbortSignal): Promise<boolean> {
    if (!this.failing) this.heard = this.asker.answers();
    try {
      const answer = await this.asker.ask(this.index, signal);
      if (!signal.aborted) this.take(answer);
      return true;
    } catch (error) {
      if (!signal.aborted) this.refuse(error instanceof ConsulError ? error : new ConsulError(String(error)));
      return false;
    }
  }

  private take(answer: Answer): void {
    const { index } = answer;
    const value = this.read(answer.body);
    this.index = index < this.index ? 0 : Math.max(index, 1);
    const changed = this.value === undefined || !isDeepStrictEqual(value, this.value);
    const caveat = caveatOf(answer);
    const differs = changed || this.problem !== '' || this.caveat !== caveat;
    this.failing = false;
    this.alone = false;
    this.problem = '';
    this.settled = true;
    this.caveat = caveat;
    // What is the same as before stays the same object, so that nobody thinks about it again.
    if (changed) this.value = value;
    this.asker.reached();
    if (changed) this.asker.changed();
    this.asker.settled(differs);
  }

  private refuse(error: ConsulError): void {
    // A question that was held may have been cut together with all others: the next try shows.
    const isFresh = this.index === 0;
    // Somebody else may be behind the address by now, whose indexes are others.
    this.index = 0;
    this.failing = true;
    const isRefused = error.status !== undefined;
    this.alone = !isRefused && (this.alone || (isFresh && this.asker.answers() > this.heard));
    this.heard = this.asker.answers();
    if (isRefused) this.asker.reached();
    this.asker.failed(error, isRefused || this.alone);
    // That nobody can be reached is no matter of this question's.
    if (!isRefused && !this.alone) return;
    const differs = this.problem !== error.message;
    this.problem = error.message;
    this.settled = true;
    this.asker.settled(differs);
  }
}

function caveatOf({ filtered, leader }: Answer): string {
  if (filtered) return 'the token sees a part of it only';
  return leader ? '' : 'there is no cluster leader: what is known may be old';
}
