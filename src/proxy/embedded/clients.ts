/**
 * The connections of a host's clients and what stands for each of them here: an agent whose connections end in the balancer.
 *
 * One agent for each client connection: HTTP/1.1 requests that come one after the other share an inner connection, so that `sess.`
 * variables, connection counters and `http-reuse` mean what they mean on a listener. What comes at the same time (HTTP/2 streams,
 * pipelined requests) takes further ones of the same agent. Nothing is shared between clients.
 */

import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import type { HostRequest, HostSocket } from './host.ts';
import { tlsFactsOf } from './host-tls.ts';
import { InnerConnection, type Origin } from './inner-connection.ts';

/** Takes a client in. */
export type Enter = (connection: InnerConnection) => void;

class ClientAgent extends Agent {
  private readonly origin: Origin;
  private readonly enter: Enter;

  constructor(origin: Origin, enter: Enter) {
    super({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY });
    this.origin = origin;
    this.enter = enter;
  }

  override createConnection(): Duplex {
    const connection = new InnerConnection(this.origin);
    this.enter(connection);
    return connection;
  }
}

export class Clients {
  private readonly agents = new WeakMap<object, ClientAgent>();
  private readonly enter: Enter;

  constructor(enter: Enter) {
    this.enter = enter;
  }

  /** By the connection that the request came on; undefined when that has ended. */
  agentOf(request: HostRequest): Agent | undefined {
    const connection = request.stream === undefined ? request.socket : request.stream.session;
    if (connection === undefined || connection === null || connection.destroyed) return undefined;
    const known = this.agents.get(connection);
    if (known !== undefined) return known;
    const agent = new ClientAgent(originOf(request.socket), this.enter);
    this.agents.set(connection, agent);
    connection.once('close', () => agent.destroy());
    return agent;
  }
}

function originOf(socket: HostSocket): Origin {
  const { remoteAddress = '', remoteFamily = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const tls: TlsFacts | undefined = tlsFactsOf(socket);
  return { remoteAddress, remoteFamily, remotePort, localAddress, localPort, tls };
}
