/** Both ends of relayed connections, moved by a test step by step: what one sends the other waits for. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { wasReset } from '../../src/proxy/accept.ts';
import { OWN_HOST } from './faulty.ts';
import { until } from './wait.ts';

/** One end of a connection. It ends its half only when it is told to. */
export class Peer {
  readonly socket: Socket;
  private received = '';
  private count = 0;
  private finished = false;
  private failed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.count += bytes.length;
      if (this.received.length < 4096) this.received += bytes.toString('latin1');
    });
    socket.on('end', () => {
      this.finished = true;
    });
    socket.on('error', () => {
      this.failed = true;
    });
  }

  static async connect(port: number, host: string): Promise<Peer> {
    const socket = connect({ port, host, allowHalfOpen: true });
    const peer = new Peer(socket);
    await once(socket, 'connect');
    return peer;
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return this.count;
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** `text` has come, and takes it and what was before it. */
  async got(text: string): Promise<void> {
    await until(`${JSON.stringify(text)} comes`, () => this.received.includes(text));
    this.received = this.received.slice(this.received.indexOf(text) + text.length);
  }

  /** The other end sends no more, without an error. */
  async ended(): Promise<void> {
    await until('the other end has ended', () => this.finished);
  }

  /** The other end has reset the connection, be it after it had ended its half. */
  async broken(): Promise<void> {
    // Node does not read any more after an end.
    await until('the connection is reset', () => this.failed || (!this.socket.destroyed && wasReset(this.socket)));
  }
}

export interface PeerServer {
  readonly port: number;
  readonly address: string;
  /** Connections so far. */
  readonly connections: () => number;
  /** The next connection that nobody has taken yet. */
  next(): Promise<Peer>;
  /** Listens no more. */
  shut(): Promise<void>;
  /** And every connection ends. */
  stop(): Promise<void>;
}

/** A server whose every connection is the test's. */
export async function startPeers(): Promise<PeerServer> {
  const peers: Peer[] = [];
  let taken = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => peers.push(new Peer(socket)));
  let closed = false;
  server.on('close', () => {
    closed = true;
  });
  server.listen(0, OWN_HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `${OWN_HOST}:${port}`,
    connections: () => peers.length,
    async next() {
      const peer = await until('a connection comes', () => peers[taken]);
      taken++;
      return peer;
    },
    async shut() {
      // Not until its connections have ended is it closed, for Node.
      server.close();
      await until('it refuses', () => refuses(port));
    },
    async stop() {
      for (const peer of peers) peer.socket.destroy();
      if (server.listening) server.close();
      await until('it has closed', () => closed);
    },
  };
}

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: OWN_HOST }, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
