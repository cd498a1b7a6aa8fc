/**
 * Which certificate a client is shown for the name that it asks for: as HAProxy chooses, in constant time however many there are.
 *
 * Invariants: what was declared first wins among those for the same name and of the same kind of key; a certificate for the very
 * name and one for its wildcard are candidates alike, so that one may bring the ECDSA key and the other the RSA key; a negative
 * filter excludes its name from the wildcards of its own line.
 */

import type { KeyKind } from './names.ts';

/** A certificate with the names that it is declared for. */
export interface Candidate<T> {
  readonly value: T;
  readonly kind: KeyKind;
  /** `a.test`, `*.a.test`, `!b.a.test` */
  readonly names: readonly string[];
}

/** By kind of key; of an `other` only where no RSA key is to be had. */
export interface Choice<T> {
  readonly ecdsa?: T;
  readonly rsa?: T;
  readonly other?: T;
}

interface Suffixed<T> {
  readonly candidate: Candidate<T>;
  readonly excluded: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

export class Selection<T> {
  private readonly exact = new Map<string, Candidate<T>[]>();
  /** By `.a.test`. */
  private readonly suffixes = new Map<string, Suffixed<T>[]>();

  constructor(candidates: readonly Candidate<T>[]) {
    for (const candidate of candidates) {
      const names = candidate.names.map((name) => name.toLowerCase());
      const negative = names.filter((name) => name.startsWith('!')).map((name) => name.slice(1));
      const excluded = negative.length > 0 ? new Set(negative) : NOBODY;
      for (const name of new Set(names)) {
        if (name.startsWith('!') || name === '' || name === '*') continue;
        if (name.startsWith('*')) push(this.suffixes, name.slice(1), { candidate, excluded });
        else push(this.exact, name, candidate);
      }
    }
  }

  /** Those for `name`, which is in lower case; undefined where there are none. */
  find(name: string): Choice<T> | undefined {
    const exact = this.exact.get(name);
    const dot = name.indexOf('.');
    const suffixed = dot < 0 || this.suffixes.size === 0 ? undefined : this.suffixes.get(name.slice(dot));
    if (exact === undefined && suffixed === undefined) return undefined;
    const choice: { -readonly [Kind in KeyKind]?: T } = {};
    for (const { kind, value } of exact ?? []) choice[kind] ??= value;
    for (const { candidate, excluded } of suffixed ?? []) {
      if (!excluded.has(name)) choice[candidate.kind] ??= candidate.value;
    }
    return choice.ecdsa === undefined && choice.rsa === undefined && choice.other === undefined ? undefined : choice;
  }
}

function push<V>(table: Map<string, V[]>, key: string, value: V): void {
  const there = table.get(key);
  if (there === undefined) table.set(key, [value]);
  else there.push(value);
}
