/** `option httpchk`: one request, one answer, and the connection is closed. */

import type { Socket } from 'node:net';
import type { HttpCheckConfig } from '../config/model.ts';
import { CheckResponse, type Expectation, type Outcome } from './expect.ts';
import { errorWords, open, type Probe, type ProbeListener, type ProbeTarget } from './probe.ts';

/**
 * The request as HAProxy sends it: names in lower case, `content-length` where there is a body, `connection: close`
 * in HTTP/1.1 unless configured (manual 4.2 "http-check send").
 */
export function checkRequest(check: HttpCheckConfig): Buffer {
  const headers = check.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const lines = headers
    .filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding')
    .map(([name, value]) => `${name}: ${value}`);
  const body = Buffer.from(check.body, 'latin1');
  if (body.length > 0) lines.push(`content-length: ${body.length}`);
  if (check.version === 'HTTP/1.1' && !headers.some(([name]) => name === 'connection')) lines.push('connection: close');
  const head = [`${check.method} ${check.uri} ${check.version}`, ...lines, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

export class HttpProbe implements Probe {
  private readonly socket: Socket;
  private readonly response: CheckResponse;
  private listener: ProbeListener | undefined;
  private connected = false;

  constructor(target: ProbeTarget, request: Buffer, expectation: Expectation, listener: ProbeListener) {
    this.listener = listener;
    this.response = new CheckResponse(expectation);
    this.socket = open(target);
    this.socket.on('connect', () => {
      this.connected = true;
      this.socket.write(request);
      this.listener?.onConnected();
    });
    this.socket.on('data', (chunk: Buffer) => this.finish(this.response.feed(chunk)));
    this.socket.on('end', () => this.finish(this.response.end()));
    this.socket.on('error', (error) => {
      this.finish({ code: this.connected ? 'SOCKERR' : 'L4CON', status: -1, info: errorWords(error) });
    });
  }

  abort(): void {
    this.listener = undefined;
    this.socket.destroy();
  }

  private finish(outcome: Outcome | undefined): void {
    const listener = this.listener;
    if (outcome === undefined || listener === undefined) return;
    this.abort();
    listener.onVerdict(outcome.code, outcome.status, outcome.info);
  }
}
