/** Servers that speak TLS, well or badly, on a port of their own. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { type TlsFixture, tlsText } from './tls.ts';

export interface TlsUpstreamOptions extends SecureContextOptions {
  readonly alpn?: readonly string[];
  /** Whose certificates clients must have. */
  readonly clients?: TlsFixture;
}

export interface TlsUpstream {
  /** `127.0.0.1:<port>`, or the path of its unix socket. */
  readonly address: string;
  /** Connections so far. */
  readonly connections: number;
  /** Those that are open. */
  readonly open: number;
  /** Resets those that wait for it. */
  reset(): void;
  stop(): Promise<void>;
}

/** One connection: `raw` is what carries it. */
export type OnSecure = (socket: TLSSocket, raw: Socket, held: Set<Socket>) => void;

/** With the certificate and key of a fixture. `path`: a unix socket instead of a port. */
export function startTlsUpstream(
  fixture: TlsFixture,
  onSocket: OnSecure,
  { alpn, clients, ...options }: TlsUpstreamOptions = {},
  path: string | undefined = undefined,
): Promise<TlsUpstream> {
  const pem = tlsText(fixture);
  const ca = clients === undefined ? {} : { ca: tlsText(clients) };
  // Sessions go on only where they are of the same context.
  const secureContext = createSecureContext({ cert: pem, key: pem, sessionIdContext: 'upstream', ...ca, ...options });
  const asks = clients !== undefined;
  return startUpstreamOn((raw, held) => {
    const more = { requestCert: asks, rejectUnauthorized: asks, ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }) };
    const socket = new TLSSocket(raw, { isServer: true, secureContext, ...more });
    socket.on('error', () => raw.destroy());
    onSocket(socket, raw, held);
  }, path);
}

/** One that does whatever it does with the bytes themselves. */
export async function startUpstreamOn(
  onConnection: (raw: Socket, held: Set<Socket>) => void,
  path: string | undefined = undefined,
): Promise<TlsUpstream> {
  const open = new Set<Socket>();
  const held = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((raw) => {
    connections++;
    open.add(raw);
    raw.on('error', () => {}).on('close', () => open.delete(raw));
    onConnection(raw, held);
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  return {
    address: path ?? `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    reset() {
      for (const raw of held) raw.resetAndDestroy();
      held.clear();
    },
    async stop() {
      for (const raw of open) raw.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers each request: 200 with what it knows of the connection, or what the path asks for. */
export const answers: OnSecure = (socket, raw, held) => {
  socket.on('data', (bytes: Buffer) => {
    const path = bytes.toString('latin1').split(' ', 2)[1] ?? '';
    const begin = (): boolean => socket.write('HTTP/1.1 200 OK\r\n\r\nbody');
    if (path === '/close-notify') {
      begin();
      socket.end();
    } else if (path === '/fin') {
      socket.write('HTTP/1.1 200 OK\r\n\r\nbody', () => raw.end());
    } else if (path === '/reset') {
      begin();
      held.add(raw);
    } else {
      const { servername, alpnProtocol } = socket as TLSSocket & { readonly servername: string | false };
      const body = `${servername} ${alpnProtocol} ${socket.isSessionReused()} ${socket.getProtocol()}`;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  });
};
