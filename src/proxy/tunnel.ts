/**
 * After 101 both sides speak another protocol: bytes both ways, back-pressure both ways, each side may end its half.
 * The exchange stays what it was for slots, counters and the log; how a tunnel goes on and ends is here.
 */

import type { Backend } from '../backend/backend.ts';
import type { ShutdownCause } from '../backend/types.ts';
import type { Timeouts } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { accessEarly } from './access.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { responseHead } from './forward.ts';
import { Hurry } from './hurry.ts';
import type { Outlet } from './outlet.ts';
import { Phase, Reading } from './phases.ts';
import type { Relay } from './relay.ts';
import type { ServerConnection } from './server-connection.ts';
import * as tally from './tally.ts';
import type { Upload } from './upload.ts';

/** The exchange, as its tunnel sees it. */
export interface Tunnelled extends ExchangeFacts {
  readonly upload: Upload;
  readonly relay: Relay;
  keepAlive: boolean;
  onShutdown(cause: ShutdownCause): void;
  close(keepAlive: boolean): void;
}

export class Tunnel {
  private readonly exchange: Tunnelled;
  private readonly connection: ServerConnection;
  private readonly client: Outlet;
  private readonly server: Outlet;
  private readonly front: Timeouts;
  private readonly back: Timeouts;
  private hurrying: Hurry | undefined = undefined;
  /** That have come so far, from both sides. */
  private pieces = 0;
  /** Who has ended its half first; the time-out is then that of the other. */
  private ended: 'nobody' | 'client' | 'server' = 'nobody';

  /** `exchange` is on a server's connection, which has answered 101. */
  constructor(exchange: Tunnelled) {
    const { reach, session } = exchange;
    this.exchange = exchange;
    this.connection = reach.connection as ServerConnection;
    this.client = session.outlet;
    this.server = this.connection.outlet;
    this.front = session.listener.frontend.config.timeouts;
    this.back = (reach.backend as Backend).config.timeouts;
  }

  /** The exchange knows of it: the client is told, and what it has sent already goes on. */
  begin(now: number): void {
    const { exchange } = this;
    const { session, relay, reach } = exchange;
    relay.begun = true;
    exchange.upload.letGo();
    reach.phase = Phase.Tunnel;
    exchange.keepAlive = false;
    relay.text(responseHead(exchange.responseHead, 'upgrade', false));
    if (session.listener.frontend.config.logStyle.asap) accessEarly(exchange, now);
    exchange.services.wheel.disarm(session);
    this.progress();
    if (session.hurried) this.hurry();
    session.setReading(Reading.Tunnel);
    session.feedHeld();
    if (session.clientEnded) this.clientEnded();
  }

  // --- bytes

  fromClient(bytes: Buffer): void {
    const { exchange } = this;
    exchange.bytesIn += bytes.length;
    this.progress();
    this.server.bytes(bytes);
    if (!this.server.behind) return;
    exchange.upload.serverBehind = true;
    exchange.session.regulate();
  }

  /** False: the client is behind, the server must wait. */
  fromServer(bytes: Buffer): boolean {
    const { exchange } = this;
    exchange.bytesOut += bytes.length;
    exchange.relay.pass(bytes, this.connection);
    this.progress();
    return !exchange.relay.clientBehind;
  }

  // --- ends

  clientEnded(): void {
    this.server.end();
    this.halfEnded('client');
  }

  serverEnded(): void {
    this.client.end();
    this.halfEnded('server');
  }

  clientGone(): void {
    const { reach, session } = this.exchange;
    if (!session.clientEnded) tally.countAbort(reach, 'cliAbrt');
    this.end(session.clientEnded ? '--' : 'CD');
  }

  serverLost(): void {
    tally.countReset(this.exchange.reach);
    this.end('SD');
  }

  timedOut(): void {
    const { termination } = this;
    tally.countAbort(this.exchange.reach, termination === 'cD' ? 'cliAbrt' : 'srvAbrt');
    this.end(termination);
  }

  shutDown(cause: ShutdownCause): void {
    this.end(`${cause}-`);
  }

  private end(termination: string): void {
    const { exchange } = this;
    exchange.termination = termination;
    exchange.reach.drop();
    exchange.close(false);
    exchange.session.destroy();
  }

  /** SIGTERM has come: a tunnel that is silent is not waited for. */
  hurry(): void {
    const tunnel = this;
    this.hurrying = new Hurry(this.exchange.services.wheel, {
      get moved() {
        return tunnel.pieces + tunnel.client.taken + tunnel.server.taken;
      },
      onSilent: () => this.exchange.onShutdown('K'),
    });
  }

  /** The exchange is over. */
  close(): void {
    this.hurrying?.clear();
  }

  /** Bytes went by, or one side ended: the time-out starts anew. */
  private progress(): void {
    this.pieces++;
    this.exchange.reach.arm(this.patience(), monotonic());
  }

  /** HAProxy's word for the end by a time-out: whose time-out it was. */
  private get termination(): 'cD' | 'sD' {
    if (this.ended !== 'nobody') return this.ended === 'client' ? 'sD' : 'cD';
    const { client } = this.front;
    const { tunnel, server } = this.back;
    return tunnel === undefined && (client === undefined || (server !== undefined && server < client)) ? 'sD' : 'cD';
  }

  private halfEnded(side: 'client' | 'server'): void {
    if (this.ended === 'nobody') this.ended = side;
    this.progress();
  }

  /**
   * How long both may be silent. `timeout tunnel` stands for those of client and server, of which the shorter one counts;
   * once one side has ended its half the other is waited for, by its `-fin` where there is one (manual 4.2).
   */
  private patience(): number | undefined {
    const { client, clientFin } = this.front;
    const { tunnel, server, serverFin } = this.back;
    if (this.ended === 'client') return serverFin ?? tunnel ?? server;
    if (this.ended === 'server') return clientFin ?? tunnel ?? client;
    if (tunnel !== undefined) return tunnel;
    return client === undefined || server === undefined ? (client ?? server) : Math.min(client, server);
  }
}
