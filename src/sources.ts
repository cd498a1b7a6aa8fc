/**
 * The sources of servers at work: one provider for names, one for each Docker engine in use. They publish into the
 * store; a reload starts what the new configuration needs before it counts, and ends what it does not need after.
 *
 * Invariant: while a reload is prepared, what the resolver publishes for the new configuration is held back, because
 * read under the old one it would say that names have gone.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, DockerEngineConfig } from './config/model.ts';
import { monotonic } from './core/clock.ts';
import { DNS_SOURCE } from './discovery/dns/names.ts';
import { DnsProvider } from './discovery/dns/provider.ts';
import type { ResolverCounts } from './discovery/dns/resolution.ts';
import { dockerSource } from './discovery/docker/names.ts';
import { DockerProvider, type DockerSurroundings, enginesInUse } from './discovery/docker/provider.ts';
import type { Provider, Snapshot } from './discovery/provider.ts';
import type { Store } from './state/store.ts';
import type { SourceFacts } from './stats/prometheus.ts';

interface Engine {
  readonly provider: DockerProvider;
  readonly abort: AbortController;
}

export class Sources {
  private readonly store: Store;
  private readonly surroundings: DockerSurroundings;
  private readonly dns: DnsProvider;
  private readonly dnsAbort = new AbortController();
  private readonly engines = new Map<string, Engine>();
  /** Engines started for a reload that does not count yet. */
  private fresh: string[] = [];
  private holding = false;
  private held: Snapshot | undefined;
  private onHeld: (() => void) | undefined;
  /** By source: how often it has spoken, and when it did last, in monotonic ms. */
  private readonly spoken = new Map<string, { times: number; at: number }>();

  constructor(store: Store, config: Config, surroundings: DockerSurroundings) {
    this.store = store;
    this.surroundings = surroundings;
    this.dns = new DnsProvider({ config });
  }

  /** Every source that the configuration needs, by the name of its snapshots. */
  get names(): readonly string[] {
    return [DNS_SOURCE, ...this.engines.keys()];
  }

  get resolver(): ResolverCounts {
    return this.dns.counts;
  }

  /** Why a source is away now; empty where it is not. */
  troubleOf(name: string): string {
    return this.engines.get(name)?.provider.trouble ?? '';
  }

  /** What metrics tell of each source, by what it has said last. */
  facts(): SourceFacts[] {
    const { nx, other } = this.resolver;
    const counts = (name: string) => this.engines.get(name)?.provider.counts ?? { events: this.resolver.sent, failures: nx + other };
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
    this.run(this.dns, this.dnsAbort);
    for (const engine of enginesInUse(config)) this.startEngine(engine, config);
  }

  stop(): void {
    this.dnsAbort.abort();
    for (const { abort } of this.engines.values()) abort.abort();
    this.engines.clear();
  }

  /** Asks for what `config` needs beyond what is known. Resolves when it is known, or after `graceMs`. */
  async prepare(config: Config, graceMs: number): Promise<void> {
    this.fresh = [];
    for (const engine of enginesInUse(config)) {
      const name = dockerSource(engine.name);
      if (this.engines.has(name)) continue;
      this.startEngine(engine, config);
      this.fresh.push(name);
    }
    this.holding = true;
    const resolved = new Promise<void>((resolve) => {
      this.onHeld = resolve;
    });
    this.dns.reconfigure(config);
    await Promise.all([within(resolved, graceMs), this.store.whenReady(this.fresh, graceMs)]);
  }

  /** `config` counts from now on. Synchronous, so that the store merges all of it in one step. */
  commit(config: Config): void {
    this.fresh = [];
    this.release();
    const wanted = new Map(enginesInUse(config).map((engine) => [dockerSource(engine.name), engine]));
    for (const [name, { provider, abort }] of this.engines) {
      const engine = wanted.get(name);
      if (engine !== undefined && isSame(engine, provider.engine)) {
        provider.reconfigure(config);
        continue;
      }
      abort.abort();
      this.engines.delete(name);
      // Under the same name, another engine: its servers stay until it speaks.
      if (engine === undefined) this.store.forget(name);
      else this.startEngine(engine, config);
    }
  }

  /** The reload does not happen: `config` is the one that goes on. */
  rollback(config: Config): void {
    for (const name of this.fresh) {
      this.engines.get(name)?.abort.abort();
      this.engines.delete(name);
      this.store.forget(name);
    }
    this.fresh = [];
    this.held = undefined;
    this.dns.reconfigure(config);
    this.release();
  }

  private startEngine(engine: DockerEngineConfig, config: Config): void {
    const provider = new DockerProvider({ ...this.surroundings, engine, config });
    const abort = new AbortController();
    this.engines.set(provider.name, { provider, abort });
    this.run(provider, abort);
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

function isSame(a: DockerEngineConfig, b: DockerEngineConfig): boolean {
  return isDeepStrictEqual({ ...a, place: undefined }, { ...b, place: undefined });
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
