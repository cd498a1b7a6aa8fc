/**
 * Fairlead inside of a Node server, as a peer: `node peers-embedded.js CONFIG PORT` serves HTTP/1.1 at PORT and clear-text HTTP/2 at
 * the port behind it, both by `createBalancer`. Says `listening on PORT, PORT+1` when both are there.
 */

import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createBalancer } from '../src/embedding.ts';

const [configFile = '', port = ''] = process.argv.slice(2);
const first = Number(port);
const balancer = await createBalancer({ configFile, log: (line) => process.stderr.write(`${line}\n`) });

const one = createServer(balancer.web);
// Node would close a connection after 5 s of silence; the others keep it for minutes.
one.keepAliveTimeout = 300_000;
const two = createHttp2Server(balancer.web);
await Promise.all([
  new Promise<void>((resolve) => one.listen(first, '127.0.0.1', resolve)),
  new Promise<void>((resolve) => two.listen(first + 1, '127.0.0.1', resolve)),
]);
process.stdout.write(`listening on ${first}, ${first + 1}\n`);
