/** Servers that fail as they are told to: at each request they do the next thing of a list, and the last thing for ever. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startRawUpstream, type Upstream } from './upstream.ts';
import { until } from './wait.ts';

/** What a server does with a request that it has read whole; `name` is the server's. */
export type Act = (socket: Socket, name: string) => void;

const answer = (status: string, more: string, body: string) => `HTTP/1.1 ${status}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const says =
  (text: string): Act =>
  (socket) =>
    socket.write(text);
const saysAndEnds =
  (text: string): Act =>
  (socket) =>
    socket.end(text);

export const acts = {
  /** 200, with the server's name as its body. */
  ok: (socket, name) => socket.write(answer('200 OK', '', name)),
  okThenEnds: (socket, name) => socket.end(answer('200 OK', '', name)),
  /** More than was asked for, with the response. */
  okAndMore: (socket, name) => socket.write(`${answer('200 OK', '', name)}${answer('200 OK', '', 'unasked')}`),
  ends: (socket) => socket.end(),
  resets: (socket) => socket.resetAndDestroy(),
  silent: () => {},
  junk: saysAndEnds('SSH-2.0-OpenSSH\r\n\r\n'),
  headCut: saysAndEnds('HTTP/1.1 200 OK\r\nContent-Le'),
  interimThenEnds: saysAndEnds('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  interimThenOk: (socket, name) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer('200 OK', '', name)}`),
  unasked101: says('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
  badFirstChunk: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n'),
  bodyCut: saysAndEnds('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
  chunksCut: saysAndEnds('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'),
  answers503: says(answer('503 Status', '', '503')),
  answers404: says(answer('404 Status', '', '404')),
  answers503AndEnds: saysAndEnds(answer('503 Status', 'Connection: close\r\n', '503')),
  /** Ten bytes are promised and three sent. */
  begins503: says('HTTP/1.1 503 Status\r\nContent-Length: 10\r\n\r\nabc'),
} as const satisfies Record<string, Act>;

export interface Faulty extends Upstream {
  /** The requests, in order: `GET`, `POST(5)`. */
  readonly asked: readonly string[];
}

export async function startFaulty(name: string, list: readonly Act[]): Promise<Faulty> {
  const asked: string[] = [];
  const upstream = await startRawUpstream((socket) => {
    let received = '';
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let size = wholeSize(received); size > 0; size = wholeSize(received)) {
        const { method, body } = partsOf(received.slice(0, size));
        received = received.slice(size);
        const act = list[Math.min(asked.length, list.length - 1)] as Act;
        asked.push(body === 0 ? method : `${method}(${body})`);
        act(socket, name);
      }
    });
  });
  return { ...upstream, asked };
}

/** Size of the first request, 0 while it is not whole. */
function wholeSize(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return 0;
  const { length, chunked } = framingOf(text.slice(0, head));
  if (chunked) {
    const end = text.indexOf('0\r\n\r\n', head);
    return end < 0 ? 0 : end + 5;
  }
  return text.length < head + length ? 0 : head + length;
}

function framingOf(head: string) {
  return {
    length: Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0),
    chunked: /\r\ntransfer-encoding: *chunked\r\n/i.test(head),
  };
}

function partsOf(request: string) {
  const head = request.indexOf('\r\n\r\n') + 4;
  return { method: request.slice(0, request.indexOf(' ')), body: request.length - head };
}

/** One of this process alone, where the system has more of them than one: other tests' connections take no port of it. */
export const OWN_HOST = process.platform === 'linux' ? `127.77.${(process.pid >> 8) & 255}.${process.pid & 255}` : '127.0.0.1';

/** Where connections are refused. */
export async function refusingAddress(): Promise<{ readonly host: string; readonly port: number; readonly address: string }> {
  const server = createServer().listen(0, OWN_HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host: OWN_HOST, port, address: `${OWN_HOST}:${port}` };
}

/** Listens and never accepts; its backlog is full, so whoever connects waits. */
export async function startDeaf(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const script = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(line);
  child.kill('SIGSTOP');
  // Linux takes backlog + 1 of them.
  let connected = 0;
  const waiting = Array.from({ length: 8 }, () => {
    const socket = connect(port, '127.0.0.1', () => connected++);
    socket.on('error', () => {});
    return socket;
  });
  await until('its backlog is full', () => connected >= 2);
  return {
    port,
    async stop() {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
