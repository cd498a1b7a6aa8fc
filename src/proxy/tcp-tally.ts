/** What a TCP session adds to counters at its end, and its line in the access log (manual 8.2.2). */

import { loggedClient } from './access.ts';
import type { Listener } from './listener.ts';
import type { Journey } from './live.ts';
import type { Services } from './services.ts';
import { elapsed } from './steps.ts';
import type { TcpContext } from './tcp-context.ts';
import type { AccessRecord } from './types.ts';

/** A session that is over. */
export interface TcpFacts {
  readonly listener: Listener;
  readonly services: Services;
  readonly context: TcpContext;
  /** Which one of the process it is. */
  readonly serial: number;
  /** Monotonic and wall-clock ms. */
  readonly acceptedAt: number;
  readonly acceptedWall: number;
  /** ms from then to the end of its handshake. */
  readonly handshakeTime: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** HAProxy's two letters (manual 8.5). */
  readonly termination: string;
  /** Without a backend where none was found. */
  readonly reach: Journey;
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
  if (server === undefined || reach.connectedAt < 0) return;
  const queue = elapsed(reach.queuedAt, reach.assignedAt);
  const connect = elapsed(reach.assignedAt, reach.connectedAt);
  const total = elapsed(acceptedAt, now);
  for (const { counters } of [backend, server]) {
    counters.qtime.add(queue, counters.lbtot);
    counters.ctime.add(connect, counters.lbtot);
    counters.rtime.add(0, counters.lbtot);
    counters.ttime.add(total, counters.lbtot);
  }
}

/** As soon as a client is there: where there is no format for sessions that are over. */
export function logAccepted({ listener, services, context }: TcpFacts): void {
  const { localAddress, localPort } = context;
  const { frontend } = listener;
  const { logs, logFormat } = frontend.config;
  if (logs.length === 0 || logFormat !== 'none') return;
  services.accessLog.connect({ ...loggedClient(context, listener), localAddress, localPort, frontend });
}

/** Before its slot is given back; `early`: as soon as there is a server, with `option logasap`. */
export function logTcp(facts: TcpFacts, now: number, early = false): void {
  const { listener, services, bytesIn } = facts;
  const { logs, logFormat, logStyle, dontlognull } = listener.frontend.config;
  if (logs.length === 0 || logFormat === 'none') return;
  if (logStyle.asap && !early && facts.reach.connectedAt >= 0) return;
  // What the server said of itself is none of a client's traffic, for HAProxy.
  if (dontlognull && bytesIn === 0 && !early) return;
  const { context } = facts;
  const record = tcpRecord(facts, now, !early);
  context.frozen = record;
  try {
    services.accessLog.exchange(record);
  } finally {
    context.frozen = undefined;
  }
}

/** What a log line would tell at `now`. */
export function tcpRecord(facts: TcpFacts, now: number, over: boolean): AccessRecord {
  const { listener, services, reach, context, bytesIn, bytesOut } = facts;
  const { frontend } = listener;
  const server = reach.concerned;
  const client = loggedClient(context, listener);
  const local = client === context ? { localAddress: context.localAddress, localPort: context.localPort } : undefined;
  const timeTotal = elapsed(facts.acceptedAt, now);
  return {
    ...client,
    localAddress: local?.localAddress ?? client.clientAddress,
    localPort: local?.localPort ?? client.clientPort,
    wallStart: facts.acceptedWall,
    wallReady: facts.acceptedWall,
    frontend,
    context,
    unread: false,
    backendName: reach.backend?.name ?? frontend.name,
    serverName: server?.config.name ?? '<NOSRV>',
    connection: reach.carried,
    timeHandshake: facts.handshakeTime,
    timeIdle: 0,
    timeRequest: -1,
    timeQueue: queueTime(facts, now),
    timeConnect: reach.connectedAt < 0 ? -1 : elapsed(reach.assignedAt, reach.connectedAt),
    timeResponse: -1,
    timeData: reach.connectedAt < 0 ? -1 : timeTotal - elapsed(facts.acceptedAt, reach.connectedAt),
    timeActive: timeTotal,
    timeTotal,
    status: 0,
    bytesToClient: bytesOut,
    // HAProxy has not counted any when it tells early.
    bytesFromClient: over ? bytesIn : 0,
    termination: `${facts.termination}--`,
    actconn: services.connections,
    feconn: frontend.scur,
    beconn: reach.backend?.scur ?? 0,
    // The slot is given back right after the last line.
    srvconn: server === undefined ? 0 : server.scur - (reach.server === undefined || !over ? 0 : 1),
    retries: reach.retries,
    redispatched: reach.redispatched,
    serverQueue: reach.serverQueue,
    backendQueue: reach.backendQueue,
    requestLine: '<BADREQ>',
    serial: facts.serial,
    logged: frontend.logged,
    pid: services.pid,
    early: frontend.config.logStyle.asap,
    over,
    notes: context.notes,
  };
}

/** -1 where the session never reached a queue; the whole wait where it never left it; as HAProxy's with the handshake. */
function queueTime({ reach, termination, handshakeTime }: TcpFacts, now: number): number {
  if (reach.assignedAt >= 0) return handshakeTime + elapsed(reach.queuedAt, reach.assignedAt);
  return reach.backendQueue + reach.serverQueue > 0 && termination !== 'cQ' ? handshakeTime + elapsed(reach.queuedAt, now) : -1;
}
