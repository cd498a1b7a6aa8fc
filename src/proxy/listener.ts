/**
 * One listening socket of a frontend and the connections that came in by it.
 *
 * Node cannot stop accepting without closing the socket, so at `maxconn` a connection is accepted and left unread, in
 * arrival order, until another one ends: what its client sees is what it would see in the kernel's backlog.
 */

import { randomUUID } from 'node:crypto';
import { chmodSync, renameSync } from 'node:fs';
import net from 'node:net';
import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import type { BindConfig } from '../config/model.ts';
import { monotonic, wall } from '../core/clock.ts';
import { ListenerCounters } from '../core/counters.ts';
import { type Accepted, acceptFrom } from './accept.ts';
import type { Admission } from './admission.ts';
import { bindText, type Frontend } from './frontend.ts';
import { findOwner, giveTo, type Owner } from './owner.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import { shortenTurn } from './turn.ts';

/** Linux's own limit, `net.core.somaxconn`. */
const BACKLOG = 4096;

export class Listener {
  readonly frontend: Frontend;
  /** `sid` of its statistics row, from 1. */
  id: number;
  config: BindConfig;
  readonly counters: ListenerCounters = new ListenerCounters();
  scur = 0;
  /** Connections that are accepted and not yet served; Admission's. */
  waiting = 0;
  /** No new connections; those that are here finish what they do. */
  closing = false;
  private readonly services: Services;
  private readonly admission: Admission;
  private readonly server: net.Server;
  private temporaryPath = '';
  private owner: Owner | undefined = undefined;
  private readonly sessions: Sessions = new Sessions();

  constructor(frontend: Frontend, id: number, config: BindConfig, services: Services, admission: Admission) {
    this.frontend = frontend;
    this.id = id;
    this.config = config;
    this.services = services;
    this.admission = admission;
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true });
  }

  /** Resolves when it listens, a unix socket still under a name of its own; rejects with the system's error. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { address } = this.config;
      if (address.kind === 'unix') this.owner = findOwner(address.user, address.group);
      this.server.once('error', reject);
      this.server.listen(this.listenOptions(), () => {
        this.server.removeListener('error', reject);
        // A failed accept (EMFILE) must not end the process; the kernel keeps the connection for the next try.
        this.server.on('error', () => {});
        acceptFrom(this.server, (accepted) => this.onConnection(accepted));
        resolve();
      });
    });
  }

  /** What is really listened on: the port that the system chose for port 0. */
  get text(): string {
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string' || this.config.address.kind !== 'inet') return bindText(this.config);
    return bindText({ ...this.config, address: { ...this.config.address, port: bound.port } });
  }

  /** Stops accepting; idle connections close, the others after their current response. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.server.close();
    this.admission.forget(this);
    for (const session of this.sessions.all()) if (session.idle) session.closeCleanly();
  }

  /** Closes everything now. */
  destroy(): void {
    this.close();
    for (const session of this.sessions.all()) session.destroy();
  }

  /** Ends every exchange that has a slot of `server`. */
  shutdown(server: Server, cause: ShutdownCause): void {
    for (const { exchange } of this.sessions.all()) if (exchange.serverObject === server) exchange.onShutdown(cause);
  }

  /** An accepted connection that may be served now. */
  admit(accepted: Accepted): void {
    const { frontend, services } = this;
    const now = monotonic();
    services.connections++;
    this.scur++;
    frontend.scur++;
    if (this.scur > this.counters.smax) this.counters.smax = this.scur;
    if (frontend.scur > frontend.counters.smax) frontend.counters.smax = frontend.scur;
    this.counters.stot++;
    frontend.counters.stot++;
    frontend.counters.connTot++;
    frontend.counters.rate.add(now);
    frontend.counters.connRate.add(now);
    this.sessions.add(new Session(accepted, this, services, now, wall()));
  }

  /** A session is over. */
  leave(session: Session): void {
    if (!this.sessions.remove(session)) return;
    this.services.connections--;
    this.scur--;
    this.frontend.scur--;
    this.admission.left();
    if (this.services.connections === 0) this.services.onIdle();
  }

  private onConnection(accepted: Accepted): void {
    shortenTurn();
    if (this.admission.full(this)) this.admission.wait(this, accepted);
    else this.admit(accepted);
  }

  private listenOptions(): net.ListenOptions {
    const { address } = this.config;
    const backlog = this.config.backlog ?? BACKLOG;
    switch (address.kind) {
      case 'inet':
        return { host: address.host, port: address.port, ipv6Only: address.v6only, backlog };
      case 'unix':
        // Its own name for ever: Node removes the name that it bound when the socket closes.
        this.temporaryPath = `${address.path}.${randomUUID().slice(0, 8)}`;
        return { path: this.temporaryPath, backlog };
      case 'fd':
        return { fd: address.fd } as net.ListenOptions;
    }
  }

  /**
   * A unix socket takes its path over from whoever has it, as HAProxy's does: the path is never without a socket, and
   * stays with the other one until all of a configuration is bound.
   */
  takePath(): void {
    const { address } = this.config;
    if (address.kind !== 'unix') return;
    if (address.mode !== undefined) chmodSync(this.temporaryPath, address.mode);
    if (this.owner !== undefined) giveTo(this.temporaryPath, this.owner);
    renameSync(this.temporaryPath, address.path);
  }
}
