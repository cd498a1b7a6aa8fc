/**
 * The connections of a host's clients and what stands for each of them here: an agent whose connections end in the balancer.
 *
 * One agent for each client connection: HTTP/1.1 requests that come one after the other share an inner connection, so that `sess.`
 * variables, connection counters and `http-reuse` mean what they mean on a listener. What comes at the same time (HTTP/2 streams,
 * pipelined requests) takes further ones of the same agent. Nothing is shared between clients.
 */

import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Accepted } from '../accept.ts';
import type { HostRequest, HostSocket } from './host.ts';
import { tlsFactsOf } from './host-tls.ts';
import { InnerConnection, type Origin } from './inner-connection.ts';

/** Whom requests are carried to. */
export interface Door {
  /** The section that takes them now. */
  readonly frontend: string;
  /** It does. */
  readonly open: boolean;
  enter(client: Accepted): void;
  /** A fault of ours. */
  onFault(error: unknown): void;
  /** Something for the log that is no fault of ours. */
  tell(line: string): void;
}

class ClientAgent extends Agent {
  /** A reload may name another one: then its connections are not used any more. */
  readonly frontend: string;
  readonly origin: Origin;
  private readonly door: Door;

  constructor(origin: Origin, door: Door) {
    super({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY });
    this.frontend = door.frontend;
    this.origin = origin;
    this.door = door;
  }

  override createConnection(): Duplex {
    const connection = new InnerConnection(this.origin);
    this.door.enter(connection.client);
    return connection;
  }

  /** What is under way goes on; nothing is kept behind it. */
  retire(): void {
    for (const free of Object.values(this.freeSockets).flat()) free?.destroy();
    this.maxFreeSockets = 0;
  }
}

export class Clients {
  private readonly agents = new WeakMap<object, ClientAgent>();
  private readonly door: Door;

  constructor(door: Door) {
    this.door = door;
  }

  /** By the connection that the request came on; undefined when that has ended. */
  agentOf(request: HostRequest): Agent | undefined {
    const connection = request.stream === undefined ? request.socket : request.stream.session;
    if (connection === undefined || connection === null || connection.destroyed) return undefined;
    const known = this.agents.get(connection);
    if (known?.frontend === this.door.frontend) return known;
    const agent = new ClientAgent(known?.origin ?? originOf(request.socket), this.door);
    this.agents.set(connection, agent);
    if (known === undefined) connection.once('close', () => this.agents.get(connection)?.destroy());
    else known.retire();
    return agent;
  }
}

function originOf(socket: HostSocket): Origin {
  const { remoteAddress = '', remoteFamily = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  return { remoteAddress, remoteFamily, remotePort, localAddress, localPort, tls: tlsFactsOf(socket) };
}
