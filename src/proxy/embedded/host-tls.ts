/** What rules see of TLS that the host's own server speaks: `ssl_fc` is true for its requests, too. */

import type { TLSSocket } from 'node:tls';
import { CONNECTION_ERRORS } from '../../core/connection-errors.ts';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import { verifyErrors, verifyNumber } from '../verify-error.ts';
import type { HostSocket } from './host.ts';

/** Undefined where nothing is encrypted. */
export function tlsFactsOf(socket: HostSocket): TlsFacts | undefined {
  const { encrypted } = socket as Partial<TLSSocket>;
  return encrypted === true ? new HostTls(socket as TLSSocket) : undefined;
}

/**
 * Of one connection, read at once: Node forgets it with the socket, before a request of it is logged, and the socket that a request of
 * HTTP/2 shows is gone with its stream. The buffers are the same each time, as x509.ts wants them.
 */
class HostTls implements TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  readonly sni: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  readonly verifyResult: number;
  readonly verifyError: TlsFacts['verifyError'];
  /** The host's server has measured it, if anybody. */
  readonly handshakeTime: number = 0;
  readonly error: TlsFacts['error'] = CONNECTION_ERRORS.none;
  readonly failure: undefined = undefined;
  readonly peerChain: readonly Buffer[];
  readonly ownCertificate: Buffer | undefined;
  readonly session: Buffer | undefined;
  readonly finished: Buffer | undefined;

  constructor(socket: TLSSocket) {
    const { servername } = socket as { readonly servername?: string | false | null };
    this.protocol = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher()?.name ?? '';
    this.sni = typeof servername === 'string' ? servername : undefined;
    this.alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined;
    this.resumed = socket.isSessionReused();
    const certificate = socket.getPeerX509Certificate();
    this.peerChain = certificate === undefined ? [] : [certificate.raw];
    this.ownCertificate = socket.getX509Certificate()?.raw;
    this.session = socket.getSession();
    this.finished = this.resumed ? socket.getFinished() : socket.getPeerFinished();
    const trusted = socket.authorized || certificate === undefined;
    // Node has OpenSSL's name for it, whatever its types say.
    this.verifyResult = trusted ? 0 : verifyNumber(String(socket.authorizationError));
    this.verifyError = trusted ? undefined : verifyErrors(this.verifyResult, this.peerChain, undefined)[0];
  }
}
