/**
 * `fairlead demo`: something to balance, without anything to set up. Three web servers in this process, each on a port of
 * the loopback that the system chooses, and the configuration text that balances over them.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { COMMON_TEXT } from './config/builtin.ts';

export interface DemoServers {
  readonly ports: readonly number[];
  close(): void;
}

const DEMO_SERVERS = 3;

/** Each answers `GET /health` with 200, and everything else with `{ "requestCounter": N, "hostname": "demo-1" }`. */
export async function startDemoServers(): Promise<DemoServers> {
  const servers = await Promise.all(Array.from({ length: DEMO_SERVERS }, (_, index) => startOne(`demo-${index + 1}`)));
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function startOne(hostname: string): Promise<Server> {
  let requestCounter = 0;
  const server = createServer((request, response) => {
    if (request.url === '/health') {
      response.end('ok\n');
      return;
    }
    requestCounter++;
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ requestCounter, hostname })}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export interface DemoOptions {
  readonly port: number;
  readonly servers: readonly number[];
  readonly password: string;
}

/**
 * Ordinary haproxy.cfg: what the demo runs can be copied and changed. It listens on the loopback alone, because it leads to
 * every container of this machine.
 */
export function demoText({ port, servers, password }: DemoOptions): string {
  const lines = servers.map((server, index) => `    server demo-${index + 1} 127.0.0.1:${server} check inter 2s`);
  return `${COMMON_TEXT}
frontend www
    bind 127.0.0.1:${port}
    stats enable
    stats uri /admin?stats
    stats auth admin:${password}
    docker-routes domain=localhost
    default_backend demo

backend demo
    balance roundrobin
    option httpchk GET /health
${lines.join('\n')}
`;
}

/** What to try, for people. `address` is `127.0.0.1:8080`. */
export function demoHelp(address: string, password: string): string {
  return `
Fairlead balances over three demo servers. Try:

  curl http://${address}/                                    another server each time
  curl -u 'admin:${password}' 'http://${address}/admin?stats;csv'

and in a browser http://${address}/admin?stats with user admin, password ${password}

Where a Docker engine runs, its containers are served by their names:

  docker run -d --name hello nginx
  curl -H 'Host: hello.localhost' http://${address}/

Ctrl-C stops it.

`;
}
