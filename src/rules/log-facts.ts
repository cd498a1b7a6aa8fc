/**
 * What a line of the access log knows beside the request and the response (manual 8.2.6, 8.4). Times are ms, -1 where the
 * step was not reached; what they add up to is exact: Tt is Th + Ti + TR + Tw + Tc + Tr + Td.
 */

import type { Notes } from './notes.ts';

export interface LogFacts {
  /** `unix` for who came in by a unix socket; the ports are the socket's `id` then. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Wall-clock ms since when the request was waited for: accepted, or the end of the response before it. */
  readonly wallReady: number;
  /** Wall-clock ms of its first byte. */
  readonly wallStart: number;
  /** Of the frontend, where no backend was chosen. */
  readonly backendName: string;
  /** `<NOSRV>`, `<STATS>` where there is none. */
  readonly serverName: string;
  /** The connection to the server: its ends; undefined without one. */
  readonly connection: Ends | undefined;
  /** Th, Ti, TR, Tw, Tc, Tr, Td. */
  readonly timeHandshake: number;
  readonly timeIdle: number;
  readonly timeRequest: number;
  readonly timeQueue: number;
  readonly timeConnect: number;
  readonly timeResponse: number;
  readonly timeData: number;
  /** Ta, from the first byte on, and Tt, since `wallReady`. */
  readonly timeActive: number;
  readonly timeTotal: number;
  /** -1 when nothing was sent. */
  readonly status: number;
  readonly bytesToClient: number;
  readonly bytesFromClient: number;
  /** Two letters, then two for cookies: `----`, `SC--`. */
  readonly termination: string;
  readonly actconn: number;
  readonly feconn: number;
  readonly beconn: number;
  readonly srvconn: number;
  readonly retries: number;
  readonly redispatched: boolean;
  /** Requests ahead of it when it was queued. */
  readonly serverQueue: number;
  readonly backendQueue: number;
  /** `GET /a HTTP/1.1` as it came, or `<BADREQ>`. */
  readonly requestLine: string;
  /** Which one of the process it is, and how many lines its frontend has logged before. */
  readonly serial: number;
  readonly logged: number;
  readonly pid: number;
  /** `option logasap`: what may still grow gets a `+`. As HAProxy has it, also in those lines that could not be written early. */
  readonly early: boolean;
  /** It is told at its end: nothing will grow. */
  readonly over: boolean;
  readonly notes: Notes | undefined;
}

/** Of a connection: empty and 0 where they are not known. */
export interface Ends {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly targetAddress: string;
  readonly targetPort: number;
}
