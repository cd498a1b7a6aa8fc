/**
 * What the access log is told of an exchange (manual 8.2): at its end, with `option logasap` at the beginning of its response, and
 * what formats of rules ask for before it. Everything is looked up where it is asked for, so nothing of one exchange can stand in
 * the line of another.
 */

import { monotonic, wall } from '../core/clock.ts';
import type { Ends } from '../rules/log-facts.ts';
import type { Notes } from '../rules/notes.ts';
import type { RuleContext } from '../rules/types.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Frontend } from './frontend.ts';
import type { Listener } from './listener.ts';
import { NO_REQUEST } from './no-request.ts';
import { elapsed } from './steps.ts';
import type { AccessRecord } from './types.ts';
import { readVariable } from './variables.ts';

/** `now`: monotonic ms of the end. `bad`: there was no request that could be read. */
export function access(exchange: ExchangeFacts, now: number, bad: boolean): void {
  const { session, services } = exchange;
  const { frontend } = session.listener;
  if (frontend.config.logs.length === 0 || exchange.logged) return;
  if (frontend.config.logFormat === 'none') {
    if (session.answeredBefore === 0) {
      const { localAddress, localPort } = session;
      services.accessLog.connect({ ...loggedClient(session, session.listener), localAddress, localPort, frontend });
    }
    return;
  }
  if (exchange.notes?.level !== 'silent') exchange.record.write(now, bad, true);
}

/** `option logasap`: the response begins at `now`, and there will be no other line. */
export function accessEarly(exchange: ExchangeFacts, now: number): void {
  const { logs, logFormat } = exchange.session.listener.frontend.config;
  if (logs.length === 0 || logFormat === 'none' || exchange.notes?.level === 'silent') return;
  exchange.logged = true;
  exchange.record.write(now, false, false);
}

/** Of one exchange, as it is now, or at the moment that its line is written for. */
export class ExchangeRecord implements AccessRecord {
  private readonly exchange: ExchangeFacts;
  /** Monotonic ms of that moment; -1 while no line is written. */
  private moment = -1;
  over = false;
  unread = false;
  private hidden: RuleContext | undefined = undefined;

  constructor(exchange: ExchangeFacts) {
    this.exchange = exchange;
  }

  /** `over`: the exchange has come to its end, but its slot is given back right after. */
  write(now: number, bad: boolean, over: boolean): void {
    const { exchange } = this;
    this.moment = now;
    this.over = over;
    this.unread = bad;
    if (bad && this.frontend.program.rules.log !== undefined) this.hidden = unreadContext(exchange, this);
    try {
      exchange.services.accessLog.exchange(this);
    } finally {
      this.moment = -1;
      this.over = false;
      this.unread = false;
      this.hidden = undefined;
    }
  }

  private get now(): number {
    return this.moment < 0 ? monotonic() : this.moment;
  }

  get context(): RuleContext {
    return this.hidden ?? this.exchange;
  }
  get frontend(): Frontend {
    return this.exchange.session.listener.frontend;
  }

  // --- its ends

  get clientAddress(): string {
    const { session } = this.exchange;
    return isUnix(session, session.listener) ? 'unix' : session.clientAddress;
  }
  get clientPort(): number {
    const { session } = this.exchange;
    return isUnix(session, session.listener) ? session.listener.id : session.clientPort;
  }
  get localAddress(): string {
    const { session } = this.exchange;
    return isUnix(session, session.listener) ? 'unix' : session.localAddress;
  }
  get localPort(): number {
    const { session } = this.exchange;
    return isUnix(session, session.listener) ? session.listener.id : session.localPort;
  }
  get backendName(): string {
    return this.exchange.reach.backend?.name ?? this.frontend.name;
  }
  get serverName(): string {
    const { concerned } = this.exchange.reach;
    if (concerned !== undefined) return concerned.config.name;
    return this.served ? this.exchange.servedBy : '<NOSRV>';
  }
  get connection(): Ends | undefined {
    return this.exchange.reach.carried;
  }

  // --- times: each step ends at a whole ms since it was waited for

  get wallReady(): number {
    const { session } = this.exchange;
    return session.requestStart === 0 ? session.acceptedWall : wallAt(session.readyAt - this.timeHandshake);
  }
  get wallStart(): number {
    const { session } = this.exchange;
    return session.requestStart === 0 ? session.acceptedWall : wallAt(session.requestStart);
  }
  get timeHandshake(): number {
    const { session } = this.exchange;
    return session.answered === 0 ? session.handshakeTime : 0;
  }
  get timeIdle(): number {
    const { requestStart } = this.exchange.session;
    return requestStart === 0 ? 0 : this.step(requestStart);
  }
  get timeRequest(): number {
    const { headAt } = this.exchange;
    return this.unread || headAt < 0 ? -1 : this.step(headAt) - this.timeIdle;
  }
  get timeQueue(): number {
    if (this.served) return 0;
    const left = this.queueEnd();
    return left < 0 ? -1 : this.step(left) - this.step(this.exchange.reach.queuedAt);
  }
  get timeConnect(): number {
    if (this.served) return 0;
    const { connectedAt } = this.exchange.reach;
    return connectedAt < 0 ? -1 : this.step(connectedAt) - this.step(this.queueEnd());
  }
  get timeResponse(): number {
    if (this.served) return 0;
    const { responseAt, reach } = this.exchange;
    return responseAt < 0 ? -1 : this.step(responseAt) - this.step(reach.connectedAt);
  }
  get timeData(): number {
    if (this.served) return 0;
    const { responseAt } = this.exchange;
    return responseAt < 0 ? -1 : this.step(this.now) - this.step(responseAt);
  }
  get timeActive(): number {
    return this.step(this.now) - this.timeIdle;
  }
  get timeTotal(): number {
    return this.timeHandshake + this.step(this.now);
  }

  private step(at: number): number {
    return elapsed(this.exchange.session.readyAt, at);
  }

  /** When it left its queue; -1 where it never reached one; now where it never left it. */
  private queueEnd(): number {
    const { reach, termination } = this.exchange;
    if (reach.assignedAt >= 0) return reach.assignedAt;
    return termination === 'sQ' || termination === 'CQ' ? this.now : -1;
  }

  // --- what was said

  get requestLine(): string {
    return this.unread ? '<BADREQ>' : requestLine(this.exchange);
  }
  get status(): number {
    return this.exchange.status;
  }
  get bytesToClient(): number {
    return this.exchange.bytesOut;
  }
  /** HAProxy has not counted any when it tells early. */
  get bytesFromClient(): number {
    return this.moment >= 0 && !this.over ? 0 : this.exchange.bytesIn;
  }
  get termination(): string {
    return this.exchange.termination + (this.unread ? '--' : cookieLetters(this.exchange));
  }
  get notes(): Notes | undefined {
    return this.unread ? undefined : this.exchange.notes;
  }
  get early(): boolean {
    return this.moment >= 0 && this.frontend.config.logStyle.asap;
  }

  /** By one of the proxy's own services. */
  private get served(): boolean {
    const { termination, servedBy } = this.exchange;
    return servedBy !== '' && termination === 'LR';
  }

  // --- how much there was

  get actconn(): number {
    return this.exchange.services.connections;
  }
  get feconn(): number {
    return this.frontend.scur;
  }
  get beconn(): number {
    return this.exchange.reach.backend?.scur ?? 0;
  }
  /** Who waited in vain has no slot. */
  get srvconn(): number {
    const { server, awaited } = this.exchange.reach;
    if (server === undefined) return awaited?.scur ?? 0;
    return this.over ? Math.max(0, server.scur - 1) : server.scur;
  }
  get retries(): number {
    return this.exchange.reach.retries;
  }
  get redispatched(): boolean {
    return this.exchange.reach.redispatched;
  }
  get serverQueue(): number {
    return this.exchange.reach.serverQueue;
  }
  get backendQueue(): number {
    return this.exchange.reach.backendQueue;
  }
  get serial(): number {
    return this.exchange.serial;
  }
  get logged(): number {
    return this.frontend.logged;
  }
  get pid(): number {
    return this.exchange.services.pid;
  }
}

/** Of a monotonic moment. */
function wallAt(moment: number): number {
  return Math.round(wall() - (monotonic() - moment));
}

/** What formats see where no request could be read: its connection and the process, and nothing that rules have noted down. */
function unreadContext(exchange: ExchangeFacts, facts: ExchangeRecord): RuleContext {
  const { clientAddress, clientPort, localAddress, localPort, tls, frontend, services, session } = exchange;
  const context = {
    ...{ clientAddress, clientPort, localAddress, localPort, tls, frontend },
    request: NO_REQUEST,
    response: undefined,
    answered: true,
    backend: undefined,
    server: undefined,
    serverTls: undefined,
    disableL7Retry: false,
    facts,
    notes: undefined,
    live: exchange.live,
    variable: (name: string) => readVariable(context, { process: services, session: session.holder }, name),
    setVariable: () => false,
    capture: () => false,
    uniqueId: undefined,
  };
  return context;
}

/** HAProxy's third and fourth letter (manual 8.5). Before a backend was chosen a `listen` speaks for itself. */
function cookieLetters({ reach, session }: ExchangeFacts): string {
  const { backend, binding } = reach;
  if (binding !== undefined) return binding.letters;
  return backend === undefined && session.listener.frontend.program.persistence?.lettered === true ? 'NN' : '--';
}

interface Client {
  readonly clientAddress: string;
  readonly clientPort: number;
}

function isUnix({ clientAddress }: Client, { config }: Listener): boolean {
  return clientAddress === '' && config.address.kind !== 'inet';
}

/** As LogFacts has it. */
export function loggedClient(client: Client, listener: Listener): Client {
  return isUnix(client, listener) ? { clientAddress: 'unix', clientPort: listener.id } : client;
}

const SLASH = '/'.charCodeAt(0);
const DEFAULT_PORT = /(?:( http:\/\/[^/? ]*):80|( https:\/\/[^/? ]*):443)(?=[/? ])/i;

/** As it came, because a rule may have changed what was sent on; HAProxy drops a port that says nothing (RFC 3986 6.2.3). */
function requestLine({ request, services }: ExchangeFacts): string {
  const { text, fieldsFrom } = request;
  const line = text.slice(0, Math.min(fieldsFrom - 2, services.limits.logLine));
  return text.charCodeAt(text.indexOf(' ') + 1) === SLASH ? line : line.replace(DEFAULT_PORT, '$1$2');
}
