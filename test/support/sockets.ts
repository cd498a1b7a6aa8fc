/** The sockets of this process, whoever opened them: clients, servers and the balancer between them. */

import { once } from 'node:events';
import type { Server } from 'node:http';

/** Stops listening and cuts everybody off. */
export async function cutOff(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** TCP sockets that are open or listening. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TCPServerWrap').length;
}
