/** Reports on backends and their servers: `show backend`, `show servers state`, `show servers conn` (manual 9.3). */

import type { Backend } from '../../backend/backend.ts';
import type { Server } from '../../backend/server.ts';
import { serversState } from '../../backend/servers-state.ts';
import { monotonic } from '../../core/clock.ts';
import { type Answer, type Call, type Command, data, refuse } from './command.ts';
import { findBackend } from './find.ts';
import type { Runtime } from './runtime.ts';

function all({ proxies }: Runtime): Backend[] {
  return proxies.flatMap(({ backend }) => (backend === undefined ? [] : [backend]));
}

/** A report on the backend that is named, or on all. */
function report(write: (backends: readonly Backend[]) => Iterable<string>): (call: Call) => Answer {
  return ({ args: [name], runtime }) => {
    const named = name === undefined ? undefined : findBackend(runtime, name);
    if (name !== undefined && named === undefined) return refuse("Can't find backend.");
    return { kind: 'data', pieces: write(named === undefined ? all(runtime) : [named]) };
  };
}

function* connections(backends: readonly Backend[]): Generator<string> {
  yield '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n';
  for (const backend of backends) yield backend.servers.map(connectionsOf).join('');
}

function connectionsOf({ id, backend, config, idle, scur, counters }: Server): string {
  const { name, address = '-', port, poolPurgeDelay, poolMaxConn } = config;
  const server = `${backend.name}/${name} ${backend.config.id}/${id} ${address} ${port}`;
  const kept = `${idle.length - idle.proven} ${idle.proven} ${poolMaxConn} ${idle.length} ${idle.length}`;
  return `${server} - ${poolPurgeDelay} ${scur} ${counters.smax} ${Math.max(scur, idle.needed)} ${kept}\n`;
}

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
  { name: 'show servers conn', syntax: '[<backend>]', help: 'connections to servers', run: report(connections) },
];
