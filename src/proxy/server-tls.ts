/** What is known of the TLS of one connection to a server. Node forgets it with the socket, logs want it afterwards. */

import type { TLSSocket } from 'node:tls';
import { monotonic } from '../core/clock.ts';
import { CONNECTION_ERRORS, type ConnectionError } from '../core/connection-errors.ts';
import type { TlsCounters } from '../core/tls-counters.ts';
import { type TlsFacts, type TlsFailure, tlsFailure } from '../rules/tls-facts.ts';
import { certificateError, resetTls, type Spoken } from '../tls/servers-connect.ts';

export class ServerTls implements TlsFacts {
  protocol = '';
  cipher = '';
  alpn: string | undefined = undefined;
  resumed = false;
  error: ConnectionError = CONNECTION_ERRORS.none;
  failure: TlsFailure | undefined = undefined;
  readonly verifyResult = 0;
  readonly verifyError = undefined;
  /** The handshake is over. */
  private over = false;
  readonly socket: TLSSocket;
  private readonly spoken: Spoken;
  private readonly counters: TlsCounters;

  constructor(socket: TLSSocket, spoken: Spoken, counters: TlsCounters) {
    this.socket = socket;
    this.spoken = spoken;
    this.counters = counters;
    counters.total++;
    counters.current++;
    socket.on('close', () => {
      counters.current--;
    });
  }

  /** The handshake is over. False: the server's certificate will not do. */
  secured(): boolean {
    const { socket, spoken, counters } = this;
    this.over = true;
    this.protocol = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher().name;
    this.alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined;
    this.resumed = socket.isSessionReused();
    this.error = certificateError(socket, spoken);
    if (this.error !== CONNECTION_ERRORS.none) {
      counters.servers.fail(this.error);
      return false;
    }
    counters.servers.done(this.protocol, this.resumed, monotonic());
    return true;
  }

  /** The connection is lost: in the handshake, or behind it. */
  failed(error: NodeJS.ErrnoException): void {
    this.failure = tlsFailure(error);
    if (this.over) {
      if (this.failure !== undefined) this.error = CONNECTION_ERRORS.fatal;
      return;
    }
    this.over = true;
    // A session that the server does not like is not offered again.
    this.spoken.sessions.forget(this.spoken.name);
    if (error.syscall === 'connect') return;
    this.error = CONNECTION_ERRORS.handshake;
    this.counters.servers.fail(this.error);
  }

  resetAndDestroy(): void {
    resetTls(this.socket);
  }

  get sni(): string | undefined {
    return this.spoken.name;
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
