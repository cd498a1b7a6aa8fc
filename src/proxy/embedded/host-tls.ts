/** What rules see of TLS that the host's own server speaks: `ssl_fc` is true for its requests, too. */

import type { TLSSocket } from 'node:tls';
import { CONNECTION_ERRORS } from '../../core/connection-errors.ts';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import { firstError, verifyNumber } from '../verify-error.ts';
import type { HostSocket } from './host.ts';

/** Undefined where nothing is encrypted. */
export function tlsFactsOf(socket: HostSocket): TlsFacts | undefined {
  const { encrypted } = socket as Partial<TLSSocket>;
  return encrypted === true ? new HostTls(socket as TLSSocket) : undefined;
}

/** What Node forgets with the socket is read at once; what is a copy each time, when it is asked for. */
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
  private readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    const { servername } = socket as { readonly servername?: string | false | null };
    this.socket = socket;
    this.protocol = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher()?.name ?? '';
    this.sni = typeof servername === 'string' ? servername : undefined;
    this.alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined;
    this.resumed = socket.isSessionReused();
    const trusted = socket.authorized || socket.getPeerX509Certificate() === undefined;
    // Node has OpenSSL's name for it, whatever its types say.
    this.verifyResult = trusted ? 0 : verifyNumber(String(socket.authorizationError));
    this.verifyError = trusted ? undefined : firstError(this.verifyResult, this.peerChain);
  }

  get peerChain(): readonly Buffer[] {
    const certificate = this.socket.destroyed ? undefined : this.socket.getPeerX509Certificate();
    return certificate === undefined ? [] : [certificate.raw];
  }

  get ownCertificate(): Buffer | undefined {
    return this.socket.destroyed ? undefined : this.socket.getX509Certificate()?.raw;
  }

  get session(): Buffer | undefined {
    return this.socket.destroyed ? undefined : this.socket.getSession();
  }

  get finished(): Buffer | undefined {
    return this.socket.destroyed ? undefined : this.socket.getPeerFinished();
  }
}
