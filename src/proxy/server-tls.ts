/** What is known of the TLS of one connection to a server. Node forgets it with the socket, logs want it afterwards. */

import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { CONNECTION_ERRORS, type ConnectionError } from '../core/connection-errors.ts';
import { type TlsFacts, type TlsFailure, tlsFailure } from '../rules/tls-facts.ts';
import { resetTls, type Spoken, secured, unsecured } from '../tls/servers-connect.ts';
import { verifyNumber } from './verify-error.ts';

export class ServerTls implements TlsFacts {
  protocol = '';
  cipher = '';
  alpn: string | undefined = undefined;
  resumed = false;
  error: ConnectionError = CONNECTION_ERRORS.none;
  failure: TlsFailure | undefined = undefined;
  verifyResult = 0;
  readonly verifyError = undefined;
  /** The first handshake is over. */
  over = false;
  private knownChain: readonly Buffer[] | undefined = undefined;
  readonly socket: TLSSocket;
  private readonly spoken: Spoken;

  constructor(socket: TLSSocket, spoken: Spoken) {
    this.socket = socket;
    this.spoken = spoken;
  }

  /** A handshake is over. False: the server's certificate will not do. */
  secured(): boolean {
    const { socket, spoken } = this;
    this.over = true;
    this.protocol = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher().name;
    this.alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined;
    this.resumed = socket.isSessionReused();
    // Node has its name here, whatever the types say.
    if (!socket.authorized) this.verifyResult = verifyNumber(String(socket.authorizationError));
    // `getPeerX509Certificate` takes a certificate away from OpenSSL's list each time: the chain is read before.
    this.knownChain = this.readChain();
    this.error = secured(socket, spoken);
    return this.error === CONNECTION_ERRORS.none;
  }

  /** The connection is lost: in the handshake, or behind it. */
  failed(error: NodeJS.ErrnoException): void {
    this.failure = tlsFailure(error);
    if (this.over) {
      if (this.failure !== undefined) this.error = CONNECTION_ERRORS.fatal;
      return;
    }
    this.over = true;
    if (error.syscall !== 'connect') this.error = unsecured(this.spoken);
  }

  /** Says so before it is closed (RFC 8446 6.1, close_notify), where there is somebody to hear it. */
  end(): void {
    const { socket, over, error } = this;
    if (over && error === CONNECTION_ERRORS.none && !socket.destroyed) socket.end();
  }

  resetAndDestroy(): void {
    resetTls(this.socket);
  }

  get sni(): string | undefined {
    return this.spoken.name;
  }
  get peerChain(): readonly Buffer[] {
    this.knownChain ??= this.readChain();
    return this.knownChain;
  }
  get ownCertificate(): Buffer | undefined {
    return this.socket.destroyed ? undefined : this.socket.getX509Certificate()?.raw;
  }
  get session(): Buffer | undefined {
    return this.socket.destroyed ? undefined : this.socket.getSession();
  }
  get finished(): Buffer | undefined {
    if (this.socket.destroyed) return undefined;
    return this.resumed ? this.socket.getFinished() : this.socket.getPeerFinished();
  }

  private readChain(): readonly Buffer[] {
    if (this.socket.destroyed) return [];
    const chain: Buffer[] = [];
    let last: DetailedPeerCertificate | undefined;
    let next: DetailedPeerCertificate | undefined = this.socket.getPeerCertificate(true);
    while (next?.raw !== undefined && next !== last) {
      chain.push(next.raw);
      last = next;
      next = next.issuerCertificate;
    }
    return chain;
  }
}
