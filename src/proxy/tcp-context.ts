/** What rules see of a TCP session: its addresses and the proxies' names, and of a request nothing. */

import type net from 'node:net';
import { Head } from '../http/head.ts';
import type { KeyContext } from './balance-key.ts';
import { plainAddress } from './session.ts';

const NO_REQUEST = new Head(1);

export class TcpContext implements KeyContext {
  readonly request: Head = NO_REQUEST;
  readonly response = undefined;
  readonly peerAddress: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly frontend: string;
  backend: string | undefined = undefined;
  readonly server = undefined;
  disableL7Retry = false;

  constructor(socket: net.Socket, frontend: string) {
    this.peerAddress = socket.remoteAddress ?? '';
    this.clientAddress = plainAddress(socket.remoteAddress);
    this.clientPort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.frontend = frontend;
  }
}
