/** TCP keep-alive probes (`option tcpka` and its halves): which of a proxy's two connections has a timer for them. */

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
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
  let looks = 0;
  const both = () => {
    const timers = [client, server].map(({ socket }) => timerOfOther(socket));
    // A busy table is not read at one moment: a line may be missing. And another timer hides this one.
    return timers.every((timer) => timer === NONE || timer === KEEP_ALIVE) ? timers.join(' ') : `look ${looks++}`;
  };
  const [front, back] = (await settled('nothing is on its way any more', both)).split(' ');
  return [front === KEEP_ALIVE, back === KEEP_ALIVE];
}

/** proc(5): `tr` of /proc/net/tcp. */
const NONE = '00';
const KEEP_ALIVE = '02';

function timerOfOther({ localAddress, localPort, remoteAddress, remotePort }: Socket): string | undefined {
  const [own, other] = [hex(remoteAddress, remotePort), hex(localAddress, localPort)];
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local, remote, , , timer = ''] = line.trim().split(/\s+/);
    if (local === own && remote === other) return timer.slice(0, 2);
  }
  return undefined;
}

/** The address as the kernel has it, in the order of this machine's bytes. */
function hex(address = '', port = 0): string {
  const digits = (value: number, length: number) => value.toString(16).toUpperCase().padStart(length, '0');
  const bytes = address.split('.').map((byte) => digits(Number(byte), 2));
  return `${(endianness() === 'LE' ? bytes.reverse() : bytes).join('')}:${digits(port, 4)}`;
}
