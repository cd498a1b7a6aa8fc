/** Response heads as data; `\n` is written CRLF unless `raw`. */

import type { Refusal } from '../../../src/http/parse.ts';

export interface ResponseCase {
  readonly name: string;
  readonly text: string;
  readonly raw?: true;
  /** The method it answers, default GET. */
  readonly method?: string;
  readonly accept?: {
    readonly status?: number;
    readonly reason?: string;
    readonly framing?: 'None' | 'Length' | 'Chunked' | 'UntilClose';
    readonly length?: number;
    readonly keepAlive?: boolean;
    readonly upgrade?: string;
    readonly lines?: string;
  };
  readonly refuse?: keyof typeof Refusal;
}

const ok = (lines: string, start = 'HTTP/1.1 200 OK') => `${start}\n${lines}\n`;

export const responseCases: readonly ResponseCase[] = [
  {
    name: 'with a length',
    text: ok('Content-Length: 2\n'),
    accept: { status: 200, reason: 'OK', framing: 'Length', length: 2, keepAlive: true },
  },
  { name: 'without a reason', text: ok('Content-Length: 0\n', 'HTTP/1.1 200 '), accept: { status: 200, reason: '' } },
  { name: 'without the blank before the reason', text: ok('Content-Length: 0\n', 'HTTP/1.1 200'), accept: { status: 200, reason: '' } },
  { name: 'until close', text: ok(''), accept: { framing: 'UntilClose' } },
  { name: 'HTTP/1.0 closes', text: ok('Content-Length: 2\n', 'HTTP/1.0 200 OK'), accept: { keepAlive: false } },
  { name: 'chunked', text: ok('Transfer-Encoding: chunked\n'), accept: { framing: 'Chunked' } },
  { name: 'HEAD has no body', text: ok('Content-Length: 99\n'), method: 'HEAD', accept: { framing: 'None' } },
  { name: '204 has no body', text: ok('Content-Length: 9\n', 'HTTP/1.1 204 No Content'), accept: { framing: 'None' } },
  { name: '304 has no body', text: ok('Content-Length: 9\n', 'HTTP/1.1 304 Not Modified'), accept: { framing: 'None' } },
  { name: '100 has no body', text: ok('', 'HTTP/1.1 100 Continue'), accept: { framing: 'None', status: 100 } },
  {
    name: 'hop-by-hop fields are removed',
    text: ok('Keep-Alive: timeout=5\nConnection: keep-alive, X-A\nX-A: 1\nContent-Length: 0\n'),
    accept: { lines: 'Content-Length: 0\n', keepAlive: true },
  },
  {
    name: 'a switch of protocol',
    text: ok('Connection: upgrade\nUpgrade: websocket\n', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: 'websocket' },
  },
  {
    name: 'a Host in a response is nobody’s business',
    text: ok('Host: x y\nHost: z\nContent-Length: 0\n'),
    accept: { status: 200, lines: 'Host: x y\nHost: z\nContent-Length: 0\n' },
  },
  { name: 'not HTTP', text: 'NOTHTTP blah\n\n', refuse: 'StatusLine' },
  { name: 'version 2', text: ok('', 'HTTP/2.0 200 OK'), refuse: 'StatusLine' },
  { name: 'two digits', text: ok('', 'HTTP/1.1 20 OK'), refuse: 'StatusLine' },
  { name: 'status below 100', text: ok('', 'HTTP/1.1 099 OK'), refuse: 'StatusLine' },
  { name: 'four digits', text: ok('', 'HTTP/1.1 2000 OK'), refuse: 'StatusLine' },
  { name: 'a control byte in the reason', text: ok('', 'HTTP/1.1 200 O\x01K'), refuse: 'StatusLine' },
  { name: 'an empty line first', text: `\n${ok('Content-Length: 0\n')}`, refuse: 'StatusLine' },
  {
    name: 'Transfer-Encoding with Content-Length',
    text: ok('Content-Length: 2\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
  },
  { name: 'Transfer-Encoding in HTTP/1.0', text: ok('Transfer-Encoding: chunked\n', 'HTTP/1.0 200 OK'), refuse: 'TransferEncoding' },
  { name: 'another coding', text: ok('Transfer-Encoding: gzip\n'), refuse: 'TransferEncoding' },
  { name: 'lengths that differ', text: ok('Content-Length: 2\nContent-Length: 3\n'), refuse: 'ContentLength' },
  { name: 'a malformed length', text: ok('Content-Length: 2x\n'), refuse: 'ContentLength' },
  { name: 'obs-fold', text: ok('X: a\n b\nContent-Length: 0\n'), refuse: 'FieldName' },
  { name: 'a bare LF', text: 'HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n', raw: true, refuse: 'BareLineEnd' },
];
