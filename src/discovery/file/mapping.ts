/** What a list means under a configuration. Pure: the same list comes to the same, whether a snapshot or a report is made of it. */

import { joinHostPort } from '../../config/address.ts';
import { applyServerParameters } from '../../config/keywords/server.ts';
import type { Config, FileServersConfig, ProxyConfig, ServerConfig } from '../../config/model.ts';
import type { Resolved } from '../dns/lookups.ts';
import type { DiscoveredServer, Note, Snapshot } from '../provider.ts';
import type { Report, Use } from '../report.ts';
import type { Fault } from './document.ts';
import type { Entry } from './list.ts';
import { fileSource } from './names.ts';
import type { FileView } from './view.ts';

export interface FileInput {
  readonly view: FileView;
  readonly config: Config;
  resolve(name: string): Resolved;
}

export function fileSnapshot({ view, config, resolve }: FileInput): Snapshot {
  const { path, list } = view;
  const pools = new Map<string, readonly DiscoveredServer[]>();
  const faults: Fault[] = [...list.refused];
  for (const { proxy, line } of linesOf(path, config)) {
    const servers: DiscoveredServer[] = [];
    for (const entry of list.entries) {
      const made = serverOf(entry, line, resolve);
      if ('server' in made) servers.push(made.server);
      else faults.push(made.fault);
    }
    pools.set(proxy.name, [...(pools.get(proxy.name) ?? []), ...servers]);
  }
  const notes: Note[] = [
    ...problemNotes(view),
    ...faults.map((fault) => noteOf('error', path, fault)),
    ...list.warnings.map((fault) => noteOf('warning', path, fault)),
  ];
  // Two sections that use one file meet the same mistakes.
  const told = [...new Map(notes.map((note) => [`${note.subject} ${note.message}`, note])).values()];
  return { source: fileSource(path), pools, poolOptions: new Map(), routes: [], notes: told };
}

export function fileReport({ view, config, resolve }: FileInput): readonly Report[] {
  const { path, list } = view;
  const lines = linesOf(path, config);
  const nothing = { source: fileSource(path), kind: 'entry', words: [], networks: [], health: '' } as const;
  const entries = list.entries.map((entry): Report => {
    const made = lines.map(({ proxy, line }) => ({ proxy, line, made: serverOf(entry, line, resolve) }));
    const uses = made.flatMap(({ proxy, line, made: one }) => ('server' in one ? [useOf(proxy, line, one.server)] : []));
    const faults = made.flatMap(({ made: one }) => ('fault' in one ? [one.fault] : []));
    return {
      ...nothing,
      id: identityOf(entry),
      name: entry.name,
      what: `${path}:${entry.spot.line}`,
      state: entry.state,
      ports: entry.at.port === 0 ? [] : [entry.at.port],
      uses,
      reasons: faults.slice(0, 1).map(({ message }) => ({ line: undefined, level: 'error', message })),
    };
  });
  const refused = list.refused.map(({ line, column, message }): Report => {
    const where = `${path}:${line}:${column}`;
    const reasons = [{ line: undefined, level: 'error', message }] as const;
    return { ...nothing, id: where, name: where, what: path, state: 'refused', ports: [], uses: [], reasons };
  });
  return [...entries, ...refused];
}

/** The lines that use this file. */
function linesOf(path: string, { proxies }: Config): readonly { readonly proxy: ProxyConfig; readonly line: FileServersConfig }[] {
  return proxies.flatMap((proxy) => proxy.fileServers.filter((line) => line.path === path).map((line) => ({ proxy, line })));
}

function serverOf(
  entry: Entry,
  { template, path }: FileServersConfig,
  resolve: (name: string) => Resolved,
): { readonly server: DiscoveredServer } | { readonly fault: Fault } {
  const { spot, name, at, state, reason } = entry;
  const found: Resolved = at.fqdn === undefined ? { address: at.address ?? '' } : resolve(at.fqdn);
  let config: ServerConfig = {
    ...template,
    name,
    identity: identityOf(entry),
    address: 'address' in found ? found.address : undefined,
    port: at.port,
    fqdn: undefined,
    origin: `${path}:${spot.line}`,
  };
  for (const { spot: at, words } of entry.words) {
    const applied = applyServerParameters(config, words);
    if ('error' in applied) return { fault: { ...at, message: `server '${name}': ${applied.error}` } };
    config = applied.server;
  }
  if (state === 'ready' && 'problem' in found) return { server: { config, state: 'down', reason: found.problem } };
  return { server: { config, state, reason } };
}

/** By its name alone, so that it may move from one file to another. */
function identityOf({ name }: Entry): string {
  return `file ${name}`;
}

function useOf(proxy: ProxyConfig, { place }: FileServersConfig, { config, state, reason }: DiscoveredServer): Use {
  const { name, identity, address, port } = config;
  return {
    line: { place: `${place.file}:${place.line}`, keyword: 'file-servers', section: proxy.name },
    backend: proxy.name,
    server: { name, identity, address, port, where: address === undefined ? reason : port === 0 ? address : joinHostPort(address, port) },
    state,
    reason,
    routes: [],
  };
}

function problemNotes({ path, problem, list }: FileView): readonly Note[] {
  if (problem === undefined) return [];
  const kept = list.entries.length === 0 ? '' : `; keeping the ${list.entries.length} servers that it listed before`;
  if (problem.spot === undefined) return [{ level: 'warning', subject: path, message: `${problem.message}${kept}` }];
  return [noteOf('error', path, { ...problem.spot, message: `${problem.message}${kept}` })];
}

function noteOf(level: Note['level'], path: string, { line, column, message }: Fault): Note {
  return { level, subject: `${path}:${line}:${column}`, message };
}
