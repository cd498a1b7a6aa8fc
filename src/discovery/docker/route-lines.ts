/** `docker-routes`: containers claim by their labels the hosts that they serve, and every service becomes a pool. */

import type { DockerRoutesConfig, ProxyConfig } from '../../config/model.ts';
import { forbiddenInName } from '../../config/values.ts';
import { didYouMean } from '../../core/suggest.ts';
import { clearText, type Demand, redirectOf } from '../labels/secure.ts';
import type { Labels, Settings } from '../labels/settings.ts';
import { Memo } from '../memo.ts';
import type { Route } from '../provider.ts';
import { routeText } from '../routes.ts';
import { seniority } from './claims.ts';
import type { Collector } from './collector.ts';
import { type Container, isLive } from './container.ts';
import { farOf } from './locality.ts';
import { labelsOf, type Scene } from './scene.ts';
import { defaultPool, serviceName } from './select.ts';
import { originOf, type Placed, serverOf } from './server.ts';
import type { KnownContainer } from './watch.ts';

export function routeContainers(proxy: ProxyConfig, line: DockerRoutesConfig, scene: Scene, collector: Collector): void {
  for (const known of scene.containers) {
    const { container } = known;
    const labels = labelsOf(container, line, collector);
    if (labels === undefined) continue;
    if (line.optIn && labels.flat.enabled !== true) {
      collector.note('info', container.name, `is not routed by '${proxy.name}': label ${line.prefix}enable=true is wanted there`);
      continue;
    }
    const ways = waysOf(container, labels, line);
    if (ways.length === 0) {
      const missing = `it has no label ${line.prefix}host, and docker-routes no domain=`;
      collector.note('info', container.name, `is not routed by '${proxy.name}': ${missing}`);
    }
    for (const way of ways) {
      if (isFor(proxy, container, way, scene, collector))
        routeWay(proxy, line, known, way, { silent: labels.silent, ways }, scene, collector);
    }
  }
}

/** What a container claims by its words for one thing, and what is told of a server that it has become. */
const claimed = new Memo<Container, Settings, readonly Route[]>();
const told = new Memo<Placed, readonly Route[], string>();

/** One use of a container as a server. */
interface Way {
  readonly settings: Settings;
  readonly pool: string;
}

/** A name that no frontend has keeps nobody out: the route would be nowhere. */
function isFor(proxy: ProxyConfig, { name }: Container, { settings, pool }: Way, scene: Scene, collector: Collector): boolean {
  const { frontends } = settings;
  if (frontends === undefined) return true;
  const known = frontends.filter((frontend) => scene.routing.has(frontend));
  if (known.length === 0) {
    const all = `no section with docker-routes is called ${frontends.join(' or ')}: pool '${pool}' is routed by '${proxy.name}' as well`;
    collector.note('warning', name, all);
    return true;
  }
  if (known.includes(proxy.name)) return true;
  collector.note('info', name, `is not routed to pool '${pool}' by '${proxy.name}': its labels want ${known.join(', ')}`);
  return false;
}

function routeWay(
  proxy: ProxyConfig,
  line: DockerRoutesConfig,
  known: KnownContainer,
  way: Way,
  { silent, ways }: { readonly silent: boolean; readonly ways: readonly Way[] },
  scene: Scene,
  collector: Collector,
): void {
  const { container } = known;
  const { settings, pool } = way;
  const bad = forbiddenInName(pool);
  if (bad !== undefined) {
    const advice = `label ${line.prefix}service gives the pool another name`;
    collector.note('error', container.name, `is not routed as '${pool}': '${bad}' cannot stand in the name of a backend. ${advice}`);
    return;
  }
  if (scene.sections.has(pool)) {
    const advice = `docker-servers takes containers into a section; label ${line.prefix}service gives the pool another name`;
    collector.note(
      silent ? 'info' : 'error',
      container.name,
      `is not routed as '${pool}': a section of that name is configured. ${advice}`,
    );
    return;
  }
  const { auth } = settings;
  if (auth !== undefined && !scene.userlists.has(auth)) {
    const problem = `label ${line.prefix}auth: there is no such userlist${didYouMean(auth, scene.userlists)}`;
    collector.note('error', container.name, `is not routed by '${proxy.name}': ${problem}`);
    return;
  }
  const routes = claimed.of(container, settings, [proxy, line, pool], () =>
    hostsOf(container, settings, line).map((host) => routeOf(proxy, host, container, way)),
  );
  if (isLive(container.state)) {
    const wish = {
      template: line.template,
      settings,
      port: settings.port,
      network: settings.network ?? line.network,
      address: undefined,
      far: farOf(line.near, container, scene.standpoint),
    };
    const placed = serverOf(known, wish, scene.vantage);
    if ('problem' in placed) {
      // Without any label it may never have been meant to be routed.
      collector.note(silent ? 'info' : 'error', container.name, `is not routed by '${proxy.name}': ${placed.problem}`);
      return;
    }
    if (!collector.join(container, pool, placed.value.server)) return;
    const text = told.of(placed.value, routes, [], () => {
      return `server of pool '${pool}' for ${routes.map(routeText).join(', ')} in '${proxy.name}': ${placed.value.where}`;
    });
    collector.placed(container, { ...placed.value, backend: pool, routes, text });
  } else {
    const hosts = () => routes.map(routeText).join(', ');
    collector.passedOver(
      container,
      () => `it is ${container.state}: while it exists ${hosts()} is answered with 503 unless others serve it`,
      true,
    );
  }
  collector.pool(pool);
  // One that has stopped has nothing to say of those that run.
  const live = isLive(container.state);
  const demand = demandOf(way, ways, scene);
  collector.option(container, pool, live ? { ...settings, redirect: redirectOf(demand) } : {});
  const clear = clearText(demand);
  if (live && clear !== '') collector.note('warning', container.name, clear);
  if (live) collector.rollOut(pool, settings.rollout, line.rollout);
  for (const route of routes) collector.claims.push({ route, container });
}

function demandOf(way: Way, ways: readonly Way[], { routing, secured }: Scene): Demand {
  const { settings, pool } = way;
  const named = settings.frontends?.filter((frontend) => routing.has(frontend)) ?? [];
  const tls = named.length === 0 ? secured.size > 0 : named.some((frontend) => secured.has(frontend));
  const others = ways.filter((other) => other !== way && other.pool === pool).map((other) => other.settings);
  return { settings, pool, tls, others };
}

/** The container's flat way, where it has a host or there is a domain to make one, and its named ones. */
function waysOf(container: Container, labels: Labels, line: DockerRoutesConfig): readonly Way[] {
  const pool = labels.flat.service ?? defaultPool(container);
  const ways: Way[] = [];
  const implied = labels.routes.size === 0 && line.domains.length > 0;
  if (labels.flat.hosts !== undefined || implied) ways.push({ settings: labels.flat, pool });
  for (const [name, settings] of labels.routes) {
    if (settings.hosts === undefined && line.domains.length === 0) continue;
    const named = settings.service === labels.flat.service ? `${pool}-${name}` : (settings.service ?? pool);
    ways.push({ settings, pool: named });
  }
  return ways;
}

/** The hosts of the label, short ones also with each domain, each once; without the label `<service>.<domain>`. */
function hostsOf(container: Container, settings: Settings, line: DockerRoutesConfig): readonly Route['host'][] {
  const short: Route['host'] = { kind: 'exact', value: (settings.service ?? serviceName(container)).toLowerCase() };
  const full = (host: Route['host']) =>
    line.domains.map((domain) => ({ kind: 'exact' as const, value: `${host.value}.${domain.toLowerCase()}` }));
  if (settings.hosts === undefined) return full(short);
  const all = settings.hosts.flatMap((host) => (host.kind === 'exact' && !/[.:]/.test(host.value) ? [host, ...full(host)] : [host]));
  return [...new Map(all.map((host) => [`${host.kind} ${host.value}`, host])).values()];
}

function routeOf(proxy: ProxyConfig, host: Route['host'], container: Container, way: Way): Route {
  const { path, exact, rewrite, priority } = way.settings;
  const claim = { live: isLive(container.state), since: seniority(container) };
  return { frontend: proxy.name, host, path, exact, rewrite, priority, pool: way.pool, origin: originOf(container), claim };
}
