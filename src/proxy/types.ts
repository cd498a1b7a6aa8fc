/** What the data plane asks of the rooms above it. Upper rooms implement; `app.ts` hands them in. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { Head } from '../http/head.ts';
import type { RuleContext } from '../rules/types.ts';
import type { Frontend } from './frontend.ts';

/** A whole answer made by the proxy itself. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  /** Field lines with CRLF each; without what frames the body and connection, which the exchange adds. */
  readonly fieldLines: string;
  readonly body: Buffer;
  /**
   * `chunked`: as HAProxy sends what its applets make, but to HTTP/1.0 clients. `own`: the field lines say the length. Default:
   * content-length stands before them.
   */
  readonly framing?: 'chunked' | 'own';
  /** It refuses the request, and is counted and logged like a rule that does. */
  readonly denied?: true;
}

/** `stats uri`: asked after the request rules, before routing, for proxies that have `stats` configured. */
export interface StatsHandler {
  /**
   * Undefined when the target is not under the proxy's `stats uri` or the method is not GET, HEAD or POST.
   * `body` is what a POST carried, without its transfer coding (the exchange has read it before asking), else empty;
   * undefined when that was more than 16 KiB. What takes its time to make comes as a promise: traffic goes on meanwhile.
   */
  handle(
    proxy: { readonly frontend: Frontend; readonly backend: Backend | undefined },
    context: RuleContext,
    body: Buffer | undefined,
  ): Reply | Promise<Reply> | undefined;
  /** Whether `handle` would answer: tells the exchange to read a POST's body first. */
  matches(proxy: { readonly frontend: Frontend; readonly backend: Backend | undefined }, request: Head): boolean;
}

/** What `http-request use-service` names (manual 4.2): answers instead of a server. */
export interface Service {
  /** What the access log has for the server: `<PROMEX>`. */
  readonly name: string;
  answer(context: RuleContext): Reply | Promise<Reply>;
}

/**
 * One finished exchange, as the access log reads it (manual 8.2.2, 8.2.3). The same object is used again and again:
 * a reader copies what it needs before it returns.
 */
export interface AccessRecord {
  /** `unix` for who came in by a unix socket; the port is the socket's `id` then. */
  clientAddress: string;
  clientPort: number;
  /** Wall-clock ms of the first byte of the request. */
  wallStart: number;
  /** Wall-clock ms since when the request was waited for: accepted, or the end of the response before it. */
  wallReady: number;
  frontend: Frontend;
  /** Undefined before a backend was chosen: the frontend's name is logged. */
  backend: Backend | undefined;
  server: Server | undefined;
  /** What stands for the server where there is none: `<NOSRV>`, `<STATS>`. */
  noServer: string;
  /** TR/Tw/Tc/Tr/Ta in ms, -1 where the step was not reached. */
  timeRequest: number;
  timeQueue: number;
  timeConnect: number;
  timeResponse: number;
  timeActive: number;
  /** Tt: ms since `wallReady`. */
  timeTotal: number;
  /** -1 when nothing was sent. */
  status: number;
  bytesToClient: number;
  bytesFromClient: number;
  /** Two letters, then two for cookies: `----`, `SC--`. */
  termination: string;
  actconn: number;
  feconn: number;
  beconn: number;
  srvconn: number;
  retries: number;
  redispatched: boolean;
  /** Requests ahead of it when it was queued. */
  serverQueue: number;
  backendQueue: number;
  /** `GET /a HTTP/1.1`, or `<BADREQ>`. */
  requestLine: string;
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
}
