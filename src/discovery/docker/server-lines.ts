/** `docker-servers`: the containers that a line selects become servers of its section. */

import type { DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import type { Collector } from './collector.ts';
import { isLive } from './container.ts';
import { labelsOf, type Reading, type Scene } from './scene.ts';
import { selects } from './select.ts';
import { serverOf } from './server.ts';

/** `docker-routes prefix=` and `compat` change its own labels only. */
const READING: Reading = { prefix: 'fairlead.', compat: [], domains: [] };

export function selectServers(proxy: ProxyConfig, line: DockerServersConfig, scene: Scene, collector: Collector): void {
  const { selector, template } = line;
  const pool = collector.pool(proxy.name);
  for (const known of scene.containers) {
    const { container } = known;
    if (!isLive(container.state) || pool.has(container.id) || !selects(selector, container)) continue;
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
    collector.placed(container, placed.value.server, `server of '${proxy.name}': ${placed.value.where}`);
  }
}
