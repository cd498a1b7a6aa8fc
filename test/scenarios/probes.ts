/** TCP keep-alive probes (`option tcpka` and its halves): which of a proxy's two connections has a timer for them. */

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Peer } from '../support/peer.ts';
import { settled } from '../support/wait.ts';

/** By the lines of a listen: probes to the client, and to the server. */
export const PROBES: readonly (readonly [lines: string, client: boolean, server: boolean])[] = [
  ['', false, false],
  [' option clitcpka\n', true, false],
  [' option srvtcpka\n', false, true],
  [' option tcpka\n', true, true],
  [' option tcpka\n no option clitcpka\n', false, true],
  [' option tcpka\n no option srvtcpka\n', true, false],
];

/** What the proxy between them has at the other ends of their connections, which are at rest. */
export async function probed(client: Peer, server: Peer): Promise<readonly [client: boolean, server: boolean]> {
  const both = () => `${timerOfOther(client.socket)} ${timerOfOther(server.socket)}`;
  const timers = await settled('nothing is on its way any more', both);
  const [front, back] = timers.split(' ');
  return [front === KEEP_ALIVE, back === KEEP_ALIVE];
}

/** proc(5): `tr` of /proc/net/tcp. */
const KEEP_ALIVE = '02';

function timerOfOther({ localPort, remotePort }: Socket): string {
  const ends = [remotePort, localPort].map(hex);
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local, remote, , , timer = ''] = line.trim().split(/\s+/);
    if (local?.endsWith(ends[0] as string) && remote?.endsWith(ends[1] as string)) return timer.slice(0, 2);
  }
  return 'none';
}

function hex(port: number | undefined): string {
  return `:${(port ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
