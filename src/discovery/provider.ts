/** What every source of servers says, and how it says it. */

import type { BalanceConfig, Config, RolloutMode, ServerConfig } from '../config/model.ts';
import type { Report } from './report.ts';

/** One server as its source sees it now. */
export interface DiscoveredServer {
  readonly config: ServerConfig;
  /**
   * `ready`: traffic; `drain`: finish what it has, take nothing new (a container that was told to stop);
   * `down`: known but not reachable or not healthy, with `reason`: it stays on the statistics page.
   */
  readonly state: 'ready' | 'drain' | 'down';
  readonly reason: string;
  /** Percent of its weight that it gets, because others are nearer; absent: all of it. */
  readonly share?: number;
}

/** A host, and a path below it, that a pool serves. */
export interface Route {
  /** The frontend whose `docker-routes` line made it. */
  readonly frontend: string;
  /** `exact`: lower-case host without port; `suffix`: `.example.test` of `*.example.test`; `regex`: source without `~`; `any`: empty. */
  readonly host: { readonly kind: 'exact' | 'suffix' | 'regex' | 'any'; readonly value: string };
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
  /** What the claim weighs beside that of another source; absent: as much as one that serves. */
  readonly claim?: RouteClaim;
}

export interface RouteClaim {
  /** Who claims runs; what has stopped gives way to everybody who does. */
  readonly live: boolean;
  /** Wall-clock ms: the older of two equal claims counts. */
  readonly since: number;
}

/** What a person should know about one thing of the source; `explain` and the log show it. */
export interface Note {
  readonly level: 'info' | 'warning' | 'error';
  /** A container's name or id, a name that does not resolve. */
  readonly subject: string;
  readonly message: string;
}

/** Backend parameters that labels give to a routed pool. Undefined: no label says it. */
export interface PoolOptions {
  readonly balance?: BalanceConfig | undefined;
  /** Checks are requests (`option httpchk`) instead of TCP connects. */
  readonly httpCheck?: HttpCheckOptions | undefined;
  /** `timeout check`, ms. */
  readonly checkTimeout?: number | undefined;
  readonly sticky?: StickyOptions | undefined;
  /** Clients that did not come by https are sent there with this status. */
  readonly redirect?: RedirectStatus | undefined;
  /** Name of the userlist that clients must be in. */
  readonly auth?: string | undefined;
  /** Networks that clients may come from, as `src` matches them; others get 403. */
  readonly allow?: readonly string[] | undefined;
  readonly rollout?: RolloutMode | undefined;
}

/** Which generations a backend rolls out by. */
export interface RolloutWord {
  readonly mode: RolloutMode;
  /** It is the line's, for containers that do not say. */
  readonly byLine: boolean;
}

/** What is left out is as `option httpchk` has it, but that the method is GET where there is a path. */
export interface HttpCheckOptions {
  readonly method?: string;
  readonly path?: string;
  /** Value of the Host field; with it, HTTP/1.1 is spoken. */
  readonly host?: string;
  /** Inclusive ranges; default 200 to 399. */
  readonly statuses?: readonly (readonly [low: number, high: number])[];
}

/** By a cookie of our own, or by the client's address. */
export type StickyOptions =
  | { readonly kind: 'cookie'; readonly name: string; readonly secure: boolean; readonly httponly: boolean }
  | { readonly kind: 'source' };

export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/**
 * Everything one source knows. An empty list means "no servers", a missing name "not mine", silence "keep the last".
 */
export interface Snapshot {
  readonly source: string;
  /** Backend name -> its servers, in a stable order. */
  readonly pools: ReadonlyMap<string, readonly DiscoveredServer[]>;
  /** For pools that no section of the configuration names: made by `docker-routes`. */
  readonly poolOptions: ReadonlyMap<string, PoolOptions>;
  /** Backend name -> how it rolls out; without one of these no server has a generation. */
  readonly rollouts?: ReadonlyMap<string, RolloutWord>;
  readonly routes: readonly Route[];
  readonly notes: readonly Note[];
}

/** A source that lives beside the process and reads the configuration: an engine, a catalogue, a file. */
export interface Source extends Provider {
  /** Why it is away now; empty while it is there. */
  readonly trouble: string;
  /** What it has told, and tries to reach it or to stay in touch with it that failed. */
  readonly counts: { readonly events: number; readonly failures: number };
  /**
   * Asks for what `config` needs beyond what is known, and resolves when that has been answered; `reconfigure` follows. Until then
   * the configuration of before counts.
   */
  prepare?(config: Config): Promise<void>;
  /** Reads what is known under another configuration, and publishes that before it returns. */
  reconfigure(config: Config): void;
  /** What it makes of everything that it knows, when somebody asks why; empty before it has spoken. Makes no call. */
  report(): readonly Report[];
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
