/** What the data plane asks of the rooms above it. Upper rooms implement; `app.ts` hands them in. */

import type { Backend } from '../backend/backend.ts';
import type { Head } from '../http/head.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import type { RuleContext } from '../rules/types.ts';
import type { Frontend } from './frontend.ts';

/** A body that is made a part at a time, as the client takes it. Whoever does not want the rest just leaves it. */
export interface Drawn {
  /** The next part, maybe empty. Not to be called when it is over. */
  next(): Buffer;
  /** That part was the last. */
  readonly over: boolean;
}

/** An answer made by the proxy itself. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  /** Field lines with CRLF each; without what frames the body and connection, which the exchange adds. */
  readonly fieldLines: string;
  /** Whole where it is small. */
  readonly body: Buffer | Drawn;
  /**
   * `chunked`: as HAProxy sends what its applets make, but to HTTP/1.0 clients. `own`: the field lines say the length. Default:
   * content-length stands before them.
   */
  readonly framing?: 'chunked' | 'own';
}

/** `stats uri`: asked after the request rules, before routing, for proxies that have `stats` configured. */
export interface StatsHandler {
  /**
   * Undefined when the target is not under the proxy's `stats uri` or the method is not GET, HEAD or POST.
   * `body` is what a POST carried, without its transfer coding (the exchange has read it before asking), else empty;
   * undefined when that was more than 16 KiB.
   */
  handle(
    proxy: { readonly frontend: Frontend; readonly backend: Backend | undefined },
    context: RuleContext,
    body: Buffer | undefined,
  ): Reply | undefined;
  /** Whether `handle` would answer: tells the exchange to read a POST's body first. */
  matches(proxy: { readonly frontend: Frontend; readonly backend: Backend | undefined }, request: Head): boolean;
}

/** What `http-request use-service` names (manual 4.2): answers instead of a server. */
export interface Service {
  /** What the access log has for the server: `<PROMEX>`. */
  readonly name: string;
  answer(context: RuleContext): Reply | Promise<Reply>;
}

/** One finished exchange, as the access log reads it. The same object is used again and again. */
export interface AccessRecord extends LogFacts {
  readonly frontend: Frontend;
  /** What the formats of the frontend see. */
  readonly context: RuleContext;
  /** There was no request that could be read. */
  readonly unread: boolean;
}

/** Writes access-log lines. Called once per exchange at its end, only for frontends with `log` lines. */
export interface AccessLog {
  exchange(record: AccessRecord): void;
  /** Without `option httplog` or `option tcplog`: `Connect from ...`, at the first request of a connection. */
  connect(record: {
    readonly clientAddress: string;
    readonly clientPort: number;
    readonly localAddress: string;
    readonly localPort: number;
    readonly frontend: Frontend;
  }): void;
  /** A client's connection has ended in its handshake: `error-log-format`, else HAProxy's own line (manual 8.2.5). */
  failed(frontend: Frontend, context: RuleContext): void;
}
