/**
 * The grammar of the labels: which keys there are under the prefix, what their values may be, and how those of a named
 * route stand over the flat ones.
 *
 *     fairlead.port=8080                    flat: for the container, and the defaults of its named routes
 *     fairlead.routes.api.path=/api         of the route `api` alone
 *
 * One row per key. A bad value refuses the container it is on, and only that one; an unknown key is told about and
 * changes nothing.
 */

import { forbiddenInName, readInteger, readTime } from '../../config/values.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { Route } from '../provider.ts';
import { type KeyReader, poolRows } from './own-pool.ts';
import { claimsOf, type Labels, MOST_CLAIMS, noSettings, type Settings, TOO_MANY } from './settings.ts';
import { isPath, NO_PATH, readHost, trimmedPath } from './words.ts';

function boolean(assign: (into: Settings, value: boolean, label: string) => void): KeyReader {
  return (value, into, label) => {
    const word = value.trim().toLowerCase();
    if (word !== 'true' && word !== 'false') return 'is neither true nor false';
    assign(into, word === 'true', label);
    return undefined;
  };
}

function integer(low: number, high: number, assign: (into: Settings, value: number) => void): KeyReader {
  return (value, into, label) => {
    const read = readInteger(value.trim(), label, low, high);
    if ('error' in read) return `is not a whole number from ${low} to ${high}`;
    assign(into, read.value);
    return undefined;
  };
}

/** The value is judged by the keyword row of the `server` line. */
function serverWord(keyword: string): KeyReader {
  return (value, into, label) => {
    into.server = [...into.server, { label, words: [keyword, value.trim()] }];
    return undefined;
  };
}

function readEnable(into: Settings, value: boolean): void {
  into.enabled = value;
}

/** `rewrite` says more and wins over `strip`. */
function readStrip(into: Settings, value: boolean): void {
  if (value) into.rewrite = '';
}

function readBackup(into: Settings, value: boolean, label: string): void {
  if (value) into.server = [...into.server, { label, words: ['backup'] }];
}

function readPriority(into: Settings, value: number): void {
  into.priority = value;
}

function readPort(into: Settings, value: number): void {
  into.port = value;
}

function readHosts(value: string, into: Settings): string | undefined {
  const hosts: Route['host'][] = [];
  // A comma inside the braces of a regular expression is a quantifier's.
  for (const item of value.split(/,(?![^{]*\})/)) {
    const host = readHost(item.trim());
    if (typeof host === 'string') return host;
    hosts.push(host);
  }
  into.hosts = hosts;
  return undefined;
}

function readPath(value: string, into: Settings): string | undefined {
  const path = value.trim();
  if (!isPath(path)) return NO_PATH;
  into.path = trimmedPath(path);
  return undefined;
}

function readRewrite(value: string, into: Settings): string | undefined {
  const path = value.trim();
  if (!isPath(path)) return NO_PATH;
  into.rewrite = path;
  return undefined;
}

function readService(value: string, into: Settings): string | undefined {
  const name = value.trim();
  const bad = name === '' ? ' ' : forbiddenInName(name);
  if (bad !== undefined) return `is not a name: '${bad}' cannot stand in one (letters, digits, '-', '_', '.' and ':' can)`;
  into.service = name;
  return undefined;
}

function readNetwork(value: string, into: Settings): string | undefined {
  const name = value.trim();
  if (name === '') return 'names no network';
  into.network = name;
  return undefined;
}

function readScheme(value: string, into: Settings): string | undefined {
  const word = value.trim().toLowerCase();
  if (word !== 'http' && word !== 'https') return "is neither 'http' nor 'https'";
  into.scheme = word;
  return undefined;
}

function readDrain(value: string, into: Settings): string | undefined {
  const read = readTime(value.trim(), 'drain');
  if ('error' in read) return `is refused: ${read.error}`;
  into.drain = read.value;
  return undefined;
}

function readGate(value: string, into: Settings): string | undefined {
  const word = value.trim();
  if (word !== 'gate' && word !== 'ignore') return "is neither 'gate' nor 'ignore'";
  into.gate = word === 'gate';
  return undefined;
}

/** Which certificate a client is shown is decided by the host that it asks for, so that a name of one says no more than `true`. */
function readTls(value: string, into: Settings, label: string): string | undefined {
  const word = value.trim();
  if (word === '') return 'names no certificate';
  // Whoever writes one of these means none by it.
  if (/^(no|not|off|none|never|disabled?|f|n|0)$/i.test(word)) return 'is neither true nor false, nor the name of a certificate';
  if (word.toLowerCase() !== 'false') into.secure = { word: `label ${label}`, status: 302 };
  return undefined;
}

/** Every key there is; docs/docker.md describes them in this order. */
const ROWS: ReadonlyMap<string, KeyReader> = new Map<string, KeyReader>([
  ['enable', boolean(readEnable)],
  ['host', readHosts],
  ['path', readPath],
  ['strip', boolean(readStrip)],
  ['rewrite', readRewrite],
  ['priority', integer(-1_000_000, 1_000_000, readPriority)],
  ['service', readService],
  ['port', integer(1, 65535, readPort)],
  ['scheme', readScheme],
  ['tls', readTls],
  ['network', readNetwork],
  ['weight', serverWord('weight')],
  ['maxconn', serverWord('maxconn')],
  ['max-reuse', serverWord('max-reuse')],
  ['pool-max-conn', serverWord('pool-max-conn')],
  ['pool-purge-delay', serverWord('pool-purge-delay')],
  ['slowstart', serverWord('slowstart')],
  ['backup', boolean(readBackup)],
  ['drain', readDrain],
  ['check.interval', serverWord('inter')],
  ['check.rise', serverWord('rise')],
  ['check.fall', serverWord('fall')],
  ['check.port', serverWord('port')],
  ['check.docker', readGate],
  ...poolRows,
]);

/** Every key of the labels, without prefix. */
export const LABEL_KEYS: readonly string[] = [...ROWS.keys()];

/** Keys that mean something for the whole container only. */
const FLAT_ONLY: ReadonlySet<string> = new Set(['enable']);

interface Sorted {
  readonly flat: Map<string, string>;
  readonly routes: Map<string, Map<string, string>>;
}

/** Reads all labels under `prefix` (which ends with its dot). */
export function readLabels(labels: ReadonlyMap<string, string>, prefix: string): Labels {
  const warnings: string[] = [];
  const errors = new Set<string>();
  const sorted = sortLabels(labels, prefix, warnings);
  const flat = readSettings(sorted.flat, prefix, errors);
  const routes = new Map<string, Settings>();
  let claims = sorted.routes.size === 0 ? claimsOf(flat) : 0;
  for (const [name, own] of sorted.routes) {
    if (claims > MOST_CLAIMS) break;
    const settings = readSettings(new Map([...sorted.flat, ...own]), prefix, errors, { name, own });
    routes.set(name, settings);
    claims += claimsOf(settings);
  }
  if (claims > MOST_CLAIMS) errors.add(TOO_MANY);
  const silent = sorted.flat.size === 0 && sorted.routes.size === 0;
  return { reader: 'fairlead', silent, flat, routes, warnings, errors: [...errors] };
}

function sortLabels(labels: ReadonlyMap<string, string>, prefix: string, warnings: string[]): Sorted {
  const sorted: Sorted = { flat: new Map(), routes: new Map() };
  for (const [label, value] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!label.startsWith(prefix)) continue;
    const key = label.slice(prefix.length);
    const route = /^routes\.([^.]+)\.(.+)$/.exec(key);
    const name = route?.[1];
    const wanted = route?.[2] ?? key;
    if (!LABEL_KEYS.includes(wanted) || (name !== undefined && FLAT_ONLY.has(wanted))) {
      warnings.push(`label ${label} is unknown${didYouMean(wanted, LABEL_KEYS)}`);
    } else if (name === undefined) {
      sorted.flat.set(wanted, value);
    } else {
      const route = sorted.routes.get(name) ?? new Map<string, string>();
      sorted.routes.set(name, route.set(wanted, value));
    }
  }
  return sorted;
}

function readSettings(
  values: ReadonlyMap<string, string>,
  prefix: string,
  /** A flat label's mistake is told about once. */
  errors: Set<string>,
  route?: { readonly name: string; readonly own: ReadonlyMap<string, string> },
): Settings {
  const settings = noSettings();
  // In the order of the rows, so that the words of a server do not depend on the order of the labels.
  for (const [key, read] of ROWS) {
    const value = values.get(key);
    if (value === undefined) continue;
    const label = route?.own.has(key) ? `${prefix}routes.${route.name}.${key}` : `${prefix}${key}`;
    const problem = read(value, settings, label);
    // Somebody may have written a password there.
    const said = key === 'auth' ? label : `${label}=${value}`;
    if (problem !== undefined) errors.add(`label ${said} ${problem}`);
  }
  return settings;
}
