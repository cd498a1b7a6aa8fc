/** Statuses as Prometheus counts them: a sample for each word of a kind (HAProxy's promex; "state" is the label). */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { OpState, type Verdict } from '../backend/types.ts';
import { hasCode } from '../backend/words.ts';
import type { Frontend } from '../proxy/frontend.ts';
import type { Listener } from '../proxy/listener.ts';
import type { States } from './metric.ts';
import { listenerStatus } from './words.ts';

const UP_OR_DOWN = ['DOWN', 'UP'] as const;
const LISTENER = ['WAITING', 'OPEN', 'FULL'] as const;
const SERVER = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'] as const;
const CHECK = [
  'HANA',
  'SOCKERR',
  'L4OK',
  'L4TOUT',
  'L4CON',
  'L6OK',
  'L6TOUT',
  'L6RSP',
  'L7TOUT',
  'L7RSP',
  'L7OK',
  'L7OKC',
  'L7STS',
  'PROCERR',
  'PROCTOUT',
  'PROCOK',
] as const;

/** For each word, how often it is among `found`. */
function tally(words: readonly string[], found: readonly (string | undefined)[]): readonly number[] {
  const counts: number[] = new Array(words.length).fill(0);
  for (const word of found) {
    const index = word === undefined ? -1 : words.indexOf(word);
    if (index >= 0) (counts[index] as number)++;
  }
  return counts;
}

/** The rows of `tally` for one word, by word. */
function oneOf(words: readonly string[]): ReadonlyMap<string | undefined, readonly number[]> {
  return new Map([undefined, ...words].map((word) => [word, tally(words, [word])]));
}

const OF_UP_OR_DOWN = oneOf(UP_OR_DOWN);
const OF_LISTENER = oneOf(LISTENER);
const OF_SERVER = oneOf(SERVER);
const OF_CHECK = oneOf(CHECK);

/** A paused frontend is up. */
export const frontendStates: States<Frontend> = {
  words: UP_OR_DOWN,
  count: ({ state }) => OF_UP_OR_DOWN.get(state === 'STOP' ? 'DOWN' : 'UP'),
};

export const listenerStates: States<Listener> = { words: LISTENER, count: (listener) => OF_LISTENER.get(listenerStatus(listener)) };

export const backendStates: States<Backend> = { words: UP_OR_DOWN, count: (backend) => OF_UP_OR_DOWN.get(backend.status()) };

export const serverStates: States<Server> = { words: SERVER, count: (server) => OF_SERVER.get(serverState(server)) };

/** What has not been checked yet is in none of them. */
export const checkStates: States<Server> = {
  words: CHECK,
  count: (server) => (isProbed(server) ? (OF_CHECK.get(server.verdict?.code) ?? OF_CHECK.get(undefined)) : undefined),
};

/** How many servers are in each state; a backend without servers has no sample. */
export const serversByState: States<Backend> = {
  words: SERVER,
  count: ({ servers }) => (servers.length === 0 ? undefined : tally(SERVER, servers.map(serverState))),
};

/** As the last check of each ended, even where nothing is checked at present. */
export const serversByCheck: States<Backend> = {
  words: CHECK,
  count: ({ servers }) =>
    servers.length === 0
      ? undefined
      : tally(
          CHECK,
          servers.map(({ verdict }) => verdict?.code),
        ),
};

function serverState(server: Server): (typeof SERVER)[number] {
  if (server.inMaintenance) return 'MAINT';
  switch (server.op) {
    case OpState.Stopped:
      return 'DOWN';
    case OpState.Stopping:
      return 'NOLB';
    default:
      return server.draining ? 'DRAIN' : 'UP';
  }
}

function isProbed(server: Server): boolean {
  return server.checkEnabled && !server.inMaintenance;
}

/** 0 where the check has no code. */
export function checkCode(server: Server): number | undefined {
  return isProbed(server) ? codeOf(server.verdict) : undefined;
}

function codeOf(verdict: Verdict | undefined): number {
  return verdict !== undefined && hasCode(verdict) ? Math.max(0, verdict.status) : 0;
}

/** Milliseconds. That of the last check stands in maintenance, too. */
export function lastCheckDuration({ verdict }: Server): number | undefined {
  return verdict === undefined || verdict.duration < 0 ? undefined : Math.floor(verdict.duration);
}
