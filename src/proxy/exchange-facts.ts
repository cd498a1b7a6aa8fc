/** What others read of an exchange: rules while it runs, counters and the access log at its end. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { Head } from '../http/head.ts';
import type { RuleContext } from '../rules/types.ts';
import type { Binding } from './persistence.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';

export class ExchangeFacts implements RuleContext {
  readonly session: Session;
  readonly services: Services;
  readonly request: Head;
  readonly responseHead: Head;
  backendObject: Backend | undefined = undefined;
  /** Set exactly while a slot of it is taken. */
  serverObject: Server | undefined = undefined;
  /** `responseHead` is this exchange's. */
  protected responseSeen = false;

  /** What the backend's cookies and tables make of this request; undefined where it has none. */
  binding: Binding | undefined = undefined;

  retries = 0;
  redispatched = false;
  disableL7Retry = false;
  /** The statistics page answered. */
  statsServed = false;
  /** From and to the client, heads included. */
  bytesIn = 0;
  bytesOut = 0;
  /** -1 while nothing was answered. */
  status = -1;
  /** HAProxy's two letters (manual 8.5). */
  termination = '--';
  // What the backend tells of its waiting (Waiter).
  awaited: Server | undefined = undefined;
  backendQueue = 0;
  serverQueue = 0;
  // Monotonic ms; -1 where the step was not reached.
  headAt = 0;
  queuedAt = 0;
  assignedAt = -1;
  connectedAt = -1;
  responseAt = -1;

  constructor(session: Session) {
    this.session = session;
    this.services = session.services;
    this.request = session.head;
    this.responseHead = new Head(session.services.limits.maxhdr);
  }

  get response(): Head | undefined {
    return this.responseSeen ? this.responseHead : undefined;
  }
  get clientAddress(): string {
    return this.session.clientAddress;
  }
  /** As the client's socket has it: an IPv4 client of a dual-stack one is `::ffff:a.b.c.d`. */
  get peerAddress(): string {
    return this.session.socket.remoteAddress ?? '';
  }
  get clientPort(): number {
    return this.session.clientPort;
  }
  get localAddress(): string {
    return this.session.localAddress;
  }
  get localPort(): number {
    return this.session.localPort;
  }
  get frontend(): string {
    return this.session.listener.frontend.name;
  }
  get backend(): string | undefined {
    return this.backendObject?.name;
  }
  get server(): string | undefined {
    return this.serverObject?.config.name;
  }

  /** Before the next exchange of the session; `headBytes` have come, at `now`. */
  protected resetFacts(headBytes: number, now: number): void {
    this.backendObject = undefined;
    this.responseSeen = false;
    this.binding = undefined;
    this.retries = 0;
    this.redispatched = false;
    this.disableL7Retry = false;
    this.statsServed = false;
    this.bytesIn = headBytes;
    this.bytesOut = 0;
    this.status = -1;
    this.termination = '--';
    this.awaited = undefined;
    this.backendQueue = 0;
    this.serverQueue = 0;
    this.headAt = now;
    this.queuedAt = now;
    this.assignedAt = -1;
    this.connectedAt = -1;
    this.responseAt = -1;
  }
}
