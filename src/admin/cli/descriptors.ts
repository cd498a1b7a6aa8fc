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
export function descriptorOf(owner: object | undefined): number {
  const { _handle: handle } = (owner ?? {}) as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

/** Where a connection leads, whatever is spoken on it. */
export type Peer = Pick<Socket, 'remoteAddress' | 'remoteFamily' | 'remotePort' | 'localAddress' | 'localPort'>;

/** `tcpv4`, ... as `show sess` has it, and what `show fd` makes of it. */
export function familyOf({ remoteAddress, remoteFamily }: Peer): 'tcpv4' | 'tcpv6' | 'unix_stream' {
  if (remoteAddress === undefined) return 'unix_stream';
  return remoteFamily === 'IPv6' ? 'tcpv6' : 'tcpv4';
}

const FAMILIES = { tcpv4: 'ipv4', tcpv6: 'ipv6', unix_stream: 'unix' } as const;

/** `show fd [<number>]` */
export function showDescriptors({ args: [text], runtime }: Call): Answer {
  if (text !== undefined) return { kind: 'data', pieces: one(Number.parseInt(text, 10), runtime) };
  const known = new Map(owners(runtime));
  return { kind: 'data', pieces: lines(openDescriptors() ?? [...known.keys()], known) };
}

function* one(wanted: number, runtime: Runtime): Generator<string> {
  if (!(wanted >= 0)) return;
  for (const [fd, tell] of owners(runtime)) {
    if (fd !== wanted) continue;
    yield line(fd, tell());
    return;
  }
  yield line(wanted, describe(wanted));
}

/** One at a time: there may be very many. */
function* lines(descriptors: readonly number[], known: ReadonlyMap<number, () => string>): Generator<string> {
  for (const fd of descriptors) yield line(fd, known.get(fd)?.() ?? describe(fd));
}

/** None where it is closed: as the folder that was read, by now. */
function line(fd: number, what: string | undefined): string {
  return what === undefined ? '' : `${String(fd).padStart(7)} : ${what}\n`;
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

function describe(fd: number): string | undefined {
  try {
    return readlinkSync(`${OPEN}/${fd}`);
  } catch {
    return undefined;
  }
}

/** Whose a descriptor is, put into words when it is its turn. */
type Owner = readonly [descriptor: number, tell: () => string];

function* owners(runtime: Runtime): Generator<Owner> {
  for (const { server } of runtime.sockets) yield listener(server, 'GLOBAL');
  for (const { frontend } of runtime.proxies) {
    for (const { socket, open } of frontend?.listeners ?? []) if (open) yield listener(socket.server, frontend?.name ?? '');
  }
  for (const { socket } of runtime.cliConnections()) yield [descriptorOf(socket), () => `back=0 ${addresses(socket)} fe=GLOBAL`];
  for (const [{ name }, { socket, target }] of runtime.clients()) {
    yield [descriptorOf(socket), () => `back=0 ${addresses(socket)} fe=${name}`];
    const { connection, backend, server } = target;
    if (connection === undefined) continue;
    const whose = `px=${backend?.name ?? '<NONE>'} sv=${server?.config.name ?? '<none>'}`;
    yield [descriptorOf(connection.socket), () => `back=1 ${addresses(connection.socket)} ${whose}`];
  }
}

function listener(server: NetServer, frontend: string): Owner {
  const at = server.address();
  const family = at === null || typeof at === 'string' ? 'fam=unix' : `fam=${at.family.toLowerCase()} lport=${at.port}`;
  return [descriptorOf(server), () => `l.st=RDY fe=${frontend} ${family}`];
}

function addresses(socket: Peer): string {
  const family = FAMILIES[familyOf(socket)];
  return family === 'unix' ? `fam=${family}` : `fam=${family} lport=${socket.localPort ?? 0} rport=${socket.remotePort ?? 0}`;
}
