/** Commands about backends: `show backend`, `show servers state`, `show servers conn`, dynamic cookies (manual 9.3). */

import { isIP } from 'node:net';
import type { Backend } from '../../backend/backend.ts';
import type { Server } from '../../backend/server.ts';
import { serversState } from '../../backend/servers-state.ts';
import { bytesOf } from '../../core/bytes.ts';
import { monotonic } from '../../core/clock.ts';
import { findBackend } from '../names.ts';
import { type Answer, type Call, type Command, DONE, data, refuse } from './command.ts';
import type { Runtime } from './runtime.ts';

function all({ proxies }: Runtime): Backend[] {
  return proxies.flatMap(({ backend }) => (backend === undefined ? [] : [backend]));
}

/** A report on the backend that is named, or on all. */
function report(write: (backends: readonly Backend[]) => Iterable<string>): (call: Call) => Answer {
  return ({ args: [name], runtime }) => {
    const named = name === undefined ? undefined : findBackend(runtime.proxies, name);
    if (name !== undefined && named === undefined) return refuse("Can't find backend.");
    return { kind: 'data', pieces: write(named === undefined ? all(runtime) : [named]) };
  };
}

function* connections(backends: readonly Backend[]): Generator<string> {
  yield '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n';
  for (const backend of backends) yield backend.servers.map(connectionsOf).join('');
}

function connectionsOf({ id, backend, config, idle, scur, mostUsed, neededConnections }: Server): string {
  const { name, address, port, poolPurgeDelay, poolMaxConn } = config;
  // A path is no address to HAProxy.
  const shown = address === undefined || isIP(address) === 0 ? '-' : address;
  const server = `${backend.name}/${name} ${backend.config.id}/${id} ${shown} ${port}`;
  const kept = `${idle.length - idle.proven} ${idle.proven} ${poolMaxConn} ${idle.length} ${idle.length}`;
  return `${server} - ${poolPurgeDelay} ${scur} ${mostUsed} ${neededConnections} ${kept}\n`;
}

/** Runs with the backend that the first word names. */
function withBackend(act: (backend: Backend, call: Call) => Answer | Promise<Answer>): (call: Call) => Answer | Promise<Answer> {
  return (call) => {
    const [name] = call.args;
    if (name === undefined) return refuse('A backend name is expected.');
    const backend = findBackend(call.runtime.proxies, name);
    return backend === undefined ? refuse('No such backend.') : act(backend, call);
  };
}

const setDynamic = (dynamic: boolean) =>
  withBackend((backend, { runtime }) => runtime.setDynamicCookie(backend, { dynamic }).then(() => DONE));

const setDynamicKey = withBackend((backend, { args: [, key], runtime }) => {
  if (key === undefined) return refuse('String value expected.');
  return runtime.setDynamicCookie(backend, { key: bytesOf(key) }).then(() => DONE);
});

const BACKEND = '<backend>';

export const poolCommands: readonly Command[] = [
  {
    name: 'show backend',
    syntax: '',
    help: 'the names of the backends',
    run: ({ runtime }) => data('# name\n', ...all(runtime).map(({ name }) => `${name}\n`)),
  },
  {
    name: 'show servers state',
    syntax: '[<backend>]',
    help: 'states of servers, as a state file has them',
    run: report((backends) => [serversState(backends, monotonic())]),
  },
  { name: 'enable dynamic-cookie backend', syntax: BACKEND, help: 'make cookies of addresses', level: 'admin', run: setDynamic(true) },
  {
    name: 'disable dynamic-cookie backend',
    syntax: BACKEND,
    help: 'use the cookies that are configured',
    level: 'admin',
    run: setDynamic(false),
  },
  {
    name: 'set dynamic-cookie-key backend',
    syntax: `${BACKEND} <key>`,
    help: 'the secret of dynamic cookies',
    level: 'admin',
    run: setDynamicKey,
  },
  { name: 'show servers conn', syntax: '[<backend>]', help: 'connections to servers', run: report(connections) },
];
