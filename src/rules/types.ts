/** What rules see of an exchange, and what they decide. `proxy/` implements RuleContext. */

import type { RawRule } from '../config/model.ts';
import type { Head } from '../http/head.ts';
import type { Live } from './live.ts';
import type { LogFacts } from './log-facts.ts';
import type { Notes } from './notes.ts';
import type { TlsFacts } from './tls-facts.ts';
import type { VariableValue } from './variables.ts';

export interface RuleContext {
  readonly request: Head;
  /** Undefined while request rules run. */
  readonly response: Head | undefined;
  /** Without brackets; an IPv4 client of a dual-stack socket reads as IPv4. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Of the client's connection; undefined where it is not encrypted. */
  readonly tls: TlsFacts | undefined;
  /** Of the connection to the server; undefined without one, and where it is not encrypted. */
  readonly serverTls: TlsFacts | undefined;
  readonly frontend: string;
  readonly backend: string | undefined;
  readonly server: string | undefined;
  /** Set by `disable-l7-retry`: of all failures, only one to connect may be followed by another try. */
  disableL7Retry: boolean;
  /** What a log line would tell now. The object is used again and again: it is read at once. */
  readonly facts: LogFacts;
  notes: Notes | undefined;
  /** What there is around it, now. */
  readonly live: Live;
  /** A variable by its whole name, `txn.x`. */
  variable(name: string): VariableValue | undefined;
  /** Undefined takes its value away; false where it cannot be set now. */
  setVariable(name: string, value: VariableValue | undefined): boolean;
  /** Keeps `value` under a number of the frontend's captures, cut to its length; false where there is no such number. */
  capture(side: 'request' | 'response', index: number, value: string): boolean;
  /** Made when it is asked for; undefined without a `unique-id-format`. */
  readonly uniqueId: string | undefined;
}

/** A rule that ends the exchange. */
export interface Final {
  /**
   * `denied` counts in dreq/dresp and logs PR; `intercepted` (redirect, return, stats) logs LR. `tarpitted` is denied too, but
   * answered late; `rejected` is not answered, and `dropped` in a way that the client does not notice, if that can be.
   */
  readonly kind: 'denied' | 'intercepted' | 'tarpitted' | 'rejected' | 'dropped';
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

/** A frontend's formats for its log lines (manual 8.2.6). */
export interface CompiledLog {
  /** `log-format`; undefined for the formats that are written by hand. */
  readonly line: ((context: RuleContext) => string) | undefined;
  /** `error-log-format`, for connections on which no request could be read. */
  readonly error: ((context: RuleContext) => string) | undefined;
  /** `log-format-sd` */
  readonly structured: ((context: RuleContext) => string) | undefined;
  /** They tell of our own end of the connection to a server. */
  readonly source: boolean;
}

/** One rule, and the line that it was made of; without a condition it always runs. */
export interface RuleStep {
  readonly rule: RawRule;
  readonly condition: Condition | undefined;
  /** What an action says (`action.ts`): go on, end the exchange so, or skip the rules that follow. */
  readonly run: (context: RuleContext) => Final | 'allow' | undefined;
}

export interface RouteStep {
  /** Its words are those of the condition. */
  readonly rule: RawRule & { readonly backend: string };
  readonly condition: Condition | undefined;
  readonly backend: (context: RuleContext) => string;
}

/** All rules of one proxy, compiled. A missing one costs nothing per request. */
export interface CompiledRules {
  readonly request: RuleSet | undefined;
  readonly response: RuleSet | undefined;
  /** `redirect` lines: they stand behind the request rules and the statistics. */
  readonly redirect: RuleSet | undefined;
  /** The first `use_backend` that matches. */
  readonly route: ((context: RuleContext) => string | undefined) | undefined;
  /** The same rules one by one, for who wants to know which of them decides. */
  readonly steps?:
    | { readonly request: readonly RuleStep[]; readonly redirects: readonly RuleStep[]; readonly routes: readonly RouteStep[] }
    | undefined;
  /** `stats http-request`: who may see the statistics. */
  readonly stats?: RuleSet | undefined;
  /** `monitor fail`. */
  readonly monitorFail?: Condition | undefined;
  /** `stats admin`. */
  readonly statsAdmin: Condition | undefined;
  /** Undefined where lines are not compiled. */
  readonly log?: CompiledLog | undefined;
  readonly uniqueId?: ((context: RuleContext) => string) | undefined;
  /** What binds requests to servers; undefined where no rule does. */
  readonly persistence?: PersistenceRules | undefined;
  /** `balance hash`: the bytes to hash, one character each; undefined for a request that has none. */
  readonly hashed?: ((context: RuleContext) => string | undefined) | undefined;
  /** `sni` of its servers, by the expression; undefined where none has one. */
  readonly serverNames?: ReadonlyMap<string, (context: RuleContext) => string | undefined> | undefined;
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
