/** How long requests take while things happen: a closed loop in a process of its own. Every answer must be 200. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LatencyOrder, LatencyReport } from './latency-client.ts';

export interface Latency {
  readonly requests: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
}

/** Runs `phases` one after the other under the load of `connections`; what comes before and between them does not count. */
export async function latencies(
  target: { readonly port: number; readonly connections: number; readonly host: string },
  ...phases: readonly (() => Promise<void>)[]
): Promise<readonly Latency[]> {
  const { port, connections, host } = target;
  const client = fileURLToPath(new URL('latency-client.js', import.meta.url));
  const child = fork(client, [String(port), String(connections), host], { execArgv: [] });
  const exit = once(child, 'exit');
  const tell = async (order: LatencyOrder): Promise<LatencyReport> => {
    const answer = once(child, 'message');
    child.send(order);
    const [report] = await Promise.race([
      answer,
      exit.then(() => {
        throw new Error('the clients have ended: some request failed');
      }),
    ]);
    return report;
  };
  try {
    for (const phase of phases) {
      await tell('mark');
      await phase();
      await tell('mark');
    }
    const report = await tell('stop');
    if (!('phases' in report)) throw new Error('no phases');
    return phases.map((_, i) => summary(report.phases[2 * i + 1] ?? []));
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
}

function summary(durations: readonly number[]): Latency {
  const sorted = [...durations].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { requests: sorted.length, median: at(0.5), p99: at(0.99) };
}
