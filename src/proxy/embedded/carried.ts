/**
 * A request of the host's server on its way: what http-proxy takes for the request that it carries, and what becomes of it.
 *
 * http-proxy asks a request for `method`, `url`, `headers`, `socket`, `on` and `pipe`. It gets them from here and not from Node's
 * object, because it would carry HTTP/2's pseudo-fields, drop the body of a DELETE whose length is not said, and hear of a client that
 * leaves only while that is still sending.
 *
 *     Sent ──response──▶ Answered ──its end──▶ Over        Sent ──no route, fallthrough──▶ Over: `next`
 *       └──client gone, host's fault, balancer hangs up──▶ Over: both sides are cut
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { answerBadGateway, answerEnd, answerHead, answerInterim, cut, type Interim } from './answer.ts';
import type { CarriedHead } from './carried-head.ts';
import { boundElsewhere, type HostRequest, type HostResponse, isOfNode, StreamError } from './host.ts';
import { InnerConnection } from './inner-connection.ts';

/** A body that was read before. */
export type Body = Readable | Uint8Array | string;
export type Next = (error?: unknown) => void;

export interface Carriage {
  readonly request: HostRequest;
  readonly response: HostResponse;
  readonly head: CarriedHead;
  /** Instead of what the request itself would say. */
  readonly body: Body | undefined;
  /** Whoever takes what no route takes. */
  readonly next: Next | undefined;
  /** A fault of ours. */
  readonly onFault: (error: unknown) => void;
  /** Something for the log that is no fault of ours. */
  readonly tell: (line: string) => void;
}

type State = 'sent' | 'answered' | 'over';

export class Carried {
  /** Empty: the real one is given to http-proxy aside, which would change DELETE's and OPTIONS' framing. */
  readonly method = '';
  readonly url: string;
  readonly headers: CarriedHead['fields'];
  readonly socket: HostRequest['socket'];
  private readonly carriage: Carriage;
  private outgoing: ClientRequest | undefined = undefined;
  private state: State = 'sent';

  constructor(carriage: Carriage) {
    const { request, response, head } = carriage;
    this.carriage = carriage;
    this.url = head.target;
    this.headers = head.fields;
    this.socket = request.socket;
    // A stream that breaks must not break its host.
    response.on('error', () => this.clientGone());
    response.once('close', () => this.clientGone());
    request.on('error', () => this.clientGone());
  }

  /** http-proxy's listeners for the client's end: that is heard above. */
  on(): this {
    return this;
  }

  /** http-proxy's way to send the body: it has just made the request, and nothing of that is written yet. */
  pipe(outgoing: ClientRequest): void {
    const { head, body, next } = this.carriage;
    this.outgoing = outgoing;
    // http-proxy has joined its slashes and may have quoted some of it.
    outgoing.path = head.target;
    // Node's client would name the target.
    if (head.hostless) outgoing.setHeader('Host', '');
    boundElsewhere(outgoing);
    outgoing.on('information', (interim: Interim) => this.onInterim(interim));
    // Node's client may end without a word of why.
    outgoing.once('close', () => this.state === 'sent' && this.fail());
    if (next !== undefined) outgoing.once('socket', forgetRoute);
    if (head.bodiless) outgoing.end();
    else if (next === undefined || body !== undefined) {
      this.sendBody(outgoing);
      // Rules and servers need not wait for a body that comes later; one that is here goes with its head.
      setImmediate(() => this.guard(() => this.state === 'sent' && !outgoing.headersSent && outgoing.flushHeaders()));
    } else {
      // Whoever is next finds the body untouched: a route is looked for when the head is there, within this turn.
      outgoing.flushHeaders();
      outgoing.once('socket', () => setImmediate(() => this.guard(() => this.state === 'sent' && this.sendBody(outgoing))));
    }
  }

  private sendBody(outgoing: ClientRequest): void {
    const { request, body } = this.carriage;
    if (typeof body === 'string' || body instanceof Uint8Array) {
      // With a text Node's client would write the head in UTF-8, too.
      outgoing.end(Buffer.from(body));
      return;
    }
    const source = body ?? request;
    if (body !== undefined) body.on('error', (error) => this.bodyFailed(error));
    source.once('end', () => {
      const { rawTrailers } = request;
      if (body === undefined && rawTrailers.length > 0 && !outgoing.writableEnded) outgoing.addTrailers(pairs(rawTrailers));
    });
    source.pipe(outgoing);
  }

  private bodyFailed(error: Error): void {
    const { head, tell } = this.carriage;
    if (this.state !== 'over') tell(`the body given for ${head.method} ${head.target} has failed: ${error.message}`);
    this.fail();
  }

  /** What cannot be said before is left out: the response itself is still to come. */
  private onInterim(interim: Interim): void {
    if (this.state !== 'sent') return;
    try {
      answerInterim(this.carriage.response, interim);
    } catch (error) {
      if (!isOfNode(error)) this.carriage.onFault(error);
    }
  }

  onResponse(from: IncomingMessage): void {
    this.guard(() => {
      const { response, next, head, tell } = this.carriage;
      if (this.state !== 'sent') {
        from.resume();
      } else if (next !== undefined && isUnrouted(from)) {
        this.passOn(from, next);
      } else if (response.headersSent) {
        tell(`the host has answered ${head.method} ${head.target} itself, before the response came`);
        this.fail();
      } else if (this.answer(from)) {
        from.once('aborted', () => this.fail());
        from.on('error', () => this.fail());
        from.once('end', () => this.guard(() => this.finish(from)));
        from.pipe(response, { end: false });
      }
    });
  }

  /** False: Node does not take the server's head, and 502 was answered in its place. */
  private answer(from: IncomingMessage): boolean {
    const { response, head, tell } = this.carriage;
    try {
      answerHead(response, from);
      this.state = 'answered';
      return true;
    } catch (error) {
      if (!isOfNode(error) || response.headersSent) throw error;
      tell(`the response to ${head.method} ${head.target} cannot be passed on: ${(error as Error).message}`);
      answerBadGateway(response, from);
      this.state = 'over';
      this.outgoing?.destroy();
      this.dropBody();
      return false;
    }
  }

  /** http-proxy's word for an end without a response: the balancer has closed the connection, as it does without one. */
  onError(): void {
    this.fail();
  }

  private passOn(from: IncomingMessage, next: Next): void {
    const { head, request } = this.carriage;
    this.state = 'over';
    from.resume();
    if (!head.bodiless) {
      request.unpipe(this.outgoing);
      this.outgoing?.destroy();
    }
    // What the host's own handler throws is the host's.
    queueMicrotask(next);
  }

  private finish(from: IncomingMessage): void {
    if (this.state !== 'answered' || !from.complete) return;
    const { request, response } = this.carriage;
    answerEnd(response, from);
    this.state = 'over';
    this.dropBody();
    if (request.complete) return;
    // The answer came before all of the request: nobody wants the rest of it (RFC 9112 9.3, RFC 9113 8.1).
    request.unpipe(this.outgoing);
    request.resume();
    const { stream } = response;
    if (stream !== undefined) response.once('finish', () => stream.close(StreamError.None));
  }

  private clientGone(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.outgoing?.destroy();
    this.dropBody();
  }

  /** Nobody reads the rest of a body that was given: a file would stay open. */
  private dropBody(): void {
    const { body } = this.carriage;
    if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array) && !body.readableEnded) body.destroy();
  }

  /** Nothing, or only a part of a response, has come. */
  private fail(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.outgoing?.destroy();
    this.dropBody();
    cut(this.carriage.request, this.carriage.response);
  }

  /** A fault of ours ends this request and nothing else. */
  private guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.carriage.onFault(error);
      this.fail();
    }
  }
}

/** What is known of the connection's request before. */
function forgetRoute(socket: unknown): void {
  if (socket instanceof InnerConnection) socket.client.isUnrouted = false;
}

function isUnrouted({ socket }: IncomingMessage): boolean {
  return (socket as unknown) instanceof InnerConnection && (socket as unknown as InnerConnection).client.isUnrouted;
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []));
}
