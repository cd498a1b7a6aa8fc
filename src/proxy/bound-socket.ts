/** A listening socket, whoever is served on it: an address of its own, a unix path, or a descriptor that we inherited. */

import { randomUUID } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
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
  /** Another name of what had the path, while it may be wanted back. */
  private formerPath: string | undefined = undefined;

  constructor(address: BindConfig['address'], backlog: number | undefined, options: net.ServerOpts) {
    this.address = address;
    this.backlog = backlog ?? BACKLOG;
    this.server = net.createServer(options);
  }

  /** Resolves when it listens, a unix socket still under a name of its own; rejects with the system's error. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { server } = this;
      const owner = this.prepare();
      server.once('error', reject);
      server.listen(this.options(), () => {
        server.removeListener('error', reject);
        // A failed accept (EMFILE) must not end the process; the kernel keeps the connection for the next try.
        server.on('error', () => {});
        try {
          this.protect(owner);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Throws what can be known before it is bound. */
  private prepare(): Owner | undefined {
    const { address } = this;
    if (address.kind !== 'unix') return undefined;
    const inTheWay = lstatSync(address.path, { throwIfNoEntry: false });
    if (inTheWay?.isDirectory() === true) throw Object.assign(new Error('Is a directory'), { code: 'EISDIR' });
    return findOwner(address.user, address.group);
  }

  /** Before anybody can know its name. */
  private protect(owner: Owner | undefined): void {
    const { address } = this;
    if (address.kind !== 'unix') return;
    if (address.mode !== undefined) chmodSync(this.temporaryPath, address.mode);
    if (owner !== undefined) giveTo(this.temporaryPath, owner);
  }

  /** As configured, but with the port that the system chose for port 0. */
  get actual(): BindConfig['address'] {
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string' || this.address.kind !== 'inet') return this.address;
    return { ...this.address, port: bound.port };
  }

  /**
   * A unix socket takes its path over from whoever has it, as HAProxy's does: the path is never without a socket, and
   * stays with the other one until all of a configuration is bound. Throws the system's error; then nothing has changed.
   * `keepPath` or `returnPath` must follow.
   */
  takePath(): void {
    const { address, temporaryPath } = this;
    if (address.kind !== 'unix') return;
    const former = `${temporaryPath}.bak`;
    if (linked(address.path, former)) this.formerPath = former;
    try {
      renameSync(temporaryPath, address.path);
    } catch (error) {
      this.keepPath();
      throw error;
    }
  }

  /** All of the configuration counts. */
  keepPath(): void {
    if (this.formerPath !== undefined) rmSync(this.formerPath, { force: true });
    this.formerPath = undefined;
  }

  /** It does not: who had the path has it again. */
  returnPath(): void {
    const { address, formerPath } = this;
    if (address.kind !== 'unix') return;
    if (formerPath === undefined) rmSync(address.path, { force: true });
    else renameSync(formerPath, address.path);
    this.formerPath = undefined;
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

/** A unix socket that is to take its path; `failure` tells why it could not. */
interface PathClaim<Failure> {
  readonly socket: BoundSocket;
  failure(error: unknown): Failure;
}

/** Each takes its path, then `claim` does what else must succeed, or nobody has taken anything. */
export function takePaths<Failure>(claims: readonly PathClaim<Failure>[], claim: () => readonly Failure[]): readonly Failure[] {
  const taken: BoundSocket[] = [];
  const failures = claims.flatMap(({ socket, failure }) => {
    try {
      socket.takePath();
      taken.push(socket);
      return [];
    } catch (error) {
      return [failure(error)];
    }
  });
  const all = failures.length > 0 ? failures : claim();
  for (const socket of taken.reverse()) {
    if (all.length > 0) socket.returnPath();
    else socket.keepPath();
  }
  return all;
}

/** Answers whether there is anything to give another name to. */
function linked(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
