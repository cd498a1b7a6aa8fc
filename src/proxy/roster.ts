/**
 * A backend's servers by what requests may know of them: name, number, value of the cookie. Made anew at the first question
 * after they have changed, so that none costs more where there are thousands of servers.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';

const NOBODY: readonly Server[] = [];

export class Roster {
  private readonly cookieOf: (server: Server) => string | undefined;
  private backend: Backend | undefined = undefined;
  private version = -1;
  private readonly names = new Map<string, Server>();
  private readonly ids = new Map<number, Server>();
  private readonly cookies = new Map<string, Server[]>();

  constructor(cookieOf: (server: Server) => string | undefined) {
    this.cookieOf = cookieOf;
  }

  named(backend: Backend, name: string): Server | undefined {
    this.follow(backend);
    return this.names.get(name);
  }

  numbered(backend: Backend, id: number): Server | undefined {
    this.follow(backend);
    return this.ids.get(id);
  }

  /** Those who share `value`, in their order. An empty value is nobody's. */
  sharing(backend: Backend, value: string): readonly Server[] {
    this.follow(backend);
    return this.cookies.get(value) ?? NOBODY;
  }

  private follow(backend: Backend): void {
    if (this.backend === backend && this.version === backend.serversVersion) return;
    this.backend = backend;
    this.version = backend.serversVersion;
    this.names.clear();
    this.ids.clear();
    this.cookies.clear();
    for (const server of backend.servers) if (!server.removed) this.enter(server);
  }

  /** The first of a name or number counts. */
  private enter(server: Server): void {
    const { id, config } = server;
    if (!this.names.has(config.name)) this.names.set(config.name, server);
    if (!this.ids.has(id)) this.ids.set(id, server);
    const value = this.cookieOf(server);
    if (value === undefined || value === '') return;
    const sharing = this.cookies.get(value);
    if (sharing === undefined) this.cookies.set(value, [server]);
    else sharing.push(server);
  }
}
