/** What a TCP session adds to counters at its end, and its line in the access log (manual 8.2.2). */

import { loggedClient } from './access.ts';
import type { Listener } from './listener.ts';
import type { Reach } from './reach.ts';
import type { Services } from './services.ts';
import { countAbort, countBadResponse } from './tally.ts';
import type { TcpContext } from './tcp-context.ts';

/** A session that is over. */
export interface TcpFacts {
  readonly listener: Listener;
  readonly services: Services;
  readonly context: TcpContext;
  /** Monotonic and wall-clock ms. */
  readonly acceptedAt: number;
  readonly acceptedWall: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** HAProxy's two letters (manual 8.5). */
  readonly termination: string;
  /** Without a backend where none was found. */
  readonly reach: Reach;
}

/** Before its slot is given back. */
export function countTcpEnded({ listener, bytesIn, bytesOut, acceptedAt, reach }: TcpFacts, now: number): void {
  const { backend, server } = reach;
  for (const { counters } of [
    listener,
    listener.frontend,
    ...(backend === undefined ? [] : [backend]),
    ...(server === undefined ? [] : [server]),
  ]) {
    counters.bin += bytesIn;
    counters.bout += bytesOut;
  }
  if (backend === undefined) return;
  backend.scur--;
  if (server === undefined) return;
  const queue = elapsed(reach.queuedAt, reach.assignedAt);
  const connect = reach.connectedAt < 0 ? 0 : elapsed(reach.assignedAt, reach.connectedAt);
  const total = elapsed(acceptedAt, now);
  for (const { counters } of [backend, server]) {
    counters.qtime.add(queue);
    counters.ctime.add(connect);
    counters.rtime.add(0);
    counters.ttime.add(total);
  }
}

/** HAProxy counts a server's reset as a bad response, too. */
export function countReset(reach: Reach): void {
  countAbort(reach, 'srvAbrt');
  countBadResponse(reach);
}

/** As soon as a client is there: where there is no format for sessions that are over. */
export function logAccepted({ listener, services, context }: TcpFacts): void {
  const { localAddress, localPort } = context;
  const { frontend } = listener;
  const { logs, logFormat } = frontend.config;
  if (logs.length === 0 || logFormat !== 'none') return;
  services.accessLog.connect({ ...loggedClient(context, listener), localAddress, localPort, frontend });
}

/** Before its slot is given back. */
export function logTcp(facts: TcpFacts, now: number): void {
  const { listener, services, reach, bytesIn, bytesOut } = facts;
  const { frontend } = listener;
  const { logs, logFormat, dontlognull } = frontend.config;
  if (logs.length === 0 || logFormat === 'none') return;
  // What the server said of itself is none of a client's traffic, for HAProxy.
  if (dontlognull && bytesIn === 0) return;
  const server = reach.concerned;
  services.accessLog.exchange({
    ...loggedClient(facts.context, listener),
    wallStart: facts.acceptedWall,
    wallReady: facts.acceptedWall,
    frontend,
    backend: reach.backend,
    server,
    noServer: '<NOSRV>',
    timeRequest: -1,
    timeQueue: queueTime(facts, now),
    timeConnect: reach.connectedAt < 0 ? -1 : elapsed(reach.assignedAt, reach.connectedAt),
    timeResponse: -1,
    timeActive: elapsed(facts.acceptedAt, now),
    timeTotal: elapsed(facts.acceptedAt, now),
    status: -1,
    bytesToClient: bytesOut,
    bytesFromClient: bytesIn,
    termination: `${facts.termination}--`,
    actconn: services.connections,
    feconn: frontend.scur,
    beconn: reach.backend?.scur ?? 0,
    // The slot is given back right after this line.
    srvconn: server === undefined ? 0 : server.scur - (reach.server === undefined ? 0 : 1),
    retries: reach.retries,
    redispatched: reach.redispatched,
    serverQueue: reach.serverQueue,
    backendQueue: reach.backendQueue,
    requestLine: '',
  });
}

/** -1 where the session never reached a queue; the whole wait where it never left it. */
function queueTime({ reach, termination }: TcpFacts, now: number): number {
  if (reach.assignedAt >= 0) return elapsed(reach.queuedAt, reach.assignedAt);
  return reach.backendQueue + reach.serverQueue > 0 && termination !== 'cQ' ? elapsed(reach.queuedAt, now) : -1;
}

function elapsed(from: number, to: number): number {
  return Math.max(0, Math.round(to - from));
}
