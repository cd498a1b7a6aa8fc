/**
 * Fairlead inside of a Node server, as a peer: `node peers-embedded.js CONFIG PORT clear|h2c` serves HTTP/1.1, or HTTP/2 in clear
 * text, by `createBalancer`: Node's objects, carried by http-proxy.
 */

import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createBalancer } from '../src/embedding.ts';

const [configFile = '', port, wire] = process.argv.slice(2);
const balancer = await createBalancer({ configFile, log: (line) => process.stderr.write(`${line}\n`) });

if (wire === 'h2c') createHttp2Server(balancer.web).listen(Number(port), '127.0.0.1');
else {
  const server = createServer(balancer.web);
  // Node would close a connection after 5 s of silence; the others keep it for minutes.
  server.keepAliveTimeout = 300_000;
  server.listen(Number(port), '127.0.0.1');
}
