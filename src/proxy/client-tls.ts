/** What is known of the TLS of one client's connection: asked of OpenSSL when somebody asks, and while it has it. */

import { CONNECTION_ERRORS, type ConnectionError } from '../core/connection-errors.ts';
import type { TlsFacts, TlsFailure } from '../rules/tls-facts.ts';
import type { Presented } from '../tls/types.ts';
import type { PeerCertificate, TlsHandle } from './tls-wrap.ts';
import { type VerifyError, verifyErrors, verifyNumber } from './verify-error.ts';

export class ClientTls implements TlsFacts {
  error: ConnectionError = CONNECTION_ERRORS.none;
  failure: TlsFailure | undefined = undefined;
  /** How the client was met; undefined where nothing could be presented to it. */
  presented: Presented | undefined;
  /** Undefined when OpenSSL has let go of it. */
  private handle: TlsHandle | undefined;
  private knownProtocol: string | undefined = undefined;
  private knownCipher: string | undefined = undefined;
  private knownSni: string | false | undefined = undefined;
  private knownAlpn: string | false | undefined = undefined;
  private knownResumed: boolean | undefined = undefined;
  private knownResult: number | undefined = undefined;
  private knownErrors: readonly VerifyError[] | undefined = undefined;
  private knownChain: readonly Buffer[] | undefined = undefined;

  constructor(handle: TlsHandle, presented: Presented) {
    this.handle = handle;
    this.presented = presented;
  }

  get protocol(): string {
    this.knownProtocol ??= this.handle?.getProtocol();
    return this.knownProtocol ?? '';
  }
  get cipher(): string {
    // As OpenSSL says it of a handshake that has not come so far.
    if (this.handle !== undefined) this.knownCipher ??= this.handle.getCipher()?.name ?? '(NONE)';
    return this.knownCipher ?? '';
  }
  get sni(): string | undefined {
    this.knownSni ??= this.handle?.getServername();
    return this.knownSni === false ? undefined : this.knownSni;
  }
  get alpn(): string | undefined {
    this.knownAlpn ??= this.handle?.getALPNNegotiatedProtocol();
    return this.knownAlpn === false ? undefined : this.knownAlpn;
  }
  get resumed(): boolean {
    this.knownResumed ??= this.handle?.isSessionReused();
    return this.knownResumed ?? false;
  }

  get verifyResult(): number {
    this.knownResult ??= this.readResult();
    return this.knownResult;
  }
  get verifyError(): TlsFacts['verifyError'] {
    return this.resumed ? undefined : this.verifyErrors[0];
  }
  get verifyErrors(): readonly VerifyError[] {
    this.knownErrors ??= this.readErrors();
    return this.knownErrors;
  }
  get peerChain(): readonly Buffer[] {
    this.knownChain ??= this.readChain();
    return this.knownChain;
  }
  get ownCertificate(): Buffer | undefined {
    return this.presented === undefined ? undefined : (this.handle?.getCertificate()?.raw ?? this.presented.certificate);
  }
  get session(): Buffer | undefined {
    return this.handle?.getSession();
  }
  get finished(): Buffer | undefined {
    return this.resumed ? this.handle?.getFinished() : this.handle?.getPeerFinished();
  }

  /** Somebody will ask when the connection is gone: an HTTP/2 stream ends after it. */
  keep(): void {
    for (const name of ['protocol', 'cipher', 'sni', 'alpn', 'resumed', 'verifyResult', 'peerChain'] as const) this[name];
  }

  /** OpenSSL lets go of it. */
  forget(): void {
    this.handle = undefined;
  }

  /** Without a certificate Node has an error of its own; before there is a cipher, asking for it would end the process. */
  private readResult(): number {
    const { handle } = this;
    if (handle === undefined || this.presented?.verify === 'none') return 0;
    const error = this.peerChain.length === 0 ? undefined : handle.verifyError();
    return error ? verifyNumber(error.code) : 0;
  }

  private readErrors(): readonly VerifyError[] {
    const { verifyResult } = this;
    return verifyResult === 0 ? [] : verifyErrors(verifyResult, this.peerChain, this.presented?.trust);
  }

  /** Node puts the authority behind those that were sent, where it is known. */
  private readChain(): readonly Buffer[] {
    const { handle } = this;
    if (handle === undefined || this.presented?.verify === 'none') return [];
    const chain: PeerCertificate[] = [];
    let next = handle.getPeerCertificate(true);
    while (next?.raw !== undefined && next !== chain.at(-1)) {
      chain.push(next);
      next = next.issuerCertificate;
    }
    return chain.map(({ raw }) => raw);
  }
}
