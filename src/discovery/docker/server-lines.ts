/** `docker-servers`: the containers that a line selects become servers of its section. */

import type { Member } from '../../config/member.ts';
import type { DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import type { Reading } from '../labels/settings.ts';
import type { Found } from './address.ts';
import type { Collector } from './collector.ts';
import { isLive } from './container.ts';
import { farOf } from './locality.ts';
import { matchMembers, NO_MEMBERS } from './members.ts';
import { labelsOf, type Scene } from './scene.ts';
import { selects } from './select.ts';
import { type Placed, serverOf } from './server.ts';
import type { KnownContainer } from './watch.ts';

/** `docker-routes prefix=` and `compat` change its own labels only. */
const READING: Reading = { prefix: 'fairlead.', compat: [], domains: [] };

export function selectServers(proxy: ProxyConfig, line: DockerServersConfig, scene: Scene, collector: Collector): void {
  const { selector } = line;
  const pool = collector.pool(proxy.name);
  const members = membersOf(line, scene, collector);
  for (const known of scene.containers) {
    const { container } = known;
    const member = members?.get(container.id);
    if (members !== undefined && member === undefined) {
      collector.passedOver(container, () => `it is not listed in ${selector.members}`, false);
      continue;
    }
    if (!selects(selector, container)) {
      collector.unselected(container, selector);
      continue;
    }
    if (!isLive(container.state) || pool.has(container.id)) {
      collector.passedOver(container, () => (pool.has(container.id) ? 'another line has taken it' : `it is ${container.state}`), true);
      continue;
    }
    const placed = placeOf(line, known, scene, member, collector);
    if (placed === undefined) continue;
    if ('problem' in placed) {
      collector.note('error', container.name, `is no server of '${proxy.name}': ${placed.problem}`);
      continue;
    }
    pool.set(container.id, placed.value.server);
    collector.rollOut(proxy.name, placed.value.rollout, selector.rollout);
    const text = `server of '${proxy.name}': ${placed.value.where}`;
    collector.placed(container, { ...placed.value, backend: proxy.name, routes: [], text });
  }
}

/** The container as the server that the line makes of it; undefined where its labels keep it from that, which is noted. */
export function placeOf(
  { selector, template, near }: DockerServersConfig,
  known: KnownContainer,
  scene: Scene,
  member: Member | undefined,
  collector: Collector,
): Found<Placed> | undefined {
  const labels = labelsOf(known.container, READING, collector);
  if (labels === undefined) return undefined;
  const settings = labels.flat;
  const wish = {
    template,
    settings,
    port: member?.port ?? selector.port ?? settings.port,
    network: selector.network ?? settings.network,
    address: selector.address,
    far: farOf(near, known.container, scene.standpoint),
  };
  return serverOf(known, wish, scene.vantage);
}

/** By id; undefined where the line names no list. */
function membersOf({ selector }: DockerServersConfig, scene: Scene, collector: Collector): ReadonlyMap<string, Member> | undefined {
  const file = selector.members;
  if (file === undefined) return undefined;
  const { members, problem } = scene.members.get(file) ?? NO_MEMBERS;
  if (problem !== '') collector.note('error', file, problem);
  const ids = scene.containers.map(({ container }) => container.id);
  const { chosen, ambiguous } = matchMembers(members, ids);
  for (const { id } of ambiguous) collector.note('error', file, `several containers have an id that begins with ${id}`);
  return chosen;
}
