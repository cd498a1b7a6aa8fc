/**
 * `client.js PORT CONNECTIONS SECONDS`: opens connections, makes one request on each, leaves them alone for so long, prints an
 * IdleReport as JSON, and holds what it has until its standard input ends.
 */

import { connect, type Socket } from 'node:net';

export interface IdleReport {
  /** Connections that got an answer, and those of them that are still open. */
  readonly answered: number;
  readonly open: number;
}

/** Connections that are being opened at a time: fewer than any backlog. */
const atOnce = 100;
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2).map(Number);
const sockets = new Set<Socket>();
let answered = 0;

/** Resolves when the connection has its answer, which fits in one piece, or has failed. */
function open(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    sockets.add(socket);
    socket.once('data', (piece) => {
      if (piece.toString('latin1', 0, 12) === 'HTTP/1.1 200') answered++;
      resolve();
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      resolve();
    });
  });
}

let left = connections;
async function openSome(): Promise<void> {
  while (left-- > 0) await open();
}

await Promise.all(Array.from({ length: atOnce }, openSome));
setTimeout(() => {
  const report: IdleReport = { answered, open: sockets.size };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}, seconds * 1000);

process.stdin.resume().once('end', () => {
  for (const socket of sockets) socket.resetAndDestroy();
  process.stdin.destroy();
});
