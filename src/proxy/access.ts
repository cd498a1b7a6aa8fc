/** Hands a finished exchange to the access log, in the words of the log format (manual 8.2.2, 8.2.3). */

import { monotonic, wall } from '../core/clock.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Listener } from './listener.ts';
import type { AccessRecord } from './types.ts';

/** One record for all: the log copies what it needs before it returns. */
const record: { -readonly [K in keyof AccessRecord]: AccessRecord[K] | undefined } = {
  clientAddress: '',
  clientPort: 0,
  wallStart: 0,
  wallReady: 0,
  frontend: undefined,
  backend: undefined,
  server: undefined,
  noServer: '<NOSRV>',
  timeRequest: -1,
  timeQueue: -1,
  timeConnect: -1,
  timeResponse: -1,
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
};

/** `now`: monotonic ms of the end. `bad`: there was no request that could be read. */
export function access(exchange: ExchangeFacts, now: number, bad: boolean): void {
  const { session, services, reach } = exchange;
  const { frontend } = session.listener;
  if (frontend.config.logs.length === 0) return;
  if (frontend.config.logFormat === 'none') {
    if (session.answered === 0) {
      const { localAddress, localPort } = session;
      services.accessLog.connect({ ...loggedClient(session, session.listener), localAddress, localPort, frontend });
    }
    return;
  }
  const { backend, server, awaited } = reach;
  const started = session.requestStart === 0 ? now : session.requestStart;
  const served = exchange.termination === 'LR' && exchange.servedBy !== '';
  const client = loggedClient(session, session.listener);
  record.clientAddress = client.clientAddress;
  record.clientPort = client.clientPort;
  // Of `now`: who is made to wait on the way here must not be dated later for it.
  const present = wall() - (monotonic() - now);
  record.wallStart = session.requestStart === 0 ? session.acceptedWall : Math.round(present - (now - started));
  record.wallReady = session.requestStart === 0 ? session.acceptedWall : Math.round(present - (now - session.readyAt));
  record.frontend = frontend;
  record.backend = backend;
  record.server = server ?? awaited;
  record.noServer = served ? exchange.servedBy : '<NOSRV>';
  record.timeRequest = bad ? -1 : elapsed(started, exchange.headAt);
  record.timeQueue = queueTime(exchange, now);
  record.timeConnect = reach.connectedAt < 0 ? -1 : elapsed(reach.assignedAt, reach.connectedAt);
  record.timeResponse = exchange.responseAt < 0 ? -1 : elapsed(reach.connectedAt, exchange.responseAt);
  record.timeActive = elapsed(started, now);
  record.timeTotal = elapsed(session.readyAt, now);
  if (served) {
    record.timeQueue = 0;
    record.timeConnect = 0;
    record.timeResponse = 0;
  }
  record.status = exchange.status;
  record.bytesToClient = exchange.bytesOut;
  record.bytesFromClient = exchange.bytesIn;
  record.termination = exchange.termination + (bad ? '--' : cookieLetters(exchange));
  record.actconn = services.connections;
  record.feconn = frontend.scur;
  record.beconn = backend?.scur ?? 0;
  // The slot is given back right after this line; who waited in vain has none.
  record.srvconn = server === undefined ? (awaited?.scur ?? 0) : Math.max(0, server.scur - 1);
  record.retries = reach.retries;
  record.redispatched = reach.redispatched;
  record.serverQueue = reach.serverQueue;
  record.backendQueue = reach.backendQueue;
  record.requestLine = bad ? '<BADREQ>' : requestLine(exchange);
  services.accessLog.exchange(record as AccessRecord);
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

/** As AccessRecord has it. */
export function loggedClient(client: Client, { config, id }: Listener): Client {
  return client.clientAddress !== '' || config.address.kind === 'inet' ? client : { clientAddress: 'unix', clientPort: id };
}

/** As it came: a rule may have changed what was sent on. */
function requestLine(exchange: ExchangeFacts): string {
  const { text, fieldsFrom } = exchange.request;
  return text.slice(0, fieldsFrom - 2);
}

/** -1 where the request never reached a queue; the whole wait where it never left it. */
function queueTime({ reach, termination }: ExchangeFacts, now: number): number {
  if (reach.assignedAt >= 0) return elapsed(reach.queuedAt, reach.assignedAt);
  return termination === 'sQ' || termination === 'CQ' ? elapsed(reach.queuedAt, now) : -1;
}

function elapsed(from: number, to: number): number {
  return Math.max(0, Math.round(to - from));
}
