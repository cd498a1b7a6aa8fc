/**
 * What the items of a list say: which servers there are, and with which words.
 *
 *     192.0.2.1:8080 weight 5 backup                                a text: address and parameters, as behind `server NAME`
 *     { name: b, address: 192.0.2.2, port: 8080, weight: 5 }        an object: every parameter of a `server` line is a key
 *
 * A mistake costs its item alone.
 */

import { readServerAddress, type ServerAddress } from '../../config/address.ts';
import { refusedServerParameters } from '../../config/keywords/refused.ts';
import { serverParameters } from '../../config/keywords/server.ts';
import { forbiddenInName, readInteger } from '../../config/values.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { DiscoveredServer } from '../provider.ts';
import type { Fault, Item, Spot } from './document.ts';

export interface Entry {
  readonly spot: Spot;
  /** Its own, else its address: what it is known by. */
  readonly name: string;
  readonly at: ServerAddress;
  readonly state: DiscoveredServer['state'];
  readonly reason: string;
  /** Parameters of a `server` line, with the place of each. */
  readonly words: readonly { readonly spot: Spot; readonly words: readonly string[] }[];
}

export interface List {
  readonly entries: readonly Entry[];
  /** Why an item is no entry. */
  readonly refused: readonly Fault[];
  /** What was not understood and changes nothing. */
  readonly warnings: readonly Fault[];
}

/** @param cwd where relative paths of sockets begin */
export function readList(items: readonly Item[], cwd: string): List {
  const entries = new Map<string, Entry>();
  const refused: Fault[] = [];
  const warnings: Fault[] = [];
  for (const item of items) {
    try {
      const entry = typeof item.value === 'string' ? readText(item, item.value, cwd) : readObject(item, cwd, warnings);
      const other = entries.get(entry.name);
      if (other !== undefined) throw new Refusal(entry.spot, `'${entry.name}' is listed in line ${other.spot.line} already`);
      entries.set(entry.name, entry);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused.push({ ...error.spot, message: error.message });
    }
  }
  return { entries: [...entries.values()], refused, warnings };
}

class Refusal extends Error {
  readonly spot: Spot;

  constructor(spot: Spot, message: string) {
    super(message);
    this.spot = spot;
  }
}

function readText({ spot }: Item, text: string, cwd: string): Entry {
  const [address = '', ...words] = text.trim().split(/\s+/);
  const at = addressOf(address, undefined, cwd, spot);
  return { spot, name: nameOf(at), at, state: 'ready', reason: '', words: words.length === 0 ? [] : [{ spot, words }] };
}

const STATES: Readonly<Record<string, DiscoveredServer['state']>> = { ready: 'ready', drain: 'drain', maint: 'down', down: 'down' };

const OWN_KEYS = ['name', 'address', 'port', 'state', 'reason'];

const ARGS: ReadonlyMap<string, 0 | 1> = new Map(serverParameters.map(({ name, args }) => [name, args]));

function readObject({ spot, value, keys }: Item, cwd: string, warnings: Fault[]): Entry {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(spot, "is no server: 'address:port' is expected, or an object with an address");
  }
  const spotOf = (key: string): Spot => keys.get(key) ?? spot;
  const object = value as Readonly<Record<string, unknown>>;
  const textOf = (key: string): string | undefined => {
    const found = object[key];
    if (found === undefined || found === null) return undefined;
    if (typeof found !== 'string' && typeof found !== 'number') throw new Refusal(spotOf(key), `'${key}' is no text`);
    return String(found);
  };
  const address = textOf('address');
  if (address === undefined) throw new Refusal(spot, "has no 'address'");
  const at = addressOf(address, textOf('port'), cwd, keys.get('port') ?? spotOf('address'));
  const name = textOf('name') ?? nameOf(at);
  const bad = name === '' ? ' ' : forbiddenInName(name);
  if (bad !== undefined) throw new Refusal(spotOf('name'), `character '${bad}' is not permitted in server name '${name}'`);
  const word = textOf('state') ?? 'ready';
  const state = Object.hasOwn(STATES, word) ? STATES[word] : undefined;
  if (state === undefined) throw new Refusal(spotOf('state'), `'${word}' is no state: ready, drain, maint or down`);
  const reason = textOf('reason') ?? `the file says ${word}`;
  const parameters = Object.entries(object).filter(([key]) => !OWN_KEYS.includes(key));
  const words = parameters.flatMap(([key, given]) => {
    if (ARGS.has(key) || refusedServerParameters.has(key)) return [{ spot: spotOf(key), words: wordsOf(key, given, spotOf(key)) }];
    warnings.push({ ...spotOf(key), message: `'${key}' is unknown${didYouMean(key, [...OWN_KEYS, ...ARGS.keys()])}` });
    return [];
  });
  return { spot, name, at, state, reason: state === 'ready' ? '' : reason, words };
}

/** `check: true`, `check: false`, `inter: 2s`. */
function wordsOf(key: string, value: unknown, spot: Spot): readonly string[] {
  const scalar = typeof value === 'string' || typeof value === 'number';
  if (ARGS.get(key) === 1) {
    if (!scalar) throw new Refusal(spot, `'${key}' expects a value`);
    return [key, String(value)];
  }
  if (typeof value === 'boolean' && !value) return ARGS.has(`no-${key}`) ? [`no-${key}`] : [];
  if (value !== true && ARGS.has(key)) throw new Refusal(spot, `'${key}' is true or false`);
  return [key];
}

function addressOf(text: string, port: string | undefined, cwd: string, spot: Spot): ServerAddress {
  const read = readServerAddress(text, cwd);
  if ('error' in read) throw new Refusal(spot, read.error);
  const at = read.value;
  if (at.address?.startsWith('/') === true) return at;
  if (port === undefined) {
    if (at.port === 0) throw new Refusal(spot, `'${text}' has no port`);
    return at;
  }
  const number = readInteger(port, 'port', 1, 65535);
  if ('error' in number) throw new Refusal(spot, number.error);
  if (at.port !== 0 && at.port !== number.value) throw new Refusal(spot, `'${text}' has another port than 'port' says`);
  return { ...at, port: number.value };
}

/** Of an entry without one. */
function nameOf({ address, fqdn, port }: ServerAddress): string {
  const host = address ?? fqdn ?? '';
  return port === 0 ? host.replace(/[^A-Za-z0-9_.:-]/g, '_') : `${host}:${port}`;
}
