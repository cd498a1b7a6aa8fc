/**
 * What an engine's containers mean under a configuration. Pure: the same facts give the same snapshot, so everything
 * that can be said about discovery is tested here, without an engine.
 *
 *     containers, configuration, who we are  ->  pools of `docker-servers`, pools and routes of `docker-routes`, notes
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, DockerRoutesConfig, DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import { forbiddenInName } from '../../config/values.ts';
import type { DiscoveredServer, Note, PoolOptions, Route, Snapshot } from '../provider.ts';
import { routeText } from '../routes.ts';
import { type Vantage, vantageOf } from './address.ts';
import { type Claim, settle } from './claims.ts';
import { type Container, isLive } from './container.ts';
import { type Labels, readLabels, type Settings } from './labels.ts';
import { dockerSource } from './names.ts';
import { defaultPool, isOneOff, selects, serviceName } from './select.ts';
import { findSelf, type SelfHint } from './self.ts';
import { originOf, serverOf } from './server.ts';
import type { EngineView, KnownContainer } from './watch.ts';

export interface SnapshotInput {
  /** The provider's name, which says the engine. */
  readonly source: string;
  readonly view: EngineView;
  readonly config: Config;
  readonly self: SelfHint;
  /** Node's word for our operating system. */
  readonly platform: string;
}

/** Labels that `docker-servers` heeds; `docker-routes prefix=` changes its own only. */
const PREFIX = 'fairlead.';

export function dockerSnapshot(input: SnapshotInput): Snapshot {
  return new Mapping(input).run();
}

/** One use of a container as a server: which of our lines, which labels. */
interface Way {
  readonly settings: Settings;
  readonly pool: string;
}

class Mapping {
  private readonly input: SnapshotInput;
  private readonly containers: readonly KnownContainer[];
  private readonly vantage: Vantage;
  private readonly sections: ReadonlySet<string>;
  private readonly pools = new Map<string, Map<string, DiscoveredServer>>();
  private readonly poolOptions = new Map<string, PoolOptions>();
  private readonly claims: Claim[] = [];
  private readonly notes = new Map<string, Note>();

  constructor(input: SnapshotInput) {
    this.input = input;
    const all = shareNetworks(input.view.containers);
    const self = findSelf(
      all.map(({ container }) => container),
      input.self,
    );
    this.vantage = vantageOf(input.view.facts, self, input.platform);
    this.containers = all.filter(({ container }) => container.id !== self?.id && !isOneOff(container));
    this.sections = new Set(input.config.proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name));
  }

  run(): Snapshot {
    for (const proxy of this.input.config.proxies) {
      for (const line of proxy.dockerServers) if (this.isOurs(line.selector.engine)) this.select(proxy, line);
      for (const line of proxy.dockerRoutes) if (this.isOurs(line.engine)) this.route(proxy, line);
    }
    const { routes, notes } = settle(this.claims);
    for (const note of notes) this.note(note.level, note.subject, note.message);
    this.dropUnrouted(routes);
    return {
      source: this.input.source,
      pools: new Map([...this.pools].map(([name, servers]) => [name, [...servers.values()]])),
      poolOptions: this.poolOptions,
      routes,
      notes: [...this.notes.values()],
    };
  }

  private isOurs(engine: string | undefined): boolean {
    return dockerSource(engine) === this.input.source;
  }

  // --- docker-servers ---------------------------------------------------------------------------------------------

  private select(proxy: ProxyConfig, line: DockerServersConfig): void {
    const { selector, template } = line;
    const pool = this.pool(proxy.name);
    for (const known of this.containers) {
      const { container } = known;
      if (!isLive(container.state) || pool.has(container.id) || !selects(selector, container)) continue;
      const labels = this.labels(container, PREFIX);
      if (labels === undefined) continue;
      const settings = labels.flat;
      const wish = {
        template,
        settings,
        port: selector.port ?? settings.port,
        network: selector.network ?? settings.network,
        address: selector.address,
      };
      const placed = serverOf(known, wish, this.vantage);
      if ('problem' in placed) {
        this.note('error', container.name, `is no server of '${proxy.name}': ${placed.problem}`);
        continue;
      }
      pool.set(container.id, placed.value.server);
      this.placed(container, placed.value.server, `server of '${proxy.name}': ${placed.value.where}`);
    }
  }

  // --- docker-routes ----------------------------------------------------------------------------------------------

  private route(proxy: ProxyConfig, line: DockerRoutesConfig): void {
    for (const known of this.containers) {
      const { container } = known;
      const labels = this.labels(container, line.prefix);
      if (labels === undefined) continue;
      if (line.optIn && labels.flat.enabled !== true) {
        this.note('info', container.name, `is not routed by '${proxy.name}': label ${line.prefix}enable=true is wanted there`);
        continue;
      }
      const ways = waysOf(container, labels, line);
      if (ways.length === 0) {
        const missing = `it has no label ${line.prefix}host, and docker-routes no domain=`;
        this.note('info', container.name, `is not routed by '${proxy.name}': ${missing}`);
      }
      for (const way of ways) this.routeWay(proxy, line, known, way, labels.silent);
    }
  }

  private routeWay(proxy: ProxyConfig, line: DockerRoutesConfig, known: KnownContainer, way: Way, silent: boolean): void {
    const { container } = known;
    const { settings, pool } = way;
    const bad = forbiddenInName(pool);
    if (bad !== undefined) {
      const advice = `label ${line.prefix}service gives the pool another name`;
      this.note('error', container.name, `is not routed as '${pool}': '${bad}' cannot stand in the name of a backend. ${advice}`);
      return;
    }
    if (this.sections.has(pool)) {
      const advice = `docker-servers takes containers into a section; label ${line.prefix}service gives the pool another name`;
      this.note(silent ? 'info' : 'error', container.name, `is not routed as '${pool}': a section of that name is configured. ${advice}`);
      return;
    }
    const routes = hostsOf(container, settings, line).map((host) => routeOf(proxy, host, container, way));
    if (isLive(container.state)) {
      const wish = {
        template: line.template,
        settings,
        port: settings.port,
        network: settings.network ?? line.network,
        address: undefined,
      };
      const placed = serverOf(known, wish, this.vantage);
      if ('problem' in placed) {
        // Without any label it may never have been meant to be routed.
        this.note(silent ? 'info' : 'error', container.name, `is not routed by '${proxy.name}': ${placed.problem}`);
        return;
      }
      const texts = routes.map(routeText).join(', ');
      this.join(container, pool, placed.value.server);
      this.placed(container, placed.value.server, `server of pool '${pool}' for ${texts} in '${proxy.name}': ${placed.value.where}`);
    }
    this.pool(pool);
    this.option(container, pool, settings);
    for (const route of routes) this.claims.push({ route, container });
  }

  private join(container: Container, name: string, server: DiscoveredServer): void {
    const pool = this.pool(name);
    const other = pool.get(container.id);
    if (other === undefined) pool.set(container.id, server);
    else if (!isDeepStrictEqual(other, server)) {
      this.note('warning', container.name, `is in pool '${name}' already, with other parameters; label service= makes it two pools`);
    }
  }

  /** The oldest container's word counts. */
  private option(container: Container, pool: string, settings: Settings): void {
    const known = this.poolOptions.get(pool);
    if (settings.balance !== undefined && known?.balance !== undefined && !isDeepStrictEqual(settings.balance, known.balance)) {
      this.note('warning', container.name, `pool '${pool}' balances by '${known.balance.algorithm}', as an older container says`);
    }
    this.poolOptions.set(pool, { balance: known?.balance ?? settings.balance });
  }

  /** A pool that lost all its claims gets no traffic: it is no backend. */
  private dropUnrouted(routes: readonly Route[]): void {
    const routed = new Set(routes.map((route) => route.pool));
    for (const name of this.poolOptions.keys()) {
      if (routed.has(name)) continue;
      this.poolOptions.delete(name);
      this.pools.delete(name);
    }
  }

  // --- shared -----------------------------------------------------------------------------------------------------

  private pool(name: string): Map<string, DiscoveredServer> {
    const pool = this.pools.get(name) ?? new Map<string, DiscoveredServer>();
    this.pools.set(name, pool);
    return pool;
  }

  /** The container's labels, or undefined when they keep it from being used. */
  private labels(container: Container, prefix: string): Labels | undefined {
    const labels = readLabels(container.labels, prefix);
    for (const warning of labels.warnings) this.note('warning', container.name, warning);
    for (const error of labels.errors) this.note('error', container.name, `is refused: ${error}`);
    if (labels.errors.length > 0) return undefined;
    if (labels.flat.enabled !== false) return labels;
    this.note('info', container.name, `is not used: label ${prefix}enable=false`);
    return undefined;
  }

  private placed(container: Container, server: DiscoveredServer, text: string): void {
    if (server.state === 'ready') this.note('info', container.name, text);
    else this.note(server.config.address === undefined ? 'warning' : 'info', container.name, `${text}; ${server.state}: ${server.reason}`);
  }

  private note(level: Note['level'], subject: string, message: string): void {
    const key = `${subject}\n${message}`;
    if (!this.notes.has(key)) this.notes.set(key, { level, subject, message });
  }
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

/** The hosts of the label, short ones also with each domain; without the label `<service>.<domain>`. */
function hostsOf(container: Container, settings: Settings, line: DockerRoutesConfig): readonly Route['host'][] {
  const short: Route['host'] = { kind: 'exact', value: (settings.service ?? serviceName(container)).toLowerCase() };
  const full = (host: Route['host']) =>
    line.domains.map((domain) => ({ kind: 'exact' as const, value: `${host.value}.${domain.toLowerCase()}` }));
  if (settings.hosts === undefined) return full(short);
  return settings.hosts.flatMap((host) => (host.kind === 'exact' && !/[.:]/.test(host.value) ? [host, ...full(host)] : [host]));
}

function routeOf(proxy: ProxyConfig, host: Route['host'], container: Container, way: Way): Route {
  const { path, rewrite, priority } = way.settings;
  return { frontend: proxy.name, host, path, rewrite, priority, pool: way.pool, origin: originOf(container) };
}

/** A container that runs in another's network is reached where that one is. */
function shareNetworks(containers: readonly KnownContainer[]): readonly KnownContainer[] {
  return containers.map((known) => {
    const { networkMode } = known.container;
    if (!networkMode.startsWith('container:')) return known;
    const carrier = networkMode.slice('container:'.length);
    const other = containers.find(({ container }) => container.id.startsWith(carrier) || container.name === carrier)?.container;
    if (other === undefined) return known;
    const { networks, published } = other;
    return { ...known, container: { ...known.container, networks, published, networkMode: other.networkMode } };
  });
}
