/** A file as a source of servers: what it lists, mapped by `mapping.ts`, published whole. */

import type { Config } from '../../config/model.ts';
import { Lookups } from '../dns/lookups.ts';
import type { Snapshot, Source, SourceNeed } from '../provider.ts';
import type { Report } from '../report.ts';
import { fileReport, fileSnapshot } from './mapping.ts';
import { fileSource } from './names.ts';
import { type FileView, filesOf, readView } from './view.ts';
import { type FileText, type FileTimings, FileWatch } from './watch.ts';

export class FileProvider implements Source {
  readonly name: string;
  readonly counts = { events: 0, failures: 0 };
  private readonly path: string;
  private readonly watch: FileWatch;
  private readonly lookups = new Lookups(() => this.again());
  private config: Config;
  private view: FileView | undefined;
  private spoken = false;
  private publish: ((snapshot: Snapshot) => void) | undefined;

  constructor(path: string, config: Config, timings?: FileTimings) {
    this.name = fileSource(path);
    this.path = path;
    this.config = config;
    this.watch = new FileWatch(path, (text) => this.take(text), timings);
  }

  get trouble(): string {
    const problem = this.view?.problem;
    if (problem === undefined) return '';
    return problem.spot === undefined ? problem.message : `line ${problem.spot.line}: ${problem.message}`;
  }

  /** Publishes as soon as it has looked, also where there is no file: it must not keep others from being served. */
  async run(publish: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void> {
    this.publish = publish;
    await this.watch.run(signal);
    this.publish = undefined;
    this.lookups.stop();
  }

  reconfigure(config: Config): void {
    this.config = config;
    this.again();
  }

  report(): readonly Report[] {
    const { view, config } = this;
    return view === undefined ? [] : fileReport({ view, config, resolve: (name) => this.lookups.resolve(name) });
  }

  /** What cannot be read leaves the last list as it was. */
  private async take(text: FileText): Promise<void> {
    const view = await readView(this.path, text, this.view);
    if (view === this.view) return;
    this.view = view;
    if (view.problem === undefined) this.counts.events++;
    else this.counts.failures++;
    this.again();
  }

  private again(): void {
    const { view } = this;
    if (view === undefined) return;
    const { config } = this;
    const snapshot = this.lookups.follow((resolve) => fileSnapshot({ view, config, resolve }));
    // The first word says of every server where it is; names that come later are down until they are known.
    if (!this.spoken && !this.lookups.settled) return;
    this.spoken = true;
    this.publish?.(snapshot);
  }
}

/** The files that some line of the configuration names. */
export function filesInUse(config: Config): readonly SourceNeed[] {
  return [...filesOf(config)].map((path) => ({
    name: fileSource(path),
    settings: path,
    create: (current) => new FileProvider(path, current),
  }));
}
