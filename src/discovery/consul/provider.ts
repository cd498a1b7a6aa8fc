/** A Consul agent as a source of servers: what `watch.ts` knows, mapped by `mapping.ts`, published whole. */

import type { Config, ConsulAgentConfig } from '../../config/model.ts';
import type { EventLog } from '../../core/log.ts';
import { Lookups } from '../dns/lookups.ts';
import type { Environment } from '../docker/endpoint.ts';
import { routeSources, serverSources } from '../lines.ts';
import type { Snapshot, Source, SourceNeed } from '../provider.ts';
import type { Report } from '../report.ts';
import { ConsulClient } from './client.ts';
import { wantedBy } from './mapping.ts';
import { consulSource } from './names.ts';
import type { QuestionTimings } from './question.ts';
import { consulReport } from './report.ts';
import { consulSnapshot } from './snapshot.ts';
import { type ConsulView, ConsulWatch } from './watch.ts';

/** What every agent's provider is told about the process it runs in. */
export interface ConsulSurroundings {
  /** For CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN and their companions. */
  readonly env: Environment;
  /** Connections made and lost. */
  readonly events: EventLog;
  readonly timings?: QuestionTimings;
}

export interface ConsulProviderOptions extends ConsulSurroundings {
  readonly agent: ConsulAgentConfig;
  readonly config: Config;
}

export class ConsulProvider implements Source {
  readonly name: string;
  private readonly watch: ConsulWatch;
  private readonly lookups = new Lookups(() => this.again());
  private config: Config;
  private view: ConsulView | undefined;
  private spoken = false;
  private publish: ((snapshot: Snapshot) => void) | undefined;

  constructor({ agent, config, env, events, timings }: ConsulProviderOptions) {
    this.name = consulSource(agent.name);
    this.config = config;
    this.watch = new ConsulWatch(new ConsulClient(agent, env), agent, events, (view) => this.onView(view), timings);
    this.watch.follow(wantedBy(config, this.name));
  }

  get trouble(): string {
    return this.watch.trouble;
  }

  get counts(): ConsulWatch['counts'] {
    return this.watch.counts;
  }

  /** Publishes nothing before the agent has answered: until then nobody knows which servers there are. */
  async run(publish: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void> {
    this.publish = publish;
    await this.watch.run(signal);
    this.publish = undefined;
    this.lookups.stop();
  }

  async prepare(config: Config): Promise<void> {
    await this.watch.prepare(wantedBy(config, this.name));
  }

  reconfigure(config: Config): void {
    this.config = config;
    this.watch.follow(wantedBy(config, this.name));
    this.again();
  }

  report(): readonly Report[] {
    const { name: source, view, config } = this;
    return view === undefined ? [] : consulReport({ source, view, config, resolve: (name) => this.lookups.resolve(name) });
  }

  private again(): void {
    if (this.view !== undefined) this.onView(this.watch.view);
  }

  private onView(view: ConsulView): void {
    this.view = view;
    const { name: source, config } = this;
    const snapshot = this.lookups.follow((resolve) => consulSnapshot({ source, view, config, resolve }));
    // The first word says of every server where it is; names that come later are down until they are known.
    if (!this.spoken && !this.lookups.settled) return;
    this.spoken = true;
    this.publish?.(snapshot);
  }
}

/** The agents that some line of the configuration asks. */
export function agentsInUse(config: Config, surroundings: ConsulSurroundings): readonly SourceNeed[] {
  const wanted = new Set(config.proxies.flatMap((proxy) => [...serverSources(proxy), ...routeSources(proxy)]));
  return config.consuls
    .filter((agent) => wanted.has(consulSource(agent.name)))
    .map((agent) => ({
      name: consulSource(agent.name),
      settings: { ...agent, place: undefined },
      create: (current) => new ConsulProvider({ ...surroundings, agent, config: current }),
    }));
}
