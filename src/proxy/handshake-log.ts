/** The line of a connection that ended in its handshake (manual 8.2.5): what formats see of it is its connection and the process. */

import { monotonic } from '../core/clock.ts';
import { CONNECTION_ERRORS } from '../core/connection-errors.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import type { Handshake } from './handshake.ts';
import type { Listener } from './listener.ts';
import type { Journey } from './live.ts';
import { Phase } from './phases.ts';
import type { Services } from './services.ts';
import { TcpContext } from './tcp-context.ts';
import { type TcpFacts, tcpRecord } from './tcp-tally.ts';

/** It went to no server. */
const NOWHERE: Journey = {
  backend: undefined,
  server: undefined,
  concerned: undefined,
  carried: undefined,
  phase: Phase.Idle,
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  queuedAt: 0,
  assignedAt: -1,
  connectedAt: -1,
};

class Failed implements TcpFacts {
  readonly listener: Listener;
  readonly services: Services;
  readonly context: TcpContext;
  readonly serial: number;
  readonly acceptedAt: number;
  readonly acceptedWall: number;
  readonly reach = NOWHERE;
  readonly before = 0;
  readonly handshakeTime = 0;
  readonly bytesIn = 0;
  readonly bytesOut = 0;
  readonly termination = 'PR';

  constructor({ accepted, acceptedAt, acceptedWall }: Handshake, listener: Listener, services: Services) {
    this.listener = listener;
    this.services = services;
    this.acceptedAt = acceptedAt;
    this.acceptedWall = acceptedWall;
    this.serial = services.serial;
    this.context = new TcpContext(accepted, this);
  }

  get facts(): LogFacts {
    return tcpRecord(this, monotonic(), true);
  }
}

/** Where the frontend has a format for its log; with `dontlognull` not of those that have just gone away. */
export function logFailedHandshake(handshake: Handshake, listener: Listener, services: Services): void {
  const { frontend } = listener;
  const { logs, logFormat, dontlognull } = frontend.config;
  if (logs.length === 0 || logFormat === 'none') return;
  const { error } = handshake.accepted.tls;
  if (dontlognull && error === CONNECTION_ERRORS.closedInHandshake) return;
  services.accessLog.failed(frontend, new Failed(handshake, listener, services).context);
}
