/**
 * What one line of the configuration makes of one service. Pure: the same facts come to the same, whether a snapshot or a report
 * is made of it.
 */

import type { ConsulRoutesConfig, ConsulServersConfig, ProxyConfig } from '../../config/model.ts';
import { forbiddenInName } from '../../config/values.ts';
import type { Resolved } from '../dns/lookups.ts';
import { clearText, redirectOf } from '../labels/secure.ts';
import type { Labels, Settings } from '../labels/settings.ts';
import { mergeOptions } from '../pool-options.ts';
import type { PoolOptions, Route } from '../provider.ts';
import type { AskingLine, Reason } from '../report.ts';
import type { Instance } from './instance.ts';
import { type Placed, type ServerWish, scaleOf, serverOf, subjectOf } from './server.ts';
import { readOwn, type Way, waysOf } from './words.ts';

export type AnyLine = ConsulServersConfig | ConsulRoutesConfig;

/** What a line is read against. */
export interface Scene {
  /** Names of the sections that have servers. */
  readonly sections: ReadonlySet<string>;
  /** Routed pools have instances of several data centers, or of several agents. */
  readonly mixed: boolean;
  /** One of the sections with `consul-routes` has a listener for TLS. */
  readonly tls: boolean;
  resolve(name: string): Resolved;
}

/** An instance that has become a server. */
export interface Placement extends Placed {
  readonly instance: Instance;
  readonly line: AskingLine;
  readonly backend: string;
  readonly routes: readonly Route[];
  /** Of the pool, where the line made one. */
  readonly options: PoolOptions | undefined;
}

export interface Remark extends Reason {
  readonly instance: Instance;
}

export interface Outcome {
  readonly instances: readonly Instance[];
  /** Oldest instance first. */
  readonly placements: readonly Placement[];
  readonly remarks: readonly Remark[];
}

/** `instances` are in the order of the answer, the nearest node's first where that was asked for. */
export function serversOf(proxy: ProxyConfig, line: ConsulServersConfig, instances: readonly Instance[], scene: Scene): Outcome {
  const { tags, near } = line;
  const takes = (one: Instance) => tags.every((tag) => one.tags.includes(tag)) && isUsable(readOwn(one, OWN_PREFIX));
  const nearest = near && instances.find(takes)?.node;
  const reader = new Reader(proxy, line, 'consul-servers', nearest, instances, { ...scene, mixed: isMixed(proxy.consulServers) });
  for (const instance of reader.instances) reader.serve(line, instance);
  return reader;
}

/** Likewise. */
export function routesOf(proxy: ProxyConfig, line: ConsulRoutesConfig, instances: readonly Instance[], scene: Scene): Outcome {
  const { near, prefix, optIn } = line;
  const nearest = near && instances.find((one) => one.kind === '' && isUsable(readOwn(one, prefix), optIn))?.node;
  const reader = new Reader(proxy, line, 'consul-routes', nearest, instances, scene);
  for (const instance of reader.instances) reader.route(line, instance);
  return reader;
}

/** Instances of what these lines mean may be equal in everything but their data center. */
export function isMixed(lines: readonly AnyLine[]): boolean {
  return new Set(lines.flatMap(({ agents, datacenter = '' }) => agents.map((agent) => `${agent} ${datacenter}`))).size > 1;
}

/** Whether what it says keeps an instance from being used; with `optIn` it must ask for it. */
function isUsable({ errors, flat }: Labels, optIn = false): boolean {
  return errors.length === 0 && flat.enabled !== false && (!optIn || flat.enabled === true);
}

/** Of the words that `consul-servers` heeds. */
const OWN_PREFIX = 'fairlead.';

/** Our own words that say something of containers alone. */
const DOCKERS = ['network', 'rollout'] as const;

class Reader implements Outcome {
  readonly instances: readonly Instance[];
  readonly placements: Placement[] = [];
  readonly remarks: Remark[] = [];
  private readonly proxy: ProxyConfig;
  private readonly scene: Scene;
  private readonly line: AskingLine;
  private readonly wish: ServerWish;

  constructor(
    proxy: ProxyConfig,
    line: AnyLine,
    keyword: string,
    nearest: string | undefined,
    instances: readonly Instance[],
    scene: Scene,
  ) {
    const { place, template, passing, near } = line;
    this.instances = oldestFirst(instances);
    this.proxy = proxy;
    this.scene = scene;
    this.line = { place: `${place.file}:${place.line}`, keyword, section: proxy.name };
    this.wish = {
      template,
      passing,
      near: near && { node: nearest ?? '', share: near.share },
      scale: scaleOf(instances, template),
      mixed: scene.mixed,
    };
  }

  serve({ tags }: ConsulServersConfig, instance: Instance): void {
    const { name } = this.proxy;
    const missing = tags.filter((tag) => !instance.tags.includes(tag));
    if (missing.length > 0) {
      this.remark(instance, 'info', `it has no tag ${missing.join(', ')}`);
      return;
    }
    const own = this.ownOf(instance, OWN_PREFIX);
    const placed = own === undefined ? undefined : this.place(instance, own.flat, `is no server of '${name}'`);
    if (placed === undefined) return;
    this.placements.push({ ...placed, instance, line: this.line, backend: name, routes: [], options: undefined });
  }

  route(line: ConsulRoutesConfig, instance: Instance): void {
    const { name } = this.proxy;
    if (instance.kind !== '') {
      this.remark(instance, 'info', `it is a ${instance.kind} of the mesh, not a service that speaks HTTP to everybody`);
      return;
    }
    const own = this.ownOf(instance, line.prefix);
    if (own === undefined) return;
    if (line.optIn && own.flat.enabled !== true) {
      this.remark(instance, 'info', `is not routed by '${name}': tag ${line.prefix}enable=true is wanted there`);
      return;
    }
    const warnings: string[] = [];
    const ways = waysOf(instance, own, line, warnings);
    for (const warning of warnings) this.remark(instance, 'warning', warning);
    if (ways.length === 0 && warnings.length === 0) {
      this.remark(instance, 'info', `is not routed by '${name}': none of its tags names a host, and consul-routes no domain=`);
    }
    for (const way of ways) this.routeWay(line, instance, way, ways);
  }

  private routeWay(line: ConsulRoutesConfig, instance: Instance, way: Way, ways: readonly Way[]): void {
    const { settings, pool } = way;
    const bad = forbiddenInName(pool);
    const advice = `tag ${line.prefix}service gives the pool another name`;
    if (bad !== undefined) {
      this.remark(instance, 'error', `is not routed as '${pool}': '${bad}' cannot stand in the name of a backend. ${advice}`);
      return;
    }
    if (this.scene.sections.has(pool)) {
      this.remark(instance, 'error', `is not routed as '${pool}': a section of that name is configured. ${advice}`);
      return;
    }
    const { name } = this.proxy;
    const placed = this.place(instance, settings, `is not routed by '${name}'`);
    if (placed === undefined) return;
    const others = ways.filter((other) => other !== way && other.pool === pool).map((other) => other.settings);
    const demand = { settings, pool, tls: this.scene.tls, others };
    const { path, exact, rewrite, priority, hosts = [] } = settings;
    const origin = placed.server.config.origin;
    const routes = hosts.map((host): Route => ({ frontend: name, host, path, exact, rewrite, priority, pool, origin }));
    this.placements.push({
      ...placed,
      instance,
      line: this.line,
      backend: pool,
      routes,
      options: mergeOptions({}, { ...settings, redirect: redirectOf(demand), rollout: undefined }).options,
    });
    const clear = clearText(demand);
    if (clear !== '') this.remark(instance, 'warning', asTag(clear));
  }

  /** Our own words of an instance, or undefined when they keep it from being used. */
  private ownOf(instance: Instance, prefix: string): Labels | undefined {
    const own = readOwn(instance, prefix);
    for (const warning of own.warnings) this.remark(instance, 'warning', asTag(warning));
    for (const error of own.errors) this.remark(instance, 'error', `is refused: ${asTag(error)}`);
    if (own.errors.length > 0) return undefined;
    for (const key of DOCKERS) {
      if (own.flat[key] !== undefined) this.remark(instance, 'warning', `tag ${prefix}${key} has no meaning here: it is for containers`);
    }
    if (own.flat.enabled !== false) return own;
    this.remark(instance, 'info', `is not used: tag ${prefix}enable=false`);
    return undefined;
  }

  private place(instance: Instance, settings: Settings, refusal: string): Placed | undefined {
    const placed = serverOf(instance, settings, this.wish, (name) => this.scene.resolve(name));
    if ('value' in placed) return placed.value;
    this.remark(instance, 'error', `${refusal}: ${asTag(placed.problem)}`);
    return undefined;
  }

  private remark(instance: Instance, level: Reason['level'], message: string): void {
    this.remarks.push({ instance, line: this.line, level, message });
  }
}

function oldestFirst(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort((a, b) => a.created - b.created || (subjectOf(a) < subjectOf(b) ? -1 : 1));
}

function asTag(message: string): string {
  return message.replace(/^label /, 'tag ');
}
