/**
 * A TLS connection to a server, for traffic and for checks: the name that it is asked for, the session that goes on, and whether
 * its certificate will do. All three go by the name: who was found good under one is not good under another (manual 5.2, `sni`,
 * `verifyhost`, `verify`).
 */

import { isUtf8 } from 'node:buffer';
import type { OnReadOpts } from 'node:net';
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from 'node:tls';
import type { ServerSslConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { CONNECTION_ERRORS, type ConnectionError } from '../core/connection-errors.ts';
import type { TlsCounters } from '../core/tls-counters.ts';
import type { TlsSessions } from './sessions.ts';

export interface Spoken {
  readonly ssl: Pick<ServerSslConfig, 'verify' | 'verifyhost' | 'reuse'>;
  readonly context: SecureContext;
  /** The name that the server is asked for, bytes, one character each; undefined asks for none. */
  readonly name: string | undefined;
  readonly alpn: readonly string[];
  /** Of this server. */
  readonly sessions: TlsSessions;
  readonly counters: TlsCounters;
}

/** Where to. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * What Node is told to ask for: it takes text and sends UTF-8. Undefined for bytes that are none, for what OpenSSL takes for too long,
 * and for a NUL, where it would cut. It may be a client that makes it up.
 */
function textOf(name: string): string | undefined {
  if (name.length > 255 || name.includes('\0')) return undefined;
  const bytes = Buffer.from(name, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

/** Those whose sessions may go on. Node tells of a session after `secureConnect`, when the certificate is not always to be had any more. */
const trusted = new WeakSet<TLSSocket>();

/** `secureConnect` says, each time, that a handshake is over: `secured` is asked then; an error before it says that there was none: `unsecured`. */
export function connectServer(
  spoken: Spoken,
  address: Address,
  more: { readonly allowHalfOpen?: boolean; readonly onread?: OnReadOpts },
): TLSSocket {
  const { ssl, context, name, alpn, sessions, counters } = spoken;
  const session = ssl.reuse ? sessions.get(name) : undefined;
  const options: ConnectionOptions = {
    ...address,
    ...more,
    secureContext: context,
    // By `certificateError`: Node would have the name of the address where there is none, and does not look at all of a certificate.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(session === undefined ? {} : { session }),
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  };
  const socket = connect({ ...options, autoSelectFamily: false } as ConnectionOptions);
  // By itself: among the options, Node warns of addresses, which HAProxy sends as they are.
  const text = name === undefined ? undefined : textOf(name);
  if (text !== undefined) (socket as unknown as Named).setServername(text);
  counters.total++;
  counters.current++;
  socket.on('close', () => {
    counters.current--;
  });
  if (ssl.reuse) {
    socket.on('session', (fresh) => {
      if (trusted.has(socket)) sessions.keep(name, fresh);
    });
  }
  return socket;
}

/** Ends it with a reset, which Node has not for TLS: the handle below is what the socket closes in the end. */
export function resetTls(socket: TLSSocket): void {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly _parent?: Below } | null };
  const below = handle?._parent;
  if (typeof below?.reset === 'function') below.close = resetBelow;
  socket.destroy();
}

/** Node's TCP handle. */
interface Below {
  close(done: () => void): void;
  /** 0, or an error number and nothing has happened. */
  reset?(done: () => void): number;
}

function resetBelow(this: Below, done: () => void): void {
  if (this.reset?.(done) !== 0) (Object.getPrototypeOf(this) as Below).close.call(this, done);
}

interface Named {
  setServername(name: string): void;
}

/**
 * The handshake of `socket` is over; answers what is wrong with whom it was with. Before TLSv1.3 there may be more than one: a server
 * that renegotiates may show another certificate. The connection counts once.
 */
export function secured(socket: TLSSocket, spoken: Spoken): ConnectionError {
  const error = certificateError(socket, spoken);
  const { servers } = spoken.counters;
  if (error !== CONNECTION_ERRORS.none) {
    trusted.delete(socket);
    servers.fail(error);
  } else if (!trusted.has(socket)) {
    trusted.add(socket);
    servers.done(socket.getProtocol() ?? '', socket.isSessionReused(), monotonic());
  }
  return error;
}

/** There was none: a session that the server does not like is not offered again. */
export function unsecured({ counters, sessions, name }: Spoken): ConnectionError {
  sessions.forget(name);
  counters.servers.fail(CONNECTION_ERRORS.handshake);
  return CONNECTION_ERRORS.handshake;
}

/** What is wrong with the certificate that the server has shown, as HAProxy numbers it. The session of an earlier connection had a good one. */
function certificateError(socket: TLSSocket, { ssl, name }: Pick<Spoken, 'ssl' | 'name'>): ConnectionError {
  if (ssl.verify === 'none' || socket.isSessionReused()) return CONNECTION_ERRORS.none;
  if (!socket.authorized) return CONNECTION_ERRORS.handshake;
  const wanted = name ?? ssl.verifyhost;
  if (wanted === undefined) return CONNECTION_ERRORS.none;
  // As HAProxy: its common name counts beside the others, too. For OpenSSL `.test` is any name that ends so.
  const text = wanted.startsWith('.') ? undefined : textOf(wanted);
  const certificate = text === undefined ? undefined : socket.getPeerX509Certificate();
  if (text !== undefined && certificate?.checkHost(text, { subject: 'always' }) !== undefined) return CONNECTION_ERRORS.none;
  return name === undefined ? CONNECTION_ERRORS.otherName : CONNECTION_ERRORS.otherSni;
}
