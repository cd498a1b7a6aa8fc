/**
 * A set of patterns, whoever uses it (manual 7.1, 7.3.1 `map`; management 9.3): a file, or the values on one line of an ACL.
 * HAProxy calls it a reference.
 *
 *     PatternSet ── Generation ...  a version of what is in it, with an index for each lookup
 *         └─ Lookup ...             one for each way in which conditions and converters compare
 *
 * Invariants: each generation's indexes have its patterns, in their order, and no others; `find` of a lookup is that of the
 * current generation. So a version that is prepared costs nothing when it is committed, and no change looks at what stays.
 */

import type { Place } from '../config/model.ts';
import { detached, textOf } from '../core/bytes.ts';
import { RuleError } from './error.ts';
import { checkValue, type Output } from './map-value.ts';
import type { ValueMatch } from './match.ts';
import { type Key, Pattern } from './pattern.ts';
import type { Find, Index } from './pattern-index.ts';
import { Buckets } from './pattern-list.ts';

/** One way to look things up in a set. */
export class Lookup<Value> {
  readonly match: ValueMatch<Value>;
  readonly ignoreCase: boolean;
  readonly output: Output;
  /** Conditions hold the lookup and call this: it is another function after each change. */
  find: Find<Value>;

  constructor(match: ValueMatch<Value>, ignoreCase: boolean, output: Output, find: Find<Value>) {
    this.match = match;
    this.ignoreCase = ignoreCase;
    this.output = output;
    this.find = find;
  }
}

/** Who uses a set: a map's converter, or an ACL. */
export type UseKind = 'acl' | 'map';

export interface Use {
  /** What it is called; an ACL that reads values (`-M`) uses a map. */
  readonly kind: UseKind;
  readonly by: UseKind;
  readonly place: Place;
  /** In the order of compilation. */
  readonly number: number;
}

class Generation {
  readonly patterns: Map<number, Pattern> = new Map();
  private readonly byText = new Buckets<string>();
  /** In the order of the set's lookups. */
  readonly indexes: Index<never>[];

  constructor(indexes: Index<never>[]) {
    this.indexes = indexes;
  }

  /** Throws a RuleError for a pattern that one of the indexes cannot have; then nothing has changed. */
  add(pattern: Pattern): void {
    const { indexes } = this;
    let taken = 0;
    try {
      for (; taken < indexes.length; taken++) indexes[taken]?.add(pattern);
    } catch (error) {
      for (const index of indexes.slice(0, taken)) index.remove([pattern]);
      throw error;
    }
    this.patterns.set(pattern.number, pattern);
    this.byText.add(pattern.text, pattern);
  }

  select(key: Key): readonly Pattern[] {
    if ('text' in key) return this.byText.all(key.text);
    const pattern = this.patterns.get(key.number);
    return pattern === undefined ? [] : [pattern];
  }

  /** All have the same text. */
  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    for (const index of this.indexes) index.remove(gone);
    for (const { number } of gone) this.patterns.delete(number);
    this.byText.remove(gone[0].text, gone);
  }
}

export class PatternSet {
  /** The number in `#<id>`; -1 before all of the configuration has been read. */
  id: number;
  /** As the configuration spells it, bytes; undefined for the values on a line. */
  readonly file: string | undefined;
  /** The ACL's keyword; empty for a file. */
  private readonly keyword: string;
  readonly uses: Use[] = [];
  private readonly lookups: Lookup<never>[] = [];
  /** By the version. */
  private readonly generations: Map<number, Generation> = new Map();
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
    let size = 0;
    for (const { patterns } of this.generations.values()) size += patterns.size;
    return size * this.lookups.length;
  }

  get ways(): readonly Lookup<never>[] {
    return this.lookups;
  }

  /** Those of a version. */
  entries(version: number): Iterable<Pattern> {
    return this.generations.get(version)?.patterns.values() ?? [];
  }

  /** Throws a RuleError, with the line of the file, where a pattern makes no sense to it. */
  lookup<Value>(match: ValueMatch<Value>, ignoreCase: boolean, output: Output): Lookup<Value> {
    const known = this.lookups.find((each) => each.match.name === match.name && each.ignoreCase === ignoreCase && each.output === output);
    if (known !== undefined) return known as unknown as Lookup<Value>;
    const generation = this.generation(this.current);
    const index = match.index(ignoreCase);
    for (const pattern of generation.patterns.values()) {
      try {
        if (pattern.value !== undefined) checkValue(pattern.value, output);
        if (output !== 'none') match.check?.(pattern.text);
        index.add(pattern);
      } catch (error) {
        if (!(error instanceof RuleError) || pattern.line === 0) throw error;
        throw new RuleError(`${error.message} at line ${pattern.line} of file '${this.file}'`);
      }
    }
    const lookup = new Lookup(match, ignoreCase, output, index.find);
    this.lookups.push(lookup as unknown as Lookup<never>);
    generation.indexes.push(index);
    return lookup;
  }

  /** What a file or a line holds; nobody looks anything up yet. */
  fill(text: string, value: string | undefined, line: number): void {
    this.generation(this.current).add(new Pattern(text, value, line));
  }

  /** Throws a RuleError for what one of its lookups cannot have; then nothing has changed. */
  add(text: string, value: string | undefined, version: number = this.current): void {
    for (const { match, output } of this.lookups) {
      if (value !== undefined) checkValue(value, output);
      match.check?.(text);
    }
    // They may be parts of a request's head, which should not stay as long as they do.
    this.generation(version).add(new Pattern(detached(text), value && detached(value), 0));
    if (version === this.current) this.renew();
  }

  has(text: string): boolean {
    for (const generation of this.generations.values()) if (generation.select({ text }).length > 0) return true;
    return false;
  }

  /** Gives them another value. Answers whether there are any; throws a RuleError for a value that they cannot have. */
  set(key: Key, value: string): boolean {
    const found = [...this.generations.values()].flatMap((generation) => generation.select(key));
    if (found.length === 0) return false;
    for (const { output } of this.lookups) checkValue(value, output);
    const own = detached(value);
    for (const pattern of found) pattern.value = own;
    return true;
  }

  /** Answers whether there were any. */
  remove(key: Key): boolean {
    let any = false;
    for (const generation of this.generations.values()) {
      const [first, ...others] = generation.select(key);
      if (first === undefined) continue;
      generation.remove([first, ...others]);
      any = true;
    }
    this.renew();
    return any;
  }

  /** Removes those of a version. */
  clear(version: number): void {
    this.generations.delete(version);
    this.renew();
  }

  /** Answers a new version, which nobody sees before it is committed. */
  prepare(): number {
    return ++this.latest;
  }

  /** That version counts from now on, and all before it are gone. Answers whether it could: it was prepared, and is newer. */
  commit(version: number): boolean {
    if (version <= this.current || version > this.latest) return false;
    this.current = version;
    for (const each of this.generations.keys()) if (each < version) this.generations.delete(each);
    this.renew();
    return true;
  }

  private generation(version: number): Generation {
    const known = this.generations.get(version);
    if (known !== undefined) return known;
    const generation = new Generation(this.lookups.map(({ match, ignoreCase }) => match.index(ignoreCase)));
    this.generations.set(version, generation);
    return generation;
  }

  /** What is found now. */
  private renew(): void {
    const { indexes } = this.generation(this.current);
    for (const [at, lookup] of this.lookups.entries()) lookup.find = (indexes[at] as Index<never>).find;
  }
}
