/**
 * Which connection carries a request, and what becomes of it behind the response: its session's own, one that is kept alive,
 * or a new one (manual 4.2, "http-reuse"; `pool.ts`).
 *
 *     assigned ─▶ end of the turn ─┬─ own or kept ─▶ carry ─▶ letGo ─┬─▶ kept, by the session or for all
 *                     ▲      │     └─ new: reach.open                └─▶ closed
 *                     └──────┘ once, where one is known to be free only then
 *
 * A session has one Carrier, as it has one Exchange: a connection of its own outlives the requests on it.
 */

import type { Server } from '../backend/server.ts';
import type { HttpConnectionMode } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { Phase } from './phases.ts';
import { bindsConnection, needOf, takeIdle, takeOwn } from './pool.ts';
import type { Relay } from './relay.ts';
import type { ConnectionOwner, ServerConnection } from './server-connection.ts';
import * as tally from './tally.ts';
import { type Deferred, defer } from './turn.ts';
import type { Upload } from './upload.ts';

/** The exchange, as its carrier sees it. */
export interface Carried extends ExchangeFacts {
  readonly mode: HttpConnectionMode;
  /** The client's connection goes on. */
  readonly keepAlive: boolean;
  /** It could be sent again, should the server close the connection just as it comes. */
  readonly replayable: boolean;
  readonly upload: Upload;
  readonly relay: Relay;
  /** `connection`, which has carried others, is for this one. */
  carry(connection: ServerConnection, now: number): void;
  onFault(error: unknown): void;
}

export class Carrier implements ConnectionOwner, Deferred {
  private readonly exchange: Carried;
  /** The connection that serves this session alone, whether a request is on it or not. */
  private own: ServerConnection | undefined = undefined;
  /** No connection was to be had in the last turn, but one in this. */
  private postponed = false;

  constructor(exchange: Carried) {
    this.exchange = exchange;
  }

  /** Before the next exchange. */
  reset(): void {
    this.postponed = false;
  }

  /**
   * At the end of this turn: a connection that is kept alive may have been closed, or have sent what nobody asked for, and by
   * then we know.
   */
  choose(): void {
    defer(this);
  }

  onTurn(): void {
    // The exchange may be over, and even the next one's, which has deferred itself too.
    const { connection, phase, server } = this.exchange.reach;
    if (phase !== Phase.Connecting || connection !== undefined) return;
    try {
      this.take(server as Server, monotonic());
    } catch (error) {
      this.exchange.onFault(error);
    }
  }

  private take(server: Server, now: number): void {
    const { exchange } = this;
    const idle = this.kept(server, now);
    // Once: another might come first each time.
    if (idle === 'later' && !this.postponed) {
      this.postponed = true;
      defer(this);
      return;
    }
    this.postponed = false;
    if (idle === undefined || idle === 'later') {
      exchange.reach.open(server, now);
      return;
    }
    exchange.reach.reuse(idle);
    exchange.carry(idle, now);
  }

  private kept(server: Server, now: number): ServerConnection | 'later' | undefined {
    const { exchange } = this;
    if (exchange.mode !== 'keep-alive') return undefined;
    const { replayable, session, reach } = exchange;
    const name = reach.nameFor(server);
    const own = takeOwn(server, this.own, replayable, now, name);
    if (own !== undefined) return own;
    return takeIdle(server, needOf(server.backend.config.httpReuse, replayable, session.answered === 0), now, name);
  }

  /** The response has been read: its connection waits for another request, if it may. `clean`: nothing stands behind it. */
  letGo(clean: boolean, now: number): void {
    const { reach, request, responseHead, mode, keepAlive, upload, relay } = this.exchange;
    const connection = reach.connection as ServerConnection;
    const { server, outlet } = connection;
    const sent = upload.body.done && outlet.pending === 0;
    if (server.backend.config.httpReuse === 'never' || bindsConnection(responseHead)) this.takeOver(connection);
    const goesOn = connection.owner === undefined || keepAlive;
    const kept = responseHead.keepAlive && mode === 'keep-alive' && !request.bothLengths && goesOn;
    reach.connection = undefined;
    if (!clean && relay.body.done) tally.countSurplus(server);
    if (clean && sent && kept) connection.park(now);
    else connection.close();
  }

  /** From here on `connection` serves this session alone, and the one that did before is not needed any more. */
  private takeOver(connection: ServerConnection): void {
    if (this.own === connection) return;
    this.own?.close();
    this.own = connection;
    connection.owner = this;
  }

  onOwnClosed(connection: ServerConnection): void {
    if (this.own === connection) this.own = undefined;
  }

  /** No request will follow. */
  onSessionOver(): void {
    if (this.own?.idle === true) this.own.close();
  }
}
