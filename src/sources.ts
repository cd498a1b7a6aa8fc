/**
 * The sources of servers at work: one provider for names, and whatever some line of the configuration asks. They publish into
 * the store; a reload starts what the new configuration needs before it counts, and ends what it does not need after.
 *
 * Invariant: while a reload is prepared, what the resolver publishes for the new configuration is held back, because
 * read under the old one it would say that names have gone.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config/model.ts';
import { monotonic } from './core/clock.ts';
import { agentsInUse } from './discovery/consul/provider.ts';
import { DNS_SOURCE } from './discovery/dns/names.ts';
import { DnsProvider } from './discovery/dns/provider.ts';
import type { ResolverCounts } from './discovery/dns/resolution.ts';
import { Membership } from './discovery/docker/membership.ts';
import { type DockerSurroundings, enginesInUse } from './discovery/docker/provider.ts';
import { filesInUse } from './discovery/file/provider.ts';
import type { Provider, Snapshot, Source, SourceNeed } from './discovery/provider.ts';
import type { Report } from './discovery/report.ts';
import type { Store } from './state/store.ts';
import type { SourceFacts } from './stats/prometheus.ts';

/** A source at work, and what it was made for. */
interface Running {
  readonly source: Source;
  readonly settings: unknown;
  readonly abort: AbortController;
}

export class Sources {
  /** Lists of containers, and whoever changes them. */
  readonly membership: Membership = new Membership();
  private readonly store: Store;
  private readonly surroundings: DockerSurroundings;
  private readonly dns: DnsProvider;
  private readonly dnsAbort = new AbortController();
  private readonly running = new Map<string, Running>();
  /** Sources started for a reload that does not count yet. */
  private fresh: string[] = [];
  private holding = false;
  private held: Snapshot | undefined;
  private onHeld: (() => void) | undefined;
  /** By source: how often it has spoken, and when it did last, in monotonic ms. */
  private readonly spoken = new Map<string, { times: number; at: number }>();

  constructor(store: Store, config: Config, surroundings: DockerSurroundings) {
    this.store = store;
    this.surroundings = { ...surroundings, membership: this.membership };
    this.dns = new DnsProvider({ config });
  }

  /** Every source that the configuration needs, by the name of its snapshots. */
  get names(): readonly string[] {
    return [DNS_SOURCE, ...this.running.keys()];
  }

  get resolver(): ResolverCounts {
    return this.dns.counts;
  }

  /** Why a source is away now; empty where it is not. */
  troubleOf(name: string): string {
    return this.running.get(name)?.source.trouble ?? '';
  }

  /** What each source makes of everything that it knows, source by source. */
  reports(): readonly Report[] {
    return [...this.running.values()].flatMap(({ source }) => source.report());
  }

  /** What metrics tell of each source, by what it has said last. */
  facts(): SourceFacts[] {
    const { nx, other } = this.resolver;
    const counts = (name: string) => this.running.get(name)?.source.counts ?? { events: this.resolver.sent, failures: nx + other };
    return this.names.map((name) => {
      const { times, at } = this.spoken.get(name) ?? { times: 0, at: undefined };
      const said = this.store.sources.get(name);
      const servers = new Set([...(said?.pools.values() ?? [])].flat().map(({ config }) => config.identity));
      const refused = new Set(said?.notes.filter(({ level }) => level === 'error').map(({ subject }) => subject));
      return {
        name,
        up: times > 0 && this.troubleOf(name) === '',
        snapshots: times,
        at,
        ...counts(name),
        servers: servers.size,
        refused: refused.size,
        routes: said?.routes.length ?? 0,
      };
    });
  }

  start(config: Config): void {
    this.membership.read(config);
    this.run(this.dns, this.dnsAbort);
    for (const need of this.needs(config)) this.startSource(need, config);
  }

  stop(): void {
    this.dnsAbort.abort();
    for (const { abort } of this.running.values()) abort.abort();
    this.running.clear();
  }

  /** Asks for what `config` needs beyond what is known. Resolves when it is known, or after `graceMs`. */
  async prepare(config: Config, graceMs: number): Promise<void> {
    this.fresh = [];
    this.membership.read(config);
    const asked: (Promise<void> | undefined)[] = [];
    for (const need of this.needs(config)) {
      const known = this.running.get(need.name);
      if (known !== undefined) {
        asked.push(known.source.prepare?.(config));
        continue;
      }
      this.startSource(need, config);
      this.fresh.push(need.name);
    }
    this.holding = true;
    const resolved = new Promise<void>((resolve) => {
      this.onHeld = resolve;
    });
    this.dns.reconfigure(config);
    await Promise.all([within(resolved, graceMs), within(Promise.all(asked), graceMs), this.store.whenReady(this.fresh, graceMs)]);
  }

  /** `config` counts from now on. Synchronous, so that the store merges all of it in one step. */
  commit(config: Config): void {
    this.fresh = [];
    this.release();
    const wanted = new Map(this.needs(config).map((need) => [need.name, need]));
    for (const [name, { source, settings, abort }] of this.running) {
      const need = wanted.get(name);
      if (need !== undefined && isDeepStrictEqual(need.settings, settings)) {
        source.reconfigure(config);
        continue;
      }
      abort.abort();
      this.running.delete(name);
      // Under the same name, another one: its servers stay until it speaks.
      if (need === undefined) this.store.forget(name);
      else this.startSource(need, config);
    }
  }

  /** The reload does not happen: `config` is the one that goes on. */
  rollback(config: Config): void {
    for (const name of this.fresh) {
      this.running.get(name)?.abort.abort();
      this.running.delete(name);
      this.store.forget(name);
    }
    this.fresh = [];
    this.held = undefined;
    for (const { source } of this.running.values()) source.reconfigure(config);
    this.dns.reconfigure(config);
    this.release();
  }

  private needs(config: Config): readonly SourceNeed[] {
    return [
      ...enginesInUse(config, this.surroundings),
      ...agentsInUse(config, { env: this.surroundings.env, events: this.surroundings.events }),
      ...filesInUse(config),
    ];
  }

  private startSource({ name, settings, create }: SourceNeed, config: Config): void {
    const source = create(config);
    const abort = new AbortController();
    this.running.set(name, { source, settings, abort });
    this.run(source, abort);
  }

  private run(provider: Provider, { signal }: AbortController): void {
    // What an aborted source still had under way is not its last word.
    const publish = (snapshot: Snapshot) => {
      if (!signal.aborted) this.publish(snapshot);
    };
    void provider.run(publish, signal);
  }

  private publish(snapshot: Snapshot): void {
    this.spoken.set(snapshot.source, { times: (this.spoken.get(snapshot.source)?.times ?? 0) + 1, at: monotonic() });
    if (!this.holding || snapshot.source !== DNS_SOURCE) {
      this.store.publish(snapshot);
      return;
    }
    this.held = snapshot;
    this.onHeld?.();
  }

  private release(): void {
    this.holding = false;
    this.onHeld = undefined;
    if (this.held !== undefined) this.store.publish(this.held);
    this.held = undefined;
  }
}

async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
