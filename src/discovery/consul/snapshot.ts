/** What a catalogue is published as. */

import type { Note, Snapshot } from '../provider.ts';
import { routeText } from '../routes.ts';
import type { Loss } from './claims.ts';
import { type MappingInput, mapCatalogue, type Placement, type Remark } from './mapping.ts';
import { subjectOf } from './server.ts';

export function consulSnapshot(input: MappingInput): Snapshot {
  const { pools, poolOptions, routes, losses, placements, remarks } = mapCatalogue(input);
  const notes: readonly Note[] = [
    ...input.view.problems.map(({ subject, message }): Note => ({ level: 'warning', subject, message })),
    ...remarks.map(remarkNote),
    ...placements.map(placementNote),
    ...losses.map(lossNote),
  ];
  return {
    source: input.source,
    pools: new Map([...pools].map(([name, servers]) => [name, [...servers.values()]])),
    poolOptions,
    routes,
    notes: [...new Map(notes.map((note) => [`${note.subject}\n${note.message}`, note])).values()],
  };
}

function remarkNote({ instance, level, message }: Remark): Note {
  return { level: level === 'hint' ? 'info' : level, subject: subjectOf(instance), message };
}

function placementNote({ instance, server, where, backend, line, routes }: Placement): Note {
  const what =
    routes.length === 0
      ? `server of '${backend}'`
      : `server of pool '${backend}' for ${routes.map(routeText).join(', ')} in '${line.section}'`;
  const { state, reason, config } = server;
  const level = config.address === undefined ? 'warning' : 'info';
  return { level, subject: subjectOf(instance), message: `${what}: ${where}${state === 'ready' ? '' : `; ${state}: ${reason}`}` };
}

function lossNote({ instance, route, why }: Loss): Note {
  const message = `${routeText(route)} in '${route.frontend}' is not given to pool '${route.pool}': ${why}`;
  return { level: 'warning', subject: subjectOf(instance), message };
}
