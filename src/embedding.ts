/**
 * Fairlead inside of another program: the process edge of the package `fairlead`, as `main.ts` is that of the program. It touches
 * nothing that belongs to its host: no signals, no exit, no standard streams.
 */

import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex, Readable } from 'node:stream';
import { App } from './app.ts';
import { diagnosticLines } from './banner.ts';
import { formatDiagnostic } from './config/diagnostics.ts';
import type { Config, Diagnostic as Found } from './config/model.ts';
import { environment, lent, read } from './edge.ts';
import type { Explanation } from './explain/explanation.ts';
import { linesOf } from './explain/text.ts';
import type { ConfigSource, Prepared } from './prepare.ts';
import type { BindFailure } from './proxy/data-plane.ts';
import { Carrier } from './proxy/embedded/carrier.ts';
import type { HostRequest, HostResponse } from './proxy/embedded/host.ts';
import { openDescriptor, type TextStream } from './stats/log-outputs.ts';
import type { StatsRecord } from './stats/records.ts';

/** How long sources may take to speak before requests are taken without them, ms. */
const GRACE = 3000;

/** Where the configuration is: a text, or files and folders of them, all in the language of haproxy.cfg. */
export type ConfigurationSource =
  | { readonly config: string; readonly configFile?: undefined }
  | { readonly configFile: string | readonly string[]; readonly config?: undefined };

export type BalancerOptions = ConfigurationSource & {
  /** The section that requests go to; default: the first `frontend` or `listen` in mode http. */
  readonly frontend?: string;
  /** Whether `bind` lines and `stats socket` lines listen, too; default false: the host listens, and they are passed over. */
  readonly listen?: boolean;
  /** Hears each line that the program would write to standard error, and those of `log stdout` and `log stderr`; without newline. */
  readonly log?: (line: string) => void;
  /** How long sources (Docker, Consul, lists, DNS) may take to speak for the first time, ms; default 3000. */
  readonly graceMs?: number;
  /** `web` passes on what no route takes: `next()` instead of HAProxy's 404 or 503. Default false. */
  readonly fallthrough?: boolean;
  /** What `"${NAME}"` in the configuration sees, and what finds the Docker engine; default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start; default: the working directory. */
  readonly cwd?: string;
};

/** What is said of a configuration. */
export interface Diagnostic {
  readonly severity: 'alert' | 'warning' | 'notice';
  /** The file, or `config` for a text; undefined for what concerns the whole. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly message: string;
}

/** A configuration that cannot be used, with everything that there is to say of it. */
export class ConfigurationError extends Error {
  override readonly name: string = 'ConfigurationError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(
      diagnostics
        .filter(({ severity }) => severity === 'alert')
        .map(textOf)
        .join('\n'),
    );
    this.diagnostics = diagnostics;
  }
}

/** Of `node:http`, `node:https` or `node:http2` (its compatibility API). */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;
export type Next = (error?: unknown) => void;

export interface WebOptions {
  /** The request's body where it was read from `req` before, by a body parser perhaps. A stream is sent in chunks. */
  readonly body?: Readable | Uint8Array | string;
}

/** One row of HAProxy's statistics, by the names of its columns: `pxname`, `svname`, `status`, `scur`, ...; what is empty is not in it. */
export type StatsRow = Readonly<Record<string, string | number>>;

/** Why a request is routed or not. */
export interface ExplainedRequest {
  readonly routed: boolean;
  /** For people, in lines. */
  readonly text: string;
  /** The same as data; `fairlead explain --json` has it. */
  readonly details: unknown;
}

export interface CloseOptions {
  /** How long what is under way may take to end, ms; then it is cut. Default: `hard-stop-after` of the configuration, else for ever. */
  readonly drainMs?: number;
}

export interface Balancer {
  /** A handler of requests, and a middleware: `next` is called where `fallthrough` asks for it, and not otherwise. Needs no `this`. */
  readonly web: (request: NodeRequest, response: NodeResponse, next?: Next, options?: WebOptions) => void;
  /** A handler of `upgrade` events: WebSockets. Needs no `this`. */
  readonly ws: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Goes over to another configuration, or reads the same files again. Rejects with a ConfigurationError; then nothing has changed. */
  reload(source?: ConfigurationSource): Promise<void>;
  /** Takes no further requests, and ends when those under way have. */
  close(options?: CloseOptions): Promise<void>;
  /** Lines as `log` hears them. */
  on(event: 'log', listener: (line: string) => void): void;
  off(event: 'log', listener: (line: string) => void): void;
  /** Every row: frontends, backends, servers. */
  stats(): readonly StatsRow[];
  /** A URL, a host with or without a path, a container by name or id. */
  explain(asked: string): ExplainedRequest;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Resolves when every source has spoken, or its grace has passed: from then on requests are served.
 * Rejects with a ConfigurationError when the configuration cannot be used.
 */
export async function createBalancer(options: BalancerOptions): Promise<Balancer> {
  const balancer = new EmbeddedBalancer(options);
  await balancer.start();
  return balancer;
}

class EmbeddedBalancer implements Balancer {
  readonly web: Balancer['web'];
  readonly ws: Balancer['ws'];
  private readonly options: BalancerOptions;
  private readonly lines = new EventEmitter<{ log: [line: string] }>();
  private readonly app: App;
  private source: ConfigSource;
  private frontend: string;
  private reloading: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined = undefined;
  private readonly reloads = { done: 0, failed: 0 };

  constructor(options: BalancerOptions) {
    const { graceMs = GRACE, fallthrough = false, log } = options;
    this.options = options;
    if (log !== undefined) this.lines.on('log', log);
    this.source = sourceOf(options);
    const prepared = this.prepare(this.source);
    this.frontend = chosenFrontend(prepared.config, options.frontend);
    this.app = new App(
      {
        ...lent(),
        env: options.env ?? environment(),
        write: (line) => this.tell(line),
        quiet: false,
        debug: false,
        stream: (fd) => (fd === 1 || fd === 2 ? this.stream() : openDescriptor(fd)),
        graceMs,
        master: undefined,
        enginesAreOptional: false,
      },
      prepared,
    );
    const balancer = this;
    this.app.lifecycle = {
      get stopping() {
        return balancer.closing !== undefined;
      },
      reloads: this.reloads,
      reload: () => this.reload().catch(() => {}),
    };
    const carrier = new Carrier(this.app.door(() => this.frontend));
    this.web = (request, response, next, { body } = {}) =>
      carrier.web(request as HostRequest, response as unknown as HostResponse, {
        body: isBody(body) ? body : undefined,
        next: fallthrough ? next : undefined,
      });
    this.ws = (request, socket, head) => carrier.ws(request, socket, head);
  }

  async start(): Promise<void> {
    const failures = await this.app.start();
    if (failures.length === 0) return;
    this.app.stop();
    throw new ConfigurationError(failures.map(bindDiagnostic));
  }

  reload(source?: ConfigurationSource): Promise<void> {
    const next = this.reloading.then(() => this.reloadNow(source === undefined ? this.source : sourceOf(source)));
    this.reloading = next.catch(() => {});
    return next;
  }

  private async reloadNow(source: ConfigSource): Promise<void> {
    if (this.closing !== undefined) throw new Error('the balancer is closed');
    try {
      const prepared = this.prepare(source);
      const frontend = chosenFrontend(prepared.config, this.options.frontend);
      const failures = await this.app.reload(prepared);
      if (failures.length > 0) throw new ConfigurationError(failures.map(bindDiagnostic));
      this.source = source;
      this.frontend = frontend;
      this.reloads.done++;
      this.reloads.failed = 0;
    } catch (error) {
      this.reloads.failed++;
      throw error;
    }
  }

  close({ drainMs }: CloseOptions = {}): Promise<void> {
    this.closing ??= this.closeNow(drainMs);
    return this.closing;
  }

  private async closeNow(drainMs: number | undefined): Promise<void> {
    await this.reloading;
    const patience = drainMs ?? this.app.config.global.hardStopAfter;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      if (patience !== undefined) timer = setTimeout(resolve, patience);
    });
    await Promise.race([this.app.drain(true), over]);
    clearTimeout(timer);
    this.app.stop();
  }

  on(event: 'log', listener: (line: string) => void): void {
    this.lines.on(event, listener);
  }

  off(event: 'log', listener: (line: string) => void): void {
    this.lines.off(event, listener);
  }

  stats(): readonly StatsRecord[] {
    return this.app.stats();
  }

  explain(asked: string): ExplainedRequest {
    const details: Explanation = this.app.explain(asked);
    return { routed: details.routed, text: [...linesOf(details)].join(''), details };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Throws a ConfigurationError. */
  private prepare(source: ConfigSource): Prepared {
    const { env = environment(), cwd, listen = false } = this.options;
    const { prepared, diagnostics } = read(source, { env, listen, ...(cwd === undefined ? {} : { cwd }) });
    if (prepared === undefined) throw new ConfigurationError(diagnostics.map(publicDiagnostic));
    for (const line of diagnosticLines(diagnostics, lent().pid)) this.tell(line);
    return prepared;
  }

  /** `text`: lines, each with its newline. What a listener throws must not end what has spoken: it is thrown where nothing of ours is at work. */
  private tell(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      for (const listener of this.lines.listeners('log')) {
        try {
          (listener as (line: string) => void)(line);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    }
  }

  /** In place of the host's standard streams. */
  private stream(): TextStream {
    return {
      write: (chunk, done) => {
        this.tell(chunk.toString());
        done();
      },
      writableLength: 0,
      destroyed: false,
      on: () => {},
    };
  }
}

/** Body parsers leave objects of all kinds: what is no body stands for none. */
function isBody(body: WebOptions['body']): boolean {
  return typeof body === 'string' || body instanceof Uint8Array || typeof body?.pipe === 'function';
}

function sourceOf({ config, configFile }: ConfigurationSource): ConfigSource {
  if (config !== undefined) return { kind: 'text', text: config, name: 'config' };
  if (configFile === undefined) throw new TypeError("createBalancer needs 'config', a text, or 'configFile'");
  return { kind: 'files', paths: typeof configFile === 'string' ? [configFile] : configFile };
}

/** Throws a ConfigurationError. */
function chosenFrontend({ proxies }: Config, wanted: string | undefined): string {
  const frontends = proxies.filter(({ kind, disabled }) => kind !== 'backend' && !disabled);
  const chosen = wanted === undefined ? frontends.find(({ mode }) => mode === 'http') : frontends.find(({ name }) => name === wanted);
  if (chosen?.mode === 'http') return chosen.name;
  const names = frontends.map(({ name }) => `'${name}'`).join(', ');
  const there = names === '' ? "there is no 'frontend' and no 'listen' section" : `there are ${names}`;
  const message = chosen === undefined ? `no section takes requests${wanted === undefined ? '' : ` as '${wanted}'`}: ${there}` : '';
  throw new ConfigurationError([
    {
      severity: 'alert',
      file: chosen?.place.file,
      line: chosen?.place.line,
      message: chosen === undefined ? message : `'${chosen.name}' is in mode tcp, and takes no requests`,
    },
  ]);
}

function publicDiagnostic({ severity, place, message }: Found): Diagnostic {
  return { severity, file: place?.file, line: place?.line, message };
}

function bindDiagnostic({ frontend, listener, place, message }: BindFailure): Diagnostic {
  const text = `Binding for frontend ${frontend}: cannot bind socket (${message}) for [${listener}]`;
  return { severity: 'alert', file: place.file, line: place.line, message: text };
}

function textOf({ severity, file, line, message }: Diagnostic): string {
  return formatDiagnostic({ severity, place: file === undefined ? undefined : { file, line: line ?? 0 }, message });
}
