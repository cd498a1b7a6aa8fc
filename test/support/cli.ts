/** A client of the Runtime API, as `socat` is one. */

import { connect, type Socket } from 'node:net';
import { until } from './wait.ts';

/** Sends `text` and the end, and answers all that came until the other side closed. */
export async function askCli(path: string, text: string): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.setEncoding('utf8').end(`${text}\n`);
  let answer = '';
  for await (const piece of socket) answer += piece;
  return answer;
}

/** A connection that stays. */
export class CliClient {
  private readonly socket: Socket;
  private received = '';
  private closed = false;

  constructor(to: string | number) {
    this.socket = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.received += text;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** What has come since, up to and with `ending`; all of it when the other side closes. */
  async read(ending: string): Promise<string> {
    await until(`the Runtime API answers ${JSON.stringify(ending)}`, () => this.closed || this.received.includes(ending));
    const at = this.received.indexOf(ending);
    const end = at < 0 ? this.received.length : at + ending.length;
    const text = this.received.slice(0, end);
    this.received = this.received.slice(end);
    return text;
  }

  close(): void {
    this.socket.destroy();
  }
}
