/**
 * A TCP session's way to a server: a slot or a place in a queue, then a connection, with retries and redispatch
 * (manual 4.2, "retries", "option redispatch"). `retry.ts` decides, as for requests; nothing has been sent before the
 * connection stands, so that there is no more to it.
 *
 *     Request ─assign─▶ (Queued) ─▶ Connecting ─▶ Established ─end─▶ Idle
 *        ▲                            │  ▲
 *        └────── another server ──────┤  └─ (Assigned) ◀─ pause ─┐
 *                                     └──────────────────────────┘
 *
 * Invariant: `server` is set exactly while a slot of it is taken; `release` gives it back.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { type Assignment, NO_KEY, Observation, type Waiter } from '../backend/types.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Alarm } from './alarm.ts';
import { balanceKey } from './balance-key.ts';
import { type Binding, tieOf } from './persistence.ts';
import { Phase } from './phases.ts';
import type { Program } from './program.ts';
import { deserted, nextAfter, placeOf } from './retry.ts';
import { type ConnectionUser, ServerConnection } from './server-connection.ts';
import type { Services } from './services.ts';
import * as tally from './tally.ts';
import type { TcpContext } from './tcp-context.ts';

/** HAProxy's turn-around delay before the same server is tried again, ms. */
const TURN_AROUND = 1000;

/** The session, as its way to a server sees it. */
export interface Traveller {
  readonly services: Services;
  readonly context: TcpContext;
  /** `connection` stands, and has no user any more but whom it is given now. */
  onReached(connection: ServerConnection, now: number): void;
  /** There is no way. */
  onUnreached(failure: Failure): void;
  onFault(error: unknown): void;
}

export class Reach implements Waiter, ConnectionUser {
  readonly backend: Backend;
  phase: Phase = Phase.Request;
  server: Server | undefined = undefined;
  retries = 0;
  redispatched = false;
  // What the backend tells of its waiting (Waiter).
  awaited: Server | undefined = undefined;
  serverQueue = 0;
  backendQueue = 0;
  // Monotonic ms; -1 where the step was not reached.
  readonly queuedAt: number;
  assignedAt = -1;
  connectedAt = -1;
  private readonly traveller: Traveller;
  private readonly alarm: Alarm;
  private connection: ServerConnection | undefined = undefined;
  /** A retry is on its way from here to another server. */
  private left: Server | undefined = undefined;
  private readonly program: Program | undefined;
  /** What the backend's rules tie the session to. */
  private readonly binding: Binding | undefined;

  constructor(traveller: Traveller, backend: Backend, now: number) {
    const { context, services } = traveller;
    this.traveller = traveller;
    this.backend = backend;
    this.queuedAt = now;
    context.backend = backend.name;
    this.program = services.programs.get(backend.config.id);
    this.binding = this.program?.persistence?.begin(context);
    this.alarm = new Alarm(services.wheel, (at) => this.guard(() => this.onAlarm(at)));
  }

  begin(now: number): void {
    const { context, services } = this.traveller;
    if (this.binding !== undefined) this.program?.persistence?.bind(this.binding, context, this.backend, services.backends);
    this.assign(undefined, now);
  }

  /** Whatever is under way ends; the slot stays until `release`. */
  end(): void {
    if (this.phase === Phase.Queued) this.backend.cancel(this);
    this.phase = Phase.Idle;
    this.alarm.clear();
    this.connection?.close();
    this.connection = undefined;
    this.binding?.release();
  }

  release(): void {
    const { server } = this;
    this.server = undefined;
    if (server !== undefined) this.backend.release(server);
  }

  // --- the backend's answers

  onSlot(server: Server): void {
    this.guard(() => this.connect(server, monotonic()));
  }

  onQueueTimeout(): void {
    this.phase = Phase.Request; // the queue has let go of us already
    this.guard(() => this.traveller.onUnreached(Failures.QueueTimeout));
  }

  onRedistributed(server: Server): void {
    this.phase = Phase.Request;
    this.left = server;
    this.binding?.unbind();
    this.guard(() => this.assign(server, monotonic()));
  }

  private assign(avoid: Server | undefined, now: number): void {
    const own = this.binding?.server;
    let assigned = own === undefined ? this.balance(avoid) : (this.binding as Binding).claim(own, this, this.backend);
    if (assigned === 'elsewhere') {
      this.left = own;
      assigned = this.balance(own);
    }
    if (this.left !== undefined) this.arrive(this.left, typeof assigned === 'object' ? assigned : this.awaited);
    if (assigned === 'queued') this.phase = Phase.Queued;
    else if (assigned === 'no-server') this.traveller.onUnreached(Failures.NoServer);
    else if (assigned === 'full') this.traveller.onUnreached(Failures.QueueFull);
    else this.connect(assigned, now);
  }

  private balance(avoid: Server | undefined): Assignment {
    const { backend } = this;
    const key = backend.bound ? balanceKey(backend.config.balance, this.traveller.context, this.program?.rules.hashed) : NO_KEY;
    return backend.assign(this, key, avoid);
  }

  /** Who left a server has found one, be it to wait for it, or none. */
  private arrive(left: Server, server: Server | undefined): void {
    this.left = undefined;
    if (server !== left) {
      this.redispatched = true;
      tally.countAttempt(left, 'wredis');
    } else tally.countAttempt(left, 'wretr');
  }

  // --- attempts

  /** A slot of `server` is ours. */
  private connect(server: Server, now: number): void {
    this.server = server;
    this.assignedAt = now;
    this.open(server, now);
  }

  private open(server: Server, now: number): void {
    // It was here when it was chosen. Without an address Node would connect to this machine.
    if (server.removed || server.config.address === undefined) {
      this.leave(server, now);
      return;
    }
    server.counters.connect++;
    this.backend.counters.connect++;
    this.phase = Phase.Connecting;
    this.alarm.set(this.backend.config.timeouts.connect, now);
    this.connection = new ServerConnection(server, this, this.traveller.services.wheel, this.traveller.context.localPort);
  }

  /** Another server, or this one again if there is no other. */
  private leave(server: Server, now: number): void {
    this.left = server;
    this.binding?.unbind();
    this.server = undefined;
    this.assignedAt = -1;
    this.backend.release(server, false);
    this.assign(server, now);
  }

  private failed(failure: Failure): void {
    const server = this.server as Server;
    this.connection?.close();
    this.connection = undefined;
    this.alarm.clear();
    if (server.config.observe !== undefined) server.observe(Observation.ConnectFailed, monotonic());
    const attempt = { failure, status: 0, retries: this.retries, repeatable: true, replayable: false };
    const next = nextAfter(attempt, placeOf(server, tieOf(this.binding)), this.backend.config);
    if (next === 'end') {
      this.traveller.onUnreached(failure);
      return;
    }
    const now = monotonic();
    this.retries++;
    if (next === 'other') {
      this.leave(server, now);
      return;
    }
    tally.countAttempt(server, 'wretr');
    if (next === 'pause') {
      this.phase = Phase.Assigned;
      this.alarm.set(Math.min(TURN_AROUND, this.backend.config.timeouts.connect ?? TURN_AROUND), now);
    } else {
      server.counters.stot++;
      this.open(server, now);
    }
  }

  private onAlarm(now: number): void {
    if (this.phase === Phase.Connecting) {
      this.failed(Failures.ConnectTimeout);
      return;
    }
    const server = this.server as Server;
    server.counters.stot++;
    // It may have gone, or been taken out, in the pause.
    if (deserted(placeOf(server, tieOf(this.binding)))) this.leave(server, now);
    else this.open(server, now);
  }

  // --- the connection, while it is made

  onConnected(connection: ServerConnection): void {
    const now = monotonic();
    const server = this.server as Server;
    this.alarm.clear();
    this.connection = undefined;
    this.connectedAt = now;
    this.phase = Phase.Established;
    if (server.config.observe !== undefined) server.observe(Observation.Connected, now);
    const { context, services } = this.traveller;
    this.binding?.persistence.remember(this.binding, context, server, services.backends);
    this.traveller.onReached(connection, now);
  }

  onServerError(): void {
    this.failed(Failures.ConnectFailed);
  }

  onServerEnd(): void {
    this.failed(Failures.ConnectFailed);
  }

  /** Not before it is connected. */
  onResponse(): boolean {
    return false;
  }

  onServerDrain(): void {}

  onFault(error: unknown): void {
    this.traveller.onFault(error);
  }

  private guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.traveller.onFault(error);
    }
  }
}
