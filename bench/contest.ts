/**
 * Closed-loop rounds of one scenario. All proxies run, are warmed up, and then take turns (A B C, B C A, ...), so that
 * whatever else the machine does in between hits all of them alike.
 */

import { writeFileSync } from 'node:fs';
import type { Arena, Running } from './arena.ts';
import { type Load, measure, type Round } from './measure.ts';
import type { Peer } from './peers.ts';
import { stop } from './process.ts';
import { type Scenario, urlOf, wrkScript } from './scenarios.ts';

const warmUpSeconds = 2;

export interface Contestant extends Running {
  readonly load: Load;
}

export interface Plan {
  readonly scenario: Scenario;
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** Length of a round. */
  readonly seconds: number;
}

/** Starts those that are installed and can play the scenario, and hands them over to `play`; then they are stopped. */
export async function contest<T>(
  arena: Arena,
  { scenario, peers, seconds }: Plan,
  play: (contestants: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants: Contestant[] = [];
  try {
    const script = scriptOf(arena, scenario);
    const http2 = http2Of(arena, scenario);
    const { log, connections, streams, wire, key, keepAlive } = scenario;
    const handshakes = wire === 'tls' && !keepAlive;
    for (const peer of peers.filter((one) => one.version() !== undefined && (one.logs || !log) && one.speaks.includes(wire))) {
      const proxy = await arena.start(peer, { log, connections, active: connections * streams, wire, key });
      const load = { url: urlOf(scenario, proxy.port), seconds, connections, script, handshakes, http2 };
      contestants.push({ ...proxy, load });
      await measure(proxy.pid, { ...load, seconds: warmUpSeconds });
    }
    return await play(contestants);
  } finally {
    for (const contestant of contestants) await stop(contestant.process);
  }
}

/** Closed-loop rounds by the peer's name. */
export async function closedLoop(arena: Arena, plan: Plan): Promise<ReadonlyMap<string, readonly Round[]>> {
  return contest(arena, plan, (contestants) => inTurns(contestants, plan.rounds, ({ pid, load }) => measure(pid, load)));
}

/** Plays rounds one after the other and returns each one's results by the peer's name. */
export async function inTurns<C extends { readonly peer: { readonly name: string } }, R>(
  contestants: readonly C[],
  rounds: number,
  play: (contestant: C) => Promise<R>,
): Promise<ReadonlyMap<string, readonly R[]>> {
  const results = new Map<string, R[]>(contestants.map(({ peer }) => [peer.name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round) % contestants.length] as C;
      results.get(contestant.peer.name)?.push(await play(contestant));
    }
  }
  return results;
}

/** A line for each round that does not count. */
export function complaints(results: ReadonlyMap<string, readonly { readonly invalid: string | undefined }[]>): string[] {
  return [...results].flatMap(([name, rounds]) =>
    rounds.flatMap(({ invalid }, at) => (invalid === undefined ? [] : [`- ${name}, round ${at + 1}, does not count: ${invalid}`])),
  );
}

/** What h2load is told; undefined for HTTP/1.1. */
function http2Of(arena: Arena, { wire, streams, postBytes }: Scenario): Load['http2'] {
  if (wire !== 'h2' && wire !== 'h2c') return undefined;
  if (postBytes === 0) return { streams, body: undefined };
  const body = arena.path('body');
  writeFileSync(body, Buffer.alloc(postBytes, 'x'));
  return { streams, body };
}

/** A file for wrk; undefined where a plain GET will do. */
export function scriptOf(arena: Arena, scenario: Scenario): string | undefined {
  const text = wrkScript(scenario);
  if (text === '') return undefined;
  const path = arena.path('wrk.lua');
  writeFileSync(path, text);
  return path;
}
