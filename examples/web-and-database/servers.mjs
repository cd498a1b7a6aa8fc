/** Two web servers, and two databases that answer with their name and what was asked. */

import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';

for (const [name, port] of Object.entries({ one: 9001, two: 9002 })) {
  createWebServer((_request, response) => response.end(`${name}\n`)).listen(port, '127.0.0.1');
}

for (const [name, port] of Object.entries({ primary: 9011, standby: 9012 })) {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(`${name} is ready\n`);
    socket.on('data', (bytes) => socket.write(`${name}: ${bytes}`));
  }).listen(port, '127.0.0.1');
}
