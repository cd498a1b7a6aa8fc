/** What rules see of an exchange, and what they decide. `proxy/` implements RuleContext. */

import type { Head } from '../http/head.ts';

export interface RuleContext {
  readonly request: Head;
  /** Undefined while request rules run. */
  readonly response: Head | undefined;
  /** Without brackets; an IPv4 client of a dual-stack socket reads as IPv4. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly frontend: string;
  readonly backend: string | undefined;
  readonly server: string | undefined;
  /** Set by `disable-l7-retry`: of all failures, only one to connect may be followed by another try. */
  disableL7Retry: boolean;
}

/** A rule that ends the exchange. */
export interface Final {
  /** `denied` counts in dreq/dresp and logs PR; `intercepted` (redirect, return, stats) logs LR. */
  readonly kind: 'denied' | 'intercepted';
  readonly status: number;
  /** The whole reply without the `connection` line, or undefined for the proxy's error reply of that status. */
  readonly reply: { readonly fieldLines: string; readonly reason: string; readonly body: Buffer } | undefined;
  /** `use-service`: who makes the reply instead. */
  readonly service?: string;
  /** Close the client's connection afterwards. */
  readonly close: boolean;
}

/** Runs in order; undefined lets the exchange go on. */
export type RuleSet = (context: RuleContext) => Final | undefined;
export type Condition = (context: RuleContext) => boolean;

/** All rules of one proxy, compiled. A missing one costs nothing per request. */
export interface CompiledRules {
  readonly request: RuleSet | undefined;
  readonly response: RuleSet | undefined;
  /** `redirect` lines: they stand behind the request rules and the statistics. */
  readonly redirect: RuleSet | undefined;
  /** The first `use_backend` that matches. */
  readonly route: ((context: RuleContext) => string | undefined) | undefined;
  /** `stats admin`. */
  readonly statsAdmin: Condition | undefined;
  /** What binds requests to servers; undefined where no rule does. */
  readonly persistence?: PersistenceRules | undefined;
  /** `balance hash`: the bytes to hash, one character each; undefined for a request that has none. */
  readonly hashed?: ((context: RuleContext) => string | undefined) | undefined;
}

/** `force-persist`, `ignore-persist`, `use-server` and `stick` lines of one proxy (manual 4.2), each kind in its order. */
export interface PersistenceRules {
  /** The first whose condition holds counts. */
  readonly exceptions: readonly { readonly kind: 'force' | 'ignore'; readonly condition: Condition | undefined }[];
  readonly useServers: readonly { readonly condition: Condition | undefined; readonly server: (context: RuleContext) => string }[];
  readonly request: readonly StickRule[];
  readonly response: readonly StickRule[];
}

export interface StickRule {
  /** The backend whose table it is. */
  readonly table: string;
  /** The table is asked. */
  readonly match: boolean;
  /** The table is told, once the server has answered. */
  readonly store: boolean;
  readonly condition: Condition | undefined;
  /** Undefined where a request or response has no key. */
  readonly key: (context: RuleContext) => string | undefined;
}
