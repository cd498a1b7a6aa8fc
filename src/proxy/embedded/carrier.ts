/**
 * Node's `req` and `res`, and upgraded sockets, carried into the data plane by http-proxy: it asks a request of Node's HTTP
 * client, whose connections are sessions of ours.
 *
 * What http-proxy is known to lose is mended around it (carried.ts, upgraded.ts), and whatever it throws or says ends one request.
 */

import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import util from 'node:util';
import type httpProxy from 'http-proxy';
import { answerPage, cut } from './answer.ts';
import { type Body, Carried, type Next } from './carried.ts';
import { type CarriedHead, carriedHead } from './carried-head.ts';
import { Clients, type Door } from './clients.ts';
import { type HostRequest, type HostResponse, isOfNode } from './host.ts';
import { refuseUpgrade, Upgraded } from './upgraded.ts';

export interface WebOptions {
  /** The request's body, where somebody has read it from `req` already. */
  readonly body: Body | undefined;
  /** Asked to go on when no route takes the request. */
  readonly next: Next | undefined;
}

/**
 * It keeps `util._extend` from when it is loaded, which warns (DEP0060) when it is used, on Node 22 and later: what that does is
 * Object.assign's.
 */
const library: typeof httpProxy = (() => {
  const legacy = util as unknown as { _extend: unknown };
  const { _extend } = legacy;
  legacy._extend = Object.assign;
  try {
    return createRequire(import.meta.url)('http-proxy');
  } finally {
    legacy._extend = _extend;
  }
})();

/** Never connected to: the agent makes the connection. */
const TARGET = { protocol: 'http:', host: 'localhost', port: '80', path: '' } as const;

export class Carrier {
  private readonly proxy: httpProxy;
  private readonly clients: Clients;
  private readonly door: Door;

  constructor(door: Door) {
    this.door = door;
    this.clients = new Clients(door);
    // What it would make of the target is not used (carried.ts), and url.parse is spared.
    this.proxy = library.createProxyServer({ target: TARGET, toProxy: true });
    this.proxy.on('proxyRes', (response, carried) => (carried as unknown as Carried).onResponse(response));
    this.proxy.on('proxyReqWs', (outgoing, upgraded) => (upgraded as unknown as Upgraded).onRequest(outgoing));
    // Each request hears of its own; without anybody http-proxy would throw.
    this.proxy.on('error', (error) => door.onFault(error));
  }

  web(request: HostRequest, response: HostResponse, { body, next }: WebOptions): void {
    // Who has gone, or has been answered, is waited for no more.
    if (response.writableEnded || response.destroyed || response.stream?.destroyed === true) return;
    const head = carriedHead(request, false, body === undefined ? undefined : { length: lengthOf(body) });
    const refused = this.refusal(request, head, body);
    const agent = refused === 0 ? this.clients.agentOf(request) : undefined;
    if (refused !== 0) refuse(response, refused);
    if (head === undefined || agent === undefined) return;
    const carried = new Carried({ request, response, head, body, next, onFault: this.door.onFault, tell: this.door.tell });
    const options = { target: TARGET, agent, method: head.method, selfHandleResponse: true };
    try {
      this.proxy.web(carried as unknown as IncomingMessage, response, options, () => carried.onError());
    } catch (error) {
      refuse(response, this.judge(error));
    }
  }

  /** What Node's client would not write is no request: 400. Anything else is a fault of ours. */
  private judge(error: unknown): 400 | 500 {
    if (isOfNode(error)) return 400;
    this.door.onFault(error);
    return 500;
  }

  /** The status that it comes to without being carried; 0 for none. */
  private refusal(request: HostRequest, head: CarriedHead | undefined, body: Body | undefined): number {
    if (head === undefined) return 400;
    if (!this.door.open) return 503;
    if (isSpent(body)) {
      this.door.tell(`the body given for ${head.method} ${head.target} was read or ended before web()`);
      return 500;
    }
    if (head.bodiless || body !== undefined || !request.readableDidRead) return 0;
    this.door.tell(`the body of ${head.method} ${head.target} was read before web(): pass it as 'body'`);
    return 500;
  }

  ws(request: HostRequest, socket: Duplex, first: Buffer): void {
    // Node's server has let go of it: nobody else hears of its end.
    socket.on('error', () => {});
    if (socket.destroyed) return;
    const head = carriedHead(request, true, undefined);
    const valid = head?.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
    const agent = valid && this.door.open ? this.clients.agentOf(request) : undefined;
    if (head === undefined || agent === undefined) {
      refuseUpgrade(socket, valid ? 503 : 400);
      return;
    }
    const upgraded = new Upgraded(request, socket, head);
    try {
      this.proxy.ws(upgraded as unknown as IncomingMessage, socket, first, { target: TARGET, agent }, () => upgraded.onError());
    } catch (error) {
      refuseUpgrade(socket, this.judge(error));
    }
  }
}

/** A stream out of which nothing comes any more. */
function isSpent(body: Body | undefined): boolean {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array) && (body.readableEnded || body.destroyed);
}

function lengthOf(body: Body): number | undefined {
  return typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : undefined;
}

/** In the proxy's words, where nothing has been said yet. */
function refuse(response: HostResponse, status: number): void {
  if (response.headersSent) cut(response.req as HostRequest, response);
  else answerPage(response, status);
}
