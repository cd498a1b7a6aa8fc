/**
 * `load-server-state-from-file`: the states that servers had when a file was written (`show servers state`); restore.ts
 * takes them over when servers are made. Servers are known by the names of their backend and their own.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Diagnostic, ProxyConfig } from '../config/model.ts';
import { readServersState, type SavedServer, type SavedServers, savedKey } from './servers-state.ts';

/** By backend; what cannot be used is left out. */
export type SavedStates = ReadonlyMap<string, ReadonlyMap<string, SavedServer>>;

export interface SavedReading {
  readonly states: SavedStates;
  /** Warnings alone: a start without states is a start. */
  readonly diagnostics: readonly Diagnostic[];
}

export function readSavedStates(config: Config): SavedReading {
  const reading = new Reading(config);
  for (const proxy of config.proxies) if (proxy.kind !== 'frontend' && !proxy.disabled) reading.take(proxy);
  return reading;
}

class Reading implements SavedReading {
  readonly states = new Map<string, ReadonlyMap<string, SavedServer>>();
  readonly diagnostics: Diagnostic[] = [];
  private readonly config: Config;
  /** Read once, however many backends want it. */
  private global: SavedServers | undefined = undefined;

  constructor(config: Config) {
    this.config = config;
  }

  take(proxy: ProxyConfig): void {
    const saved = this.sourceOf(proxy);
    if (saved === undefined) return;
    const prefix = savedKey(proxy.name, '');
    const servers = new Map<string, SavedServer>();
    for (const [key, line] of saved) {
      if (!key.startsWith(prefix)) continue;
      const name = key.slice(prefix.length);
      if (!('error' in line)) servers.set(name, line);
      const [how, wrong] = 'error' in line ? ['application failed', line.error] : ['partially applied', line.omitted];
      // Servers that a source finds come later.
      if (wrong === undefined || !proxy.servers.some((server) => server.name === name)) continue;
      this.warn(`server-state ${how} for server '${proxy.name}/${name}'${wrong}`);
    }
    this.states.set(proxy.name, servers);
  }

  private sourceOf(proxy: ProxyConfig): SavedServers | undefined {
    const { serverStateFile, serverStateBase } = this.config.global;
    if (proxy.loadServerState === 'local') {
      const file = proxy.serverStateFileName ?? proxy.name;
      return this.read(below(serverStateBase, file), `Proxy '${proxy.name}': `, 'server state file');
    }
    if (proxy.loadServerState === 'none' || serverStateFile === undefined) return undefined;
    this.global ??= this.read(below(serverStateBase, serverStateFile), 'config: ', 'global server state file');
    return this.global;
  }

  private read(path: string, whose: string, what: string): SavedServers {
    const none: SavedServers = new Map();
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      this.warn(`${whose}Can't open ${what} '${path}': ${reasonOf(error)}.`);
      return none;
    }
    const found = readServersState(text);
    if ('servers' in found) return found.servers;
    if (found.error === 'version') this.warn(`${whose}Can't get version of the ${what} '${path}'.`);
    else this.warn(`${whose}corrupted ${what} '${path}' at line ${found.line}.`);
    return none;
  }

  private warn(message: string): void {
    this.diagnostics.push({ severity: 'warning', place: undefined, message });
  }
}

function below(base: string | undefined, file: string): string {
  return base === undefined || file.startsWith('/') ? file : join(base, file);
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'No such file or directory';
  return code === 'EACCES' ? 'Permission denied' : String(code);
}
