/**
 * Where Node's HTTP/2 is not as it should be, and what is relied on to set it right:
 *
 * - `destroy` of a session is what Node itself calls for an error of the client's, with an error that has nghttp2's number (`errno`),
 *   and then tells the client of an internal one; given a number for an error it tells that (RFC 9113 5.4.1, 7).
 * - `close` of a stream ends its data before it resets it, by the `_final` that every Writable has: what was cut would look whole.
 *
 * Without either a client is told less well why, and nothing else changes.
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
]);

interface NodeError extends Error {
  readonly code?: string;
  readonly errno?: number;
}

/** A session on `socket`, on which nobody reads. */
export function openSession(socket: Socket, options: ServerSessionOptions): ServerHttp2Session {
  const session = performServerHandshake(socket, options);
  const destroy = session.destroy;
  session.destroy = (error, code) => destroy.call(session, error, code ?? codeOf(error));
  return session;
}

function codeOf(error: NodeError | undefined): number | undefined {
  if (error?.code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') return constants.NGHTTP2_ENHANCE_YOUR_CALM;
  return error?.errno === undefined ? undefined : CODES.get(error.errno);
}

/** GOAWAY with `code`; what is open is reset. */
export function endSession(session: ServerHttp2Session, code: number): void {
  session.destroy(code as unknown as Error);
}

/** RST_STREAM with `code`, behind the data that were written so far. */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
  stream._final = (done) => done();
  stream.close(code);
}
