/** What a catalogue is published as. */

import type { Note, Snapshot } from '../provider.ts';
import { routeText } from '../routes.ts';
import type { Loss } from './claims.ts';
import { type MappingInput, mapCatalogue } from './mapping.ts';
import type { Outcome, Placement, Remark } from './outcome.ts';
import { subjectOf } from './server.ts';

export function consulSnapshot(input: MappingInput): Snapshot {
  const { pools, poolOptions, routes, losses, conflicts, barred, outcomes } = mapCatalogue(input);
  const notes: readonly Note[] = [
    ...input.view.problems.map(({ subject, message }): Note => ({ level: 'warning', subject, message })),
    ...outcomes.flatMap((outcome) => notesOf(outcome, barred)),
    ...losses.map(lossNote),
    ...conflicts,
  ];
  return {
    source: input.source,
    pools: new Map([...pools].map(([name, servers]) => [name, [...servers.values()]])),
    poolOptions,
    routes,
    notes: [...new Map(notes.map((note) => [`${note.subject}\n${note.message}`, note])).values()],
  };
}

const told = new WeakMap<Outcome, readonly Note[]>();

/** The same for as long as the outcome is the same, but for what is barred. */
function notesOf(outcome: Outcome, barred: ReadonlyMap<Placement, string>): readonly Note[] {
  if (outcome.placements.some((placement) => barred.has(placement))) return tell(outcome, barred);
  const known = told.get(outcome);
  if (known !== undefined) return known;
  const notes = tell(outcome, barred);
  told.set(outcome, notes);
  return notes;
}

function tell({ remarks, placements }: Outcome, barred: ReadonlyMap<Placement, string>): readonly Note[] {
  return [...remarks.map(remarkNote), ...placements.map((placement) => placementNote(placement, barred.get(placement)))];
}

function remarkNote({ instance, level, message }: Remark): Note {
  return { level: level === 'hint' ? 'info' : level, subject: subjectOf(instance), message };
}

function placementNote({ instance, server, where, backend, line, routes }: Placement, bar: string | undefined): Note {
  if (bar !== undefined) return { level: 'error', subject: subjectOf(instance), message: bar };
  const hosts = () => routes.map(routeText).join(', ');
  const what = routes.length === 0 ? `server of '${backend}'` : `server of pool '${backend}' for ${hosts()} in '${line.section}'`;
  const { state, reason, config } = server;
  const level = config.address === undefined ? 'warning' : 'info';
  return { level, subject: subjectOf(instance), message: `${what}: ${where}${state === 'ready' ? '' : `; ${state}: ${reason}`}` };
}

function lossNote({ instance, route, why }: Loss): Note {
  const message = `${routeText(route)} in '${route.frontend}' is not given to pool '${route.pool}': ${why}`;
  return { level: 'warning', subject: subjectOf(instance), message };
}
