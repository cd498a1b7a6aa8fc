/**
 * The sources of servers at work: one provider for names, and whatever some line of the configuration asks. They publish into
 * the store; a reload starts what the new configuration needs before it counts, and ends what it does not need after.
 *
 * Invariant: while a reload is prepared, what is published for the new configuration alone is held back: by the resolver, because
 * read under the old one it would say that names have gone, and by the successors of sources whose settings are others now.
 * A list of containers is read anew at once: its file is the truth, whatever becomes of the reload.
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
  /** Likewise, beside those whose names they have. */
  private readonly successors = new Map<string, Running>();
  private holding = false;
  /** What is held back, by source. */
  private readonly held = new Map<string, Snapshot>();
  /** By source: called when something of it is held back. */
  private readonly onHeld = new Map<string, () => void>();
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
    this.run(this.dns, this.dnsAbort, () => this.holding);
    for (const need of this.needs(config)) this.startSource(need, config, this.running);
  }

  stop(): void {
    this.dnsAbort.abort();
    for (const { abort } of [...this.running.values(), ...this.successors.values()]) abort.abort();
    this.running.clear();
    this.successors.clear();
  }

  /** Asks for what `config` needs beyond what is known. Resolves when it is known, or after `graceMs`. */
  async prepare(config: Config, graceMs: number): Promise<void> {
    this.fresh = [];
    this.membership.read(config);
    const asked: (Promise<void> | undefined)[] = [];
    for (const need of this.needs(config)) {
      const known = this.running.get(need.name);
      if (known === undefined) {
        this.startSource(need, config, this.running);
        this.fresh.push(need.name);
      } else if (isDeepStrictEqual(need.settings, known.settings)) {
        asked.push(known.source.prepare?.(config));
      } else {
        asked.push(this.whenHeld(need.name));
        this.startSource(need, config, this.successors);
      }
    }
    this.holding = true;
    asked.push(this.whenHeld(DNS_SOURCE));
    this.dns.reconfigure(config);
    await Promise.all([within(Promise.all(asked), graceMs), this.store.whenReady(this.fresh, graceMs)]);
  }

  /** `config` counts from now on. Synchronous, so that the store merges all of it in one step. */
  commit(config: Config): void {
    this.fresh = [];
    const wanted = new Set(this.needs(config).map(({ name }) => name));
    for (const [name, { source, abort }] of [...this.running]) {
      const successor = this.successors.get(name);
      if (wanted.has(name) && successor === undefined) {
        source.reconfigure(config);
        continue;
      }
      abort.abort();
      this.spoken.delete(name);
      if (successor === undefined) {
        this.running.delete(name);
        this.store.forget(name);
      } else {
        // The servers of the one before stay until this one has spoken.
        this.running.set(name, successor);
      }
    }
    this.successors.clear();
    this.release();
  }

  /** The reload does not happen: `config` is the one that goes on. */
  rollback(config: Config): void {
    for (const name of this.fresh) {
      this.running.get(name)?.abort.abort();
      this.running.delete(name);
      this.spoken.delete(name);
      this.store.forget(name);
    }
    this.fresh = [];
    for (const [name, { abort }] of this.successors) {
      abort.abort();
      this.held.delete(name);
    }
    this.successors.clear();
    this.held.delete(DNS_SOURCE);
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

  private startSource({ name, settings, create }: SourceNeed, config: Config, among: Map<string, Running>): void {
    const started: Running = { source: create(config), settings, abort: new AbortController() };
    among.set(name, started);
    this.run(started.source, started.abort, () => this.successors.get(name) === started);
  }

  private run(provider: Provider, { signal }: AbortController, isEarly: () => boolean): void {
    const publish = (snapshot: Snapshot) => {
      // What an aborted source still had under way is not its last word.
      if (signal.aborted) return;
      if (isEarly()) this.hold(snapshot);
      else this.publish(snapshot);
    };
    void provider.run(publish, signal);
  }

  private hold(snapshot: Snapshot): void {
    this.held.set(snapshot.source, snapshot);
    this.onHeld.get(snapshot.source)?.();
  }

  private whenHeld(name: string): Promise<void> {
    return new Promise((resolve) => this.onHeld.set(name, resolve));
  }

  private publish(snapshot: Snapshot): void {
    this.spoken.set(snapshot.source, { times: (this.spoken.get(snapshot.source)?.times ?? 0) + 1, at: monotonic() });
    this.store.publish(snapshot);
  }

  private release(): void {
    this.holding = false;
    this.onHeld.clear();
    for (const snapshot of this.held.values()) this.publish(snapshot);
    this.held.clear();
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
