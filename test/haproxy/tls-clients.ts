/** Clients of TLS listeners on unix sockets, as tests that compare both programs need them. */

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { answerOf } from '../support/h2.ts';
import { type TlsFixture, tlsText } from '../support/tls.ts';

export interface ClientOptions extends ConnectionOptions {
  /** Whose certificate and key it shows. */
  readonly shows?: TlsFixture;
}

function options(path: string, { shows, ...more }: ClientOptions): ConnectionOptions {
  const pem = shows === undefined ? {} : { cert: tlsText(shows), key: tlsText(shows) };
  return { path, rejectUnauthorized: false, servername: 'www.example.test', ...pem, ...more };
}

export interface TlsAnswer {
  /** All that has come; empty where the connection was refused. */
  readonly text: string;
  /** What both ends have said at the end of the handshake, in hexadecimal digits. */
  readonly finished: string;
  readonly peerFinished: string;
  readonly resumed: boolean;
  /** The last session that can be resumed. */
  readonly session: Buffer | undefined;
}

/** One request over a connection of its own; it asks for its end. Resolves however that comes. */
export async function askTls(path: string, more: ClientOptions, request: string): Promise<TlsAnswer> {
  const socket = connect(options(path, more));
  let text = '';
  let session: Buffer | undefined;
  let shaken: Pick<TlsAnswer, 'finished' | 'peerFinished' | 'resumed'> = { finished: '', peerFinished: '', resumed: false };
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  socket.on('session', (its: Buffer) => {
    session = its;
  });
  socket.on('secureConnect', () => {
    shaken = { finished: hex(socket.getFinished()), peerFinished: hex(socket.getPeerFinished()), resumed: socket.isSessionReused() };
    socket.write(request, 'latin1');
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return { text, session, ...shaken };
}

function hex(bytes: Buffer | undefined): string {
  return bytes?.toString('hex').toUpperCase() ?? '';
}

/** The body of a GET over HTTP/2, by TLS or in clear text. */
export async function askHttp2(path: string, encrypted: boolean, more: ClientOptions, target: string): Promise<string> {
  const socket = encrypted ? connect(options(path, { ALPNProtocols: ['h2'], ...more })) : connectSocket({ path });
  await once(socket, encrypted ? 'secureConnect' : 'connect');
  const session = connectHttp2('https://www.example.test', { createConnection: () => socket as TLSSocket });
  session.on('error', () => {});
  const stream = session.request({ ':path': target, ':scheme': encrypted ? 'https' : 'http' });
  const { status, body } = await answerOf(stream);
  session.close();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return `${status}\n${body}`;
}
