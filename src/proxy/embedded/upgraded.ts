/** A client that asks for another protocol, on its way: what http-proxy takes for its request, and what becomes of its socket. */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorReply } from '../../http/replies.ts';
import type { CarriedHead } from './carried-head.ts';
import { boundElsewhere, type HostRequest } from './host.ts';

/** What a client may say before the server has agreed, bytes; then it is not read until that has. */
const EARLY_LIMIT = 16 * 1024;

export class Upgraded {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly upgrade: string };
  readonly socket: HostRequest['socket'];
  private readonly client: Duplex;
  private readonly target: string;
  private outgoing: ClientRequest | undefined = undefined;
  /** What the client has said already, and how much of it, bytes. */
  private readonly early: Buffer[] = [];
  private earlyBytes = 0;

  constructor(request: HostRequest, client: Duplex, { method, target, fields }: CarriedHead) {
    this.method = method;
    this.url = target;
    this.target = target;
    // http-proxy looks for it by its name in small letters.
    this.headers = { ...fields, upgrade: 'websocket' };
    this.socket = request.socket;
    this.client = client;
    client.once('close', () => this.outgoing?.destroy());
    // Its end is heard by who reads it alone, and it may leave while it waits for a server.
    client.on('data', this.onEarly);
    client.on('end', this.onLeft);
  }

  private readonly onEarly = (bytes: Buffer): void => {
    this.early.push(bytes);
    this.earlyBytes += bytes.length;
    if (this.earlyBytes >= EARLY_LIMIT) this.client.pause();
  };

  private readonly onLeft = (): void => {
    this.outgoing?.destroy();
    this.client.destroy();
  };

  /** http-proxy has made it, and nothing of it is sent yet. */
  onRequest(outgoing: ClientRequest): void {
    this.outgoing = outgoing;
    outgoing.path = this.target;
    boundElsewhere(outgoing);
    outgoing.on('response', (response: IncomingMessage) => this.onRefused(response));
    outgoing.on('upgrade', (_response: IncomingMessage, server: Duplex) => this.onOpen(server));
  }

  /** The balancer has ended it. */
  onError(): void {
    this.client.destroy();
  }

  /**
   * The server does not want to: http-proxy writes the head by hand and the body behind it, and neither frames the one as the other
   * says nor ends a body that was cut.
   */
  private onRefused(response: IncomingMessage): void {
    delete response.headers['transfer-encoding'];
    delete response.headers['keep-alive'];
    response.headers.connection = 'close';
    response.once('aborted', () => this.client.destroy());
    response.on('error', () => this.client.destroy());
  }

  /** Its ends go both ways by http-proxy; what is broken off does so here. */
  private onOpen(server: Duplex): void {
    const { client } = this;
    client.off('data', this.onEarly);
    client.off('end', this.onLeft);
    // http-proxy reads it from here on.
    client.pause();
    if (this.early.length > 0) client.unshift(Buffer.concat(this.early));
    client.once('close', () => server.destroy());
    server.once('close', () => {
      if (!client.writableEnded) client.destroy();
    });
  }
}

/** Answers on the socket, which nobody else does any more. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  const { reason, fieldLines, body } = errorReply(status);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${fieldLines}connection: close\r\n\r\n${body}`);
}
