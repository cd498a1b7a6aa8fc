/**
 * The life of the process, without the process: what each signal means, given where we are.
 *
 *     starting ──listens──▶ running ──SIGTERM, SIGUSR1──▶ draining ──idle, or hard-stop-after──▶ gone
 *         └───────────────────┴───────────SIGINT───────────────┴──second SIGTERM────────────────▶ gone
 *
 * `go` is the only way from one to the next. Reloads (SIGHUP, SIGUSR2) happen one after the other, and only while running.
 */

import type { App } from './app.ts';
import { bannerLines, bindFailureLines, diagnosticLines } from './banner.ts';
import { Level } from './core/log.ts';
import { hasListener, type Preparation } from './prepare.ts';

/** Exit codes: 128 + the signal's number where a signal ended what was under way, as a shell reports it. */
export const ExitCode = { Done: 0, Failed: 1, NoListener: 2, Interrupted: 130, Terminated: 143 } as const;

export interface Edge {
  readonly pid: number;
  /** Reads the configuration again. */
  read(): Preparation;
  /** Standard error; nothing with `-q`. */
  print(lines: readonly string[]): void;
  exit(code: number): void;
  /**
   * What SIGINT ends with: 130, as HAProxy's master. Without one HAProxy dies of the signal itself, which `varnishtest`
   * takes for as good an end of `-d` as 0, and not 130.
   */
  readonly interrupted: number;
}

/** The parts of App that a life is made of. */
export type Living = Pick<App, 'config' | 'connections' | 'log' | 'reload' | 'pause' | 'resume' | 'drain' | 'stop' | 'banner'>;

type Stage = 'starting' | 'running' | 'draining' | 'gone';

const NEXT: Readonly<Record<Stage, readonly Stage[]>> = {
  starting: ['running', 'gone'],
  running: ['draining', 'gone'],
  draining: ['gone'],
  gone: [],
};

export class Life {
  private readonly app: Living;
  private readonly edge: Edge;
  private stage: Stage = 'starting';
  private reloading: Promise<void> | undefined;
  /** A signal came during a reload: what it read may be old already. */
  private again = false;
  /** Reloads that were done, and those that have failed since. */
  readonly reloads = { done: 0, failed: 0 };

  constructor(app: Living, edge: Edge) {
    this.app = app;
    this.edge = edge;
  }

  get stopping(): boolean {
    return this.stage === 'draining';
  }

  /** It listens. */
  running(): void {
    this.go('running');
    if (this.again) this.reload();
  }

  /** SIGTERM: what is under way ends, and TCP sessions as soon as they are silent; the second one stops at once. */
  terminate(): void {
    if (this.stage === 'running') this.softStop(true);
    else this.end(ExitCode.Terminated);
  }

  /** SIGUSR1: for as long as anybody is here. */
  finish(): void {
    if (this.stage === 'running') this.softStop(false);
    else if (this.stage === 'starting') this.end(ExitCode.Done);
  }

  /** SIGINT */
  interrupt(): void {
    this.end(this.edge.interrupted);
  }

  /** SIGHUP and SIGUSR2. Resolves when no reload is under way any more. */
  reload(): Promise<void> {
    this.again = true;
    if (this.stage !== 'running') return Promise.resolve();
    this.reloading ??= this.reloadUntilCurrent().finally(() => {
      this.reloading = undefined;
    });
    return this.reloading;
  }

  /** SIGTTOU: another process wants our ports. */
  async pause(): Promise<void> {
    if (this.stage !== 'running') return;
    await this.app.pause();
    this.app.log.event(Level.Notice, 'Listeners are paused.');
  }

  /** SIGTTIN: it does not want them any more. */
  async resume(): Promise<void> {
    if (this.stage !== 'running') return;
    const failures = await this.app.resume();
    if (failures.length > 0) this.edge.print(bindFailureLines(failures, this.edge.pid));
    else this.app.log.event(Level.Notice, 'Listeners are resumed.');
  }

  private softStop(hurried: boolean): void {
    this.go('draining');
    const { hardStopAfter } = this.app.config.global;
    this.app.log.event(Level.Notice, `Stopping: ${this.app.connections} connections are finishing.`);
    if (hardStopAfter !== undefined) setTimeout(() => this.hardStop(), hardStopAfter).unref();
    void this.app.drain(hurried).then(() => this.end(ExitCode.Done));
  }

  private hardStop(): void {
    if (this.stage !== 'draining') return;
    this.app.log.event(Level.Warning, `Stopping took longer than hard-stop-after: closing ${this.app.connections} connections.`);
    this.end(ExitCode.Done);
  }

  private end(code: number): void {
    if (this.stage === 'gone') return;
    this.go('gone');
    this.app.stop();
    this.edge.exit(code);
  }

  private go(next: Stage): void {
    if (!NEXT[this.stage].includes(next)) throw new Error(`a process that is ${this.stage} cannot be ${next}`);
    this.stage = next;
  }

  private async reloadUntilCurrent(): Promise<void> {
    while (this.again && this.stage === 'running') {
      this.again = false;
      await this.reloadOnce();
    }
  }

  private async reloadOnce(): Promise<void> {
    const { app, edge } = this;
    app.log.event(Level.Notice, 'Reading the configuration again.');
    const { prepared, diagnostics } = edge.read();
    edge.print(diagnosticLines(diagnostics, edge.pid));
    if (prepared === undefined) return this.refuse('the configuration is invalid');
    if (!hasListener(prepared.config)) return this.refuse('nothing would listen');
    const failures = await app.reload(prepared);
    if (failures.length === 0) {
      this.reloads.done++;
      this.reloads.failed = 0;
      for (const text of bannerLines(app.banner())) app.log.event(Level.Notice, `Reloaded: ${text}`);
      return;
    }
    edge.print(bindFailureLines(failures, edge.pid));
    this.refuse('not everything could be bound');
  }

  private refuse(why: string): void {
    this.reloads.failed++;
    this.app.log.event(Level.Alert, `Reload failed, nothing has changed: ${why}.`);
  }
}
