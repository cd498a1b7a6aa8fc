/**
 * One accepted connection to the Runtime API: its socket and its session.
 *
 * Invariant: what a client may keep here is bounded: it is read on only when all that it has asked is answered and taken.
 */

import type { Socket } from 'node:net';
import { wall } from '../../core/clock.ts';
import type { CliSession } from './session.ts';

export class Peer {
  readonly socket: Socket;
  readonly acceptedWall: number = wall();
  private readonly session: CliSession;
  private stage: 'waiting' | 'served' = 'waiting';
  /** What was sent is not taken yet. */
  private full = false;
  /** The client asks nothing more, and still wants its answers. */
  private asked = false;

  /** It waits until it is served, for as long as it may be idle. */
  constructor(socket: Socket, session: CliSession, onClose: () => void) {
    this.socket = socket;
    this.session = session;
    socket.on('error', () => socket.destroy());
    socket.on('close', onClose);
    socket.on('timeout', () => socket.destroy());
    socket.on('end', () => this.onEnd());
    socket.setTimeout(session.state.timeout);
    socket.pause();
  }

  serve(): void {
    const { socket, session } = this;
    this.stage = 'served';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.onText(text));
    // In the next turn of the event loop: a long report is taken at once by whoever reads fast, and others wait meanwhile.
    socket.on('drain', () => setImmediate(() => this.goOn()));
    session.onReady = () => this.answer();
    socket.setTimeout(session.state.timeout);
    socket.resume();
  }

  /** How many it has been asked. */
  get commands(): number {
    return this.session.asked;
  }

  /** Bytes to the client so far. */
  get sent(): number {
    return this.socket.bytesWritten;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private goOn(): void {
    this.full = false;
    this.answer();
  }

  private onText(text: string): void {
    const { socket, session } = this;
    if (!socket.writableEnded) {
      session.push(text);
      this.answer();
    } else if (socket.writableFinished) {
      // Nobody answers any more: as HAProxy, which closes both sides.
      socket.destroy();
    }
  }

  private onEnd(): void {
    this.asked = true;
    // The end comes behind whatever was asked: who waits has asked nothing.
    if (this.stage === 'waiting') this.socket.destroy();
    else this.answer();
  }

  private answer(): void {
    const { socket, session } = this;
    // A whole answer in few writes: clients read what came at once as one.
    socket.cork();
    while (!this.full && !socket.destroyed) {
      const piece = session.next();
      if (piece === undefined) break;
      if (piece !== '') this.full = !socket.write(piece);
    }
    socket.uncork();
    socket.setTimeout(session.state.timeout);
    if (this.full || session.busy) socket.pause();
    else socket.resume();
    if (!this.full && (session.over || (this.asked && !session.busy))) socket.end();
  }
}
