/**
 * From text to something that can run: the configuration read, linked, and its rules compiled. `-c`, the start and a
 * reload all go through here, so they agree on what is valid.
 */

import { type LoadOptions, loadConfig, loadText } from './config/load.ts';
import type { Config, Diagnostic } from './config/model.ts';
import { compileRules } from './rules/compile.ts';
import type { CompiledRules } from './rules/types.ts';

/** Where the text comes from. `name` is what messages call a text that is no file. */
export type ConfigSource =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'text'; readonly text: string; readonly name: string };

export interface PrepareOptions extends LoadOptions {
  /** `-n` */
  readonly maxconn?: number | undefined;
  /** `-N` */
  readonly frontendMaxconn?: number | undefined;
  /** How many files the process may open: what `global maxconn` is derived from where nobody gives it. */
  readonly descriptors?: number | undefined;
  /** `-dW` */
  readonly zeroWarning?: boolean;
}

export interface Prepared {
  readonly config: Config;
  /** By the proxy's id: a frontend and a backend may have the same name. */
  readonly rules: ReadonlyMap<number, CompiledRules>;
  /** What people call the configuration: its files, or the name of the text. */
  readonly name: string;
}

export interface Preparation {
  /** Undefined when a diagnostic is an `alert`. */
  readonly prepared: Prepared | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function prepare(source: ConfigSource, options: PrepareOptions): Preparation {
  const loaded = source.kind === 'files' ? loadConfig(source.paths, options) : loadText(source.text, source.name, options);
  const diagnostics = [...loaded.diagnostics];
  if (loaded.config === undefined) return { prepared: undefined, diagnostics };
  const rules = new Map(loaded.config.proxies.map((proxy) => [proxy.id, compileRules(proxy, (found) => diagnostics.push(found))]));
  if (options.zeroWarning === true && diagnostics.some(({ severity }) => severity === 'warning')) {
    const message = "Some warnings were found and 'zero-warning' is set. Aborting.";
    diagnostics.push({ severity: 'alert', place: undefined, message });
  }
  if (diagnostics.some(({ severity }) => severity === 'alert')) return { prepared: undefined, diagnostics };
  const name = source.kind === 'files' ? source.paths.join(', ') : source.name;
  return { prepared: { config: withLimits(loaded.config, options), rules, name }, diagnostics };
}

/** Not for connections: listeners, logs, checks, sources. */
const RESERVED_DESCRIPTORS = 100;

/**
 * The command line wins over `global maxconn`, but not over a frontend's own; a frontend without one has the process's.
 * Without any, as in HAProxy, the limit is what the descriptors suffice for: two for each connection.
 */
function withLimits(config: Config, { maxconn, frontendMaxconn, descriptors }: PrepareOptions): Config {
  const derived = descriptors === undefined ? undefined : Math.max(1, Math.floor((descriptors - RESERVED_DESCRIPTORS) / 2));
  const limit = maxconn ?? config.global.maxconn ?? derived;
  const proxies = config.proxies.map((proxy) => ({ ...proxy, maxconn: proxy.maxconn ?? frontendMaxconn ?? limit }));
  return { ...config, global: { ...config.global, maxconn: limit }, proxies };
}

/** Whether anything would listen. */
export function hasListener(config: Config): boolean {
  return config.proxies.some((proxy) => proxy.kind !== 'backend' && !proxy.disabled && proxy.binds.length > 0);
}
