/** The connection of a check that is encrypted. Its session is remembered with those of the traffic, and one context serves all. */

import type { TLSSocket } from 'node:tls';
import { CONNECTION_ERRORS, type ConnectionError, connectionErrorText } from '../../core/connection-errors.ts';
import { connectServer, resetTls, type Spoken, secured, unsecured } from '../../tls/servers-connect.ts';
import type { Line, LineOwner } from './line.ts';

/** All of them read into it; what came is copied before the next read. */
const slab: Buffer = Buffer.allocUnsafeSlow(16 * 1024);

export class TlsLine implements Line {
  private readonly socket: TLSSocket;
  private readonly unix: boolean;
  private owner: LineOwner | undefined;
  private state: 'connecting' | 'securing' | 'secured' = 'connecting';
  private listening = false;

  constructor(owner: LineOwner, address: string, port: number, spoken: Spoken) {
    this.owner = owner;
    this.unix = address.startsWith('/');
    const onread = {
      buffer: slab,
      callback: (length: number) => {
        if (this.listening) this.owner?.onBytes(slab.toString('latin1', 0, length));
        return true;
      },
    };
    this.socket = connectServer(spoken, this.unix ? { path: address } : { host: address, port }, { onread });
    this.socket.unref();
    this.socket.on('connect', () => {
      this.state = 'securing';
      this.owner?.onSecuring();
    });
    this.socket.on('secureConnect', () => this.over(secured(this.socket, spoken)));
    this.socket.on('end', () => {
      if (this.listening) this.owner?.onEnd();
    });
    this.socket.on('error', (error) => {
      if (this.state === 'securing') this.over(unsecured(spoken));
      else this.failed(error);
    });
  }

  /** Also where a server renegotiates: only the first handshake connects. */
  private over(error: ConnectionError): void {
    const first = this.state !== 'secured';
    if (error !== CONNECTION_ERRORS.none) {
      this.owner?.onInsecure(connectionErrorText(error));
      return;
    }
    this.state = 'secured';
    if (first) this.owner?.onConnected();
  }

  private failed(error: NodeJS.ErrnoException): void {
    const { code = error.message } = error;
    if (this.state === 'connecting') this.owner?.onFailure(code, this.unix ? 'socket' : undefined);
    else this.owner?.onFailure(code.startsWith('ERR_') ? connectionErrorText(CONNECTION_ERRORS.fatal) : code, undefined);
  }

  listen(): void {
    this.listening = true;
  }

  send(bytes: string): undefined {
    this.socket.write(bytes, 'latin1');
  }

  close(reset: boolean): void {
    if (this.owner === undefined) return;
    this.owner = undefined;
    if (reset && !this.unix && this.state !== 'connecting') resetTls(this.socket);
    else {
      // With close_notify, where there is somebody to tell.
      if (this.state === 'secured') this.socket.end();
      this.socket.destroy();
    }
  }
}
