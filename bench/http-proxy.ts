/** The peer that a Node programmer would write: `http-proxy` over keep-alive connections, servers in turn. */

import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, ...servers] = process.argv.slice(2);
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY }) });
let turn = 0;

proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response) response.writeHead(502);
  response.end();
});
const server = createServer((request, response) => proxy.web(request, response, { target: `http://${servers[turn++ % servers.length]}` }));
// Node would close a connection after 5 s of silence; the others keep it for minutes.
server.keepAliveTimeout = 300_000;
server.listen(Number(port), '127.0.0.1');
