/**
 * What the access log is told of an exchange (manual 8.2): at its end, and what formats of rules ask for before it. One record
 * serves for all: it is read before anything else happens.
 */

import { monotonic, wall } from '../core/clock.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import type { RuleContext } from '../rules/types.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Listener } from './listener.ts';
import { NO_REQUEST } from './no-request.ts';
import type { AccessRecord } from './types.ts';

const record: { -readonly [K in keyof AccessRecord]: AccessRecord[K] | undefined } = {
  clientAddress: '',
  clientPort: 0,
  localAddress: '',
  localPort: 0,
  wallReady: 0,
  wallStart: 0,
  frontend: undefined,
  context: undefined,
  unread: false,
  backendName: '',
  serverName: '<NOSRV>',
  connection: undefined,
  timeIdle: 0,
  timeRequest: -1,
  timeQueue: -1,
  timeConnect: -1,
  timeResponse: -1,
  timeData: -1,
  timeActive: 0,
  timeTotal: 0,
  status: -1,
  bytesToClient: 0,
  bytesFromClient: 0,
  termination: '----',
  actconn: 0,
  feconn: 0,
  beconn: 0,
  srvconn: 0,
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestLine: '',
  serial: 0,
  logged: 0,
  pid: 0,
  early: false,
  notes: undefined,
};

/** Whose log line is being written: the record stands as it is until that is done. */
let told: ExchangeFacts | undefined;

/** `now`: monotonic ms of the end. `bad`: there was no request that could be read. */
export function access(exchange: ExchangeFacts, now: number, bad: boolean): void {
  const { session, services } = exchange;
  const { frontend } = session.listener;
  if (frontend.config.logs.length === 0 || exchange.told) return;
  if (frontend.config.logFormat === 'none') {
    if (session.answered === 0) {
      const { localAddress, localPort } = session;
      services.accessLog.connect({ ...loggedClient(session, session.listener), localAddress, localPort, frontend });
    }
    return;
  }
  if (exchange.notes?.level === 'silent') return;
  fill(exchange, now, bad, true);
  // A line that could not be written early has the sign as well, as in HAProxy.
  record.early = frontend.config.logStyle.asap;
  write(exchange, bad);
}

/** `option logasap`: the response begins at `now`, and there will be no other line. */
export function accessEarly(exchange: ExchangeFacts, now: number): void {
  const { frontend } = exchange.session.listener;
  const { logs, logFormat } = frontend.config;
  if (logs.length === 0 || logFormat === 'none' || exchange.notes?.level === 'silent') return;
  exchange.told = true;
  fill(exchange, now, false, false);
  record.early = true;
  write(exchange, false);
}

function write(exchange: ExchangeFacts, bad: boolean): void {
  const { session, services } = exchange;
  const { frontend } = session.listener;
  record.context = bad && frontend.program.rules.log !== undefined ? unreadContext(exchange) : exchange;
  told = exchange;
  try {
    services.accessLog.exchange(record as AccessRecord);
  } finally {
    told = undefined;
    record.context = undefined;
    record.connection = undefined;
    record.notes = undefined;
  }
}

/** As things stand now. */
export function factsOf(exchange: ExchangeFacts): LogFacts {
  if (told !== exchange) fill(exchange, monotonic(), false, false);
  return record as AccessRecord;
}

/** `over`: the exchange has come to its end, but its slot is given back right after. */
function fill(exchange: ExchangeFacts, now: number, bad: boolean, over: boolean): void {
  const { session, services, reach } = exchange;
  const { frontend } = session.listener;
  const { backend, server, awaited } = reach;
  const served = exchange.termination === 'LR' && exchange.servedBy !== '';
  const concerned = server ?? awaited;
  const unbegun = session.requestStart === 0;
  const unix = isUnix(session, session.listener);
  record.clientAddress = unix ? 'unix' : session.clientAddress;
  record.clientPort = unix ? session.listener.id : session.clientPort;
  record.localAddress = unix ? 'unix' : session.localAddress;
  record.localPort = unix ? session.listener.id : session.localPort;
  // Of `now`: who is made to wait on the way here must not be dated later for it.
  const present = wall() - (monotonic() - now);
  const started = unbegun ? session.readyAt : session.requestStart;
  record.wallReady = unbegun ? session.acceptedWall : Math.round(present - (now - session.readyAt));
  record.wallStart = unbegun ? session.acceptedWall : Math.round(present - (now - started));
  record.frontend = frontend;
  record.unread = bad;
  record.backendName = backend === undefined ? frontend.name : backend.name;
  record.serverName = concerned !== undefined ? concerned.config.name : served ? exchange.servedBy : '<NOSRV>';
  record.connection = reach.carried;
  times(exchange, started, now, bad);
  if (served) {
    record.timeQueue = 0;
    record.timeConnect = 0;
    record.timeResponse = 0;
    record.timeData = 0;
  }
  record.status = exchange.status;
  record.bytesToClient = exchange.bytesOut;
  record.bytesFromClient = exchange.bytesIn;
  record.termination = exchange.termination + (bad ? '--' : cookieLetters(exchange));
  record.actconn = services.connections;
  record.feconn = frontend.scur;
  record.beconn = backend?.scur ?? 0;
  // Who waited in vain has no slot.
  record.srvconn = server === undefined ? (awaited?.scur ?? 0) : over ? Math.max(0, server.scur - 1) : server.scur;
  record.retries = reach.retries;
  record.redispatched = reach.redispatched;
  record.serverQueue = reach.serverQueue;
  record.backendQueue = reach.backendQueue;
  record.requestLine = bad ? '<BADREQ>' : requestLine(exchange);
  record.serial = exchange.serial;
  record.logged = frontend.logged;
  record.pid = services.pid;
  record.early = false;
  record.notes = bad ? undefined : exchange.notes;
}

/** Each step ends at a whole ms since `readyAt`: what they add up to is exact. */
function times(exchange: ExchangeFacts, started: number, now: number, bad: boolean): void {
  const { session, reach, headAt, responseAt } = exchange;
  const { readyAt } = session;
  const begun = elapsed(readyAt, started);
  const end = elapsed(readyAt, now);
  const read = bad || headAt < 0 ? -1 : elapsed(readyAt, headAt);
  const taken = queueEnd(exchange, now);
  const left = taken < 0 ? -1 : elapsed(readyAt, taken);
  const connected = reach.connectedAt < 0 ? -1 : elapsed(readyAt, reach.connectedAt);
  const answered = responseAt < 0 ? -1 : elapsed(readyAt, responseAt);
  record.timeIdle = begun;
  record.timeRequest = read < 0 ? -1 : read - begun;
  record.timeQueue = left < 0 ? -1 : left - elapsed(readyAt, reach.queuedAt);
  record.timeConnect = connected < 0 ? -1 : connected - left;
  record.timeResponse = answered < 0 ? -1 : answered - connected;
  record.timeData = answered < 0 ? -1 : end - answered;
  record.timeActive = end - begun;
  record.timeTotal = end;
}

/** What formats see where no request could be read: its connection, and nothing that rules have noted down. */
function unreadContext(exchange: ExchangeFacts): RuleContext {
  const { clientAddress, clientPort, localAddress, localPort, frontend } = exchange;
  return {
    ...{ clientAddress, clientPort, localAddress, localPort, frontend },
    request: NO_REQUEST,
    response: undefined,
    backend: undefined,
    server: undefined,
    disableL7Retry: false,
    facts: record as AccessRecord,
    notes: undefined,
    live: exchange.live,
    variable: () => undefined,
    setVariable: () => false,
    capture: () => false,
    uniqueId: undefined,
  };
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

/** As it came, because a rule may have changed what was sent on; HAProxy drops a port that says nothing (RFC 3986 6.2.3). */
function requestLine({ request, services }: ExchangeFacts): string {
  const { text, fieldsFrom } = request;
  const line = text.slice(0, Math.min(fieldsFrom - 2, services.limits.logLine));
  return text.charCodeAt(text.indexOf(' ') + 1) === SLASH ? line : line.replace(/( http:\/\/[^/? ]*):80(?=[/? ])/i, '$1');
}

/** When it left its queue; -1 where it never reached one; `now` where it never left it. */
function queueEnd({ reach, termination }: ExchangeFacts, now: number): number {
  if (reach.assignedAt >= 0) return reach.assignedAt;
  return termination === 'sQ' || termination === 'CQ' ? now : -1;
}

function elapsed(from: number, to: number): number {
  return Math.max(0, Math.round(to - from));
}
