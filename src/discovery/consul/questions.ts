/** The questions of one kind that are being asked, by what they ask. */

import type { Question } from './question.ts';

interface Asked<Query, T> {
  readonly query: Query;
  readonly question: Question<T>;
  readonly abort: AbortController;
}

export class Questions<Query extends Readonly<Record<string, string | undefined>>, T> {
  private readonly make: (query: Query) => Question<T>;
  private readonly asked = new Map<string, Asked<Query, T>>();
  private readonly running = new Set<Promise<void>>();

  constructor(make: (query: Query) => Question<T>) {
    this.make = make;
  }

  get size(): number {
    return this.asked.size;
  }

  get all(): readonly { readonly query: Query; readonly question: Question<T> }[] {
    return [...this.asked.values()];
  }

  /** The last answer; undefined where there is none. */
  valueOf(query: Query): T | undefined {
    return this.asked.get(keyOf(query))?.question.value;
  }

  /** Asks these from now on, and no others. */
  keep(queries: readonly Query[]): void {
    const wanted = new Map(queries.map((query) => [keyOf(query), query]));
    for (const [key, { abort }] of this.asked) {
      if (wanted.has(key)) continue;
      abort.abort();
      this.asked.delete(key);
    }
    for (const [key, query] of wanted) {
      if (this.asked.has(key)) continue;
      const question = this.make(query);
      const abort = new AbortController();
      this.asked.set(key, { query, question, abort });
      const run = question.run(abort.signal).finally(() => this.running.delete(run));
      this.running.add(run);
    }
  }

  /** Resolves when nothing is under way of what is not asked any more. */
  async ended(): Promise<void> {
    await Promise.all(this.running);
  }
}

function keyOf(query: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify([query.datacenter, query.near, query.service]);
}
