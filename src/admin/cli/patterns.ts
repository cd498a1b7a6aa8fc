/** `show`, `get`, `add`, `set`, `del`, `clear`, `prepare` and `commit` of ACLs and maps (management manual 9.3). */

import { bytesOf, textOf } from '../../core/bytes.ts';
import { Level } from '../../core/log.ts';
import { type Key, keyOfRef, type Lookup, type PatternSet, type UseKind } from '../../rules/patterns.ts';
import { type Answer, type Call, type Command, DONE, data, message, refuse } from './command.ts';
import type { Runtime } from './runtime.ts';

const NAMES: Readonly<Record<UseKind, string>> = { acl: 'ACL', map: 'map' };

// --- what the words name ----------------------------------------------------------------------------------------------

interface Named {
  /** `@<ver>` in front. */
  readonly version: number | undefined;
  /** What follows it: the set, then the rest. */
  readonly words: readonly string[];
}

/** A version that is no number is 0, as in HAProxy. */
function readVersion(args: readonly string[]): Named {
  const [first = '', ...rest] = args;
  if (!first.startsWith('@')) return { version: undefined, words: args };
  return { version: Number(/^\d+/.exec(first.slice(1))?.[0] ?? 0), words: rest };
}

/** `#<id>` or the name of a file; `#` alone is `#0`. */
function findSet({ patterns }: Runtime, word: string): PatternSet | undefined {
  const number = /^#([+-]?\d*)$/.exec(word)?.[1];
  return number === undefined ? patterns.byFile(bytesOf(word)) : patterns.byId(Number(number));
}

function unknown(kind: UseKind): Answer {
  return refuse(`Unknown ${NAMES[kind]} identifier. Please use #<id> or <file>.`);
}

/** The set, where it is used as what it is called. */
function findUsed(runtime: Runtime, kind: UseKind, word: string): PatternSet | undefined {
  const set = findSet(runtime, word);
  return set?.isUsedBy(kind) === true ? set : undefined;
}

const MALFORMED = refuse('Malformed identifier. Please use #<id> or <file>.');

/** `#0x7f0000000050` is the one that `show` has written so. */
function readKey(word: string): Key | Answer {
  if (!word.startsWith('#0x')) return { text: bytesOf(word) };
  return /^#0x[0-9a-f]+$/i.test(word) ? keyOfRef(word.slice(1)) : MALFORMED;
}

/** What a set does not take is told with its own words. */
function attempt(change: () => void): Answer {
  try {
    change();
    return DONE;
  } catch (error) {
    return refuse(`${textOf((error as Error).message)}.`);
  }
}

// --- reports ----------------------------------------------------------------------------------------------------------

function show(kind: UseKind): (call: Call) => Answer {
  return ({ args, runtime }) => {
    const { version, words } = readVersion(args);
    const [word] = words;
    if (word === undefined && version === undefined) return { kind: 'data', pieces: listOf(kind, runtime) };
    const set = findUsed(runtime, kind, word ?? '');
    return set === undefined ? unknown(kind) : { kind: 'data', pieces: contentsOf(set, version ?? set.version) };
  };
}

function* listOf(kind: UseKind, { patterns }: Runtime): Generator<string> {
  yield '# id (file) description\n';
  for (const set of patterns.sets) {
    if (!set.isUsedBy(kind)) continue;
    const { id, file = '', description, version, nextVersion, size } = set;
    yield `${id} (${textOf(file)}) ${description}. curr_ver=${version} next_ver=${nextVersion} entry_cnt=${size}\n`;
  }
}

/** A piece is about as much. */
const PIECE = 16_384;

function* contentsOf(set: PatternSet, version: number): Generator<string> {
  let piece = '';
  for (const { ref, text, value } of set.entries(version)) {
    piece += `${ref} ${textOf(text)}${value === undefined ? '' : ` ${textOf(value)}`}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** What each way of looking up finds. */
function get(kind: UseKind): (call: Call) => Answer {
  return ({ args: [word = '', text = ''], runtime }) => {
    if (word === '' || text === '') return refuse(`Missing ${NAMES[kind]} identifier and/or key.`);
    const set = findSet(runtime, word);
    if (set === undefined) return unknown(kind);
    return data(...set.ways.map((lookup) => found(kind, lookup as unknown as Lookup<unknown>, bytesOf(text))));
  };
}

const TYPES: Readonly<Record<string, string>> = { str: 'str', int: 'sint', ip: 'ipv4' };

function found<Value>(kind: UseKind, { match, ignoreCase, output, find }: Lookup<Value>, text: string): string {
  const head = `type=${match.name}, case=${ignoreCase ? 'insensitive' : 'sensitive'}`;
  const says = kind === 'acl' ? 'match' : 'found';
  const value = match.read(text);
  const pattern = value === undefined ? undefined : find(value);
  if (pattern === undefined) return `${head}, ${says}=no\n`;
  const tree = match.tree === 'always' || (match.tree === 'exact' && !ignoreCase);
  const where = `${head}, ${says}=yes, idx=${tree ? 'tree' : 'list'}`;
  if (kind === 'acl') return `${where}, pattern="${textOf(pattern.text)}"\n`;
  const { value: mapped } = pattern;
  const type = TYPES[output];
  const what = type === undefined || mapped === undefined ? 'none' : `"${textOf(mapped)}", type="${typeOf(type, mapped)}"`;
  return `${where}, key="${textOf(pattern.text)}", value=${what}\n`;
}

function typeOf(type: string, value: string): string {
  return type === 'ipv4' && value.includes(':') ? 'ipv6' : type;
}

// --- changes ----------------------------------------------------------------------------------------------------------

const ADD_MAP = refuse(
  "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload",
);

function addMap({ args, payload, runtime }: Call): Answer {
  const { version, words } = readVersion(args);
  const [word = '', key = '', value = ''] = words;
  const whole = key !== '' && value !== '';
  if (word === '' || (payload === undefined && !whole)) return ADD_MAP;
  const set = findSet(runtime, word);
  if (set === undefined) return unknown('map');
  if (isFuture(set, version)) return inFuture('map');
  return attempt(() => {
    if (whole) set.add(bytesOf(key), bytesOf(value), version);
    else addLines(set, payload ?? '', version);
  });
}

/** `<key> <value>` on each line. Those before a wrong one stay. */
function addLines(set: PatternSet, payload: string, version: number | undefined): void {
  for (const line of payload.split('\n')) {
    const [, key = '', value] = /^[ \t]*([^ \t]*)(?:[ \t]+(.+))?$/.exec(line) ?? [];
    if (key === '') continue;
    if (value === undefined) throw new Error(`Missing value for key '${key}'`);
    set.add(bytesOf(key), bytesOf(value), version);
  }
}

function addAcl({ args, runtime }: Call): Answer {
  const { version, words } = readVersion(args);
  const [word = '', text = ''] = words;
  if (word === '' || text === '') return refuse("'add acl' expects two parameters: ACL identifier and pattern.");
  const set = findSet(runtime, word);
  if (set === undefined) return unknown('acl');
  if (isFuture(set, version)) return inFuture('acl');
  if (set.isUsedBy('map')) {
    return refuse("This ACL is shared with a map containing samples. You must use the command 'add map' to add values.");
  }
  return attempt(() => set.add(bytesOf(text), undefined, version));
}

function isFuture(set: PatternSet, version: number | undefined): boolean {
  return version !== undefined && version > set.nextVersion;
}

function inFuture(kind: UseKind): Answer {
  return refuse(`Version number in the future, please use 'prepare ${kind}' before.`);
}

function setMap({ args: [word = '', keyWord = '', value = ''], runtime }: Call): Answer {
  if (word === '' || keyWord === '' || value === '') return refuse("'set map' expects three parameters: map identifier, key and value.");
  const set = findSet(runtime, word);
  if (set === undefined) return unknown('map');
  const key = readKey(keyWord);
  if ('kind' in key) return key;
  return attempt(() => {
    if (!set.set(key, bytesOf(value))) throw new Error('number' in key ? 'key or pattern not found' : 'entry not found');
  });
}

function del(kind: UseKind): (call: Call) => Answer {
  return ({ args: [word = '', keyWord = ''], runtime }) => {
    if (word === '' || keyWord === '') return refuse(`This command expects two parameters: ${NAMES[kind]} identifier and key.`);
    const set = findUsed(runtime, kind, word);
    // HAProxy says so of ACLs, too.
    if (set === undefined) return unknown('map');
    const key = readKey(keyWord);
    if ('kind' in key) return key;
    return set.remove(key) ? DONE : refuse('Key not found.');
  };
}

function clear(kind: UseKind): (call: Call) => Answer {
  return ({ args, runtime }) => {
    const { version, words } = readVersion(args);
    const [word = ''] = words;
    if (word === '') return refuse(`Missing ${NAMES[kind]} identifier.`);
    const set = findUsed(runtime, kind, word);
    if (set === undefined) return unknown(kind);
    set.clear(version ?? set.version);
    return DONE;
  };
}

function prepare(kind: UseKind): (call: Call) => Answer {
  return ({ args: [word = ''], runtime }) => {
    const set = findUsed(runtime, kind, word);
    return set === undefined ? unknown(kind) : message(Level.Info, `New version created: ${set.prepare()}`);
  };
}

function commit(kind: UseKind): (call: Call) => Answer {
  return ({ args, runtime }) => {
    const { version, words } = readVersion(args);
    if (version === undefined) return refuse('Missing version number.');
    const [word = ''] = words;
    if (word === '') return refuse(`Missing ${NAMES[kind]} identifier.`);
    const set = findUsed(runtime, kind, word);
    if (set === undefined) return unknown(kind);
    return set.commit(version) ? DONE : refuse('Version number out of range.');
  };
}

const KINDS: readonly UseKind[] = ['acl', 'map'];

/** As in HAProxy, everybody who may connect may use them. */
export const patternCommands: readonly Command[] = [
  ...KINDS.flatMap((kind): Command[] => [
    { name: `show ${kind}`, syntax: `[[@<ver>] <${kind}>]`, help: `the ${NAMES[kind]}s, or what is in one`, run: show(kind) },
    { name: `get ${kind}`, syntax: `<${kind}> <value>`, help: `what a value finds in this ${NAMES[kind]}`, run: get(kind) },
    { name: `del ${kind}`, syntax: `<${kind}> [<key>|#<ref>]`, help: `remove entries of this ${NAMES[kind]}`, run: del(kind) },
    { name: `clear ${kind}`, syntax: `[@<ver>] <${kind}>`, help: `remove all entries of this ${NAMES[kind]}`, run: clear(kind) },
    {
      name: `prepare ${kind}`,
      syntax: `<${kind}>`,
      help: `make a version of this ${NAMES[kind]} that does not count yet`,
      run: prepare(kind),
    },
    { name: `commit ${kind}`, syntax: `@<ver> <${kind}>`, help: `let a version of this ${NAMES[kind]} count`, run: commit(kind) },
  ]),
  { name: 'add acl', syntax: '[@<ver>] <acl> <pattern>', help: 'add an entry to this ACL', run: addAcl },
  { name: 'add map', syntax: '[@<ver>] <map> <key> <val>', help: 'add an entry to this map, or those of a payload', run: addMap },
  { name: 'set map', syntax: '<map> [<key>|#<ref>] <value>', help: 'change the value of entries', run: setMap },
];
