/** What the sources and the merged state come to for the statistics page's view of discovery. */

import type { Note, Snapshot } from './discovery/provider.ts';
import { routeText } from './discovery/routes.ts';
import type { Sources } from './sources.ts';
import type { Store } from './state/store.ts';
import type { ExplainFacts, ExplainSource } from './stats/page/explain.ts';

export function explained(
  store: Pick<Store, 'state' | 'sources' | 'spokenAt'>,
  sources: Pick<Sources, 'names' | 'troubleOf'>,
): ExplainFacts {
  const { state, sources: snapshots } = store;
  const known = new Set<Note>([...snapshots.values()].flatMap(({ notes }) => notes));
  const routes = [...state.routes.values()].flat();
  return {
    sources: sources.names.map((name) => sourceFacts(name, snapshots.get(name), store.spokenAt(name), sources.troubleOf(name))),
    conflicts: state.notes.filter((note) => !known.has(note)),
    routes: routes.map(({ frontend, host, path, exact, rewrite, priority, pool, origin }) => {
      return { frontend, host: routeText({ host, path, exact }), pool, priority, rewrite, origin };
    }),
    unsettled: [...state.unsettled],
  };
}

function sourceFacts(name: string, snapshot: Snapshot | undefined, spokenAt: number | undefined, trouble: string): ExplainSource {
  const pools = [...(snapshot?.pools.values() ?? [])];
  return {
    name,
    spokenAt,
    trouble,
    servers: pools.reduce((sum, { length }) => sum + length, 0),
    pools: pools.length,
    routes: snapshot?.routes.length ?? 0,
    notes: snapshot?.notes ?? [],
  };
}
