/** What every source of servers says, and how it says it. */

import type { BalanceConfig, Config, ServerConfig } from '../config/model.ts';

/** One server as its source sees it now. */
export interface DiscoveredServer {
  readonly config: ServerConfig;
  /**
   * `ready`: traffic; `drain`: finish what it has, take nothing new (a container that was told to stop);
   * `down`: known but not reachable or not healthy, with `reason`: it stays on the statistics page.
   */
  readonly state: 'ready' | 'drain' | 'down';
  readonly reason: string;
}

/** A host, and a path below it, that a pool serves. */
export interface Route {
  /** The frontend whose `docker-routes` line made it. */
  readonly frontend: string;
  /** `exact`: lower-case host without port; `suffix`: `.example.test` of `*.example.test`; `regex`: source without `~`. */
  readonly host: { readonly kind: 'exact' | 'suffix' | 'regex'; readonly value: string };
  /** Path prefix on segment borders; `/` takes everything. Where `exact`, this path alone. */
  readonly path: string;
  readonly exact: boolean;
  /** Replaces `path` in the forwarded request where given (`strip` is ''). */
  readonly rewrite: string | undefined;
  readonly priority: number;
  /** Name of the pool, which is the backend's name. */
  readonly pool: string;
  /** For messages: which container, which label. */
  readonly origin: string;
}

/** What a person should know about one thing of the source; `explain` and the log show it. */
export interface Note {
  readonly level: 'info' | 'warning' | 'error';
  /** A container's name or id, a name that does not resolve. */
  readonly subject: string;
  readonly message: string;
}

/** Backend parameters that labels give to a routed pool. */
export interface PoolOptions {
  readonly balance: BalanceConfig | undefined;
}

/**
 * Everything one source knows. An empty list means "no servers", a missing name "not mine", silence "keep the last".
 */
export interface Snapshot {
  readonly source: string;
  /** Backend name -> its servers, in a stable order. */
  readonly pools: ReadonlyMap<string, readonly DiscoveredServer[]>;
  /** For pools that no section of the configuration names: made by `docker-routes`. */
  readonly poolOptions: ReadonlyMap<string, PoolOptions>;
  readonly routes: readonly Route[];
  readonly notes: readonly Note[];
}

/** A source that lives beside the process and reads the configuration: an engine, a catalogue, a file. */
export interface Source extends Provider {
  /** Why it is away now; empty while it is there. */
  readonly trouble: string;
  /** What it has told, and tries to reach it or to stay in touch with it that failed. */
  readonly counts: { readonly events: number; readonly failures: number };
  /** Reads what is known under another configuration, and publishes that before it returns. */
  reconfigure(config: Config): void;
}

/** A source that some line of the configuration asks. */
export interface SourceNeed {
  /** Of its snapshots. */
  readonly name: string;
  /** Where it is and how to speak to it: another one under the same name is another source. Compared deeply. */
  readonly settings: unknown;
  create(config: Config): Source;
}

/** A source. `run` settles when `signal` aborts; it never rejects for a reason of the outside world, it retries. */
export interface Provider {
  readonly name: string;
  run(publish: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void>;
}
