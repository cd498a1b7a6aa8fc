/** What an engine's containers are reported as: the mapping of `snapshot.ts`, gone through once more with a recorder. */

import type { Report, ReportedNetwork } from '../report.ts';
import type { Container } from './container.ts';
import { Recorder } from './recorder.ts';
import type { SceneInput } from './scene.ts';
import { isOneOff } from './select.ts';
import { collect } from './snapshot.ts';

/** Oldest container first, those that are never servers included. */
export function dockerReport(input: SceneInput): readonly Report[] {
  const recorder = new Recorder();
  const { scene, losses, disagreements } = collect(input, recorder);
  recorder.lost(losses);
  for (const { level, subject, message } of disagreements) recorder.note(level, subject, message);
  // In another's network it is seen there.
  const seen = new Map(scene.containers.map(({ container }) => [container.id, container]));
  return input.view.containers.map(({ container }) => {
    if (container.id === scene.self?.id) recorder.note('info', container.name, 'it is Fairlead itself, which is never a server');
    else if (isOneOff(container))
      recorder.note('info', container.name, "it is a one-off container (of 'compose run'), which is never a server");
    return reportOf(input.source, seen.get(container.id) ?? container, recorder);
  });
}

function reportOf(source: string, container: Container, recorder: Recorder): Report {
  const { words, uses } = recorder.storyOf(container);
  const { id, name, image, state, health, networks, exposed } = container;
  return {
    source,
    kind: 'container',
    id,
    name,
    what: image,
    state,
    health: health === 'none' ? '' : health,
    words: [...words.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    networks: networks.map(networkOf),
    ports: exposed,
    uses,
    reasons: recorder.reasonsOf(container),
  };
}

function networkOf({ network, ipv4, ipv6 }: Container['networks'][number]): ReportedNetwork {
  return { name: network, addresses: [ipv4, ipv6].filter((address) => address !== undefined) };
}
