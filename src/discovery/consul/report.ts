/** What a catalogue is reported as: the mapping that makes the snapshot, told instance by instance. */

import type { Reason, Report, Use } from '../report.ts';
import { routeText } from '../routes.ts';
import type { Instance } from './instance.ts';
import { type Mapping, type MappingInput, mapCatalogue } from './mapping.ts';
import type { Outcome, Placement } from './outcome.ts';
import { identityOf } from './server.ts';
import { readWords } from './words.ts';

export function consulReport(input: MappingInput): readonly Report[] {
  const mapping = mapCatalogue(input);
  // Two lines that order the instances each in its way have been told of them twice.
  const instances = new Map(
    mapping.outcomes.flatMap((outcome) => outcome.instances.map((instance) => [identityOf(instance), instance] as const)),
  );
  const stories = storiesOf(mapping.outcomes);
  const prefixes = new Set(['fairlead.', ...input.config.proxies.flatMap(({ consulRoutes }) => consulRoutes.map(({ prefix }) => prefix))]);
  return [...instances].map(([id, instance]) => reportOf(input.source, id, instance, stories.get(id), mapping, prefixes));
}

interface Story {
  readonly placements: Placement[];
  readonly remarks: Outcome['remarks'][number][];
}

/** By instance: what all lines together have made of it. */
function storiesOf(outcomes: readonly Outcome[]): ReadonlyMap<string, Story> {
  const stories = new Map<string, Story>();
  const storyOf = (instance: Instance): Story => {
    const id = identityOf(instance);
    const story = stories.get(id) ?? { placements: [], remarks: [] };
    stories.set(id, story);
    return story;
  };
  for (const { placements, remarks } of outcomes) {
    for (const placement of placements) storyOf(placement.instance).placements.push(placement);
    for (const remark of remarks) storyOf(remark.instance).remarks.push(remark);
  }
  return stories;
}

function reportOf(
  source: string,
  id: string,
  instance: Instance,
  story: Story | undefined,
  mapping: Mapping,
  prefixes: ReadonlySet<string>,
): Report {
  const { service, checks, address, port, node } = instance;
  const placements = story?.placements ?? [];
  const failing = checks.filter(({ status }) => status !== 'passing');
  const words = [...prefixes].flatMap((prefix) => readWords(instance, prefix));
  return {
    source,
    kind: 'instance',
    id,
    name: instance.id,
    what: `${service} on ${node}`,
    state: failing.some(({ status }) => status === 'critical') ? 'critical' : failing.length > 0 ? 'warning' : 'passing',
    health: failing.map(({ name, status }) => `${name} ${status}`).join(', '),
    words: [...new Map(words.map((word) => [`${word.reader} ${word.name} ${word.value}`, word])).values()],
    networks: [{ name: node, addresses: [address] }],
    ports: port === 0 ? [] : [port],
    uses: placements.filter((placement) => !mapping.barred.has(placement)).map((placement) => useOf(placement, mapping)),
    reasons: [
      ...(story?.remarks ?? []).map(({ line, level, message }) => ({ line, level, message })),
      ...placements.flatMap((placement): readonly Reason[] => {
        const message = mapping.barred.get(placement);
        return message === undefined ? [] : [{ line: placement.line, level: 'error', message }];
      }),
    ],
  };
}

function useOf({ instance, line, backend, server, where, routes }: Placement, { losses, pools }: Mapping): Use {
  const { identity, address, port } = server.config;
  const { name } = (pools.get(backend)?.get(identity) ?? server).config;
  return {
    line,
    backend,
    server: { name, identity, address, port, where },
    state: server.state,
    reason: server.reason,
    routes: routes.map((route) => {
      const { frontend, priority, rewrite } = route;
      const loss = losses.find((lost) => lost.route === route && lost.instance === instance);
      return { frontend, text: routeText(route), priority, rewrite, lost: loss?.why ?? '' };
    }),
  };
}
