/** `servers.js`: what is checked. Listens on every address of the machine, prints its port, answers each request with 200. */

import { type AddressInfo, createServer } from 'node:net';

const answer = 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok';

const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', () => socket.end(answer));
});
server.listen({ host: '0.0.0.0', port: 0, backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().once('end', () => process.exit());
