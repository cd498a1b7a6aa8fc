/**
 * From text to something that can run: the configuration read, linked, and its rules compiled. `-c`, the start and a
 * reload all go through here, so they agree on what is valid.
 */

import { readSavedStates, type SavedStates } from './backend/saved-states.ts';
import { inOrder } from './config/diagnostics.ts';
import { readSslWords } from './config/keywords/bind-ssl.ts';
import { type LoadOptions, loadConfig, loadText } from './config/load.ts';
import type { Config, Diagnostic, ProcessVariableConfig } from './config/model.ts';
import type { ReadLine } from './config/transcript.ts';
import { textOf } from './core/bytes.ts';
import { checkAuthority } from './development.ts';
import { compileRules, type Whole } from './rules/compile.ts';
import { Patterns } from './rules/patterns.ts';
import { type ProcessVariables, setProcessVariable } from './rules/process-variables.ts';
import type { CompiledRules } from './rules/types.ts';
import { checkSockets } from './sockets.ts';
import { Certificates } from './tls/certificates.ts';
import { ServerContexts } from './tls/servers.ts';
import { checkServers } from './tls/servers-check.ts';
import { unbound } from './unbound.ts';

/** Where the text comes from. `name` is what messages call a text that is no file. */
export type ConfigSource =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'text'; readonly text: string; readonly name: string };

export interface PrepareOptions extends LoadOptions {
  /** `-dW` */
  readonly zeroWarning?: boolean;
  /** False inside of another program, which listens for it. */
  readonly listen?: boolean;
  /** Of this process, for `%pid` in `set-var-fmt`. */
  readonly pid?: number;
}

export interface Prepared {
  readonly config: Config;
  /** By the proxy's id: a frontend and a backend may have the same name. */
  readonly rules: ReadonlyMap<number, CompiledRules>;
  /** Of its ACLs and maps. */
  readonly patterns: Patterns;
  /** Of its listeners. */
  readonly certificates: Certificates;
  /** How its servers are spoken to. */
  readonly serverContexts: ServerContexts;
  /** `set-var` of `global`. */
  readonly variables: ProcessVariables;
  /** What people call the configuration: its files, or the name of the text. */
  readonly name: string;
  /** The text it is made of. */
  readonly transcript: readonly ReadLine[];
  /** `load-server-state-from-file` */
  readonly saved: SavedStates;
  /** What there is to say of it; nothing of that forbids it. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Preparation {
  /** Undefined when a diagnostic is an `alert`. */
  readonly prepared: Prepared | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function prepare(source: ConfigSource, options: PrepareOptions): Preparation {
  const whole = source.kind === 'files' ? loadConfig(source.paths, options) : loadText(source.text, source.name, options);
  const loaded = options.listen === false ? unbound(whole) : whole;
  const { rules, patterns, found } = compileAll({ ...loaded, ...(loaded.config === undefined ? {} : { global: loaded.config.global }) });
  patterns.finish(loaded.files);
  const variables = evaluate(loaded.config?.global.variables ?? [], options.pid ?? 0, found);
  // What a broken line should have set may be missed by rules: then only their errors count, not their doubts.
  const more = loaded.config === undefined ? found.filter(isAlert) : found;
  const certificates = new Certificates(loaded.config, readSslWords, (diagnostic) => more.push(diagnostic));
  if (loaded.config !== undefined) more.push(...checkAuthority(certificates, loaded.config, options.env));
  const serverContexts = new ServerContexts(certificates.library);
  checkServers(loaded.config?.proxies ?? [], serverContexts, (diagnostic) => more.push(diagnostic));
  const saved = loaded.config === undefined ? undefined : readSavedStates(loaded.config);
  const sockets = loaded.config === undefined ? [] : checkSockets(loaded.config);
  const diagnostics = [...inOrder([...loaded.diagnostics, ...more, ...sockets], loaded.files), ...(saved?.diagnostics ?? [])];
  if (loaded.config === undefined || saved === undefined || diagnostics.some(isAlert)) return { prepared: undefined, diagnostics };
  if (options.zeroWarning === true && diagnostics.some(({ severity }) => severity === 'warning')) {
    const message = "Some warnings were found and 'zero-warning' is set. Aborting.";
    diagnostics.push({ severity: 'alert', place: undefined, message });
    return { prepared: undefined, diagnostics };
  }
  const name = source.kind === 'files' ? source.paths.join(', ') : source.name;
  const { config, transcript } = loaded;
  return {
    prepared: { config, rules, patterns, certificates, serverContexts, variables, name, transcript, saved: saved.states, diagnostics },
    diagnostics,
  };
}

function compileAll(whole: Whole) {
  const found: Diagnostic[] = [];
  const patterns = new Patterns();
  const report = (diagnostic: Diagnostic) => found.push(diagnostic);
  const rules = new Map(whole.proxies.map((proxy) => [proxy.id, compileRules(proxy, report, patterns, whole)]));
  return { rules, patterns, found };
}

/** In their order, as one may be made of another. */
function evaluate(lines: readonly ProcessVariableConfig[], pid: number, found: Diagnostic[]): ProcessVariables {
  const variables: ProcessVariables = new Map();
  for (const { place, keyword, name, text } of lines) {
    const kind = keyword === 'set-var' ? 'expr' : 'fmt';
    try {
      setProcessVariable(variables, { keyword, where: 'in the global section', name, kind, text, pid });
    } catch (error) {
      found.push({ severity: 'alert', place, message: textOf((error as Error).message) });
    }
  }
  return variables;
}

function isAlert({ severity }: Diagnostic): boolean {
  return severity === 'alert';
}

/** Whether anything would listen; as for HAProxy, the Runtime API is enough. */
export function hasListener(config: Config): boolean {
  if (config.global.statsSockets.length > 0) return true;
  return config.proxies.some((proxy) => proxy.kind !== 'backend' && !proxy.disabled && proxy.binds.length > 0);
}
