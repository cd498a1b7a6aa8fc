/** Where the Runtime API is: what was said, what the environment says, what a configuration says, where it usually is. */

import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { builtinSockets } from '../config/builtin.ts';
import { loadConfig } from '../config/load.ts';
import type { StatsSocketConfig } from '../config/model.ts';
import type { CtlOptions } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Looked for in this order; distributions have HAProxy's in one of these. */
const USUAL_SOCKETS = [
  '/run/fairlead.sock',
  '/run/fairlead/admin.sock',
  '/var/run/fairlead.sock',
  '/run/haproxy/admin.sock',
  '/var/run/haproxy.sock',
  '/var/lib/haproxy/stats',
  '/tmp/haproxy.sock',
];

/** What there is to connect to, and what people call it. */
export interface Target {
  readonly name: string;
  readonly options: { readonly path: string } | { readonly host: string; readonly port: number };
}

/** Text is why there is none. Where nothing says which, the first in which somebody listens. */
export async function findSocket(
  { socket, files }: Pick<CtlOptions, 'socket' | 'files'>,
  env: Environment,
  cwd: string,
): Promise<Target | string> {
  if (socket !== undefined) return readTarget(socket, cwd);
  if (files.length > 0) return fromConfiguration(files, env, cwd);
  const { FAIRLEAD_SOCKET: named } = env;
  if (named !== undefined && named !== '') return readTarget(named, cwd);
  const looked = [...USUAL_SOCKETS, ...builtinSockets(env)];
  const usual = looked.filter((path) => isSocket(path) && isTrusted(path));
  const found = (await firstHeard(usual)) ?? usual[0];
  if (found !== undefined) return targetAt(found);
  return `no Runtime API was found: say where it is by --socket, FAIRLEAD_SOCKET or -f (looked for ${looked.join(', ')})`;
}

/** A path (of a socket in `cwd`, a name will do), `unix@<path>`, `<host>:<port>`, `ipv4@<host>:<port>`, `[<address>]:<port>`, or a port of this machine. */
export function readTarget(text: string, cwd: string): Target | string {
  const path = /^unix@(.+)$/.exec(text)?.[1] ?? (text.includes('/') ? text : undefined);
  if (path !== undefined) return targetAt(path);
  if (isSocket(join(cwd, text))) return targetAt(join(cwd, text));
  const [, bracketed, plain, digits] = /^(?:(?:ipv[46]|tcp[46]?)@)?(?:\[([^\]]+)\]:|(.*):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port === 0 || port > 65535) return `'${text}' is neither a path nor <host>:<port>`;
  const host = bracketed ?? (plain === undefined || plain === '' || plain === '*' ? '127.0.0.1' : plain);
  return { name: `${host}:${port}`, options: { host, port } };
}

function targetAt(path: string): Target {
  return { name: path, options: { path } };
}

const RANKS = { user: 0, operator: 1, admin: 2 } as const;

/** Of a configuration's sockets the one whose users may do most. */
function fromConfiguration(files: readonly string[], env: Environment, cwd: string): Target | string {
  const { config, diagnostics } = loadConfig(files, { env: { HAPROXY_LOCALPEER: hostname(), ...env }, cwd });
  const wrong = diagnostics.find(({ severity }) => severity === 'alert');
  if (config === undefined) return `${files.join(', ')}: ${wrong?.message ?? 'cannot be read'}`;
  const sockets = config.global.statsSockets.filter(({ address }) => address.kind !== 'fd');
  const [best] = [...sockets].sort((one, other) => RANKS[other.level] - RANKS[one.level]);
  return best === undefined ? `${files.join(', ')}: there is no 'stats socket' to connect to` : targetOf(best);
}

function targetOf({ address }: StatsSocketConfig): Target | string {
  switch (address.kind) {
    case 'unix':
      return targetAt(address.path);
    case 'inet': {
      const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
      return { name: `${host}:${address.port}`, options: { host, port: address.port } };
    }
    case 'fd':
      return `fd@${address.fd} belongs to the process`;
  }
}

/** Sockets outlive those who listened there. */
export async function firstHeard(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isHeard(path)) return path;
  return undefined;
}

/** Only that nobody listens says so; who may not ask, say, is to hear that. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (heard: boolean): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.once('connect', () => done(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

/** Anybody may listen in /tmp, and answer in the place of the balancer. */
export function isTrusted(path: string): boolean {
  if (!path.startsWith('/tmp/')) return true;
  try {
    const { uid } = statSync(path);
    return uid === 0 || uid === userInfo().uid;
  } catch {
    // It has gone, or our number has no name in /etc/passwd.
    return false;
  }
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}
