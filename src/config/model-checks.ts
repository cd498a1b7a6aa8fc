/** The part of the configuration (model.ts) that says how servers are checked: in which rhythm, and by what steps. */

/** The check words of a `server` line (manual 5.2). */
export interface ServerCheckConfig {
  /** `inter`, default 2000 ms. */
  readonly inter: number;
  /** `fastinter`: while in transition; default `inter`. */
  readonly fastinter: number | undefined;
  /** `downinter`: while down; default `inter`. */
  readonly downinter: number | undefined;
  readonly rise: number;
  readonly fall: number;
  /** `addr`, `port`: check another address than the traffic's. */
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** The port of `addr`, if it has one; for want of `port`. */
  readonly addressPort?: number | undefined;
  /** `check-ssl`, `no-check-ssl`; undefined: as the traffic, where the check goes to its address and port. */
  readonly ssl?: boolean | undefined;
  /** `check-sni`: the name to ask for, a literal one. */
  readonly sni?: string | undefined;
  /** `check-alpn`, in order. */
  readonly alpn?: readonly string[] | undefined;
}

/** `agent-check` and its words (manual 5.2). */
export interface AgentConfig {
  /** `agent-inter`, default 2000 ms. */
  readonly inter: number;
  /** `agent-addr`, default the server's. */
  readonly address: string | undefined;
  /** `agent-port`; required with `agent-check`. */
  readonly port: number | undefined;
  /** `agent-send`: bytes, one character each, sent when connected. */
  readonly send: string;
}

/**
 * How the servers of a backend are asked: `option httpchk` with `http-check`, `option tcp-check` with `tcp-check`, or a
 * service's own way (manual 4.2). Texts are bytes, one character each. Absent: a TCP connect is the check.
 */
export interface CheckRules {
  readonly protocol: 'tcp' | 'http';
  /** A service with a check of its own; there are no steps then. */
  readonly service: CheckService | undefined;
  /** In order; the first is a connect, and what HAProxy adds by itself stands where it adds it. */
  readonly steps: readonly CheckStep[];
  /** `http-check disable-on-404` */
  readonly disableOn404: boolean;
  /** `http-check send-state`: the name of this node; undefined sends none. */
  readonly stateNode: string | undefined;
  /** More of an answer is not looked at (`tune.bufsize`). */
  readonly limit: number;
}

/** `option redis-check` and its kin; names of users are bytes. */
export type CheckService =
  | { readonly name: 'redis' | 'ldap' | 'ssl-hello' }
  | { readonly name: 'smtp'; readonly hello: string }
  /** Without a user, the greeting is enough. `old`: `pre-41`. */
  | { readonly name: 'mysql'; readonly user: string | undefined; readonly old: boolean }
  | { readonly name: 'pgsql'; readonly user: string };

interface CheckStepBase {
  /** Its place in the text, comments counted, from 1; 0 where it does not stand there. */
  readonly number: number;
  /** Reported when the step fails; empty for none. */
  readonly comment: string;
}

export interface CheckConnect extends CheckStepBase {
  readonly kind: 'connect';
  readonly port: number | undefined;
  readonly address: string | undefined;
  /** The port of `addr`, if it has one; for want of `port`. */
  readonly addressPort?: number | undefined;
  /** Ends with FIN instead of RST. */
  readonly linger: boolean;
  /** `ssl`, `sni`, `alpn` of `http-check connect` and `tcp-check connect`; `default` is what the server's line says. */
  readonly ssl?: 'default' | boolean | undefined;
  readonly sni?: string | undefined;
  readonly alpn?: readonly string[] | undefined;
}

export interface CheckSend extends CheckStepBase {
  readonly kind: 'send';
  readonly data: string;
}

export interface CheckRequest extends CheckStepBase {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  /** `HTTP/1.0` (HAProxy's default) or `HTTP/1.1`. */
  readonly version: string;
  /** In order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface CheckExpect extends CheckStepBase {
  readonly kind: 'expect';
  readonly match: CheckMatch;
  readonly negate: boolean;
  /** So many bytes are waited for before anything is judged; then no match is one for good. -1: as long as it takes. */
  readonly minRecv: number;
  readonly okStatus: 'L4OK' | 'L6OK' | 'L7OK' | 'L7OKC' | undefined;
  readonly errorStatus: 'L4CON' | 'L6RSP' | 'L7RSP' | 'L7STS' | 'L7OKC' | undefined;
  readonly toutStatus: 'L4TOUT' | 'L6TOUT' | 'L7TOUT' | undefined;
  readonly onSuccess: string | undefined;
  readonly onError: string | undefined;
  /** The code that is reported. */
  readonly statusCode: number | undefined;
}

/** Patterns of `binary` and `binary-lf` are bytes, those of `rbinary` meet upper-case hexadecimal digits. */
export type CheckMatch =
  | { readonly kind: 'string' | 'string-lf' | 'rstring' | 'binary' | 'binary-lf' | 'rbinary' | 'rstatus'; readonly pattern: string }
  | { readonly kind: 'status'; readonly ranges: readonly (readonly [low: number, high: number])[] }
  | { readonly kind: 'hdr' | 'fhdr'; readonly name: CheckPattern; readonly value: CheckPattern | undefined };

export interface CheckPattern {
  readonly how: 'str' | 'beg' | 'end' | 'sub' | 'reg';
  readonly pattern: string;
}

export type CheckStep = CheckConnect | CheckSend | CheckRequest | CheckExpect;
