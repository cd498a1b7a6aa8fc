/** Three servers to balance: each says its name and how many requests it has answered. */

import { createServer } from 'node:http';

const servers = { one: 9001, two: 9002, spare: 9003 };

for (const [name, port] of Object.entries(servers)) {
  let requestCounter = 0;
  createServer((_request, response) => {
    requestCounter++;
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ requestCounter, hostname: name })}\n`);
  }).listen(port, '127.0.0.1');
}
