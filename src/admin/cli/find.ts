/** What the words of a command name: `web/s1`, `#6/#1`. */

import type { Server } from '../../backend/server.ts';
import type { Frontend } from '../../proxy/frontend.ts';
import type { StatsProxy } from '../../stats/rows.ts';
import { findBackend, numberOf } from '../names.ts';
import { type Answer, type Call, refuse } from './command.ts';
import type { Runtime } from './runtime.ts';

/** The one that is called so, or has this number. */
export function findProxy(runtime: Runtime, word: string): StatsProxy | undefined {
  const id = numberOf(word);
  return runtime.proxies.find((proxy) => (id === undefined ? proxy.name === word : proxyId(proxy) === id));
}

export function proxyId({ frontend, backend }: StatsProxy): number {
  return (frontend ?? backend)?.config.id ?? 0;
}

/** The server of `backend/server`, or what to answer instead. */
export function findServer(runtime: Runtime, word: string | undefined): Server | Answer {
  const [name = '', own] = /^([^/]*)\/(.*)$/.exec(word ?? '')?.slice(1) ?? [];
  if (name === '' || own === undefined || own === '') return refuse("Require 'backend/server'.");
  const backend = findBackend(runtime.proxies, name);
  if (backend === undefined) return refuse('No such backend.');
  const id = numberOf(own);
  const server = backend.servers.find((each) => (id === undefined ? each.config.name === own : each.id === id) && !each.removed);
  return server ?? refuse('No such server.');
}

/** Runs with the server that the first word names. */
export function withServer(act: (server: Server, call: Call) => Answer | Promise<Answer>): (call: Call) => Answer | Promise<Answer> {
  return (call) => {
    const found = findServer(call.runtime, call.args[0]);
    return 'kind' in found ? found : act(found, { ...call, args: call.args.slice(1) });
  };
}

/** The frontend that the first word names, or what to answer instead. */
export function findFrontend({ args, runtime }: Call): Frontend | Answer {
  const [word] = args;
  if (word === undefined) return refuse('A frontend name is expected.');
  const id = numberOf(word);
  const found = runtime.proxies.find(
    ({ frontend }) => frontend !== undefined && (id === undefined ? frontend.name === word : frontend.config.id === id),
  );
  return found?.frontend ?? refuse('No such frontend.');
}
