/** What others read of an exchange: rules while it runs, counters and the access log at its end. */

import { Head } from '../http/head.ts';
import type { Live } from '../rules/live.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import { keep, type Notes, uniqueIdOf } from '../rules/notes.ts';
import type { TlsFacts } from '../rules/tls-facts.ts';
import type { RuleContext } from '../rules/types.ts';
import type { VariableValue } from '../rules/variables.ts';
import { ExchangeRecord } from './access.ts';
import { LiveView } from './live.ts';
import type { Reach } from './reach.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';
import { readVariable, writeVariable } from './variables.ts';

/** For which no request of HTTP/2 is the first one of its connection (`http_first_req`). */
const AS_HAPROXY = 1;

export abstract class ExchangeFacts implements RuleContext {
  readonly session: Session;
  readonly services: Services;
  readonly request: Head;
  readonly responseHead: Head;
  /** Its backend and its server, and how it came to them. */
  abstract readonly reach: Reach;
  /** `responseHead` is this exchange's. */
  protected responseSeen = false;

  disableL7Retry = false;
  notes: Notes | undefined = undefined;
  /** Which one of the process it is. */
  serial = 0;
  /** Its log line is written. */
  logged = false;
  /** Who answered where no server did: `<STATS>`, `<PROMEX>`; empty for anybody else. */
  servedBy = '';
  /** From and to the client, heads included, as `http/size.ts` counts; of a server's response what has come of it. */
  bytesIn = 0;
  bytesOut = 0;
  /** -1 while nothing was answered. */
  status = -1;
  /** HAProxy's two letters (manual 8.5). */
  termination = '--';
  private lastingRecord: ExchangeRecord | undefined = undefined;
  // Monotonic ms; -1 where the step was not reached.
  headAt = 0;
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
  get tls(): TlsFacts | undefined {
    return this.session.tls;
  }
  get serverTls(): TlsFacts | undefined {
    return this.reach.carried?.tls;
  }
  get localPort(): number {
    return this.session.localPort;
  }
  get frontend(): string {
    return this.session.listener.frontend.name;
  }
  get backend(): string | undefined {
    return this.reach.backend?.name;
  }
  get server(): string | undefined {
    return this.reach.server?.config.name;
  }

  /** Made when something asks for it. */
  get record(): ExchangeRecord {
    this.lastingRecord ??= new ExchangeRecord(this);
    return this.lastingRecord;
  }
  get facts(): LogFacts {
    return this.record;
  }
  get answered(): boolean {
    return this.responseSeen || this.status >= 0;
  }
  variable(name: string): VariableValue | undefined {
    return readVariable(this, { process: this.services, session: this.session.holder }, name);
  }
  setVariable(name: string, value: VariableValue | undefined): boolean {
    return writeVariable(this, { process: this.services, session: this.session.holder }, name, value);
  }
  get live(): Live {
    const { session, services, reach } = this;
    return new LiveView({ listener: session.listener, services, reach, before: session.mux === undefined ? session.answered : AS_HAPROXY });
  }
  capture(side: 'request' | 'response', index: number, value: string): boolean {
    return keep(this, this.session.listener.frontend.config.captures, side, index, value);
  }
  get uniqueId(): string | undefined {
    return uniqueIdOf(this, this.session.listener.frontend.program.rules.uniqueId);
  }

  /** Before the next exchange of the session; `size` bytes have come, at `now`. */
  protected resetFacts(size: number, now: number): void {
    this.reach.reset(now);
    this.responseSeen = false;
    this.disableL7Retry = false;
    this.notes = undefined;
    this.logged = false;
    this.serial = this.services.serial++;
    this.servedBy = '';
    this.bytesIn = size;
    this.bytesOut = 0;
    this.status = -1;
    this.termination = '--';
    this.headAt = now;
    this.responseAt = -1;
  }
}
