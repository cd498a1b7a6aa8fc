/**
 * What operators have changed in the configuration by the Runtime API, until the next configuration: limits of clients and rates,
 * which frontends listen, dynamic cookies, names of hosts, servers that come and go. (What else they change of servers, those
 * remember.)
 */

import type { Config, ProxyConfig, RateLimits, ServerConfig } from './config/model.ts';
import type { FrontendState } from './proxy/frontend.ts';

/** What is left out stays as it is. */
export interface DynamicCookie {
  readonly dynamic?: boolean;
  /** Bytes, one character each. */
  readonly key?: string;
}

/**
 * Closed for a while, but for what could not be had again once it is closed: who connects to that while it is paused waits
 * (`proxy/admission.ts`).
 */
export function paused(proxy: ProxyConfig): ProxyConfig {
  return { ...proxy, binds: proxy.binds.map((bind) => (bind.address.kind === 'fd' ? bind : { ...bind, paused: true })) };
}

export class Changes {
  /** `set maxconn global` */
  maxconn: number | undefined = undefined;
  /** `set rate-limit` */
  rateLimits: Partial<RateLimits> = {};
  /** By the frontend's name. */
  private readonly limits: Map<string, number> = new Map();
  private readonly states: Map<string, FrontendState> = new Map();
  /** By the backend's name. */
  private readonly cookies: Map<string, DynamicCookie> = new Map();
  /** By `backend/server`. */
  private readonly hosts: Map<string, string> = new Map();
  /** By the backend's name: servers that no text has, and names of those that it has in vain. */
  private readonly added: Map<string, readonly ServerConfig[]> = new Map();
  private readonly removed: Map<string, ReadonlySet<string>> = new Map();

  /** `set maxconn frontend` */
  limit(frontend: string, maxconn: number): void {
    this.limits.set(frontend, maxconn);
  }

  stateOf(frontend: string): FrontendState {
    return this.states.get(frontend) ?? 'OPEN';
  }

  /** `enable frontend`, `disable frontend`, `shutdown frontend` */
  setState(frontend: string, state: FrontendState): void {
    this.states.set(frontend, state);
  }

  /** `enable dynamic-cookie backend`, `disable dynamic-cookie backend`, `set dynamic-cookie-key backend` */
  setCookie(backend: string, change: DynamicCookie): void {
    this.cookies.set(backend, { ...this.cookies.get(backend), ...change });
  }

  /** `set server <b>/<s> fqdn` */
  setHost(backend: string, server: string, fqdn: string): void {
    this.hosts.set(`${backend}/${server}`, fqdn);
  }

  /** `add server` */
  addServer(backend: string, server: ServerConfig): void {
    this.added.set(backend, [...(this.added.get(backend) ?? []), server]);
  }

  /** `del server` */
  removeServer(backend: string, name: string): void {
    const added = this.added.get(backend) ?? [];
    const left = added.filter((server) => server.name !== name);
    this.added.set(backend, left);
    // A name of the text must be remembered; one that had been added is either not in it, or remembered already.
    if (left.length === added.length) this.removed.set(backend, new Set([...(this.removed.get(backend) ?? []), name]));
    this.hosts.delete(`${backend}/${name}`);
  }

  forget(): void {
    this.maxconn = undefined;
    this.rateLimits = {};
    this.added.clear();
    this.removed.clear();
    this.hosts.clear();
    this.cookies.clear();
    this.limits.clear();
    this.states.clear();
  }

  /** The configuration with the changes in it. */
  over(config: Config): Config {
    const { global } = config;
    const proxies = config.proxies.map((proxy) => this.overBackend(this.overFrontend(proxy)));
    const rateLimits = { ...global.rateLimits, ...this.rateLimits };
    return { ...config, global: { ...global, maxconn: this.maxconn ?? global.maxconn, rateLimits }, proxies };
  }

  private overBackend(proxy: ProxyConfig): ProxyConfig {
    if (proxy.kind === 'frontend') return proxy;
    const changed = this.overHosts(this.overServers(proxy));
    const change = this.cookies.get(proxy.name);
    if (change === undefined || proxy.cookie === undefined) return changed;
    const { dynamic = proxy.cookie.dynamic, key = proxy.dynamicCookieKey } = change;
    return { ...changed, cookie: { ...proxy.cookie, dynamic }, dynamicCookieKey: key };
  }

  private overServers(proxy: ProxyConfig): ProxyConfig {
    const added = this.added.get(proxy.name) ?? [];
    const removed = this.removed.get(proxy.name);
    if (added.length === 0 && removed === undefined) return proxy;
    return { ...proxy, servers: [...proxy.servers.filter(({ name }) => removed?.has(name) !== true), ...added] };
  }

  private overHosts(proxy: ProxyConfig): ProxyConfig {
    const hostOf = (server: string): string | undefined => this.hosts.get(`${proxy.name}/${server}`);
    if (!proxy.servers.some(({ name }) => hostOf(name) !== undefined)) return proxy;
    const servers = proxy.servers.map((server) => {
      const fqdn = hostOf(server.name);
      return fqdn === undefined ? server : { ...server, fqdn, address: undefined };
    });
    return { ...proxy, servers };
  }

  private overFrontend(proxy: ProxyConfig): ProxyConfig {
    const { name, kind } = proxy;
    const state = this.stateOf(name);
    if (kind === 'backend' || (state === 'OPEN' && !this.limits.has(name))) return proxy;
    const limited = { ...proxy, maxconn: this.limits.get(name) ?? proxy.maxconn };
    if (state === 'OPEN') return limited;
    return state === 'PAUSED' ? paused(limited) : { ...limited, binds: [] };
  }
}
