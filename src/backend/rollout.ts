/**
 * Rolling out: of a pool whose servers belong to generations (`ServerConfig.generation`), one generation has the traffic, and
 * all others drain.
 *
 *     the newest that has a server found usable   has the traffic; "found" means that its checks, where it has some, have passed
 *     the one that has it                         keeps it while one of its servers is usable and no newer one has one found so
 *     none is found usable                        the newest with a usable server, be it unchecked
 *     none is usable                              everything stays as it is
 *
 * A generation is as new as its newest server. Servers without a generation are none of its business.
 *
 * Invariant: one step takes the traffic from a generation and gives it to another. `Backend.refresh` asks here who is admitted
 * when it looks who gets traffic, so no request meets two generations in between; draining is how servers are told.
 *
 * Operators win: what they drain, stop or take down is not usable; a drained server that they call `ready` gets traffic beside
 * the chosen generation until another one is chosen.
 */

import { changeAdmin } from './admin.ts';
import type { Backend } from './backend.ts';
import type { Server } from './server.ts';
import { Admin } from './types.ts';

interface Candidate {
  readonly key: string;
  /** Wall-clock ms. */
  created: number;
  usable: boolean;
  /** Not only believed to be. */
  found: boolean;
}

export class Rollout {
  private readonly backend: Backend;
  /** Key of the generation that has the traffic. */
  private chosen: string | undefined = undefined;
  /** Those whom an operator wants in traffic although they are outdated. */
  private readonly insisted = new Set<Server>();
  /** Some server has a generation, or had one at the last look. */
  private rolls = false;
  /** Servers are just being told: the backend has looked already. */
  enforcing = false;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Which generation has the traffic from now on. */
  choose(): void {
    if (!this.rolls && !this.backend.servers.some(hasGeneration)) return;
    const candidates = candidatesOf(this.backend.servers);
    const chosen = best(candidates, this.chosen);
    if (chosen === undefined && candidates.length > 0) return;
    if (chosen?.key !== this.chosen) this.insisted.clear();
    this.chosen = chosen?.key;
    this.rolls = true;
  }

  /** Whether `server` may get new traffic. */
  admits(server: Server): boolean {
    return server.fit && !this.isOutdated(server);
  }

  /** What was chosen becomes the state of the servers, and is told. First it is given, then it is taken. */
  enforce(now: number): void {
    if (!this.rolls) return;
    const { servers } = this.backend;
    this.enforcing = true;
    try {
      for (const server of servers) if (!this.isOutdated(server)) changeAdmin(server, 0, Admin.RolloutDrain, '', now);
      const outdated = servers.filter((server) => !server.removed && (server.admin & Admin.RolloutDrain) === 0 && this.isOutdated(server));
      const chosen = outdated.length === 0 ? undefined : this.chosenCandidate;
      for (const server of outdated) changeAdmin(server, Admin.RolloutDrain, 0, ` (${whyOutdated(server, chosen)})`, now);
    } finally {
      this.enforcing = false;
    }
    this.rolls = this.chosen !== undefined;
  }

  /** An operator has said `ready` to it, or something else. Refresh the backend behind this. */
  heed(server: Server, ready: boolean): void {
    if (!ready) this.insisted.delete(server);
    else if ((server.admin & Admin.RolloutDrain) !== 0) this.insisted.add(server);
  }

  /** Why it drains; empty where it does not drain for a generation's sake. */
  reasonFor(server: Server): string {
    return (server.admin & Admin.RolloutDrain) === 0 ? '' : whyOutdated(server, this.chosenCandidate);
  }

  private get chosenCandidate(): Candidate | undefined {
    return candidatesOf(this.backend.servers).find(({ key }) => key === this.chosen);
  }

  private isOutdated(server: Server): boolean {
    const { generation } = server.config;
    return this.chosen !== undefined && generation !== undefined && generation.key !== this.chosen && !this.insisted.has(server);
  }
}

function whyOutdated({ config }: Server, chosen: Candidate | undefined): string {
  const isOlder = (config.generation?.created ?? 0) < (chosen?.created ?? 0);
  return isOlder ? 'a newer generation serves' : 'no server of its generation is usable yet: an older one serves';
}

function best(newestFirst: readonly Candidate[], current: string | undefined): Candidate | undefined {
  const found = newestFirst.find(({ key, usable, found }) => found || (key === current && usable));
  return found ?? newestFirst.find(({ usable }) => usable);
}

/** Newest first. */
function candidatesOf(servers: readonly Server[]): readonly Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const server of servers) {
    const { generation } = server.config;
    if (generation === undefined || server.removed) continue;
    const { key, created } = generation;
    const known = candidates.get(key) ?? { key, created, usable: false, found: false };
    candidates.set(key, known);
    known.created = Math.max(known.created, created);
    if (!server.fit) continue;
    known.usable = true;
    known.found ||= !server.checkEnabled || server.verdict?.passed === true;
  }
  // The last of two that are equally old: it is the newer one to its source.
  return [...candidates.values()].reverse().sort((a, b) => b.created - a.created);
}

function hasGeneration({ config }: Server): boolean {
  return config.generation !== undefined;
}
