/**
 * The patterns of ACLs and maps as the Runtime API knows them (manual 7.1, 7.3.1 `map`; management 9.3): each file is one
 * set, whoever uses it, and so are the values on one line of an ACL. `src/admin` sees them through this file alone.
 */

import type { Place } from '../config/model.ts';
import { RuleError } from './error.ts';
import { readSet } from './pattern-file.ts';
import { PatternSet, type Use, type UseKind } from './pattern-set.ts';

export { type Key, keyOfRef } from './pattern.ts';
export type { Lookup, PatternSet, UseKind } from './pattern-set.ts';

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
