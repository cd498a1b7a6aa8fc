/** Many containers of a fake engine that is another process. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EngineOrder, EngineReport } from './engine-process.ts';

export class Crowd {
  readonly endpoint: string;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, endpoint: string) {
    this.child = child;
    this.endpoint = endpoint;
  }

  /** `count` containers that route `h<n>.example.test`. */
  static async of(count: number): Promise<Crowd> {
    const child = fork(fileURLToPath(new URL('engine-process.js', import.meta.url)), [String(count)], { execArgv: [] });
    const [report] = (await once(child, 'message')) as [{ readonly endpoint: string }];
    return new Crowd(child, report.endpoint);
  }

  async dispose(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    await exit;
  }

  /** Monotonic ns (`process.hrtime`) of the event. */
  async run(name: string): Promise<bigint> {
    return BigInt((await this.tell<{ at: string }>({ order: 'run', name })).at);
  }

  async kill(n: number): Promise<bigint> {
    return BigInt((await this.tell<{ at: string }>({ order: 'kill', n })).at);
  }

  /** Answers how many events that were; afterwards all are healthy. */
  async flood(events: number): Promise<number> {
    return (await this.tell<{ flooded: number }>({ order: 'flood', events })).flooded;
  }

  /** How many requests it has had so far. */
  async asked(): Promise<number> {
    return (await this.tell<{ asked: number }>({ order: 'asked' })).asked;
  }

  private async tell<T>(order: EngineOrder): Promise<T> {
    const answer = once(this.child, 'message') as Promise<[EngineReport]>;
    this.child.send(order);
    const [report] = await answer;
    return report as T;
  }
}
