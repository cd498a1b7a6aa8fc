/**
 * `show sess`, `shutdown session`: who has something under way, and the end of it (manual 9.3).
 *
 * Lines have HAProxy's words in its order; bits of its inner life (`f=`, `an=`, ...) are 0. Connections to the Runtime API are
 * sessions of the frontend GLOBAL, as in HAProxy.
 */

import { wall } from '../../core/clock.ts';
import { accessDate } from '../../core/dates.ts';
import { Phase } from '../../proxy/phases.ts';
import type { ClientSession } from '../../proxy/sessions.ts';
import { type Answer, type Call, type Command, DONE, data, refuse } from './command.ts';
import { descriptorOf, familyOf, type Peer } from './descriptors.ts';
import type { CliConnection, Runtime } from './runtime.ts';

/** HAProxy writes where a session is in memory; ours get numbers when they are first shown. */
const numbers = new WeakMap<object, number>();
let last = 0;

function idOf(session: object): string {
  const number = numbers.get(session) ?? ++last;
  numbers.set(session, number);
  return `0x${number.toString(16).padStart(12, '0')}`;
}

/** HAProxy's stream connector states on the side of the server, of those that it has for each phase. */
const STATES: Readonly<Record<Phase, readonly [number: number, name: string]>> = {
  [Phase.Idle]: [0, 'INI'],
  [Phase.Request]: [0, 'INI'],
  [Phase.Queued]: [2, 'QUE'],
  [Phase.Assigned]: [3, 'TAR'],
  [Phase.Connecting]: [5, 'CON'],
  [Phase.Established]: [8, 'EST'],
  [Phase.Tunnel]: [8, 'EST'],
  [Phase.Reply]: [8, 'EST'],
};

/** What a report says of one session, whoever has it. */
interface Shown {
  readonly session: object;
  readonly socket: Peer;
  /** Number of the socket it came in by. */
  readonly listener: { readonly id: number; readonly name: string };
  readonly acceptedWall: number;
  readonly calls: number;
  readonly frontend: Side;
  readonly backend: Side | undefined;
  readonly server: { readonly name: string; readonly id: number } | undefined;
  readonly upstream: Peer | undefined;
  readonly phase: Phase;
  readonly retries: number;
  end(): void;
}

interface Side {
  readonly name: string;
  readonly id: number;
  readonly mode: string;
}

function* everybody(runtime: Runtime): Generator<Shown> {
  for (const [{ config: frontend }, client] of runtime.clients())
    for (const session of client.streams ?? [client]) {
      // What is idle between two requests is none for HAProxy.
      if (session.idle) continue;
      const { socket, target, acceptedWall, requests, listener } = session;
      const { backend, server, connection, phase, retries } = target;
      yield {
        session,
        socket,
        listener: { id: listener.id, name: listener.config.name },
        acceptedWall,
        calls: requests,
        frontend,
        backend: backend?.config,
        server: server === undefined ? undefined : { name: server.config.name, id: server.id },
        upstream: connection?.socket,
        phase,
        retries,
        end: () => end(session),
      };
    }
  for (const connection of runtime.cliConnections()) yield ofCli(connection);
}

function end(session: ClientSession): void {
  const { server } = session.target;
  if (server === undefined) session.destroy();
  else session.shutdown(server, 'K');
}

const GLOBAL: Side = { name: 'GLOBAL', id: 0, mode: 'tcp' };

function ofCli({ socket, listener, acceptedWall, commands }: CliConnection): Shown {
  const nowhere = { backend: undefined, server: undefined, upstream: undefined, phase: Phase.Reply, retries: 0 };
  const common = { session: socket, socket, acceptedWall, calls: commands, frontend: GLOBAL, ...nowhere };
  return { ...common, listener: { id: listener, name: '?' }, end: () => socket.destroy() };
}

/** `show sess [all|<id>]`; as for HAProxy, another word is none. */
function show({ args: [which = ''], runtime }: Call): Answer {
  if (which === 'all') return { kind: 'data', pieces: map(everybody(runtime), whole) };
  const number = readId(which);
  if (number === 0) return { kind: 'data', pieces: map(everybody(runtime), line) };
  const found = find(runtime, number);
  // As HAProxy, whose report this is: no refusal.
  return data(found === undefined ? 'Session not found.\n' : whole(found));
}

/** One at a time: there may be very many. */
function* map(all: Iterable<Shown>, write: (shown: Shown) => string): Generator<string> {
  for (const shown of all) yield write(shown);
}

const CHANNEL = '[f=0h,i=0,an=00h,rx=,wx=,ax=]';

function line(shown: Shown): string {
  const { session, socket, frontend, backend, server, upstream, phase, retries, calls } = shown;
  const route = `fe=${frontend.name} be=${backend?.name ?? '<NONE>'} srv=${server?.name ?? '<none>'}`;
  const task = `ts=00 epoch=0 age=${ageOf(shown)}s calls=${calls} rate=0 cpu=0 lat=0`;
  const ends = `scf=[8,0h,fd=${descriptorOf(socket)}] scb=[${STATES[phase][0]},0h,fd=${descriptorOf(upstream)}]`;
  return `${idOf(session)}: proto=${familyOf(socket)} src=${sourceOf(shown)} ${route} ${task} rq${CHANNEL} rp${CHANNEL} ${ends} exp= rc=${retries} c_exp=\n`;
}

/** All that is known of one. */
function whole(shown: Shown): string {
  const { session, socket, acceptedWall, frontend, listener, backend, server, upstream, phase, retries, calls } = shown;
  const side = ({ name, id, mode }: Side): string => `${name} (id=${id} mode=${mode})`;
  const back = backend === undefined ? '<NONE> (id=-1 mode=-)' : `${side(backend)}${local(upstream)}`;
  const to = server === undefined ? '<NONE> (id=-1)' : `${server.name} (id=${server.id})${remote(upstream)}`;
  const mux = frontend.mode === 'http' ? 'H1' : 'PASS';
  const end = (number: number, of: Peer): string =>
    `      co${number}=${idOf(of)} ctrl=${familyOf(of)} xprt=RAW mux=${mux} data=STRM\n      flags=0x00000000 fd=${descriptorOf(of)}\n`;
  return [
    `${idOf(session)}: [${accessDate(acceptedWall)}000] id=${numbers.get(session)} proto=${familyOf(socket)} source=${sourceOf(shown)}\n`,
    `  flags=0x0, conn_retries=${retries}, conn_exp=<NEVER> conn_et=0x000 srv_conn=(nil), pend_pos=(nil) waiting=${Number(phase === Phase.Queued)} epoch=0\n`,
    `  frontend=${side(frontend)}, listener=${listener.name} (id=${listener.id})${local(socket) || ` addr=unix:${listener.id}`}\n`,
    `  backend=${back}\n`,
    `  server=${to}\n`,
    `  task=${idOf(session)} (state=0x00 nice=0 calls=${calls} rate=0 exp=<NEVER> tmask=0x1 age=${ageOf(shown)}s)\n`,
    `  scf=${idOf(socket)} flags=0x00000000 state=EST endp=CONN sub=1\n`,
    end(0, socket),
    `  scb=${upstream === undefined ? '(nil)' : idOf(upstream)} flags=0x00000000 state=${STATES[phase][1]} endp=${upstream === undefined ? 'NONE' : 'CONN'} sub=0\n`,
    upstream === undefined ? '' : end(1, upstream),
  ].join('');
}

function ageOf({ acceptedWall }: Shown): number {
  return Math.max(0, Math.floor((wall() - acceptedWall) / 1000));
}

function sourceOf({ socket, listener }: Shown): string {
  return socket.remoteAddress === undefined ? `unix:${listener.id}` : `${socket.remoteAddress}:${socket.remotePort}`;
}

/** ` addr=<where its own end is>`; empty for a unix socket, which has none. */
function local(socket: Peer | undefined): string {
  return socket?.localAddress === undefined ? '' : ` addr=${socket.localAddress}:${socket.localPort}`;
}

function remote(socket: Peer | undefined): string {
  return socket?.remoteAddress === undefined ? '' : ` addr=${socket.remoteAddress}:${socket.remotePort}`;
}

/** As C's `strtoul` reads it; 0 is none. */
function readId(text: string): number {
  const [digits = ''] = /^[+-]?(0x[0-9a-f]+|\d+)/i.exec(text) ?? [];
  return Number(digits.replace(/^[+-]/, ''));
}

function find(runtime: Runtime, number: number): Shown | undefined {
  for (const shown of everybody(runtime)) if (numbers.get(shown.session) === number) return shown;
  return undefined;
}

function shutdown({ args: [id = ''], runtime }: Call): Answer {
  const number = readId(id);
  if (number === 0) return refuse("Session pointer expected (use 'show sess').");
  const shown = find(runtime, number);
  if (shown === undefined) return refuse("No such session (use 'show sess').");
  shown.end();
  return DONE;
}

export const sessionCommands: readonly Command[] = [
  {
    name: 'show sess',
    syntax: '[all|<id>]',
    help: 'sessions that have something under way, or all that is known of them',
    level: 'operator',
    run: show,
  },
  { name: 'shutdown session', syntax: '<id>', help: 'end a session', level: 'admin', run: shutdown },
];
