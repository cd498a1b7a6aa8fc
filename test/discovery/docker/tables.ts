/** Everything from an engine's event stream to the tables that requests are looked up in, without the requests. */

import { Backends } from '../../../src/backend/backends.ts';
import { Wheel } from '../../../src/core/wheel.ts';
import { DockerProvider } from '../../../src/discovery/docker/provider.ts';
import { Store } from '../../../src/state/store.ts';
import type { DesiredState } from '../../../src/state/types.ts';
import { Events } from '../../backend/support.ts';
import { Recorder } from '../../support/recorder.ts';
import { config, dockerRoutes, engineConfig, proxy } from '../make.ts';

export class Tables {
  private readonly store: Store;
  private readonly backends = new Backends({ wheel: new Wheel(), events: new Events(), spreadChecks: 0 });
  private readonly abort = new AbortController();
  private readonly running: Promise<void>;
  private look: (state: DesiredState) => void = () => {};

  /** Of a frontend `www` that routes to the containers of the engine at `endpoint`. */
  constructor(endpoint: string) {
    const configuration = config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes()] })]);
    this.store = new Store(configuration, (changes, state) => {
      this.backends.apply(changes);
      this.look(state);
    });
    const engine = { ...engineConfig, endpoint };
    const options = { engine, config: configuration, env: {}, self: { hostname: 'here' }, events: new Recorder() };
    this.running = new DockerProvider(options).run((snapshot) => this.store.publish(snapshot), this.abort.signal);
  }

  get state(): DesiredState {
    return this.store.state;
  }

  /** Resolves in the turn in which `what` has become true of the tables, with `clock`'s time. */
  when<T>(what: (state: DesiredState) => boolean, clock: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('it did not get there')), 30_000);
      this.look = (state) => {
        if (!what(state)) return;
        clearTimeout(late);
        resolve(clock());
      };
    });
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    this.backends.stop();
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
