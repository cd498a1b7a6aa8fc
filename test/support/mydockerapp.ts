/**
 * The application of the story, for the image eviking/mydockerapp: counts its requests and says where it runs.
 * `/slow` takes its time, `/slow/10` 10 ms of it, so that a `docker stop` meets requests in flight. On SIGTERM it finishes
 * what it has; after SIGUSR2 it is sick, and answers everything with 502. Behind an Upgrade it sends back what comes.
 * It stands alone in the image, so it imports nothing but Node.
 */

import { createServer } from 'node:http';
import { hostname } from 'node:os';

const slowMs = 100;
let requestCounter = 0;
let sick = false;

const server = createServer((request, response) => {
  requestCounter++;
  const body = `${JSON.stringify({ requestCounter, hostname: hostname() })}\n`;
  const answer = () =>
    response.writeHead(sick ? 502 : 200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  const slow = /^\/slow(?:\/(\d+))?/.exec(request.url ?? '');
  if (slow !== null) setTimeout(answer, Number(slow[1] ?? slowMs));
  else answer();
});

server.listen(Number(process.env.PORT ?? 8089));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  socket.pipe(socket);
});
process.on('SIGUSR2', () => {
  sick = true;
});
