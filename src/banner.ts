/** What a start tells people: the configuration, the sources, what listens where. Pure: facts in, lines out. */

import { formatDiagnostic, severityTag } from './config/diagnostics.ts';
import type { Diagnostic, Severity } from './config/model.ts';
import type { Snapshot } from './discovery/provider.ts';
import type { BindFailure } from './proxy/data-plane.ts';

export interface BannerFacts {
  readonly version: string;
  /** Files, or the name of a built-in text. */
  readonly config: string;
  readonly backends: number;
  readonly servers: number;
  /** Servers that are checked. */
  readonly checked: number;
  /** `snapshot` is undefined while the source has not spoken. */
  readonly sources: readonly { readonly name: string; readonly snapshot: Snapshot | undefined }[];
  readonly frontends: readonly {
    readonly name: string;
    /** `127.0.0.1:8080`, `[::]:80`, `unix@/run/x`. */
    readonly listeners: readonly string[];
    /** Those of them that speak TLS. */
    readonly secure?: readonly string[];
    readonly statsUri: string | undefined;
  }[];
}

/** One line for standard error, as HAProxy writes them: `[NOTICE]   (4711) : text`. */
export function line(severity: Severity, pid: number, text: string): string {
  return `${severityTag(severity)}(${pid}) : ${text}\n`;
}

/** The start-up banner: notices, the listeners last. */
export function bannerLines(facts: BannerFacts): readonly string[] {
  const { frontends, backends, servers, checked } = facts;
  const sizes = [count(frontends.length, 'frontend'), count(backends, 'backend'), `${count(servers, 'server')} (${checked} checked)`];
  return [
    `Fairlead ${facts.version}: ${facts.config}: ${sizes.join(', ')}`,
    ...facts.sources.flatMap(({ name, snapshot }) => sourceLine(name, snapshot)),
    ...frontends.flatMap(statsLine),
    ...frontends.flatMap(({ name, listeners }) => listeners.map((listener) => `listening on ${listener} (frontend ${name})`)),
  ];
}

/** A source without anything to say, the resolver of a configuration without names, is not mentioned. */
function sourceLine(name: string, snapshot: Snapshot | undefined): readonly string[] {
  if (snapshot === undefined) return [`source ${name}: no answer yet`];
  const servers = [...snapshot.pools.values()].reduce((sum, pool) => sum + pool.length, 0);
  if (name === 'dns' && servers === 0) return [];
  const routes = snapshot.routes.length === 0 ? '' : `, ${count(snapshot.routes.length, 'route')}`;
  return [`source ${name}: ${count(servers, 'server')} in ${count(snapshot.pools.size, 'backend')}${routes}`];
}

function statsLine({ name, listeners, secure = [], statsUri }: BannerFacts['frontends'][number]): readonly string[] {
  const listener = listeners.find((text) => /:\d+$/.test(text));
  if (statsUri === undefined || listener === undefined) return [];
  const scheme = secure.includes(listener) ? 'https' : 'http';
  return [`statistics at ${scheme}://${reachable(listener)}${statsUri} (frontend ${name})`];
}

/** An address that a browser can be pointed at. */
export function reachable(listener: string): string {
  return listener.replace(/^(0\.0\.0\.0|\[::\]):/, 'localhost:');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Every diagnostic as its own line, and HAProxy's closing words where the configuration is invalid. */
export function diagnosticLines(diagnostics: readonly Diagnostic[], pid: number): readonly string[] {
  const lines = diagnostics.map((diagnostic) => line(diagnostic.severity, pid, formatDiagnostic(diagnostic)));
  const alerts = diagnostics.filter(({ severity }) => severity === 'alert');
  if (alerts.length === 0) return lines;
  const files = new Set(alerts.flatMap(({ place }) => (place === undefined ? [] : [place.file])));
  for (const file of files) lines.push(line('alert', pid, `config : Error(s) found in configuration file : ${file}`));
  lines.push(line('alert', pid, 'config : Fatal errors found in configuration.'));
  return lines;
}

/** HAProxy's words for sockets that could not be bound. */
export function bindFailureLines(failures: readonly BindFailure[], pid: number): readonly string[] {
  return failures.map(({ frontend, listener, place, message }) => {
    const at = `[${place.file}:${place.line}]`;
    return line('alert', pid, `Binding ${at} for frontend ${frontend}: cannot bind socket (${message}) for [${listener}]`);
  });
}
