/** Servers behind the balancer, each on a port of its own choosing. */

import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface Upstream {
  readonly port: number;
  /** `127.0.0.1:<port>`, as a `server` line wants it. */
  readonly address: string;
  /** Connections accepted so far. */
  readonly connections: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Ends every connection and stops listening. */
  stop(): Promise<void>;
}

/** A `node:http` server; by default it answers `name` to everything. */
export async function startUpstream(name: string, handler?: RequestListener): Promise<Upstream> {
  const answer: RequestListener = (_request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end(name);
  };
  return serve(createHttpServer(handler ?? answer));
}

/** A server that speaks whatever bytes `onConnection` writes. */
export async function startRawUpstream(onConnection: (socket: Socket) => void): Promise<Upstream> {
  return serve(createServer({ allowHalfOpen: true }, onConnection));
}

/** `server`, made by the test itself, on a port of its own. */
export async function serve(server: Server): Promise<Upstream> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `127.0.0.1:${port}`,
    connections: () => accepted,
    open: () => open.size,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
