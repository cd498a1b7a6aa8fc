/**
 * The way to a server, of a request or a TCP session: who it is bound to, a slot or a place in a queue, a connection, and
 * what follows where one could not be made or what was sent on it has to be sent again (manual 4.2, "retries",
 * "option redispatch"; `retry.ts` decides).
 *
 *     Request ─seek─▶ (Queued) ─▶ Connecting ─▶ Established
 *        ▲                            │  ▲           │
 *        ├────── another server ──────┤  └─ again ───┤
 *        └───────────────────── (Assigned) ◀─ pause ─┘
 *
 * Invariants: `server` is set exactly while a slot of it is taken; it is given back by `release`, or by `leave`, which takes
 * another. `connection` is set while one is made or carries what its owner has to send; only its owner hears of it.
 * `Assigned` is the pause before the same server is tried again. The timer is that of the server: for the pause and the
 * connection it is set here, beyond that by the owner.
 *
 * A session has one Reach and uses it for all of its requests, one after the other: `reset` comes first.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { type Assignment, NO_KEY, Observation, type Waiter } from '../backend/types.ts';
import { monotonic } from '../core/clock.ts';
import { CONNECTION_ERRORS } from '../core/connection-errors.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Timed } from '../core/wheel.ts';
import { laterServerName } from '../rules/server-names.ts';
import { balanceKey, type KeyContext } from './balance-key.ts';
import type { Frontend } from './frontend.ts';
import { type Binding, tieOf } from './persistence.ts';
import { Phase } from './phases.ts';
import type { Program } from './program.ts';
import { type Attempt, abandons, deserted, type Next, nextAfter, type Place, placeOf } from './retry.ts';
import { type ConnectionUser, ServerConnection } from './server-connection.ts';
import type { Services } from './services.ts';
import * as tally from './tally.ts';

/** HAProxy's turn-around delay before the same server is tried again, ms. */
const TURN_AROUND = 1000;

/** Whoever is on the way, as the way sees it. */
export interface ReachOwner extends ConnectionUser {
  readonly services: Services;
  /** A slot of `server` is taken: it calls `reuse` or `open`, now or later. */
  onAssigned(server: Server, now: number): void;
  /** There is no way. */
  onUnreached(failure: Failure): void;
  /** The time-out that it has set itself. */
  onServerTimeout(): void;
}

export class Reach extends Timed implements Waiter {
  phase: Phase = Phase.Idle;
  backend: Backend | undefined = undefined;
  server: Server | undefined = undefined;
  connection: ServerConnection | undefined = undefined;
  /** The last one, whatever became of it: known until the slot goes back. */
  carried: ServerConnection | undefined = undefined;
  /** The backend's rules; one that discovery has made has none. */
  program: Program | undefined = undefined;
  /** What the backend's cookies and tables make of it; undefined where it has none. */
  binding: Binding | undefined = undefined;
  /** What the algorithm goes by, where it was found in a request's body. */
  key: number | undefined = undefined;
  retries = 0;
  /** How often what its server may have read was sent again. */
  resent = 0;
  redispatched = false;
  // What the backend tells of its waiting (Waiter).
  awaited: Server | undefined = undefined;
  backendQueue = 0;
  serverQueue = 0;
  // Monotonic ms; -1 where the step was not reached.
  queuedAt = 0;
  assignedAt = -1;
  connectedAt = -1;
  private readonly owner: ReachOwner;
  private readonly context: KeyContext;
  /** What hashes for a backend that has no rules of its own. */
  private frontend: Program | undefined = undefined;
  /** A retry is on its way from here to another server. */
  private left: Server | undefined = undefined;
  private leftCounted = false;
  /** Discovered servers at which it has failed. */
  private failedAt: Set<Server> | undefined = undefined;

  /** `context` is what rules and algorithms see of its owner. */
  constructor(owner: ReachOwner, context: KeyContext) {
    super();
    this.owner = owner;
    this.context = context;
  }

  /** Before the owner's next request. */
  reset(now: number): void {
    this.phase = Phase.Request;
    this.backend = undefined;
    this.program = undefined;
    this.binding = undefined;
    this.key = undefined;
    this.retries = 0;
    this.resent = 0;
    this.redispatched = false;
    this.awaited = undefined;
    this.backendQueue = 0;
    this.serverQueue = 0;
    this.queuedAt = now;
    this.assignedAt = -1;
    this.connectedAt = -1;
    this.left = undefined;
    this.failedAt = undefined;
  }

  /** `backend` was chosen, by `frontend`. */
  enter(backend: Backend, frontend: Program, now: number): void {
    this.backend = backend;
    this.frontend = frontend;
    tally.countEntered(backend, now);
    this.program = this.owner.services.programs.get(backend.config.id);
    const persistence = this.program?.persistence;
    if (persistence !== undefined) this.binding = persistence.begin(this.context);
  }

  /** Who it belongs to, by its backend's rules. */
  bind(): void {
    const { binding } = this;
    if (binding === undefined) return;
    binding.persistence.bind(binding, this.context, this.backend as Backend, this.owner.services.backends);
  }

  /** To whom a client belongs that a rule has refused: as in HAProxy, the log tells it. */
  recognize({ name, program }: Frontend): void {
    const persistence = this.binding === undefined ? program.persistence : this.binding.persistence;
    const backend = this.backend ?? this.owner.services.backends.get(name);
    if (persistence === undefined || backend === undefined) return;
    this.binding ??= persistence.begin(this.context);
    persistence.recognize(this.binding, this.context.request, backend);
    this.awaited = this.binding.server;
  }

  /** Its server has answered. */
  remember(): void {
    const { binding } = this;
    if (binding === undefined) return;
    binding.persistence.remember(binding, this.context, this.server as Server, this.owner.services.backends);
  }

  /** Who has to do with it: its server, or the one that it waits for, or waited for in vain. */
  get concerned(): Server | undefined {
    return this.server ?? this.awaited;
  }

  // --- a slot

  /** Asks for a server. */
  seek(now: number): void {
    this.assign(undefined, now);
  }

  private assign(avoid: Server | undefined, now: number): void {
    const own = this.binding?.server;
    let assigned = own === undefined ? this.balance(avoid) : (this.binding as Binding).claim(own, this, this.backend as Backend);
    if (assigned === 'elsewhere') {
      this.left = own;
      this.leftCounted = false;
      assigned = this.balance(own);
    }
    if (this.left !== undefined) this.arrive(this.left, typeof assigned === 'object' ? assigned : this.awaited);
    if (assigned === 'queued') this.phase = Phase.Queued;
    else if (assigned === 'no-server') this.owner.onUnreached(Failures.NoServer);
    else if (assigned === 'full') this.owner.onUnreached(Failures.QueueFull);
    else this.take(assigned, now);
  }

  private balance(avoid: Server | undefined): Assignment {
    const backend = this.backend as Backend;
    const { failedAt } = this;
    const elsewhere = failedAt === undefined ? undefined : backend.assignElsewhere(this, failedAt);
    return elsewhere ?? backend.assign(this, backend.bound ? (this.key ?? this.keyOf(backend)) : NO_KEY, avoid);
  }

  private keyOf({ config }: Backend): number {
    return balanceKey(config.balance, this.context, (this.program ?? this.frontend)?.rules.hashed);
  }

  onSlot(server: Server): void {
    try {
      this.take(server, monotonic());
    } catch (error) {
      this.owner.onFault(error);
    }
  }

  onQueueTimeout(): void {
    this.phase = Phase.Request; // the queue has let go of us already
    try {
      this.owner.onUnreached(Failures.QueueTimeout);
    } catch (error) {
      this.owner.onFault(error);
    }
  }

  onRedistributed(server: Server): void {
    this.phase = Phase.Request;
    this.left = server;
    this.leftCounted = false;
    this.binding?.unbind();
    try {
      this.assign(server, monotonic());
    } catch (error) {
      this.owner.onFault(error);
    }
  }

  /** A slot of `server` is ours. */
  private take(server: Server, now: number): void {
    this.server = server;
    this.assignedAt = now;
    this.phase = Phase.Connecting;
    this.owner.onAssigned(server, now);
  }

  /** Another server, or this one again if there is no other. `counted`: as a retry of this one. */
  private leave(server: Server, now: number, counted: boolean): void {
    this.left = server;
    this.leftCounted = counted;
    this.binding?.unbind();
    this.server = undefined;
    this.assignedAt = -1;
    if (server.discovered) {
      this.failedAt ??= new Set();
      this.failedAt.add(server);
    }
    server.backend.release(server, false);
    this.assign(server, now);
  }

  /** Who left a server has found one, be it to wait for it, or none. */
  private arrive(left: Server, server: Server | undefined): void {
    this.left = undefined;
    if (server !== left) {
      this.redispatched = true;
      this.binding?.moved();
      tally.countAttempt(left, 'wredis');
    } else if (!this.leftCounted) tally.countAttempt(left, 'wretr');
  }

  // --- a connection

  /** Makes one. */
  open(server: Server, now: number): void {
    // It was here when it was chosen. Without an address Node would connect to this machine.
    if (server.removed || server.config.address === undefined) {
      this.leave(server, now, true);
      return;
    }
    // It is down, but a client may be bound to it all the same. Or its files have gone, and nobody has judged it since.
    const { ssl } = server.config;
    if (server.refusal !== undefined || (ssl !== undefined && server.backend.contexts.of(ssl) === undefined)) {
      this.failed(Failures.ConnectFailed);
      return;
    }
    const { counters, config } = server.backend;
    server.counters.connect++;
    counters.connect++;
    this.phase = Phase.Connecting;
    this.arm(config.timeouts.connect, now);
    this.connection = new ServerConnection(server, this.owner, this.owner.services.wheel, this.context.localPort, this.nameFor(server));
    this.carried = this.connection;
  }

  /** The name that `server` is asked for by SNI. */
  nameFor({ config, refusal }: Server): string | undefined {
    const sni = config.ssl?.sni;
    if (sni === undefined || refusal !== undefined) return undefined;
    const name = this.program?.rules.serverNames?.get(sni) ?? laterServerName(sni);
    return name(this.context) || undefined;
  }

  /** Takes one that was kept. */
  reuse(connection: ServerConnection): void {
    const { server } = connection;
    this.connection = connection;
    this.carried = connection;
    server.counters.reuse++;
    server.backend.counters.reuse++;
    connection.reuse(this.owner);
  }

  /** The connection stands. The timer is the owner's from here. */
  established(server: Server, now: number): void {
    if (server.config.observe !== undefined) server.observe(Observation.Connected, now);
    this.connectedAt = now;
    if (this.frontend?.logsSource === true) this.connection?.noteSource();
    this.phase = Phase.Established;
  }

  /** The connection was not made. */
  failed(cause: Failure): void {
    if (!this.observe(Observation.ConnectFailed, monotonic())) return;
    const failure = this.misnamed(cause);
    const next = this.nextAfter({ failure, status: 0, repeatable: true, replayable: false, harmless: false });
    this.drop();
    if (next === 'end') this.owner.onUnreached(failure);
    else this.retry(next, failure, monotonic());
  }

  /**
   * The server has no certificate for the name that it was asked for. It would have none the next time either, and the name may be
   * a client's invention, which is not to make anybody ask again and again. As in HAProxy.
   */
  private misnamed(cause: Failure): Failure {
    if (this.connection?.tls?.error !== CONNECTION_ERRORS.otherSni) return cause;
    this.retries = (this.server as Server).backend.config.retries;
    return Failures.OtherName;
  }

  drop(): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.connection = undefined;
    connection.close();
  }

  /**
   * What the attempt on this connection has shown of its server. False: so much that the server is down and has shut its
   * sessions, ours among them (`on-marked-down`); there may be another request here already.
   */
  observe(observation: Observation | undefined, now: number): boolean {
    const { connection, server } = this;
    if (observation === undefined || server?.config.observe === undefined) return true;
    server.observe(observation, now);
    return this.connection === connection;
  }

  // --- another attempt

  nextAfter(attempt: Omit<Attempt, 'retries' | 'resent'>): Next {
    const { retries, resent } = this;
    const server = this.server as Server;
    return nextAfter({ ...attempt, retries, resent }, this.placeOf(server), server.backend.config);
  }

  private placeOf(server: Server): Place {
    return placeOf(server, tieOf(this.binding), this.failedAt);
  }

  /**
   * Its server is said to be gone, down or elsewhere: asks another one where that does no harm. What is sent stays with a server
   * that is only not wanted any more, or was found down: that may be for its load, which the others would get all at once.
   */
  abandon(attempt: Pick<Attempt, 'repeatable' | 'harmless'>): boolean {
    const { server, connection, phase } = this;
    const sent = phase === Phase.Established;
    if (server === undefined || !(sent || phase === Phase.Connecting || phase === Phase.Assigned)) return false;
    if (sent && !server.silenced && connection?.outdated !== true) return false;
    if (!abandons({ ...attempt, resent: this.resent }, sent, this.placeOf(server), server.backend.config)) return false;
    this.drop();
    return true;
  }

  /**
   * `next` is done, and its connection let go of. Without a `failure` the server has answered, and any connection to it is as
   * good as a new one.
   */
  retry(next: Exclude<Next, 'end'>, failure: Failure | undefined, now: number): void {
    const server = this.server as Server;
    const sent = this.phase === Phase.Established;
    this.disarm();
    this.connectedAt = -1;
    if (sent) this.resent++;
    if (next === 'replay') {
      this.open(server, now);
      return;
    }
    this.retries++;
    if (sent || next !== 'other') tally.countAttempt(server, 'wretr');
    if (next === 'other') {
      this.leave(server, now, sent);
    } else if (next === 'pause') {
      this.phase = Phase.Assigned;
      this.arm(Math.min(TURN_AROUND, server.backend.config.timeouts.connect ?? TURN_AROUND), now);
    } else {
      server.counters.stot++;
      this.phase = Phase.Connecting;
      if (failure === undefined) this.owner.onAssigned(server, now);
      else this.open(server, now);
    }
  }

  /** The pause is over. */
  private resume(now: number): void {
    const server = this.server as Server;
    server.counters.stot++;
    // It may have gone, or been taken out, in the pause. Of discovered ones any may be well by now.
    this.failedAt = undefined;
    const place = this.placeOf(server);
    if (deserted(place) || (place.untried && place.tie !== 'forced')) this.leave(server, now, true);
    else this.open(server, now);
  }

  // --- the server's timer

  /** Undefined is no time-out. */
  arm(ms: number | undefined, now: number): void {
    if (ms === undefined) this.disarm();
    else this.owner.services.wheel.arm(this, ms, now);
  }

  disarm(): void {
    this.owner.services.wheel.disarm(this);
  }

  override onTimeout(now: number): void {
    try {
      if (this.phase === Phase.Assigned) this.resume(now);
      else if (this.phase === Phase.Connecting) this.failed(Failures.ConnectTimeout);
      else this.owner.onServerTimeout();
    } catch (error) {
      this.owner.onFault(error);
    }
  }

  // --- the end

  /** It waits for nobody. */
  cancel(): void {
    if (this.phase !== Phase.Queued) return;
    this.phase = Phase.Request;
    (this.backend as Backend).cancel(this);
  }

  /** Whatever is under way ends; the slot stays until `release`. */
  end(): void {
    this.cancel();
    this.phase = Phase.Idle;
    this.disarm();
    this.drop();
    this.binding?.release();
  }

  /** Whoever waits for the slot runs at once: it goes back last. */
  release(): void {
    const { server } = this;
    this.server = undefined;
    this.carried = undefined;
    this.binding = undefined;
    if (server !== undefined) server.backend.release(server);
  }
}
