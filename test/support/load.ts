/** A load of requests that goes on while something happens, and tells what became of every one of them. */

import type { Answer } from './client.ts';
import { until } from './wait.ts';

export interface Load {
  /** Requests that have ended so far, well or not. */
  readonly ended: () => number;
  /** Resolves when `count` more requests have ended than at the time of the call. */
  more(count: number): Promise<void>;
}

const workers = 8;

/** Keeps `workers` requests in flight while `work` runs. Returns how often each outcome was seen: a status, or an error's code. */
export async function underLoad(request: () => Promise<Answer>, work: (load: Load) => Promise<void>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  let ended = 0;
  let going = true;
  const oneWorker = async () => {
    while (going) {
      const outcome = await request().then(
        (answer) => String(answer.status),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      ended++;
    }
  };
  const running = Array.from({ length: workers }, oneWorker);
  const more = async (count: number) => {
    const goal = ended + count;
    await until(`${count} more requests have ended`, () => ended >= goal, 60_000);
  };
  try {
    await work({ ended: () => ended, more });
  } finally {
    going = false;
    await Promise.all(running);
  }
  return outcomes;
}
