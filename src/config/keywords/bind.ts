/** `bind` and its parameters (manual 5.1). One line may make several sockets. */

import { didYouMean } from '../../core/suggest.ts';
import { type BindAddress, readBindAddress } from '../address.ts';
import type { BindDraft, Mutable, ProxyDraft } from '../draft.ts';
import type { BindConfig, StatsSocketConfig } from '../model.ts';
import type { Documented, Row, Statement } from '../row.ts';
import { type BindSslWords, newBindSslWords } from '../tls-words.ts';
import { readInteger } from '../values.ts';
import { bindSslParameters, idle } from './bind-ssl.ts';
import { refusal, refusedBindParameters } from './refused.ts';

/** Parameters of one line, for each of its sockets. */
export interface BindOptions {
  name: string | undefined;
  id: number | undefined;
  maxconn: number | undefined;
  backlog: number | undefined;
  v6only: boolean;
  mode: number | undefined;
  user: string | undefined;
  group: string | undefined;
  /** These two are for `stats socket`, which has the same parameters. */
  level: StatsSocketConfig['level'];
  severity: StatsSocketConfig['severity'];
  protocol: BindConfig['protocol'];
  ssl: BindSslWords;
}

export interface BindParameter extends Documented {
  readonly args: 0 | 1;
  /** HAProxy's sentence for a missing argument, where it is not made from the syntax. */
  readonly missing?: string;
  /** Answers the error to report, or undefined. */
  apply(options: BindOptions, value: string): string | undefined;
}

type Key = 'maxconn' | 'backlog' | 'id';

function integer(key: Key, low: number): (options: BindOptions, value: string) => string | undefined {
  return (options, value) => {
    const read = readInteger(value, key, low);
    if ('error' in read) return read.error;
    options[key] = read.value;
    return undefined;
  };
}

function text(key: 'name' | 'user' | 'group'): (options: BindOptions, value: string) => string | undefined {
  return (options, value) => {
    options[key] = value;
    return undefined;
  };
}

type Choice = 'level' | 'severity-output';

function oneOf(name: Choice, values: readonly string[], listed: string): (options: BindOptions, value: string) => string | undefined {
  return (options, value) => {
    if (!values.includes(value)) return `'${name}' only supports ${listed} (got '${value}')`;
    if (name === 'level') options.level = value as BindOptions['level'];
    else options.severity = value as BindOptions['severity'];
    return undefined;
  };
}

function v6only(value: boolean): (options: BindOptions) => undefined {
  return (options) => {
    options.v6only = value;
    return undefined;
  };
}

const ONE_LOOP = 'there are no threads to choose between';
const KERNEL = 'Node does not offer this setting of the kernel';

export const bindParameters: readonly BindParameter[] = [
  ...bindSslParameters,
  {
    name: 'backlog',
    args: 1,
    syntax: '<number>',
    chapter: '5.1',
    default: "the section's `backlog`, else its `maxconn`",
    doc: 'How many connections the kernel holds until they are accepted.',
    apply: integer('backlog', 0),
  },
  idle('defer-accept', 0, '', KERNEL),
  {
    ...idle('expose-fd', 1, 'listeners', 'a reload keeps its sockets by itself'),
    apply: (_options, value) => (value === 'listeners' ? undefined : `'expose-fd' only supports 'listeners' (got '${value}')`),
  },
  { name: 'gid', args: 1, syntax: '<gid>', chapter: '5.1', doc: 'Group of a unix socket, by number.', apply: text('group') },
  { name: 'group', args: 1, syntax: '<group>', chapter: '5.1', doc: 'Group of a unix socket.', apply: text('group') },
  {
    name: 'id',
    args: 1,
    syntax: '<number>',
    chapter: '5.1',
    default: 'its place among the sockets',
    doc: 'Number of the socket in the statistics.',
    apply: integer('id', 1),
  },
  {
    name: 'level',
    args: 1,
    syntax: '{user|operator|admin}',
    chapter: '5.1',
    default: 'operator',
    doc: 'Of a `stats socket`: what its users may do. Without meaning for other sockets.',
    apply: oneOf('level', ['user', 'operator', 'admin'], "'user', 'operator', and 'admin'"),
  },
  {
    name: 'maxconn',
    args: 1,
    syntax: '<number>',
    chapter: '5.1',
    default: 'no limit of its own',
    doc: 'The most connections on this socket at the same time.',
    apply: integer('maxconn', 0),
  },
  {
    name: 'mode',
    args: 1,
    syntax: '<octal>',
    chapter: '5.1',
    doc: 'Permissions of a unix socket.',
    apply: (options, value) => {
      if (!/^[0-7]{1,4}$/.test(value)) return `'mode' : missing or invalid mode '${value}' (octal integer expected)`;
      options.mode = Number.parseInt(value, 8);
      return undefined;
    },
  },
  idle('mss', 1, '<size>', KERNEL),
  {
    name: 'name',
    args: 1,
    syntax: '<name>',
    chapter: '5.1',
    default: '`sock-<n>`',
    doc: 'Name of the socket in the statistics.',
    apply: text('name'),
  },
  idle('nice', 1, '<nice>', ONE_LOOP),
  idle('process', 1, '<set>', ONE_LOOP),
  {
    name: 'proto',
    args: 1,
    syntax: '{h1|h2}',
    chapter: '5.1',
    default: "what ALPN agrees on, else the client's first bytes",
    doc: 'The version of HTTP on this socket, whatever clients say. `h2` without `ssl` is for clients that know it beforehand.',
    missing: 'missing value',
    apply: (options, value) => {
      if (value !== 'h1' && value !== 'h2') return `'proto' :  unknown MUX protocol '${value}'`;
      options.protocol = value;
      return undefined;
    },
  },
  {
    name: 'severity-output',
    args: 1,
    syntax: '{none|number|string}',
    chapter: '5.1',
    default: 'none',
    doc: 'Of a `stats socket`: how the severity stands in front of messages. Without meaning for other sockets.',
    apply: oneOf('severity-output', ['none', 'number', 'string'], "'none', 'number', and 'string'"),
  },
  idle('shards', 1, '<number>', ONE_LOOP),
  idle('tcp-ut', 1, '<time>', KERNEL),
  idle('tfo', 0, '', KERNEL),
  idle('thread', 1, '<set>', ONE_LOOP),
  { name: 'uid', args: 1, syntax: '<uid>', chapter: '5.1', doc: 'Owner of a unix socket, by number.', apply: text('user') },
  { name: 'user', args: 1, syntax: '<user>', chapter: '5.1', doc: 'Owner of a unix socket.', apply: text('user') },
  {
    name: 'v4v6',
    args: 0,
    syntax: '',
    chapter: '5.1',
    doc: 'An IPv6 socket that also takes IPv4, whatever the system says.',
    apply: v6only(false),
  },
  { name: 'v6only', args: 0, syntax: '', chapter: '5.1', doc: 'An IPv6 socket that does not take IPv4.', apply: v6only(true) },
];

const byName: ReadonlyMap<string, BindParameter> = new Map(bindParameters.map((row) => [row.name, row]));
const ofTls: ReadonlySet<string> = new Set(bindSslParameters.filter(({ noEffect }) => noEffect === undefined).map(({ name }) => name));

export function readBindOptions(
  line: Statement,
  label: string,
  words: readonly string[],
  level: BindOptions['level'] = 'operator',
): BindOptions {
  const options: BindOptions = {
    name: undefined,
    id: undefined,
    maxconn: undefined,
    backlog: undefined,
    v6only: false,
    mode: undefined,
    user: undefined,
    group: undefined,
    level,
    severity: 'none',
    protocol: undefined,
    ssl: newBindSslWords(line.surroundings.tls),
  };
  let tls: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const name = words[i] ?? '';
    const row = byName.get(name);
    const refused = refusedBindParameters.get(name);
    if (row !== undefined) {
      applyRow(line, label, options, row, words[i + 1]);
      if (ofTls.has(name)) tls ??= name;
      i += row.args;
    } else if (refused !== undefined) {
      line.fail(`${label} : ${refusal(`keyword '${name}'`, refused.why)}`);
      i += refused.args;
    } else {
      line.fail(`${label} : unknown keyword '${name}'${didYouMean(name, [...byName.keys(), ...refusedBindParameters.keys()])}`);
      break;
    }
  }
  // HAProxy says nothing.
  if (tls !== undefined && !options.ssl.on)
    line.note(`${label} : '${tls}' has no effect without 'ssl': what is spoken here is clear text.`);
  return options;
}

function applyRow(line: Statement, label: string, options: BindOptions, row: BindParameter, value: string | undefined): void {
  const missing = row.args === 1 && (value === undefined || value === '');
  const error = missing ? `'${row.name}' : ${row.missing ?? `missing ${row.syntax}`}` : row.apply(options, value ?? '');
  if (error !== undefined) line.fail(`${label} : ${error}`);
  else if (row.noEffect !== undefined) line.note(`${label} : '${row.name}' is accepted and has no effect: ${row.noEffect}.`);
}

/** Reads `<address>[,<address>]... [<parameters>]`; also the addresses of the old form `listen NAME ADDR:PORT`. */
export function parseBind(proxy: ProxyDraft, line: Statement): void {
  const [addresses = '', ...words] = line.words;
  const label = `'bind ${addresses}' in section '${proxy.kind}'`;
  const options = readBindOptions(line, label, words);
  for (const item of addresses.split(',')) {
    const read = readBindAddress(item, line.cwd);
    if ('error' in read) line.fail(`'bind' : ${read.error}`);
    else for (const address of read.value) proxy.binds.push(bindOf(line, address, options));
  }
}

function bindOf(line: Statement, address: BindAddress, options: BindOptions): BindDraft {
  const { name, id, maxconn, backlog } = options;
  const bind: Mutable<BindDraft> = {
    place: line.place,
    name,
    address: socketOf(address, options),
    maxconn,
    backlog,
    protocol: options.protocol,
    tls: options.ssl.on ? options.ssl : undefined,
    text: line.words.join(' '),
  };
  if (id !== undefined) bind.id = id;
  return bind;
}

export function socketOf(address: BindAddress, options: BindOptions): BindConfig['address'] {
  const { v6only, mode, user, group } = options;
  switch (address.kind) {
    case 'inet':
      return { ...address, v6only };
    case 'unix':
      return { ...address, mode, user, group };
    case 'fd':
      return address;
  }
}

export const bindRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'backlog',
    sections: ['defaults', 'frontend', 'listen'],
    syntax: '<number>',
    chapter: '4.2',
    default: "the section's `maxconn`",
    doc: 'How many connections the kernel holds for each socket of the section until they are accepted.',
    min: 1,
    max: 1,
    missing: "'backlog' expects an integer argument.",
    parse: (proxy, line) => {
      proxy.backlog = line.value(readInteger(line.first, 'backlog'));
    },
  },
  {
    name: 'bind',
    sections: ['frontend', 'listen'],
    syntax: '{[<address>]:<port>[-<port>] | unix@<path> | fd@<n>}[,...] [<bind parameters>]',
    chapter: '4.2',
    doc: 'Where to listen. An empty address or `*` is every IPv4 address, `::` every IPv6 one; several items and port ranges make several sockets. Port 0 lets the system choose one.',
    min: 1,
    missing: "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.",
    parse: parseBind,
  },
];
