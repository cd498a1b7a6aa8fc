/** `show table`, `clear table`, `set table`: the stick tables of backends (manual 9.3). */

import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { StickEntry, StickTable } from '../../backend/stick-table.ts';
import { type Answer, allows, type Call, type CliLevel, type Command, DENIED, DONE, data, refuse } from './command.ts';
import { leadingInteger } from './numbers.ts';
import type { Runtime } from './runtime.ts';

/** A backend's table. */
interface NamedTable {
  readonly name: string;
  readonly table: StickTable;
  /** A stick rule writes servers into it: its entries have them. */
  readonly stores: boolean;
}

/** The last of the configuration first, as HAProxy. */
function tables({ proxies, config }: Runtime): readonly NamedTable[] {
  const written = new Set(config.proxies.flatMap(({ stickRules }) => stickRules.map(({ table }) => table)));
  const found = proxies.flatMap(({ name, backend }) =>
    backend?.stickTable === undefined ? [] : [{ name, table: backend.stickTable, stores: written.has(name) }],
  );
  return found.reverse();
}

function headOf({ name, table }: NamedTable): string {
  return `# table: ${name}, type: ${table.config.type}, size:${table.size}, used:${table.used}\n`;
}

// --- what is asked for ----------------------------------------------------------------------------------------------

const COMPARISONS: Readonly<Record<string, (value: number, to: number) => boolean>> = {
  eq: (value, to) => value === to,
  ne: (value, to) => value !== to,
  le: (value, to) => value <= to,
  ge: (value, to) => value >= to,
  lt: (value, to) => value < to,
  gt: (value, to) => value > to,
};
const MOST_FILTERS = 4;

type Filter = (entry: StickEntry) => boolean;

/** `data.server_id <operator> <value>`, up to four times; all must match. Answers instead where it is wrong. */
function readFilter(words: readonly string[], stores: boolean): Filter | Answer {
  const filters: Filter[] = [];
  for (let at = 0; at < words.length && filters.length < MOST_FILTERS; at += 3) {
    const [type = '', operator = '', text = ''] = words.slice(at, at + 3);
    const wrong = (what: string): Answer => refuse(`Filter entry #${filters.length + 1}: ${what}`);
    if (!DATA.test(type)) return wrong('Unknown data type');
    if (!(stores && type === SERVER_ID)) return wrong('Data type not stored in this table');
    const compare = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
    if (compare === undefined) return wrong('Require and operator among "eq", "ne", "le", "ge", "lt", "gt"');
    const to = /^-?\d+$/.test(text) ? Number(text) : undefined;
    if (to === undefined) return wrong('Require a valid integer value to compare against');
    filters.push(({ serverId }) => compare(serverId, to));
  }
  return (entry) => filters.every((filter) => filter(entry));
}

const SERVER_ID = 'data.server_id';
/** HAProxy's types of data; a table of ours has but one. */
const DATA =
  /^data\.(server_id|server_key|gpt0?|gpc[01]?|gpc[01]?_rate|conn_(cnt|rate|cur)|sess_(cnt|rate)|http_(req|err|fail)_(cnt|rate)|bytes_(in|out)_(cnt|rate))$/;

/** As the table has it, or undefined where no such key can be. */
function readKey(text: string, { config }: StickTable): string | undefined {
  switch (config.type) {
    case 'ip':
      return isIPv4(text) ? text : undefined;
    case 'ipv6':
      return isIPv6(text) ? new SocketAddress({ address: text, family: 'ipv6' }).address : undefined;
    case 'integer': {
      const number = leadingInteger(text);
      return number === undefined ? undefined : String(number >>> 0);
    }
    case 'string':
      return Buffer.from(text).subarray(0, config.length).toString('latin1');
    case 'binary':
      return undefined;
  }
}

const BINARY = 'of type other than ip, ipv6, string and integer is not supported';

// --- the commands ---------------------------------------------------------------------------------------------------

/** The entries that are asked for; answers instead where the words are wrong. */
function select(words: readonly string[], named: NamedTable, doing: string, usage: Answer, level: CliLevel): Iterable<StickEntry> | Answer {
  const { table, stores } = named;
  const [what, text] = words;
  if (what === undefined) return table.entries();
  if (what === 'key') {
    if (text === undefined) return refuse('Key value expected');
    if (table.config.type === 'binary') return refuse(`${doing} keys from tables ${BINARY}`);
    if (!allows(level, 'operator')) return DENIED;
    const key = readKey(text, table);
    if (key === undefined) return INVALID_KEY;
    const entry = table.lookup(key);
    return entry === undefined ? [] : [entry];
  }
  if (!what.startsWith('data.')) return usage;
  const filter = readFilter(words, stores);
  return typeof filter === 'function' ? [...table.entries()].filter(filter) : filter;
}

const SHOW_USAGE = refuse('Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>');
const CLEAR_USAGE = refuse('Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>');
const SET_USAGE = refuse('Required arguments: <table> key <key> [data.<store_data_type> <value>]*');
const NO_TABLE = refuse('No such table');
const INVALID_KEY = refuse('Invalid key');

function show({ args: [name, ...words], runtime, state }: Call): Answer {
  if (name === undefined) return data(...tables(runtime).map(headOf));
  const named = tables(runtime).find((each) => each.name === name);
  if (named === undefined) return NO_TABLE;
  const entries = select(words, named, 'Showing', SHOW_USAGE, state.level);
  if ('kind' in entries) return entries;
  // As HAProxy, which asks the socket here, not who has lowered the level of a connection.
  if (!allows(state.socketLevel, 'operator')) return data(headOf(named), '# contents not dumped due to insufficient privileges\n');
  const found = [...entries].sort(orderOf(named.table));
  // Who asks for a key that is not there gets no heading either.
  if (words[0] === 'key' && found.length === 0) return DONE;
  return { kind: 'data', pieces: lines(named, found) };
}

function* lines(named: NamedTable, entries: readonly StickEntry[]): Generator<string> {
  yield headOf(named);
  for (const [index, { key, use, exp, serverId, serverName }] of entries.entries()) {
    const server = named.stores ? ` server_id=${serverId} server_key=${serverName === '' ? '-' : serverName}` : '';
    // HAProxy writes where the entry is in memory; ours says which one of the report it is.
    yield `0x${(index + 1).toString(16).padStart(12, '0')}: key=${escaped(key)} use=${use} exp=${exp}${server}\n`;
  }
}

const LETTERS: Readonly<Record<string, string>> = { '\t': 't', '\n': 'n', '\r': 'r', '\x1b': 'e' };

/** Clients choose their keys: none may look like another column or line. As HAProxy. */
function escaped(key: string): string {
  return key.replace(/[^!-~]|[\\=]/g, (char) => {
    if (char === ' ' || char === '=' || char === '\\') return `\\${char}`;
    const letter = LETTERS[char];
    return letter === undefined ? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : `\\${letter}`;
  });
}

/** By key, as HAProxy's trees have them. */
function orderOf({ config }: StickTable): (one: StickEntry, other: StickEntry) => number {
  const sortable = (key: string): string | number => {
    if (config.type === 'integer') return Number(key);
    return config.type === 'ip' ? key.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) : key;
  };
  return (one, other) => {
    const [a, b] = [sortable(one.key), sortable(other.key)];
    return a < b ? -1 : Number(a > b);
  };
}

function clear({ args: [name, ...words], runtime, state }: Call): Answer {
  if (name === undefined) return CLEAR_USAGE;
  const named = tables(runtime).find((each) => each.name === name);
  if (named === undefined) return NO_TABLE;
  const entries = select(words, named, 'Removing', CLEAR_USAGE, state.level);
  if ('kind' in entries) return entries;
  for (const { key } of [...entries]) named.table.remove(key);
  return DONE;
}

function set({ args: [name, what, text, ...words], runtime }: Call): Answer {
  if (name === undefined) return SET_USAGE;
  const named = tables(runtime).find((each) => each.name === name);
  if (named === undefined) return NO_TABLE;
  if (what === undefined) return DONE;
  if (what.startsWith('data.')) return refuse('content-based lookup is only supported with the "show" and "clear" actions');
  if (what !== 'key') return SET_USAGE;
  if (text === undefined) return refuse('Key value expected');
  if (named.table.config.type === 'binary') return refuse(`Inserting keys into tables ${BINARY}`);
  const key = readKey(text, named.table);
  if (key === undefined) return INVALID_KEY;
  // As HAProxy: the entry is there, whatever is wrong with what it should hold.
  if (!named.table.put(key, undefined)) return refuse('Unable to allocate a new entry');
  const serverId = readData(words, named);
  if (typeof serverId === 'object') return serverId;
  named.table.put(key, serverId);
  return DONE;
}

/** `data.server_id <id>`; undefined where there is none. */
function readData(words: readonly string[], { stores }: NamedTable): number | undefined | Answer {
  let serverId: number | undefined;
  for (let at = 0; at < words.length; at += 2) {
    const [type = '', text = ''] = words.slice(at, at + 2);
    if (!type.startsWith('data.')) return refuse('"data.<type>" followed by a value expected');
    if (!DATA.test(type)) return refuse('Unknown data type');
    if (!(stores && type === SERVER_ID)) return refuse('Data type not stored in this table');
    if (!/^\d+$/.test(text)) return refuse('Require a valid integer value to store');
    serverId = Number(text);
  }
  return serverId;
}

export const tableCommands: readonly Command[] = [
  {
    name: 'show table',
    syntax: '[<table> [key <key>|data.server_id <operator> <id>]]',
    help: 'stick tables, or the entries of one',
    run: show,
  },
  {
    name: 'clear table',
    syntax: '<table> [key <key>|data.server_id <operator> <id>]',
    help: 'remove entries of a stick table',
    level: 'operator',
    run: clear,
  },
  {
    name: 'set table',
    syntax: '<table> key <key> [data.server_id <id>]',
    help: 'make or change an entry of a stick table',
    level: 'operator',
    run: set,
  },
];
