/** A provider beside a fake engine: one section `app` whose servers are all containers, and what has been published. */

import type { Config } from '../../../src/config/model.ts';
import { DockerProvider } from '../../../src/discovery/docker/provider.ts';
import { WATCH_TIMINGS, type WatchTimings } from '../../../src/discovery/docker/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { Recorder } from '../../support/recorder.ts';
import { until } from '../../support/wait.ts';
import { config, dockerServers, engineConfig, proxy } from '../make.ts';
import { FakeEngine } from './fake-engine.ts';

const app = config([proxy('app', { dockerServers: [dockerServers({ name: '*' })] })]);

/** Tries again soon, and does nothing else by the clock. */
export const eager: WatchTimings = { ...WATCH_TIMINGS, backoff: [5, 20], look: 5 };

export class Rig {
  readonly engine = new FakeEngine();
  readonly log = new Recorder();
  readonly published: Snapshot[] = [];
  private readonly abort = new AbortController();
  private readonly running: Promise<void>[] = [];

  static async make(): Promise<Rig> {
    const rig = new Rig();
    await rig.engine.listen();
    return rig;
  }

  async dispose(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running);
    await this.engine.dispose();
  }

  start(timings: WatchTimings = eager, configuration: Config = app, endpoint: string = this.engine.endpoint): DockerProvider {
    const engine = { ...engineConfig, endpoint };
    const provider = new DockerProvider({
      engine,
      config: configuration,
      env: {},
      self: { hostname: 'here' },
      events: this.log,
      timings,
    });
    this.running.push(provider.run((snapshot) => this.published.push(snapshot), this.abort.signal));
    return provider;
  }

  /** `address state` of the servers of `app`, in the last snapshot. */
  now(): readonly string[] | undefined {
    const servers = this.published.at(-1)?.pools.get('app');
    return servers?.map(({ config: server, state }) => `${server.address} ${state}`);
  }

  is(...expected: string[]): Promise<true> {
    const what = `the servers are ${expected.join(', ') || 'none'}`;
    return until(what, () => JSON.stringify(this.now()) === JSON.stringify(expected)).catch((error: unknown) => {
      throw new Error(`they are ${this.now()?.join(', ')}; ${what}`, { cause: error });
    });
  }

  /** How often paths that match were asked for. */
  count(path: RegExp): number {
    return this.engine.asked.filter((asked) => path.test(asked)).length;
  }
}
