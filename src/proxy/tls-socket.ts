/**
 * A client's connection with TLS on it: one plain socket on a TLS handle on the handle that was accepted. It reads into the slab of
 * `accept.ts`, as clear connections do.
 *
 * What of Node this relies on: `net.Socket` on a handle with `onread`, whose callback is called on the socket, and its `_final` and
 * `_destroy`; the handle's `_parent`, by which the TLS handle finds the one below for addresses and options; its `close`, which the
 * socket calls. The handle below must keep the one above: nothing of Node's own does, and the process would not survive the loss.
 */

import net from 'node:net';
import type { ListenerTls, Presented } from '../tls/types.ts';
import { type Accepted, type Receive, slab } from './accept.ts';
import { ClientTls } from './client-tls.ts';
import type { Handshake } from './handshake.ts';
import type { Outlet } from './outlet.ts';

import { TlsOutlet } from './tls-outlet.ts';
import { type Carrying, type TlsHandle, type TlsWrap, tlsWrap } from './tls-wrap.ts';

/** What is hung on a TLS handle: what Node looks for, and what it calls. */
interface Hung {
  _parent: Carrying & { above?: TlsHandle; reading?: boolean };
  _secureContext: object;
  reading: boolean;
  socket?: TlsSocket;
  close(this: TlsHandle & Hung, done?: () => void): void;
  onhandshakestart(this: Hung): void;
  onhandshakedone(this: Hung): void;
  oncertcb(this: Hung): void;
  onerror(this: Hung, error: Error): void;
}

function received(this: TlsSocket, length: number): true {
  this.receive?.(slab, length);
  return true;
}

export class TlsSocket extends net.Socket {
  /** What Node's HTTP/2 asks a socket. */
  readonly encrypted = true;
  readonly tls: TlsHandle;
  readonly below: Carrying;
  /** Until it is over. */
  handshake: Handshake | undefined = undefined;
  receive: Receive | undefined = undefined;
  readonly facts: ClientTls;
  private outlet: TlsOutlet | undefined = undefined;
  private resetting = false;

  /** `handle` was just accepted; nothing is read of it yet. `presented`: to who asks for no name. */
  constructor(handle: object, presented: Presented) {
    const tls = wrapped(handle as Hung['_parent'], presented.context);
    // `callback` is called on the socket.
    const onread = { buffer: slab, callback: received as unknown as (length: number) => boolean };
    super({ handle: tls, onread, allowHalfOpen: true, pauseOnCreate: true } as net.SocketConstructorOpts);
    tls.socket = this;
    this.tls = tls;
    this.below = tls._parent;
    this.facts = new ClientTls(tls, presented);
    this.setNoDelay(true);
  }

  /** As Node's own TLS sockets have it. */
  get alpnProtocol(): string | false {
    return this.facts.alpn ?? false;
  }

  /** For who writes in HTTP/1.1 form. */
  outletFor(onDrain: () => void): Outlet {
    this.outlet = new TlsOutlet(this, onDrain);
    return this.outlet;
  }

  /** Without close_notify (RFC 8446 6.1): whatever the client has of a response without a length, it is not whole. */
  override resetAndDestroy(): this {
    this.resetting = true;
    return this.destroy();
  }

  /** close_notify and FIN stand behind what is held. */
  override _final(callback: (error?: Error | null) => void): void {
    if (this.outlet === undefined) super._final(callback);
    else this.outlet.whenIdle(() => super._final(callback));
  }

  /** What ends a handshake is told to it alone. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { handshake } = this;
    this.handshake = undefined;
    handshake?.onLost(error);
    super._destroy(handshake === undefined ? error : null, callback);
  }

  /** `done` tells who is on it that it is closed: they may still ask what it was. */
  closeBelow(done: (() => void) | undefined): void {
    const over = () => {
      done?.();
      this.facts.forget();
      this.tls.destroySSL();
    };
    const { below } = this;
    if (!this.resetting || below.reset === undefined || below.reset(over) !== 0) below.close(over);
  }
}

function wrapped(below: Hung['_parent'], context: { readonly context?: unknown }): TlsHandle & Hung {
  const above = (tlsWrap as TlsWrap).wrap(below, context.context as object, true, false) as TlsHandle & Hung;
  above._parent = below;
  above._secureContext = context;
  above.reading = false;
  below.reading = false;
  below.above = above;
  above.close = close;
  above.onhandshakestart = onHandshakeStart;
  above.onhandshakedone = onHandshakeDone;
  above.oncertcb = onCertificateAsked;
  above.onerror = onError;
  return above;
}

function close(this: Hung, done?: () => void): void {
  this.socket?.closeBelow(done);
}

/** After the first one a client asks for renegotiation (TLS 1.2), which costs us far more than it. */
function onHandshakeStart(this: Hung): void {
  const { socket } = this;
  if (socket !== undefined && socket.handshake?.begun() !== true) setImmediate(() => socket.destroy());
}

function onHandshakeDone(this: Hung): void {
  this.socket?.handshake?.onDone();
}

function onCertificateAsked(this: Hung): void {
  this.socket?.handshake?.onCertificateAsked();
}

function onError(this: Hung, error: Error): void {
  this.socket?.destroy(error);
}

/** A client on a TlsSocket. */
export class AcceptedTls implements Accepted {
  readonly socket: TlsSocket;
  readonly stream: net.Socket;
  readonly tls: ClientTls;
  /** Of its listener when it came. */
  readonly certificates: ListenerTls;
  /** What it shows to who asks for no name. */
  readonly usual: Presented;
  handshakeTime = 0;

  /** `handle` was just accepted. */
  constructor(handle: object, certificates: ListenerTls) {
    this.usual = certificates.usual;
    const socket = new TlsSocket(handle, this.usual);
    this.socket = socket;
    this.certificates = certificates;
    this.stream = socket;
    this.tls = socket.facts;
  }

  read(receive: Receive): void {
    this.socket.receive = receive;
    this.socket.resume();
  }

  outlet(onDrain: () => void): Outlet {
    return this.socket.outletFor(onDrain);
  }
}
