/** A Docker engine as a source of servers: what `watch.ts` knows, mapped by `snapshot.ts`, published whole. */

import { platform } from 'node:os';
import type { Config, DockerEngineConfig } from '../../config/model.ts';
import type { EventLog } from '../../core/log.ts';
import { routeSources, serverSources } from '../lines.ts';
import type { Snapshot, Source, SourceNeed } from '../provider.ts';
import type { Report } from '../report.ts';
import { DockerClient } from './client.ts';
import type { Environment } from './endpoint.ts';
import { NO_LISTS } from './members.ts';
import type { Membership } from './membership.ts';
import { dockerSource } from './names.ts';
import { dockerReport } from './report.ts';
import { type Scene, type SceneInput, sceneOf } from './scene.ts';
import type { SelfHint } from './self.ts';
import { dockerSnapshot } from './snapshot.ts';
import { SwarmTasks } from './swarm-tasks.ts';
import { SWARM_TIMINGS, type SwarmTimings, SwarmWatch } from './swarm-watch.ts';
import { type EngineView, WATCH_TIMINGS, Watch, type WatchTimings } from './watch.ts';

/** What every engine's provider is told about the process it runs in. */
export interface DockerSurroundings {
  /** For DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH and SSH_AUTH_SOCK. */
  readonly env: Environment;
  readonly self: SelfHint;
  /** Connections made and lost. */
  readonly events: EventLog;
  readonly timings?: WatchTimings;
  readonly swarmTimings?: SwarmTimings;
  /** The lists of `members=`. */
  readonly membership?: Membership;
}

export interface DockerProviderOptions extends DockerSurroundings {
  readonly engine: DockerEngineConfig;
  readonly config: Config;
}

export class DockerProvider implements Source {
  readonly name: string;
  private readonly self: SelfHint;
  private readonly membership: Membership | undefined;
  private readonly watch: Watch;
  private readonly swarm: SwarmWatch;
  private readonly tasks = new SwarmTasks();
  private config: Config;
  /** What the engine itself says, and the same with what its Swarm adds. */
  private plain: EngineView | undefined;
  private view: EngineView | undefined;
  private publish: ((snapshot: Snapshot) => void) | undefined;

  constructor(options: DockerProviderOptions) {
    const { engine, config, env, self, events, timings = WATCH_TIMINGS, swarmTimings = SWARM_TIMINGS, membership } = options;
    this.name = dockerSource(engine.name);
    this.config = config;
    this.self = self;
    this.membership = membership;
    const client = new DockerClient(engine, env);
    this.swarm = new SwarmWatch(client, events, () => this.again(), swarmTimings);
    this.watch = new Watch(client, events, (view) => this.onView(view), timings, this.swarm);
  }

  get trouble(): string {
    return this.watch.trouble;
  }

  get counts(): Watch['counts'] {
    return this.watch.counts;
  }

  /** Publishes nothing before the engine has answered: until then nobody knows which servers there are. */
  async run(publish: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void> {
    this.publish = publish;
    this.membership?.engines.set(this.name, this);
    await this.watch.run(signal);
    this.publish = undefined;
    if (this.membership?.engines.get(this.name) === this) this.membership.engines.delete(this.name);
  }

  reconfigure(config: Config): void {
    this.config = config;
    this.again();
  }

  /** The lists of `members=` have changed, or what the Swarm is known to be. */
  again(): void {
    if (this.plain !== undefined) this.onView(this.plain);
  }

  /** Undefined before the engine has answered. */
  scene(): Scene | undefined {
    return this.view === undefined ? undefined : sceneOf(this.inputOf(this.view));
  }

  report(): readonly Report[] {
    return this.view === undefined ? [] : dockerReport(this.inputOf(this.view));
  }

  private onView(plain: EngineView): void {
    this.plain = plain;
    this.view = this.joined(plain);
    this.publish?.(dockerSnapshot(this.inputOf(this.view)));
  }

  private joined(plain: EngineView): EngineView {
    if (this.swarm.view === undefined) return plain;
    const { containers, strangers } = this.tasks.join(plain.containers, this.swarm.view);
    if (strangers) this.swarm.hint();
    return { ...plain, containers };
  }

  private inputOf(view: EngineView): SceneInput {
    const members = this.membership?.lists ?? NO_LISTS;
    return { source: this.name, view, config: this.config, self: this.self, platform: platform(), members };
  }
}

/** The engines that some line of the configuration asks. */
export function enginesInUse(config: Config, surroundings: DockerSurroundings): readonly SourceNeed[] {
  const wanted = new Set(config.proxies.flatMap((proxy) => [...serverSources(proxy), ...routeSources(proxy)]));
  return config.dockers
    .filter((engine) => wanted.has(dockerSource(engine.name)))
    .map((engine) => ({
      name: dockerSource(engine.name),
      settings: { ...engine, place: undefined },
      create: (current) => new DockerProvider({ ...surroundings, engine, config: current }),
    }));
}
