/** Two local processes in place of containers: each says who it is. */

import { createServer } from 'node:http';

for (const [name, port] of Object.entries({ shop: 9001, blog: 9002 })) {
  createServer((request, response) => response.end(`${name}: ${request.method} ${request.url}\n`)).listen(port, '127.0.0.1');
}
