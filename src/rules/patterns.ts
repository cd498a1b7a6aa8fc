/**
 * The patterns of ACLs and maps as the Runtime API knows them (manual 7.1, 7.3.1 `map`; management 9.3): each file is one
 * set, whoever uses it, and so are the values on one line of an ACL. HAProxy calls a set a reference.
 *
 *     Patterns ── PatternSet ── Pattern ...          what `show`, `add`, `set` and `del` are about
 *                     └─ Lookup ... (one for each way in which conditions and converters compare)
 *
 * Invariant: a lookup has the patterns of its set's current version, in their order, and no others. Whatever a set takes,
 * all its lookups take.
 */

import { readFileSync } from 'node:fs';
import type { Place } from '../config/model.ts';
import { detached, textOf } from '../core/bytes.ts';
import { RuleError } from './error.ts';
import { checkValue, type Output } from './map-value.ts';
import type { ValueMatch } from './match.ts';
import type { Find, Index } from './pattern-index.ts';

/** HAProxy names patterns by their addresses in memory; so do these look. */
const BASE = 0x7f0000000000;
const SIZE = 0x50;
let patterns = 0;

export class Pattern {
  /** In the order they came, of the whole process. */
  readonly number: number = patterns++;
  readonly text: string;
  /** What a map has for it; undefined where there is no second column. */
  value: string | undefined;
  /** Which version of its set it belongs to. */
  readonly version: number;
  /** Of its file; 0 for what came otherwise. */
  readonly line: number;

  constructor(text: string, value: string | undefined, version: number, line: number) {
    this.text = text;
    this.value = value;
    this.version = version;
    this.line = line;
  }

  /** `0x7f0000000050` */
  get ref(): string {
    return `0x${(BASE + this.number * SIZE).toString(16)}`;
  }
}

/** One way to look things up in a set. */
export class Lookup<Value> {
  readonly match: ValueMatch<Value>;
  readonly ignoreCase: boolean;
  readonly output: Output;
  /** Conditions hold the lookup and call this: it is another function after each change. */
  find: Find<Value>;
  private index: Index<Value>;

  constructor(match: ValueMatch<Value>, ignoreCase: boolean, output: Output) {
    this.match = match;
    this.ignoreCase = ignoreCase;
    this.output = output;
    this.index = match.index(ignoreCase);
    this.find = this.index.find;
  }

  /** Throws a RuleError for what makes no sense; then nothing has changed. */
  add(pattern: Pattern): void {
    if (pattern.value !== undefined) checkValue(pattern.value, this.output);
    this.index.add(pattern);
    this.find = this.index.find;
  }

  remove(pattern: Pattern): void {
    this.index.remove(pattern);
    this.find = this.index.find;
  }

  /** Throws a RuleError for a pattern that this lookup could not have. */
  check({ text, value }: Pattern): void {
    if (value !== undefined) checkValue(value, this.output);
    this.match.index(this.ignoreCase).add(new Pattern(text, value, 0, 0));
  }

  /** These instead of all it has. */
  replace(patterns: Iterable<Pattern>): void {
    this.index = this.match.index(this.ignoreCase);
    for (const pattern of patterns) this.index.add(pattern);
    this.find = this.index.find;
  }
}

/** Who uses a set: a map's converter, or an ACL. */
export type UseKind = 'acl' | 'map';

interface Use {
  /** What it is called; an ACL that reads values (`-M`) uses a map. */
  readonly kind: UseKind;
  readonly by: UseKind;
  readonly place: Place;
  /** In the order of compilation. */
  readonly number: number;
}

/** Which patterns are meant: those of a text, or one by its `ref`. */
export type Key = { readonly text: string } | { readonly ref: string };

export class PatternSet {
  /** The number in `#<id>`; -1 before all of the configuration has been read. */
  id: number;
  /** As the configuration spells it, bytes; undefined for the values on a line. */
  readonly file: string | undefined;
  /** The ACL's keyword; empty for a file. */
  private readonly keyword: string;
  readonly uses: Use[] = [];
  private readonly lookups: Lookup<never>[] = [];
  private readonly all: Set<Pattern> = new Set();
  /** By their texts; made when somebody asks for the first time. */
  private byText: Map<string, Pattern[]> | undefined = undefined;
  private current = 0;
  private latest = 0;

  constructor(file: string | undefined, keyword: string, id: number) {
    this.file = file;
    this.keyword = keyword;
    this.id = id;
  }

  isUsedBy(kind: UseKind): boolean {
    return this.uses.some((use) => use.kind === kind || use.by === kind);
  }

  /** In HAProxy's words, for lists. */
  get description(): string {
    const places = this.uses.map(({ place }) => `file '${place.file}' line ${place.line}`);
    if (this.file === undefined) return `acl '${textOf(this.keyword)}' ${places[0]}`;
    const uses = this.uses.map(({ kind }, index) => `by ${kind} at ${places[index]}`);
    return `pattern loaded from file '${textOf(this.file)}' used ${uses.join(', ')}`;
  }

  get version(): number {
    return this.current;
  }

  /** The highest that was prepared. */
  get nextVersion(): number {
    return this.latest;
  }

  /** As HAProxy: each pattern counts for each way in which it is compared. */
  get size(): number {
    return this.all.size * this.lookups.length;
  }

  get ways(): readonly Lookup<never>[] {
    return this.lookups;
  }

  /** Those of a version. */
  *entries(version: number): Generator<Pattern> {
    for (const pattern of this.all) if (pattern.version === version) yield pattern;
  }

  /** Throws a RuleError, with the line of the file, where a pattern makes no sense to it. */
  lookup<Value>(match: ValueMatch<Value>, ignoreCase: boolean, output: Output): Lookup<Value> {
    const known = this.lookups.find((each) => each.match.name === match.name && each.ignoreCase === ignoreCase && each.output === output);
    if (known !== undefined) return known as unknown as Lookup<Value>;
    const lookup = new Lookup(match, ignoreCase, output);
    for (const pattern of this.entries(this.current)) {
      try {
        lookup.add(pattern);
      } catch (error) {
        if (!(error instanceof RuleError) || pattern.line === 0) throw error;
        throw new RuleError(`${error.message} at line ${pattern.line} of file '${this.file}'`);
      }
    }
    this.lookups.push(lookup as unknown as Lookup<never>);
    return lookup;
  }

  /** What a file or a line holds; nobody looks anything up yet. */
  fill(text: string, value: string | undefined, line: number): void {
    this.all.add(new Pattern(text, value, 0, line));
  }

  /** Throws a RuleError for what one of its lookups cannot have; then nothing has changed. */
  add(text: string, value: string | undefined, version: number = this.current): void {
    // They may be parts of a request's head, which should not stay as long as they do.
    const pattern = new Pattern(detached(text), value && detached(value), version, 0);
    for (const lookup of this.lookups) lookup.check(pattern);
    if (version === this.current) for (const lookup of this.lookups) lookup.add(pattern);
    this.all.add(pattern);
    this.note(pattern);
  }

  has(text: string): boolean {
    return this.texts.has(text);
  }

  /** Gives them another value. Answers whether there are any; throws a RuleError for a value that they cannot have. */
  set(key: Key, value: string): boolean {
    const found = this.select(key);
    if (found.length === 0) return false;
    for (const { output } of this.lookups) checkValue(value, output);
    const own = detached(value);
    for (const pattern of found) pattern.value = own;
    return true;
  }

  /** Answers whether there were any. */
  remove(key: Key): boolean {
    const found = this.select(key);
    for (const pattern of [...found]) this.drop(pattern);
    return found.length > 0;
  }

  /** Removes those of a version. */
  clear(version: number): void {
    if (version === this.current) for (const lookup of this.lookups) lookup.replace([]);
    this.byText = undefined;
    for (const pattern of this.all) if (pattern.version === version) this.all.delete(pattern);
  }

  /** Answers a new version, which nobody sees before it is committed. */
  prepare(): number {
    return ++this.latest;
  }

  /** That version counts from now on, and all before it are gone. Answers whether it could: it was prepared, and is newer. */
  commit(version: number): boolean {
    if (version <= this.current || version > this.latest) return false;
    this.current = version;
    this.byText = undefined;
    for (const pattern of this.all) if (pattern.version < version) this.all.delete(pattern);
    for (const lookup of this.lookups) lookup.replace(this.entries(version));
    return true;
  }

  private get texts(): Map<string, Pattern[]> {
    if (this.byText === undefined) {
      this.byText = new Map();
      for (const pattern of this.all) this.note(pattern);
    }
    return this.byText;
  }

  private note(pattern: Pattern): void {
    if (this.byText === undefined) return;
    const known = this.byText.get(pattern.text);
    if (known === undefined) this.byText.set(pattern.text, [pattern]);
    else known.push(pattern);
  }

  private select(key: Key): readonly Pattern[] {
    if ('text' in key) return this.texts.get(key.text) ?? [];
    for (const pattern of this.all) if (pattern.ref === key.ref) return [pattern];
    return [];
  }

  private drop(pattern: Pattern): void {
    this.all.delete(pattern);
    const left = this.byText?.get(pattern.text)?.filter((other) => other !== pattern) ?? [];
    if (left.length > 0) this.byText?.set(pattern.text, left);
    else this.byText?.delete(pattern.text);
    if (pattern.version === this.current) for (const lookup of this.lookups) lookup.remove(pattern);
  }
}

/**
 * The sets that are being filled: an expression may have a map in it wherever it stands, in a rule, a condition, a log line.
 * Rules are compiled without a pause.
 */
let filling: Patterns | undefined;

export function filled(): Patterns {
  if (filling === undefined) throw new Error('a map or an ACL is compiled outside of a configuration');
  return filling;
}

/** What `build` compiles has its patterns in `patterns`. */
export function fill<T>(patterns: Patterns, build: () => T): T {
  const before = filling;
  filling = patterns;
  try {
    return build();
  } finally {
    filling = before;
  }
}

/** One configuration's sets. Filled while its rules are compiled, line by line (`at`), and numbered at the end (`finish`). */
export class Patterns {
  private place: Place = { file: '', line: 0 };
  private readonly files = new Map<string, { readonly set: PatternSet; readonly columns: 1 | 2 }>();
  private readonly lines = new Map<string, PatternSet>();
  /** Uses that are known: rules of `defaults` are compiled for each proxy that has them. */
  private readonly known = new Set<string>();
  /** How often the present line has used something. */
  private readonly counts = new Map<string, number>();
  private numbered: readonly PatternSet[] = [];

  /** The line whose rule is compiled from now on. */
  at(place: Place): void {
    this.place = place;
    this.counts.clear();
  }

  /** All sets, by their numbers. */
  get sets(): readonly PatternSet[] {
    return this.numbered;
  }

  byId(id: number): PatternSet | undefined {
    return this.numbered.find((set) => set.id === id);
  }

  byFile(name: string): PatternSet | undefined {
    return this.files.get(name)?.set;
  }

  /** The set of a file, which is read the first time it is asked for. Throws a RuleError for one that cannot be read. */
  file(name: string, columns: 1 | 2, by: UseKind): PatternSet {
    const open = this.files.get(name);
    if (open !== undefined && open.columns !== columns) {
      throw new RuleError(
        `The file "${name}" is already used as ${COUNT[open.columns]} column file and cannot be used by as ${COUNT[columns]} column file.`,
      );
    }
    const set = open?.set ?? readSet(name, columns);
    if (open === undefined) this.files.set(name, { set, columns });
    const kind = columns === 1 ? 'acl' : 'map';
    const key = this.keyOf(kind, name);
    if (!this.known.has(key)) set.uses.push({ kind, by, place: this.place, number: this.known.size });
    this.known.add(key);
    return set;
  }

  /** The set of the values on an ACL's line. `id`: `-u` */
  line(keyword: string, texts: readonly string[], id: number | undefined): PatternSet {
    const key = this.keyOf('line', keyword);
    const known = this.lines.get(key);
    if (known !== undefined) return known;
    if (id !== undefined && [...this.lines.values()].some((set) => set.id === id)) throw new RuleError('the id is already used');
    const set = new PatternSet(undefined, keyword, id ?? -1);
    for (const text of texts) set.fill(text, undefined, 0);
    set.uses.push({ kind: 'acl', by: 'acl', place: this.place, number: this.known.size });
    this.known.add(key);
    this.lines.set(key, set);
    return set;
  }

  /** Numbers them in the order of the text: `files` are those of the configuration. */
  finish(files: readonly string[]): void {
    const rank = ({ place }: Use): number => files.indexOf(place.file) * 2 ** 32 + place.line;
    const order = (one: Use, other: Use): number => rank(one) - rank(other) || one.number - other.number;
    const all = [...[...this.files.values()].map(({ set }) => set), ...this.lines.values()];
    for (const { uses } of all) uses.sort(order);
    const taken = new Set(all.map(({ id }) => id));
    let next = 0;
    for (const set of all.sort((one, other) => order(one.uses[0] as Use, other.uses[0] as Use))) {
      if (set.id >= 0) continue;
      while (taken.has(next)) next++;
      set.id = next++;
    }
    this.numbered = all.sort((one, other) => one.id - other.id);
  }

  /** The same for the same word of the same line, whenever that is compiled. */
  private keyOf(kind: string, name: string): string {
    const what = `${kind} ${name}`;
    const count = this.counts.get(what) ?? 0;
    this.counts.set(what, count + 1);
    return `${this.place.file}:${this.place.line}:${count} ${what}`;
  }
}

const COUNT = { 1: 'one', 2: 'two' } as const;

/**
 * One pattern a line; blanks in front are dropped, and lines that are empty or begin with `#`. With two columns, the first
 * word is the pattern, and what follows it the value, without the blanks around it.
 */
function readSet(name: string, columns: 1 | 2): PatternSet {
  const set = new PatternSet(name, '', -1);
  for (const [index, line] of readLines(name).entries()) {
    if (line.startsWith('#')) continue;
    const text = line.replace(/^[ \t]+/, '');
    if (text === '') continue;
    if (columns === 1) set.fill(text, undefined, index + 1);
    else {
      const [, key = '', value = ''] = /^([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
      set.fill(key, value, index + 1);
    }
  }
  return set;
}

/** The path is bytes, as rules have it. */
function readLines(path: string): readonly string[] {
  try {
    return readFileSync(Buffer.from(path, 'latin1'), 'latin1').split(/\r?\n/);
  } catch (error) {
    const directory = (error as NodeJS.ErrnoException).code === 'EISDIR';
    throw new RuleError(
      directory ? `error encountered while reading  <${path}> : Is a directory` : `failed to open pattern file <${path}>`,
    );
  }
}
