/**
 * Host names as a source of servers: `server` lines with a name and `server-template`. Every name is resolved once,
 * however many servers have it, and again for as long as the configuration has it.
 */

import type { Config, ProxyConfig } from '../../config/model.ts';
import type { DiscoveredServer, Note, Provider, Snapshot } from '../provider.ts';
import { Lookups } from './lookups.ts';
import { DNS_SOURCE, type NamedServer, namedServers, namesOf } from './names.ts';
import { type DnsTimings, type Lookup, ResolverCounts } from './resolution.ts';
import { assignSlots } from './slots.ts';

export interface DnsProviderOptions {
  readonly config: Config;
  /** For tests; getaddrinfo otherwise. */
  readonly lookup?: Lookup;
  readonly timings?: DnsTimings;
}

export class DnsProvider implements Provider {
  readonly name = DNS_SOURCE;
  private config: Config;
  readonly counts: ResolverCounts = new ResolverCounts();
  private readonly lookups: Lookups;
  /** Backend -> slot -> address, so that addresses stay where they are. */
  private slots = new Map<string, ReadonlyMap<string, string>>();
  private publish: ((snapshot: Snapshot) => void) | undefined;

  constructor({ config, lookup, timings }: DnsProviderOptions) {
    this.config = config;
    this.lookups = new Lookups(() => this.announce(), lookup, timings, this.counts);
  }

  /** Publishes when every name has been asked once, at once when there is none. */
  run(publish: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void> {
    this.publish = publish;
    this.follow();
    return new Promise((resolve) => {
      const stop = () => {
        this.lookups.stop();
        this.publish = undefined;
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Names that stay keep their addresses; new ones are asked at once. */
  reconfigure(config: Config): void {
    this.config = config;
    if (this.publish !== undefined) this.follow();
  }

  private follow(): void {
    this.lookups.keep(namesOf(this.config));
    this.announce();
  }

  private announce(): void {
    if (this.lookups.all.some((resolution) => !resolution.known)) return;
    const pools = new Map<string, readonly DiscoveredServer[]>();
    const slots = new Map<string, ReadonlyMap<string, string>>();
    for (const proxy of this.config.proxies) {
      const named = namedServers(proxy);
      if (named.length === 0) continue;
      const assigned = this.assign(proxy, named);
      slots.set(proxy.name, assigned);
      pools.set(
        proxy.name,
        named.map((server) => this.serverOf(server, assigned.get(server.config.identity))),
      );
    }
    this.slots = slots;
    this.publish?.({ source: this.name, pools, poolOptions: new Map(), routes: [], notes: this.notes() });
  }

  /** Servers of one section that name the same host and port share out its addresses. */
  private assign(proxy: ProxyConfig, named: readonly NamedServer[]): ReadonlyMap<string, string> {
    const previous = this.slots.get(proxy.name) ?? new Map<string, string>();
    const groups = new Map<string, NamedServer[]>();
    for (const server of named) {
      const key = `${server.fqdn.toLowerCase()} ${server.config.port}`;
      groups.set(key, [...(groups.get(key) ?? []), server]);
    }
    const assigned = new Map<string, string>();
    for (const [key, servers] of groups) {
      const addresses = this.lookups.get(key.split(' ')[0] ?? '')?.addresses ?? [];
      const slots = servers.map(({ config, template }) => ({ key: config.identity, shares: !template }));
      for (const [slot, address] of assignSlots(slots, addresses, previous)) assigned.set(slot, address);
    }
    return assigned;
  }

  private serverOf({ config, fqdn }: NamedServer, address: string | undefined): DiscoveredServer {
    if (address !== undefined) return { config: { ...config, address }, state: 'ready', reason: '' };
    const resolution = this.lookups.get(fqdn);
    const surplus = `name ${fqdn} has no more than ${resolution?.addresses.length} addresses`;
    const reason =
      resolution === undefined || resolution.addresses.length === 0 ? resolution?.trouble || `name ${fqdn} is not resolved yet` : surplus;
    return { config: { ...config, address: undefined }, state: 'down', reason };
  }

  private notes(): readonly Note[] {
    const troubled = this.lookups.all.filter((resolution) => resolution.trouble !== '');
    return troubled.map(({ name, trouble, addresses }) => {
      const kept = addresses.length === 0 ? '' : `; using the last addresses ${addresses.join(', ')}`;
      return { level: 'warning', subject: name, message: `${trouble}${kept}` };
    });
  }
}
