/**
 * `leavers.js PORT SECONDS`: clients that go away in every way at every place of an exchange, and print how many they were.
 * Each line of `ways` is what one sends, and when it leaves.
 */

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface Way {
  readonly sends: string;
  /** With the first bytes of the answer, or as soon as everything is sent. */
  readonly leaves: 'answered' | 'sent';
  /** With a FIN, or with a reset. */
  readonly how: 'end' | 'reset';
}

const fields = 'Host: localhost\r\n';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${fields}\r\n`;
const halfPost = `POST / HTTP/1.1\r\n${fields}Content-Length: 65536\r\n\r\n${'x'.repeat(1000)}`;

const ways: readonly Way[] = [
  { sends: get('/1m'), leaves: 'answered', how: 'reset' },
  { sends: get('/1m'), leaves: 'answered', how: 'end' },
  { sends: get('/64k'), leaves: 'sent', how: 'reset' },
  { sends: get('/'), leaves: 'sent', how: 'end' },
  { sends: get('/').repeat(3), leaves: 'answered', how: 'reset' },
  { sends: `GET / HTTP/1.1\r\n${fields}`, leaves: 'sent', how: 'reset' },
  { sends: halfPost, leaves: 'sent', how: 'end' },
  { sends: halfPost, leaves: 'sent', how: 'reset' },
  { sends: '', leaves: 'sent', how: 'end' },
];

/** So many at a time, each with a rest in between: the others are to have the load. */
const atOnce = 8;
const restMs = 10;
/** A client that is never answered leaves anyway. */
const patienceMs = 2000;

const [port = 0, seconds = 0] = process.argv.slice(2).map(Number);
const deadline = performance.now() + seconds * 1000;
let left = 0;

function visit({ sends, leaves, how }: Way): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const leave = (): void => {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroySoon();
    };
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.on('error', () => {});
    socket.once('connect', () => socket.write(sends, leaves === 'sent' ? leave : undefined));
    socket.once('data', leave);
    socket.once('close', () => {
      left++;
      resolve();
    });
  });
}

async function visitor(first: number): Promise<void> {
  for (let turn = first; performance.now() < deadline; turn++) {
    await visit(ways[turn % ways.length] as Way);
    await pause(restMs);
  }
}

await Promise.all(Array.from({ length: atOnce }, (_, index) => visitor(index)));
process.stdout.write(`${left}\n`);
