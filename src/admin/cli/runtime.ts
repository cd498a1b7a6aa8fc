/** What the Runtime API can see and change. `app.ts` makes it; tests make their own. */

import type { Backend } from '../../backend/backend.ts';
import type { Server } from '../../backend/server.ts';
import type { ShutdownCause } from '../../backend/types.ts';
import type { Config, StatsSocketConfig } from '../../config/model.ts';
import type { Frontend, FrontendState } from '../../proxy/frontend.ts';
import type { ClientSession } from '../../proxy/sessions.ts';
import type { ProcessFacts } from '../../stats/page.ts';
import type { StatsProxy } from '../../stats/rows.ts';

export interface Runtime {
  readonly facts: ProcessFacts;
  /** Unix time in seconds. */
  readonly startedAt: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Descriptors that the process may have; undefined where the system does not say. */
  readonly descriptors: number | undefined;
  /** The configuration in force. */
  readonly config: Config;
  /** In its order. */
  readonly proxies: readonly StatsProxy[];
  /** Those of the Runtime API itself, as they listen. */
  readonly sockets: readonly { readonly text: string; readonly config: StatsSocketConfig }[];
  /** The process finishes what is under way. */
  readonly stopping: boolean;
  /** Reloads since the start, and those that have failed since the last good one. */
  readonly reloads: { readonly done: number; readonly failed: number };
  /** Everybody who is connected. */
  clients(): Iterable<readonly [Frontend, ClientSession]>;
  /** Ends what is under way on a server. */
  shutdown(server: Server, cause: ShutdownCause): void;
  setMaxconn(maxconn: number): Promise<void>;
  setFrontendMaxconn(frontend: Frontend, maxconn: number): Promise<void>;
  /** Answers whether it could be: a port that was given up may be somebody else's. */
  setFrontendState(frontend: Frontend, state: FrontendState): Promise<boolean>;
  setDynamicCookie(backend: Backend, change: { readonly dynamic?: boolean; readonly key?: string }): Promise<void>;
  /** The server's address is that of another host from now on, as soon as the name is resolved. */
  setHost(server: Server, fqdn: string): Promise<void>;
  /** As SIGUSR2. Resolves when it is over, well or not. */
  reload(): Promise<void>;
}
