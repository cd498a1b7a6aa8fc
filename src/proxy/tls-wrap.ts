/**
 * Node's own binding for TLS over an accepted handle, as `node:tls` uses it. `tls.Server` makes two sockets, a dozen listeners
 * and a few closures for each connection; a TLS handle with one plain `net.Socket` on it costs a tenth of a handshake less.
 *
 * What of Node this relies on, the same from 20 to 26: `process.binding('tls_wrap').wrap(handle, context, server, writing)`; the
 * methods below, and `oncertcb` and its kin, which the handle calls; `node:tls` having put those of TCP handles on it. Where it is
 * not as expected there is none, and a `bind ... ssl` says so when it is to listen.
 */

import 'node:tls';
import { type StreamWrap, streamWrap } from './stream-wrap.ts';

/** The TCP or unix handle below. */
export interface Carrying {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  writeBuffer(request: object, bytes: Uint8Array): number;
  close(done: () => void): void;
  /** TCP alone: closes with RST. 0, or an error number and nothing has happened. */
  reset?(done: () => void): number;
}

/** Of a connection: while it lives. */
export interface TlsHandle {
  /** Writes: 0 or a negative error number. One at a time: another before `oncomplete` ends the process. */
  writeLatin1String(request: object, text: string): number;
  writeBuffer(request: object, bytes: Uint8Array): number;
  /** Each piece followed by its encoding. */
  writev(request: object, pieces: readonly (string | Uint8Array)[], buffersAlone: false): number;
  setVerifyMode(ask: boolean, insist: boolean): void;
  /** As TLS writes them. */
  setALPNProtocols(protocols: Uint8Array): void;
  /** `ALPNCallback` is asked what to agree on, of what the client offers, as TLS writes it: the place of that in it, or undefined for an alert. */
  enableALPNCb(): void;
  ALPNCallback?: (this: TlsHandle, offered: Uint8Array) => number | undefined;
  /** `oncertcb` is asked for what to present, and `certCbDone` goes on. */
  enableCertCb(): void;
  certCbDone(): void;
  /** One more certificate, of another kind of key. */
  setKeyCert(context: object): void;
  /** Whose certificate is presented instead: set before `certCbDone`. */
  sni_context?: unknown;
  verifyError(): (Error & { readonly code: string }) | null | undefined;
  getProtocol(): string;
  getCipher(): { readonly name: string } | undefined;
  getServername(): string | false;
  getALPNNegotiatedProtocol(): string | false;
  isSessionReused(): boolean;
  getPeerCertificate(detailed: true): PeerCertificate | undefined;
  getCertificate(): { readonly raw: Buffer } | undefined;
  getSession(): Buffer | undefined;
  getFinished(): Buffer | undefined;
  getPeerFinished(): Buffer | undefined;
  /** OpenSSL's memory is given back; no other method may be called from here on. */
  destroySSL(): void;
}

/** With who issued it, as far as that is known; an authority's own issuer is itself. */
export interface PeerCertificate {
  readonly raw: Buffer;
  readonly issuerCertificate?: PeerCertificate;
}

/** What `wrap` wants of a SecureContext. */
type NativeContext = object;

export interface TlsWrap extends StreamWrap {
  wrap(handle: object, context: NativeContext, server: true, writing: false): TlsHandle;
}

const METHODS: readonly string[] = [
  ...['writeLatin1String', 'writeBuffer', 'writev', 'shutdown', 'readStart', 'readStop', 'useUserBuffer', 'destroySSL'],
  ...['setVerifyMode', 'setALPNProtocols', 'enableALPNCb', 'enableCertCb', 'certCbDone', 'setKeyCert', 'verifyError'],
  ...['getProtocol', 'getCipher', 'getServername', 'getALPNNegotiatedProtocol', 'isSessionReused'],
  ...[
    'getPeerCertificate',
    'getCertificate',
    'getSession',
    'getFinished',
    'getPeerFinished',
    'getpeername',
    'getsockname',
    'setNoDelay',
    'setKeepAlive',
  ],
] satisfies readonly string[];

export const tlsWrap: TlsWrap | undefined = find();

function find(): TlsWrap | undefined {
  try {
    const { binding } = process as unknown as {
      binding(name: string): { wrap?: TlsWrap['wrap']; TLSWrap?: { readonly prototype: object } };
    };
    const { wrap, TLSWrap } = binding('tls_wrap');
    if (streamWrap === undefined || typeof wrap !== 'function' || TLSWrap === undefined) return undefined;
    const methods = TLSWrap.prototype as Readonly<Record<string, unknown>>;
    return METHODS.every((name) => typeof methods[name] === 'function') ? { ...streamWrap, wrap } : undefined;
  } catch {
    return undefined;
  }
}
