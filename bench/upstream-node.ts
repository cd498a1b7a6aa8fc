/** A server for machines without nginx: finds the end of each request and writes an answer prepared before. Not a parser. */

import { createServer } from 'node:net';
import { bodySizes } from './scenarios.ts';

const answerOf = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
const small = answerOf(Buffer.from('Hello, world\n'));
const large = new Map(Object.entries(bodySizes).map(([name, bytes]) => [name, answerOf(Buffer.alloc(bytes, 'x'))]));

const server = createServer({ noDelay: true }, (socket) => {
  let head = '';
  let bodyLeft = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    let text = chunk.toString('latin1');
    while (text !== '') {
      const skipped = Math.min(bodyLeft, text.length);
      bodyLeft -= skipped;
      text = text.slice(skipped);
      head += text;
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      text = head.slice(end + 4);
      const [, path = ''] = /^\S+ \/(\S*)/.exec(head) ?? [];
      bodyLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
      head = '';
      socket.write(large.get(path) ?? small);
    }
  });
});
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
