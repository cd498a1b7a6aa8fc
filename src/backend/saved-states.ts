/**
 * `load-server-state-from-file`: the states that servers had when a file was written (`show servers state`), taken over
 * when they are made. Servers are known by the names of their backend and their own.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, Diagnostic, ProxyConfig } from '../config/model.ts';
import type { Server } from './server.ts';
import { readServersState, type SavedServer, type SavedServers, savedKey } from './servers-state.ts';
import { Admin, OpState } from './types.ts';

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

/**
 * Puts a new server into the state it was in. What the configuration says counts where it has changed since: a weight,
 * or `disabled`. Nothing has happened, so nothing is logged.
 */
export function restore(server: Server, saved: SavedServer, now: number): void {
  const { config } = server;
  if (saved.configuredWeight === config.weight) server.weight = saved.weight;
  if (saved.port > 0 && config.port > 0) {
    const check = config.check === undefined || saved.checkPort === 0 ? config.check : { ...config.check, port: saved.checkPort };
    server.config = { ...config, port: saved.port, check };
  }
  if (saved.checkDisabled) server.enableCheck(false);
  if (saved.agentDisabled) server.enableAgent(false);
  server.verdict = saved.verdict;
  if (config.track === undefined && !server.inMaintenance && !server.heldDown) restoreOperation(server, saved, now);
  restoreAdmin(server, saved, now);
  if (server.op !== OpState.Starting) server.lastChange = now - saved.since;
}

function restoreOperation(server: Server, { op, since }: SavedServer, now: number): void {
  const { check } = server;
  if (op === OpState.Stopped) {
    check.value = 0;
    server.counters.chkdown++;
    server.moveOp(OpState.Stopped, now);
  } else if (op === OpState.Stopping) {
    check.value = check.rise;
    server.moveOp(OpState.Stopping, now);
  } else {
    check.value = check.top;
    if (op === OpState.Starting && since < server.config.slowstart) resumeStart(server, since, now);
  }
}

/** Its slow start goes on where it was. */
function resumeStart(server: Server, since: number, now: number): void {
  server.moveOp(server.warmup.begin(now), now);
  server.lastChange = now - since;
  server.warmup.step(now);
}

function restoreAdmin(server: Server, { admin }: SavedServer, now: number): void {
  if (((server.admin ^ admin) & Admin.ConfigMaint) === 0) {
    const wasMaint = server.inMaintenance;
    if ((admin & Admin.ForcedMaint) === 0) server.admin &= ~Admin.ForcedMaint;
    else server.admin |= Admin.ForcedMaint;
    if (wasMaint && !server.inMaintenance && !server.heldDown) {
      server.check.value = server.check.rise;
      server.moveOp(OpState.Running, now);
    }
    if (!wasMaint && server.inMaintenance) {
      server.check.value = 0;
      if (server.op !== OpState.Stopped) server.counters.chkdown++;
      server.moveOp(OpState.Stopped, now);
    }
  }
  if ((admin & Admin.ForcedDrain) !== 0) server.admin |= Admin.ForcedDrain;
}
