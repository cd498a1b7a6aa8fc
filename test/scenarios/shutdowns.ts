/** What becomes of a request whose server is marked down under it (`on-marked-down shutdown-sessions`), wherever it is. */

import type { Socket } from 'node:net';

export interface Interruption {
  readonly name: string;
  /** What the client sends. */
  readonly request: string;
  /** What the server says to it. */
  readonly answer: string;
  /** What the client has when it is time. */
  readonly seen: string;
  /** The status line and body, without the head; or all that came where it was cut. */
  readonly status: number;
  readonly termination: string;
  /** The client's connection goes on. */
  readonly stays: boolean;
}

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

export const INTERRUPTIONS: readonly Interruption[] = [
  { name: 'while the response is awaited', request: get, answer: '', seen: '', status: 502, termination: 'DH--', stays: true },
  {
    name: 'in the middle of a response head',
    request: get,
    answer: 'HTTP/1.1 200',
    seen: '',
    status: 502,
    termination: 'DH--',
    stays: true,
  },
  {
    name: 'in the middle of a body with a length',
    request: get,
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
    seen: 'abc',
    status: 200,
    termination: 'DD--',
    stays: false,
  },
  {
    name: 'in the middle of a chunked body',
    request: get,
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    seen: 'abc',
    status: 200,
    termination: 'DD--',
    stays: false,
  },
  {
    name: 'in a body that the end of the connection would end',
    request: get,
    answer: 'HTTP/1.0 200 OK\r\n\r\nabc',
    seen: 'abc',
    status: 200,
    termination: 'D---',
    stays: false,
  },
  {
    name: 'in a tunnel',
    request: 'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    answer: 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhi',
    seen: 'hi',
    status: 101,
    termination: 'D---',
    stays: false,
  },
  {
    name: 'in the middle of the request',
    request: 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
    answer: '',
    seen: '',
    status: -1,
    termination: 'D---',
    stays: false,
  },
];

/** A server that says `answer` to the head of a request, once; `asked` is called then. */
export function answering(answer: string, asked: () => void): (socket: Socket) => void {
  return (socket) => {
    let text = '';
    let answered = false;
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (answered || !text.includes('\r\n\r\n')) return;
      answered = true;
      socket.write(answer);
      asked();
    });
  };
}
