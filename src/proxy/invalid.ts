/** The last malformed request of each frontend, and the last malformed response of each backend: for `show errors`. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { wall } from '../core/clock.ts';
import type { Fault, ParserState } from '../http/fault.ts';
import type { Frontend } from './frontend.ts';

export interface InvalidMessage {
  /** From 0 on, over all proxies. */
  readonly event: number;
  /** Wall-clock ms. */
  readonly at: number;
  readonly frontend: Frontend;
  /** Of a request: undefined where it was refused before one was chosen. */
  readonly backend: Backend | undefined;
  readonly server: Server | undefined;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** The first byte of `bytes` that is wrong, and the state that HAProxy's parser would be in there. */
  readonly position: number;
  readonly state: ParserState;
  /** What had come of the message, or of its body, when it was refused: `tune.bufsize` at most. */
  readonly bytes: Buffer;
}

/** Who it came from, and to whom it went. */
export interface Origin {
  readonly session: { readonly listener: { readonly frontend: Frontend }; readonly clientAddress: string; readonly clientPort: number };
  readonly reach: { readonly backend: Backend | undefined; readonly server: Server | undefined };
}

export class InvalidMessages {
  /** Of this process so far. */
  total = 0;
  // Weak: a proxy that a reload or discovery has taken away takes its message along.
  private readonly requests: WeakMap<Frontend, InvalidMessage> = new WeakMap();
  private readonly responses: WeakMap<Backend, InvalidMessage> = new WeakMap();

  request(frontend: Frontend): InvalidMessage | undefined {
    return this.requests.get(frontend);
  }

  response(backend: Backend): InvalidMessage | undefined {
    return this.responses.get(backend);
  }

  /** `piece` may be overwritten afterwards. `bufsize`: most bytes of it that are kept. */
  noteRequest(origin: Origin, piece: Buffer, fault: Fault, bufsize: number): void {
    this.requests.set(origin.session.listener.frontend, this.message(origin, piece, fault, bufsize));
  }

  noteResponse(origin: Origin, piece: Buffer, fault: Fault, bufsize: number): void {
    const { backend } = origin.reach;
    if (backend !== undefined) this.responses.set(backend, this.message(origin, piece, fault, bufsize));
  }

  private message({ session, reach }: Origin, piece: Buffer, { position, state }: Fault, bufsize: number): InvalidMessage {
    const { listener, clientAddress, clientPort } = session;
    const { backend, server } = reach;
    const bytes = Buffer.from(piece.subarray(0, bufsize));
    return {
      event: this.total++,
      at: wall(),
      frontend: listener.frontend,
      backend,
      server,
      clientAddress,
      clientPort,
      position,
      state,
      bytes,
    };
  }
}
