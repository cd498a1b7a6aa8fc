/** A listening socket, whoever is served on it: an address of its own, a unix path, or a descriptor that we inherited. */

import { randomUUID } from 'node:crypto';
import { chmodSync, renameSync } from 'node:fs';
import net from 'node:net';
import type { BindConfig } from '../config/model.ts';
import { findOwner, giveTo, type Owner } from './owner.ts';

/** Linux's own limit, `net.core.somaxconn`. */
const BACKLOG = 4096;

export class BoundSocket {
  readonly server: net.Server;
  readonly address: BindConfig['address'];
  private readonly backlog: number;
  private temporaryPath = '';
  private owner: Owner | undefined = undefined;

  constructor(address: BindConfig['address'], backlog: number | undefined, options: net.ServerOpts) {
    this.address = address;
    this.backlog = backlog ?? BACKLOG;
    this.server = net.createServer(options);
  }

  /** Resolves when it listens, a unix socket still under a name of its own; rejects with the system's error. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { address, server } = this;
      if (address.kind === 'unix') this.owner = findOwner(address.user, address.group);
      server.once('error', reject);
      server.listen(this.options(), () => {
        server.removeListener('error', reject);
        // A failed accept (EMFILE) must not end the process; the kernel keeps the connection for the next try.
        server.on('error', () => {});
        resolve();
      });
    });
  }

  /** As configured, but with the port that the system chose for port 0. */
  get actual(): BindConfig['address'] {
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string' || this.address.kind !== 'inet') return this.address;
    return { ...this.address, port: bound.port };
  }

  /**
   * A unix socket takes its path over from whoever has it, as HAProxy's does: the path is never without a socket, and
   * stays with the other one until all of a configuration is bound.
   */
  takePath(): void {
    const { address } = this;
    if (address.kind !== 'unix') return;
    if (address.mode !== undefined) chmodSync(this.temporaryPath, address.mode);
    if (this.owner !== undefined) giveTo(this.temporaryPath, this.owner);
    renameSync(this.temporaryPath, address.path);
  }

  private options(): net.ListenOptions {
    const { address, backlog } = this;
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
}
