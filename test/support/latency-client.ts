/**
 * A closed loop of GET requests that tells how long each took, a process of its own: started by latency.ts, which it talks to
 * over Node's channel.
 */

import { connect, type Socket } from 'node:net';

/** `mark`: what ends from here on is another phase. The last order is `stop`. */
export type LatencyOrder = 'mark' | 'stop';
/** Milliseconds of every request, by phase; or that a phase was begun. */
export type LatencyReport = { readonly phases: readonly (readonly number[])[] } | { readonly marked: number };

const [port = '', connections = '', host = ''] = process.argv.slice(2);
const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const phases: number[][] = [[]];
let going = true;

/** One answer has arrived whole when its announced body has. */
function length(head: string): number {
  const end = head.indexOf('\r\n\r\n');
  const announced = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  return end < 0 || announced === undefined ? Number.POSITIVE_INFINITY : end + 4 + Number(announced);
}

function work(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let began = 0;
    const ask = () => {
      received = '';
      began = performance.now();
      socket.write(request);
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (received.length < length(received)) return;
      if (!received.startsWith('HTTP/1.1 200 ')) reject(new Error(received.slice(0, 100)));
      phases.at(-1)?.push(performance.now() - began);
      if (going) return ask();
      socket.removeAllListeners('close').destroy();
      resolve();
    });
  });
}

process.on('disconnect', () => process.exit());
process.on('message', (order: LatencyOrder) => {
  if (order === 'stop') {
    going = false;
    return;
  }
  phases.push([]);
  process.send?.({ marked: phases.length } satisfies LatencyReport);
});
await Promise.all(Array.from({ length: Number(connections) }, () => work(connect(Number(port), '127.0.0.1'))));
process.send?.({ phases } satisfies LatencyReport); // and the parent ends us
