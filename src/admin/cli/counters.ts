/** `clear counters [all]` (manual 9.3). */

import type { RowCounters } from '../../core/counters.ts';
import { processTotals } from '../../stats/info.ts';
import { type Answer, allows, type Call, type Command, DENIED, DONE } from './command.ts';
import type { Runtime } from './runtime.ts';

function* everyRow({ proxies }: Runtime): Generator<RowCounters> {
  for (const { frontend, backend } of proxies) {
    if (frontend !== undefined) {
      yield frontend.counters;
      for (const listener of frontend.listeners) yield listener.counters;
    }
    if (backend === undefined) continue;
    yield backend.counters;
    for (const server of backend.servers) yield server.counters;
  }
}

/** What the process has done stays in `show info`. */
function carry(runtime: Runtime): void {
  const { connections, requests, bytesOut } = processTotals(runtime);
  const { accepted, bytesOut: ownBytes } = runtime.cli;
  Object.assign(runtime.counters.carried, {
    connections: connections - accepted,
    requests: requests - accepted,
    bytesOut: bytesOut - ownBytes,
  });
}

/** Operators may forget the highest values; all of it is for administrators. */
function clear({ args: [what], runtime, state }: Call): Answer {
  const all = what === 'all';
  if (all && !allows(state.level, 'admin')) return DENIED;
  runtime.counters.clearMax();
  if (all) carry(runtime);
  for (const counters of everyRow(runtime)) {
    if (all) counters.clear();
    else counters.clearMax();
  }
  return DONE;
}

export const counterCommands: readonly Command[] = [
  { name: 'clear counters', syntax: '[all]', help: 'forget the highest values, or all of the statistics', level: 'operator', run: clear },
];
