/**
 * `show fd`: what the process has open. HAProxy tells its poller's flags of each; who polls here is Node, so a line says
 * what the system knows of it, and whose it is where that is known.
 */

import { readdirSync, readlinkSync } from 'node:fs';
import type { Server as NetServer, Socket } from 'node:net';
import type { Answer, Call } from './command.ts';
import type { Runtime } from './runtime.ts';

const OPEN = '/proc/self/fd';

/** -1 where there is none, or the system has no such numbers. */
export function descriptorOf(owner: Socket | NetServer | undefined): number {
  const { _handle: handle } = (owner ?? {}) as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

/** `tcpv4`, ... as `show sess` has it, and what `show fd` makes of it. */
export function familyOf({ remoteAddress, remoteFamily }: Socket): 'tcpv4' | 'tcpv6' | 'unix_stream' {
  if (remoteAddress === undefined) return 'unix_stream';
  return remoteFamily === 'IPv6' ? 'tcpv6' : 'tcpv4';
}

const FAMILIES = { tcpv4: 'ipv4', tcpv6: 'ipv6', unix_stream: 'unix' } as const;

/** `show fd [<number>]` */
export function showDescriptors({ args: [text], runtime }: Call): Answer {
  const wanted = text === undefined ? undefined : Number.parseInt(text, 10);
  const known = ownersOf(runtime);
  const all = openDescriptors() ?? [...known.keys()];
  return { kind: 'data', pieces: lines(wanted === undefined ? all : all.filter((fd) => fd === wanted), known) };
}

/** One at a time: there may be very many. */
function* lines(descriptors: readonly number[], known: Owners): Generator<string> {
  for (const fd of descriptors) yield `${String(fd).padStart(7)} : ${known.get(fd)?.() ?? describe(fd)}\n`;
}

/** Undefined where the system does not say. */
function openDescriptors(): readonly number[] | undefined {
  try {
    return readdirSync(OPEN)
      .map(Number)
      .sort((one, other) => one - other);
  } catch {
    return undefined;
  }
}

function describe(fd: number): string {
  try {
    return readlinkSync(`${OPEN}/${fd}`);
  } catch {
    return 'closed';
  }
}

/** By descriptor: whose it is, put into words when it is its turn. */
type Owners = ReadonlyMap<number, () => string>;

function ownersOf(runtime: Runtime): Owners {
  const owners = new Map<number, () => string>();
  const listener = (server: NetServer, frontend: string): void => {
    const at = server.address();
    const family = at === null || typeof at === 'string' ? 'fam=unix' : `fam=${at.family.toLowerCase()} lport=${at.port}`;
    owners.set(descriptorOf(server), () => `l.st=RDY fe=${frontend} ${family}`);
  };
  for (const { server } of runtime.sockets) listener(server, 'GLOBAL');
  for (const { frontend } of runtime.proxies) {
    for (const { socket, open } of frontend?.listeners ?? []) if (open) listener(socket.server, frontend?.name ?? '');
  }
  for (const { socket } of runtime.cliConnections()) owners.set(descriptorOf(socket), () => `back=0 ${addresses(socket)} fe=GLOBAL`);
  for (const [{ name }, { socket, target }] of runtime.clients()) {
    owners.set(descriptorOf(socket), () => `back=0 ${addresses(socket)} fe=${name}`);
    const { connection, backend, server } = target;
    if (connection === undefined) continue;
    const whose = `px=${backend?.name ?? '<NONE>'} sv=${server?.config.name ?? '<none>'}`;
    owners.set(descriptorOf(connection.socket), () => `back=1 ${addresses(connection.socket)} ${whose}`);
  }
  return owners;
}

function addresses(socket: Socket): string {
  const family = FAMILIES[familyOf(socket)];
  return family === 'unix' ? `fam=${family}` : `fam=${family} lport=${socket.localPort ?? 0} rport=${socket.remotePort ?? 0}`;
}
