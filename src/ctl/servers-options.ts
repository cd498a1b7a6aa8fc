/** The words behind `fairlead servers`: those of haproxy-docker-config, and where the balancer is. Pure: words in, options out. */

import { type Member, readMember } from '../config/member.ts';
import { didYouMean } from '../core/suggest.ts';

export interface ServersOptions {
  readonly listener: string;
  readonly add: readonly Member[];
  /** Ids, or how they begin. */
  readonly remove: readonly string[];
  /** Undefined: not asked for; empty: all. */
  readonly check: readonly string[] | undefined;
  readonly verify: boolean;
  readonly show: boolean;
  readonly format: 'text' | 'yaml' | 'json';
  readonly verbose: boolean;
  /** `--restart` or `--hot-restart`, which there is no need for. */
  readonly restart: boolean;
  /** As of `fairlead ctl`. */
  readonly socket: string | undefined;
  readonly files: readonly string[];
}

export type ServersCommand =
  | { readonly kind: 'act'; readonly options: ServersOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly message: string };

class Refusal extends Error {}

const DEFAULTS: ServersOptions = {
  listener: '',
  add: [],
  remove: [],
  check: undefined,
  verify: false,
  show: false,
  format: 'text',
  verbose: false,
  restart: false,
  socket: undefined,
  files: [],
};

interface Row {
  readonly names: readonly string[];
  /** What stands behind it; `optional` may be left out. */
  readonly argument: 'none' | 'required' | 'optional';
  read(value: string, options: ServersOptions): Partial<ServersOptions>;
}

const flag = (change: Partial<ServersOptions>, ...names: readonly string[]): Row => ({ names, argument: 'none', read: () => change });

const ROWS: readonly Row[] = [
  { names: ['-l', '--listen'], argument: 'required', read: (listener) => ({ listener }) },
  { names: ['-a', '--add'], argument: 'required', read: (value, { add }) => ({ add: [...add, ...listOf(value).map(memberOf)] }) },
  { names: ['-d', '--delete'], argument: 'required', read: (value, { remove }) => ({ remove: [...remove, ...idsOf(value)] }) },
  { names: ['-c', '--check'], argument: 'optional', read: (value, { check }) => ({ check: [...(check ?? []), ...idsOf(value)] }) },
  flag({ verify: true }, '--verify'),
  flag({ restart: true }, '-r', '--restart'),
  { names: ['-h', '--hot-restart'], argument: 'optional', read: () => ({ restart: true }) },
  flag({ verbose: true }, '-v', '--verbose'),
  flag({ show: true }, '-s', '--show'),
  flag({ format: 'yaml' }, '--yaml'),
  flag({ format: 'json' }, '--json'),
  { names: ['-S', '--socket'], argument: 'required', read: (socket) => ({ socket }) },
  { names: ['-f'], argument: 'required', read: (file, { files }) => ({ files: [...files, file] }) },
];
const byName: ReadonlyMap<string, Row> = new Map(ROWS.flatMap((row) => row.names.map((name) => [name, row])));

export function parseServers(words: readonly string[]): ServersCommand {
  if (words.includes('--help')) return { kind: 'help' };
  try {
    return { kind: 'act', options: complete(readAll(words)) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', message: error.message };
    throw error;
  }
}

function readAll(words: readonly string[]): ServersOptions {
  let options = DEFAULTS;
  for (let at = 0; at < words.length; at++) {
    const { name, inWord } = split(words[at] ?? '');
    const row = byName.get(name);
    if (row === undefined) throw new Refusal(`unknown option '${words[at]}' of 'servers'${didYouMean(name, [...byName.keys(), '--help'])}`);
    let value = inWord;
    if (row.argument === 'none' && value !== undefined) throw new Refusal(`'${name}' takes no value`);
    const next = words[at + 1];
    if (
      value === undefined &&
      next !== undefined &&
      (row.argument === 'required' || (row.argument === 'optional' && !next.startsWith('-')))
    ) {
      value = next;
      at++;
    }
    if (row.argument === 'required' && (value === undefined || value === '')) throw new Refusal(`'${name}' expects a value`);
    options = { ...options, ...row.read(value ?? '', options) };
  }
  return options;
}

/** `--add=ID`, `-aID`. */
function split(word: string): { readonly name: string; readonly inWord: string | undefined } {
  const [, name = word, inWord] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? /^(-[a-zA-Z])(.+)$/s.exec(word) ?? [];
  return { name, inWord };
}

function complete(options: ServersOptions): ServersOptions {
  const { listener, add, remove, check, verify, show, restart } = options;
  if (listener === '') throw new Refusal("which section is meant? '-l LISTENER' says it");
  const nothing = add.length === 0 && remove.length === 0 && check === undefined && !verify && !show && !restart;
  if (nothing) throw new Refusal('nothing is asked for: one of --add, --delete, --check, --verify, --show');
  return options;
}

function listOf(value: string): readonly string[] {
  return value.split(',').filter((word) => word !== '');
}

function memberOf(word: string): Member {
  const member = readMember(word);
  if ('error' in member) throw new Refusal(member.error);
  return member.value;
}

function idsOf(value: string): readonly string[] {
  return listOf(value).map((word) => {
    const { id, port } = memberOf(word);
    if (port !== undefined) throw new Refusal(`'${word}': a port stands with --add alone`);
    return id;
  });
}
