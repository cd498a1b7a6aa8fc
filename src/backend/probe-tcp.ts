/** `check` alone: whoever accepts the connection is well. */

import type { Socket } from 'node:net';
import { errorWords, open, type Probe, type ProbeListener, type ProbeTarget, reset } from './probe.ts';

export class TcpProbe implements Probe {
  private readonly target: ProbeTarget;
  private readonly socket: Socket;
  private listener: ProbeListener | undefined;

  constructor(target: ProbeTarget, listener: ProbeListener) {
    this.target = target;
    this.listener = listener;
    this.socket = open(target);
    this.socket.on('connect', () => this.onConnect());
    this.socket.on('error', (error) => this.onError(error));
  }

  abort(): void {
    this.listener = undefined;
    this.socket.destroy();
  }

  private onConnect(): void {
    const listener = this.listener;
    this.listener = undefined;
    reset(this.socket, this.target);
    listener?.onVerdict('L4OK', -1, '');
  }

  private onError(error: Error): void {
    const listener = this.listener;
    this.listener = undefined;
    listener?.onVerdict('L4CON', -1, errorWords(error));
  }
}
