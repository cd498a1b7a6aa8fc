/** What a log line tells, made by hand: of a plain request, and what a test changes of it. */

import type { Live } from '../../src/rules/live.ts';
import type { LogFacts } from '../../src/rules/log-facts.ts';

export function logFacts(changes: Partial<LogFacts> = {}): LogFacts {
  return {
    clientAddress: '127.0.0.1',
    clientPort: 54610,
    localAddress: '198.51.100.1',
    localPort: 80,
    wallReady: 0,
    wallStart: 0,
    backendName: 'app',
    serverName: 'w1',
    connection: undefined,
    timeHandshake: 0,
    timeIdle: 0,
    timeRequest: 0,
    timeQueue: 0,
    timeConnect: 0,
    timeResponse: 1,
    timeData: 0,
    timeActive: 1,
    timeTotal: 1,
    status: 200,
    bytesToClient: 154,
    bytesFromClient: 76,
    termination: '----',
    actconn: 1,
    feconn: 1,
    beconn: 0,
    srvconn: 0,
    retries: 0,
    redispatched: false,
    serverQueue: 0,
    backendQueue: 0,
    requestLine: 'GET / HTTP/1.1',
    serial: 0,
    logged: 0,
    pid: 1,
    early: false,
    over: true,
    notes: undefined,
    ...changes,
  };
}

/** Nothing but a frontend. */
export const NOTHING_LIVE: Live = {
  firstRequest: true,
  listener: { id: 1, name: 'sock-1' },
  frontend: () => ({ id: 2, connections: 1 }),
  backend: () => undefined,
  server: undefined,
  ends: undefined,
};
