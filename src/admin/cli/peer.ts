/** One accepted connection to the Runtime API: its socket and its session. */

import type { Socket } from 'node:net';
import type { CliSession } from './session.ts';

export class Peer {
  private readonly socket: Socket;
  private readonly session: CliSession;
  /** What was sent is not taken yet. */
  private full = false;
  /** The client asks nothing more, and still wants its answers. */
  private asked = false;

  constructor(socket: Socket, session: CliSession, onClose: () => void) {
    this.socket = socket;
    this.session = session;
    socket.on('error', () => socket.destroy());
    socket.on('close', onClose);
    socket.pause();
  }

  serve(): void {
    const { socket, session } = this;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      session.push(text);
      this.answer();
    });
    socket.on('drain', () => {
      this.full = false;
      this.answer();
    });
    socket.on('end', () => {
      this.asked = true;
      this.answer();
    });
    socket.on('timeout', () => socket.destroy());
    session.onReady = () => this.answer();
    socket.setTimeout(session.state.timeout);
    socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
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
    if (!this.full && (session.over || (this.asked && session.idle))) socket.end();
  }
}
