/** `show sess`, `shutdown session`: who has something under way, and the end of it (manual 9.3). */

import { wall } from '../../core/clock.ts';
import type { Frontend } from '../../proxy/frontend.ts';
import type { ClientSession } from '../../proxy/sessions.ts';
import { type Answer, type Call, type Command, DONE, refuse } from './command.ts';
import type { Runtime } from './runtime.ts';

/** HAProxy writes where a session is in memory; ours get numbers when they are first shown. */
const numbers = new WeakMap<ClientSession, number>();
let last = 0;

function idOf(session: ClientSession): string {
  const number = numbers.get(session) ?? ++last;
  numbers.set(session, number);
  return `0x${number.toString(16).padStart(12, '0')}`;
}

/** What is idle between two requests is none for HAProxy. */
function* busy({ clients }: Runtime): Generator<readonly [Frontend, ClientSession]> {
  for (const entry of clients()) if (!entry[1].idle) yield entry;
}

/** `show sess [all|<id>]`; there is no longer form of a line. */
function show({ args: [id], runtime }: Call): Answer {
  if (id === undefined || id === 'all') return { kind: 'data', pieces: lines(runtime) };
  const entry = find(runtime, id);
  return entry === undefined ? refuse('Session not found.') : { kind: 'data', pieces: [line(entry)] };
}

function* lines(runtime: Runtime): Generator<string> {
  for (const entry of busy(runtime)) yield line(entry);
}

function line([frontend, session]: readonly [Frontend, ClientSession]): string {
  const { socket, target, acceptedWall } = session;
  const { remoteAddress, remotePort, remoteFamily } = socket;
  const protocol = remoteAddress === undefined ? 'unix_stream' : remoteFamily === 'IPv6' ? 'tcpv6' : 'tcpv4';
  const source = remoteAddress === undefined ? 'unix:1' : `${remoteAddress}:${remotePort}`;
  const age = Math.max(0, Math.floor((wall() - acceptedWall) / 1000));
  const { backend, server } = target;
  return `${idOf(session)}: proto=${protocol} src=${source} fe=${frontend.name} be=${backend?.name ?? '<NONE>'} srv=${server?.config.name ?? '<none>'} age=${age}s\n`;
}

function find(runtime: Runtime, id: string): readonly [Frontend, ClientSession] | undefined {
  const number = /^0x[0-9a-f]+$/i.test(id) ? Number(id) : undefined;
  for (const entry of runtime.clients()) if (number !== undefined && numbers.get(entry[1]) === number) return entry;
  return undefined;
}

function shutdown({ args: [id = ''], runtime }: Call): Answer {
  if (!/^0x[0-9a-f]+$/i.test(id)) return refuse("Session pointer expected (use 'show sess').");
  const session = find(runtime, id)?.[1];
  if (session === undefined) return refuse("No such session (use 'show sess').");
  const { server } = session.target;
  if (server === undefined) session.destroy();
  else session.shutdown(server, 'K');
  return DONE;
}

export const sessionCommands: readonly Command[] = [
  { name: 'show sess', syntax: '[<id>]', help: 'sessions that have something under way', level: 'operator', run: show },
  { name: 'shutdown session', syntax: '<id>', help: 'end a session', level: 'admin', run: shutdown },
];
