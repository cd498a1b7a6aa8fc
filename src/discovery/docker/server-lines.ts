/** `docker-servers`: the containers that a line selects become servers of its section. */

import type { DockerSelector, DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import type { Reading } from '../labels/settings.ts';
import type { Collector } from './collector.ts';
import { type Container, isLive } from './container.ts';
import { labelsOf, type Scene } from './scene.ts';
import { misses, selects } from './select.ts';
import { serverOf } from './server.ts';

/** `docker-routes prefix=` and `compat` change its own labels only. */
const READING: Reading = { prefix: 'fairlead.', compat: [], domains: [] };

export function selectServers(proxy: ProxyConfig, line: DockerServersConfig, scene: Scene, collector: Collector): void {
  const { selector, template } = line;
  const pool = collector.pool(proxy.name);
  for (const known of scene.containers) {
    const { container } = known;
    if (!selects(selector, container)) {
      collector.passedOver(container, () => missText(selector, container));
      continue;
    }
    if (!isLive(container.state) || pool.has(container.id)) {
      collector.passedOver(container, () => (pool.has(container.id) ? 'another line has taken it' : `it is ${container.state}`));
      continue;
    }
    const labels = labelsOf(container, READING, collector);
    if (labels === undefined) continue;
    const settings = labels.flat;
    const wish = {
      template,
      settings,
      port: selector.port ?? settings.port,
      network: selector.network ?? settings.network,
      address: selector.address,
    };
    const placed = serverOf(known, wish, scene.vantage);
    if ('problem' in placed) {
      collector.note('error', container.name, `is no server of '${proxy.name}': ${placed.problem}`);
      continue;
    }
    pool.set(container.id, placed.value.server);
    const text = `server of '${proxy.name}': ${placed.value.where}`;
    collector.placed(container, { ...placed.value, backend: proxy.name, routes: [], text });
  }
}

function missText(selector: DockerSelector, container: Container): string {
  const { texts, matched } = misses(selector, container);
  const near = matched === 0 ? '' : ` (${matched} of ${matched + texts.length} selectors match)`;
  return `it is not selected: ${texts.join('; ')}${near}`;
}
