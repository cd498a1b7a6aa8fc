/**
 * One client's TLS handshake: what is presented to it, what is asked of it, how long it may take. Ends once, by `shaken` or `failed`
 * of its owner.
 *
 * Where more than one certificate can be presented OpenSSL asks for one when it has read the client's first message. It asks neither
 * when a session goes on, nor whether a client's certificate will do: Node lets every one pass, and it is looked at behind the
 * handshake, before anything of HTTP is. So with TLSv1.3 its end is no alert (HAProxy sends one), but that of the connection.
 */

import { CONNECTION_ERRORS, type ConnectionError } from '../core/connection-errors.ts';
import { Timed, type Wheel } from '../core/wheel.ts';
import { tlsFailure } from '../rules/tls-facts.ts';
import type { ListenerTls, Presented } from '../tls/types.ts';
import type { Neighbours } from './sessions.ts';
import type { AcceptedTls, TlsSocket } from './tls-socket.ts';
import { type TlsWrap, tlsWrap } from './tls-wrap.ts';
import { alertOf } from './verify-error.ts';

/** Told how it ends; `handshake` is of no use any more then. */
export interface HandshakeOwner {
  shaken(handshake: Handshake): void;
  failed(handshake: Handshake): void;
}

const UNRECOGNIZED_NAME = 112;

export class Handshake extends Timed {
  readonly accepted: AcceptedTls;
  /** Monotonic and wall-clock ms of the connection. */
  readonly acceptedAt: number;
  readonly acceptedWall: number;
  readonly neighbours: Neighbours<Handshake> = { previous: undefined, next: undefined, listed: false };
  private readonly tls: ListenerTls;
  /** What OpenSSL was given first: to who asks for no name. */
  private readonly usual: Presented;
  private readonly owner: HandshakeOwner;
  private readonly wheel: Wheel;
  private started = false;
  private over = false;

  constructor(accepted: AcceptedTls, owner: HandshakeOwner, wheel: Wheel, now: number, acceptedWall: number) {
    super();
    this.accepted = accepted;
    this.tls = accepted.certificates;
    this.usual = accepted.usual;
    this.owner = owner;
    this.wheel = wheel;
    this.acceptedAt = now;
    this.acceptedWall = acceptedWall;
  }

  /** `patience`: ms for all of it; undefined is for ever. */
  begin(patience: number | undefined): void {
    const { accepted, tls, usual } = this;
    const { socket } = accepted;
    socket.handshake = this;
    if (patience !== undefined) this.wheel.arm(this, patience, this.acceptedAt);
    if (usual.verify !== 'none') ask(socket, usual);
    if (tls.alpnByName) {
      // With TLSv1.3 it is agreed upon before a certificate is asked for.
      socket.tls.ALPNCallback = (offered) => this.onProtocols(offered);
      socket.tls.enableALPNCb();
    } else if (usual.alpn.length > 0) socket.tls.setALPNProtocols(wireForm(usual.alpn));
    // OpenSSL takes note of the client's name then, for sessions of TLSv1.2 that go on.
    socket.tls.sni_context = usual.context.context;
    if (!tls.only) socket.tls.enableCertCb();
    socket.on('end', onEnd);
    // After a reset nobody could tell it for the log; asked now, the socket remembers it.
    void socket.remoteAddress;
    socket.read(0);
  }

  /** Ends it: its owner is told. */
  destroy(): void {
    this.accepted.socket.destroy();
  }

  // --- what OpenSSL says

  /** False: it is not the first of its connection. */
  begun(): boolean {
    const first = !this.started;
    this.started = true;
    return first;
  }

  onCertificateAsked(): void {
    const { socket } = this.accepted;
    const name = socket.tls.getServername();
    try {
      const chosen = this.tls.choose(name === false ? undefined : name.toLowerCase());
      if (chosen instanceof Promise) this.await(chosen);
      else this.present(chosen);
    } catch (error) {
      this.fail(CONNECTION_ERRORS.handshake, error);
    }
  }

  /** What is offered is answered with one of it or an alert: who has no list for a name has that of HTTP/1.1. */
  private onProtocols(offered: Uint8Array): number | undefined {
    const name = this.accepted.socket.tls.getServername();
    try {
      const chosen = this.tls.choose(name === false ? undefined : name.toLowerCase());
      const { alpn } = chosen === undefined || chosen instanceof Promise ? this.usual : chosen;
      const places = placesOf(offered);
      return (alpn.length > 0 ? alpn : HTTP1).map((protocol) => places.get(protocol)).find((place) => place !== undefined);
    } catch {
      // The certificate is asked for next, and the reason is told there.
      return undefined;
    }
  }

  /** Nothing is read meanwhile. */
  private await(chosen: Promise<Presented | undefined>): void {
    const { socket } = this.accepted;
    socket.pause();
    const goOn = (presented: Presented | undefined) => {
      if (this.over) return;
      this.present(presented);
      if (!this.over) socket.read(0);
    };
    chosen.then(goOn).catch((error: unknown) => this.fail(CONNECTION_ERRORS.handshake, error));
  }

  private present(presented: Presented | undefined): void {
    const { accepted, usual } = this;
    const { socket } = accepted;
    accepted.tls.presented = presented;
    if (presented === undefined) {
      sendAlert(socket, UNRECOGNIZED_NAME);
      this.fail(CONNECTION_ERRORS.handshake, undefined);
      return;
    }
    if (presented !== usual) {
      if (presented.second !== undefined) socket.tls.setKeyCert((presented.second as { readonly context: object }).context);
      if (presented.context !== usual.context) socket.tls.sni_context = presented.context.context;
      if (presented.verify !== usual.verify) ask(socket, presented);
    }
    socket.tls.certCbDone();
  }

  onDone(): void {
    if (this.over) return;
    const error = this.untrusted();
    if (error !== CONNECTION_ERRORS.none) {
      const { socket, tls } = this.accepted;
      // Before TLSv1.3 a server's last word has not been said here, and it is said without keys.
      if (tls.protocol !== 'TLSv1.3') sendAlert(socket, alertOf(tls.verifyResult));
      this.fail(error, undefined);
    } else {
      this.end();
      this.owner.shaken(this);
    }
  }

  /** The socket closes: by an error, or without one by somebody here. */
  onLost(error: Error | null): void {
    const { tls } = this.accepted;
    if (tls.error === CONNECTION_ERRORS.none) tls.error = CONNECTION_ERRORS.handshake;
    if (error !== null) tls.failure ??= tlsFailure(error);
    if (this.over) return;
    this.end();
    this.owner.failed(this);
  }

  override onTimeout(): void {
    this.fail(CONNECTION_ERRORS.handshakeTimeout, undefined);
  }

  fail(error: ConnectionError, reason: unknown): void {
    if (this.over) return;
    this.accepted.tls.error = error;
    this.accepted.socket.destroy(reason instanceof Error ? reason : undefined);
  }

  private end(): void {
    this.over = true;
    this.wheel.disarm(this);
    this.accepted.socket.handshake = undefined;
    this.accepted.socket.removeListener('end', onEnd);
  }

  /** What is wrong with the client's certificate. A session that goes on had the checks of the name that it was made for. */
  private untrusted(): ConnectionError {
    const { accepted, tls } = this;
    const presented = tls.only ? this.usual : this.presentedFor(accepted.tls.sni);
    accepted.tls.presented = presented;
    if (presented.verify === 'none') return CONNECTION_ERRORS.none;
    if (accepted.tls.verifyResult === 0) return CONNECTION_ERRORS.none;
    const wrong = accepted.tls.verifyErrors.find(({ number, depth }) => !presented.forgives(number, depth > 0));
    if (wrong === undefined) return CONNECTION_ERRORS.none;
    return wrong.depth > 0 ? CONNECTION_ERRORS.untrustedAuthority : CONNECTION_ERRORS.untrustedCertificate;
  }

  private presentedFor(name: string | undefined): Presented {
    const { presented } = this.accepted.tls;
    if (!this.accepted.tls.resumed) return presented ?? this.usual;
    const chosen = this.tls.choose(name?.toLowerCase());
    return chosen === undefined || chosen instanceof Promise ? this.usual : chosen;
  }
}

/** A fatal alert while there are no keys (RFC 8446 5.1, 6.2). */
function sendAlert({ below }: TlsSocket, description: number): void {
  below.writeBuffer(new (tlsWrap as TlsWrap).WriteWrap(), Buffer.from([21, 3, 3, 0, 2, 2, description]));
}

function onEnd(this: TlsSocket): void {
  this.handshake?.fail(CONNECTION_ERRORS.closedInHandshake, undefined);
}

function ask(socket: TlsSocket, { verify }: Presented): void {
  socket.tls.setVerifyMode(verify !== 'none', verify === 'required');
}

const HTTP1: readonly string[] = ['http/1.1'];

/** Where each begins. */
function placesOf(offered: Uint8Array): ReadonlyMap<string, number> {
  const bytes = Buffer.from(offered);
  const places = new Map<string, number>();
  for (let at = 0; at < bytes.length; at += 1 + (bytes[at] ?? 0)) {
    places.set(bytes.toString('latin1', at + 1, at + 1 + (bytes[at] ?? 0)), at);
  }
  return places;
}

const wireForms: WeakMap<readonly string[], Uint8Array> = new WeakMap();

/** As TLS writes them (RFC 7301 3.1). */
function wireForm(protocols: readonly string[]): Uint8Array {
  const known = wireForms.get(protocols);
  if (known !== undefined) return known;
  const made = Buffer.concat(protocols.flatMap((name) => [Buffer.from([name.length]), Buffer.from(name, 'latin1')]));
  wireForms.set(protocols, made);
  return made;
}
