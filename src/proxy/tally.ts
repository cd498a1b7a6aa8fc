/** What an exchange adds to the counters of its frontend, listener, backend and server (management manual 9.1). */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { subject } from '../backend/words.ts';
import { type Failure, Failures } from '../core/failures.ts';
import type { Latency } from '../core/histogram.ts';
import { Level } from '../core/log.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Reach } from './reach.ts';

/** A backend was chosen. */
export function countEntered(backend: Backend, now: number): void {
  const { counters } = backend;
  counters.stot++;
  counters.rate.add(now);
  backend.scur++;
  if (backend.scur > counters.smax) counters.smax = backend.scur;
}

/** It is over: bytes, response classes and times, all at once as HAProxy does. */
export function countEnded(exchange: ExchangeFacts, now: number): void {
  const { frontend, counters } = exchange.session.listener;
  const { bytesIn, bytesOut, status } = exchange;
  frontend.counters.bin += bytesIn;
  frontend.counters.bout += bytesOut;
  counters.bin += bytesIn;
  counters.bout += bytesOut;
  frontend.counters.hrsp.count(status);
  const { reach } = exchange;
  const { backend } = reach;
  if (backend === undefined) {
    countOwn(exchange);
    return;
  }
  const b = backend.counters;
  b.bin += bytesIn;
  b.bout += bytesOut;
  b.reqTot++;
  b.hrsp.count(status);
  if (b.latency !== undefined) countLatency(b.latency, exchange, now);
  // Also of one that waited for a server in vain.
  const server = reach.concerned;
  if (server === undefined) return;
  const s = server.counters;
  s.bin += bytesIn;
  s.bout += bytesOut;
  // HAProxy: only what was answered says something of times.
  if (exchange.responseAt < 0) return;
  // Each step ends at a whole ms, from where the request was waited for: of the whole HAProxy counts that wait, too.
  const { readyAt } = exchange.session;
  const assigned = Math.floor(reach.assignedAt - readyAt);
  const connected = Math.floor(reach.connectedAt - readyAt);
  const queue = Math.max(0, assigned - Math.floor(reach.queuedAt - readyAt));
  const connect = connected - assigned;
  const response = Math.floor(exchange.responseAt - readyAt) - connected;
  const total = Math.floor(now - readyAt);
  s.qtime.add(queue, s.reqTot);
  s.ctime.add(connect, s.reqTot);
  s.rtime.add(response, s.reqTot);
  s.ttime.add(total, s.reqTot);
  b.qtime.add(queue, b.reqTot);
  b.ctime.add(connect, b.reqTot);
  b.rtime.add(response, b.reqTot);
  b.ttime.add(total, b.reqTot);
}

/** The frontend of a `listen` has answered by itself: for HAProxy its two sides are one proxy. */
function countOwn({ session, services, bytesIn, bytesOut }: ExchangeFacts): void {
  const { frontend } = session.listener;
  if (frontend.config.kind !== 'listen') return;
  const own = services.backends.get(frontend.name);
  if (own === undefined) return;
  own.counters.bin += bytesIn;
  own.counters.bout += bytesOut;
}

/** Of all that ended, however they did: what was given up after a time-out took its time, too. A tunnel is no answer that takes long. */
function countLatency(latency: Latency, { headAt, responseAt, status }: ExchangeFacts, now: number): void {
  // Caught or hung up on: nobody was waited for.
  if (headAt < 0) return;
  if (responseAt >= 0) latency.firstByte.add(responseAt - headAt);
  if (status !== 101) latency.total.add(now - headAt);
}

/** A rule of ours refused the request: the frontend counts it whoever owns the rule. */
export function countDenied({ reach, session }: ExchangeFacts): void {
  const { frontend, counters } = session.listener;
  frontend.counters.dreq++;
  counters.dreq++;
  if (reach.backend !== undefined) reach.backend.counters.dreq++;
}

/** A rule of ours refused the response. */
export function countResponseDenied({ reach, session }: ExchangeFacts): void {
  if (reach.server !== undefined) reach.server.counters.dresp++;
  if (reach.backend !== undefined) reach.backend.counters.dresp++;
  session.listener.frontend.counters.dresp++;
}

/** Redirects, `return` and the statistics. */
export function countIntercepted({ reach, session }: ExchangeFacts): void {
  if (reach.backend !== undefined) reach.backend.counters.intercepted++;
  else session.listener.frontend.counters.intercepted++;
}

/** No request could be read. */
export function countRefused(exchange: ExchangeFacts, status: number, now: number): void {
  const { frontend, counters } = exchange.session.listener;
  frontend.counters.reqTot++;
  frontend.counters.reqRate.add(now);
  frontend.counters.ereq++;
  counters.ereq++;
  frontend.counters.hrsp.count(status);
}

export function countAbort({ backend, concerned }: Reach, by: 'cliAbrt' | 'srvAbrt'): void {
  if (backend !== undefined) backend.counters[by]++;
  if (concerned !== undefined) concerned.counters[by]++;
}

/** No server was reached. */
export function countUnreached({ backend, concerned }: Reach): void {
  if (backend !== undefined) backend.counters.econ++;
  if (concerned !== undefined) concerned.counters.econ++;
}

/** An attempt that failed and is made again: on the same server, or on another. */
export function countAttempt(server: Server, kind: 'wretr' | 'wredis'): void {
  server.backend.counters[kind]++;
  server.counters[kind]++;
}

/** The head of a response goes to the client. */
export function countAnswered(server: Server, status: number): void {
  server.counters.reqTot++;
  server.counters.hrsp.count(status);
}

/**
 * Something came behind a response, or unasked, and its connection closes. HAProxy does so without a word; here it is said
 * the first time, the tenth, the hundredth: a server may do it all the time.
 */
export function countSurplus(server: Server): void {
  const { backend, counters } = server;
  const times = ++counters.surplus;
  if (!/^10*$/.test(String(times))) return;
  const told = times === 1 ? '' : ` (${times} times so far)`;
  const message = `${subject(server)} sent more than it was asked for: its connection is closed${told}.`;
  backend.events.event(Level.Warning, message, backend.name);
}

export function countFailure({ reach, session }: ExchangeFacts, failure: Failure): void {
  switch (failure) {
    case Failures.NoServer:
    case Failures.QueueTimeout:
    case Failures.QueueFull:
    case Failures.ConnectFailed:
    case Failures.OtherName:
    case Failures.ConnectTimeout:
      countUnreached(reach);
      return;
    case Failures.BodyInvalid:
      session.listener.frontend.counters.ereq++;
      session.listener.counters.ereq++;
      return;
    case Failures.UploadStalled:
    case Failures.ResponseStalled:
    case Failures.ResponseShut:
      countAbort(reach, 'srvAbrt');
      return;
    case Failures.ResponseCut:
      countAbort(reach, 'srvAbrt');
      countBadResponse(reach);
      return;
    case Failures.AnswerAbandoned:
      countAbort(reach, 'cliAbrt');
      return;
    case Failures.ServerClosed:
    case Failures.HeadCut:
    case Failures.ServerTimeout:
    case Failures.ResponseInvalid:
    case Failures.ResponseBroken:
      countBadResponse(reach);
      return;
    case Failures.ClientStalled:
      countAbort(reach, 'cliAbrt');
  }
}

export function countBadResponse({ backend, concerned }: Reach): void {
  if (concerned !== undefined) concerned.counters.eresp++;
  if (backend !== undefined) backend.counters.eresp++;
}

/** HAProxy counts a server's reset as a bad response, too. */
export function countReset(reach: Reach): void {
  countAbort(reach, 'srvAbrt');
  countBadResponse(reach);
}
