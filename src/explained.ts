/** What the sources and the merged state come to for who explains them, and for the statistics page's view of discovery. */

import { isIP } from 'node:net';
import type { BindConfig, Config, ProxyConfig } from './config/model.ts';
import { DNS_SOURCE } from './discovery/dns/names.ts';
import type { Note, Snapshot } from './discovery/provider.ts';
import { routeText } from './discovery/routes.ts';
import { explain } from './explain/ask.ts';
import type { Explanation, Told } from './explain/explanation.ts';
import { linesOf } from './explain/text.ts';
import { shortOf, teller } from './explain/told.ts';
import type { LiveWorld, World } from './explain/world.ts';
import { PoolPrograms } from './pool-programs.ts';
import type { Prepared } from './prepare.ts';
import type { CompiledRules } from './rules/types.ts';
import type { Sources } from './sources.ts';
import type { Store } from './state/store.ts';
import type { DesiredState } from './state/types.ts';
import type { ExplainFacts, ExplainSource } from './stats/page/explain.ts';
import type { ExplainAnswer, ExplainContainer } from './stats/page/verdicts.ts';
import type { Certificates } from './tls/certificates.ts';
import { namesOf } from './tls/names.ts';

/** What is to be explained; `live` where a balancer runs. */
export function worldOf(
  { config, rules, certificates }: Pick<Prepared, 'config' | 'rules' | 'certificates'>,
  store: Pick<Store, 'state' | 'sources'>,
  sources: Pick<Sources, 'reports' | 'names' | 'troubleOf'>,
  live: LiveWorld | undefined,
): World {
  const states = sources.names
    .map((name) => ({ name, spoken: store.sources.has(name), trouble: sources.troubleOf(name) }))
    .filter(({ name, spoken }) => name !== DNS_SOURCE || !spoken);
  const { state } = store;
  const rulesOf = (proxy: ProxyConfig) => rules.get(proxy.id) ?? poolRules(proxy, state, config);
  const certificateOf = (bind: BindConfig, name: string | undefined) => foreseen(certificates, bind, name);
  return { config, rulesOf, certificateOf, state, sources: states, reports: sources.reports(), live };
}

function foreseen({ binds }: Certificates, { ssl }: BindConfig, name: string | undefined): ReturnType<World['certificateOf']> {
  const entry = binds.find((bind) => bind.ssl === ssl)?.foresee(name);
  if (entry === undefined || typeof entry === 'string') return entry;
  const { file, certificate } = entry.bundle;
  const isFor = (host: string): boolean => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  return { file, names: namesOf(certificate), isFor };
}

/** As the data plane has them. */
function poolRules({ name, id }: ProxyConfig, state: DesiredState, config: Config): CompiledRules | undefined {
  const pool = state.backends.get(name);
  if (pool?.routed !== true) return undefined;
  const alone = { ...state, backends: new Map([[name, pool]]) };
  return new PoolPrograms(() => {}).of(alone, config).get(id)?.rules;
}

/** `asked`: what somebody wants to know of; empty for nothing. */
export function explained(
  world: World,
  asked: string,
  store: Pick<Store, 'state' | 'sources' | 'spokenAt'>,
  sources: Pick<Sources, 'names' | 'troubleOf'>,
): ExplainFacts {
  const { state, sources: snapshots } = store;
  const tell = teller(world);
  const { containers } = explain(world, '', tell);
  const told = new Set(containers.map(({ name }) => name));
  const known = new Set<Note>([...snapshots.values()].flatMap(({ notes }) => notes));
  const routes = [...state.routes.values()].flat();
  return {
    sources: sources.names.map((name) => {
      const notes = snapshots.get(name)?.notes.filter(({ subject }) => !told.has(subject)) ?? [];
      return sourceFacts(name, snapshots.get(name), notes, store.spokenAt(name), sources.troubleOf(name));
    }),
    conflicts: state.notes.filter((note) => !known.has(note)),
    routes: routes.map(({ frontend, host, path, exact, rewrite, priority, pool, origin }) => {
      return { frontend, host: routeText({ host, path, exact }), pool, priority, rewrite, origin };
    }),
    containers: containers.map(containerFacts),
    answer: asked === '' ? undefined : answerTo(explain(world, asked, tell)),
    unsettled: [...state.unsettled],
  };
}

function containerFacts({ kind, name, id, verdict, what, state, health, source, summary }: Told): ExplainContainer {
  const facts = [what, state, health, source].filter((text) => text !== '').join(', ');
  return { kind, name, id: shortOf(id), verdict, facts, summary };
}

function answerTo(explanation: Explanation): ExplainAnswer {
  const { asked, routed } = explanation;
  return { asked, routed, lines: [...linesOf(explanation)] };
}

function sourceFacts(
  name: string,
  snapshot: Snapshot | undefined,
  notes: readonly Note[],
  spokenAt: number | undefined,
  trouble: string,
): ExplainSource {
  const pools = [...(snapshot?.pools.values() ?? [])];
  return {
    name,
    spokenAt,
    trouble,
    servers: pools.reduce((sum, { length }) => sum + length, 0),
    pools: pools.length,
    routes: snapshot?.routes.length ?? 0,
    notes,
  };
}
