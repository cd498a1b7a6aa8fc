/**
 * Where Node's HTTP/2 is not as it should be, and what is relied on to set it right:
 *
 * - `destroy` of a session is what Node itself calls for an error of the client's, with an error that has nghttp2's number (`errno`),
 *   and then tells the client of an internal one; given a number for an error it tells that (RFC 9113 5.4.1, 7).
 * - A session that is destroyed while nghttp2 still reads aborts the process, and every event of it or of its streams may come
 *   from there: whoever destroys, it is done when that has come to its end.
 * - nghttp2 answers what it finds itself, a stream's error by RST_STREAM, the connection's by GOAWAY: from then on it neither reads
 *   nor writes, and Node leaves it at that. Where the handle has `setGracefulClose`, it calls `ongracefulclosecomplete` then; so
 *   errors that are not fatal (an ACK for no PING of ours is one, to Node) are left to nghttp2.
 * - `close` of a stream ends its data before it resets it, by the `_final` that every Writable has: what was cut would look whole.
 *
 * Without them (but for the second, which relies on nothing) a client is told less well why, and nothing else changes.
 */

import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream, type ServerSessionOptions } from 'node:http2';
import type { Socket } from 'node:net';

/** Numbers of nghttp2 (nghttp2_error), and what they are on the wire. */
const CODES: ReadonlyMap<number, number> = new Map([
  [-505, constants.NGHTTP2_PROTOCOL_ERROR],
  [-510, constants.NGHTTP2_STREAM_CLOSED],
  [-511, constants.NGHTTP2_STREAM_CLOSED],
  [-522, constants.NGHTTP2_FRAME_SIZE_ERROR],
  [-523, constants.NGHTTP2_COMPRESSION_ERROR],
  [-524, constants.NGHTTP2_FLOW_CONTROL_ERROR],
  [-531, constants.NGHTTP2_PROTOCOL_ERROR],
  [-532, constants.NGHTTP2_PROTOCOL_ERROR],
  [-537, constants.NGHTTP2_ENHANCE_YOUR_CALM],
  [-538, constants.NGHTTP2_ENHANCE_YOUR_CALM],
  [-903, constants.NGHTTP2_PROTOCOL_ERROR],
]);

interface NodeError extends Error {
  readonly code?: string;
  readonly errno?: number;
}

/** From here on downwards nghttp2 cannot go on. */
const FATAL = -900;

/** What C++ has of a session, as far as it concerns us. */
interface Handle {
  ongracefulclosecomplete?: () => void;
  setGracefulClose?(): void;
}

/** A session on `socket`, on which nobody reads. `onDeaf`: nghttp2 has ended it, or all of it has ended. */
export function openSession(socket: Socket, options: ServerSessionOptions, onDeaf: () => void): ServerHttp2Session {
  const session = performServerHandshake(socket, options);
  const hears = listenToEnd(session, onDeaf);
  const destroy = session.destroy;
  session.destroy = (error, code) => {
    const errno = numberOf(error);
    // A fatal error is told when nghttp2 has returned, and it must not be called again.
    if (errno <= FATAL) destroy.call(session, error, code ?? codeOf(error));
    else if (errno === 0 || !hears) setImmediate(() => destroy.call(session, error, code ?? codeOf(error)));
  };
  return session;
}

/** False where Node does not tell. */
function listenToEnd(session: ServerHttp2Session, onDeaf: () => void): boolean {
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'kHandle');
  const handle = key && (session as unknown as Record<symbol, Handle | undefined>)[key];
  if (handle?.setGracefulClose === undefined) return false;
  const usual = handle.ongracefulclosecomplete;
  handle.ongracefulclosecomplete = () => {
    usual?.();
    setImmediate(onDeaf);
  };
  handle.setGracefulClose();
  return true;
}

/** The number that nghttp2 has for it; 0: it is none of nghttp2's. */
function numberOf(error: NodeError | undefined): number {
  return error?.code?.startsWith('ERR_HTTP2_') === true ? (error.errno ?? 0) : 0;
}

function codeOf(error: NodeError | undefined): number | undefined {
  if (error?.code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') return constants.NGHTTP2_ENHANCE_YOUR_CALM;
  return error?.errno === undefined ? undefined : CODES.get(error.errno);
}

/** GOAWAY with `code`; what is open is reset. Soon. */
export function endSession(session: ServerHttp2Session, code: number): void {
  session.destroy(code as unknown as Error);
}

/** RST_STREAM with `code`, behind the data that were written so far. */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
  stream._final = (done) => done();
  stream.close(code);
}
