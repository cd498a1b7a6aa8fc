/**
 * `drain`: what a server that is leaving may finish, it finishes within a while. Then it is ended, long polls and WebSockets
 * included, so that the container can exit by itself before the engine kills it.
 */

import { Level } from '../core/log.ts';
import { Timed } from '../core/wheel.ts';
import type { Server } from './server.ts';

/** Its timer runs while the server's source says that it is leaving. */
export class Departure extends Timed {
  private readonly server: Server;

  constructor(server: Server) {
    super();
    this.server = server;
  }

  /** Its source has spoken. The time counts from when it said so first. */
  follow(leaving: boolean): void {
    const { drain } = this.server.config;
    if (!leaving || drain === undefined) this.end();
    else if (this.slot < 0) this.server.backend.wheel.arm(this, drain);
  }

  end(): void {
    this.server.backend.wheel.disarm(this);
  }

  override onTimeout(): void {
    const { server } = this;
    if (server.scur === 0) return;
    server.log(Level.Notice, ` has had ${server.config.drain} ms to drain: ${server.scur} sessions are ended.`);
    server.backend.shutdown(server, 'D');
  }
}
