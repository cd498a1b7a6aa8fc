/**
 * Keyword rows: one row is one keyword of the language, how it is read and how it is explained.
 *
 * The parser, the "did you mean" and docs/configuration.md all read the same rows, so they cannot disagree.
 */

import { didYouMean } from '../core/suggest.ts';
import type { Reporter } from './diagnostics.ts';
import type { Place } from './model.ts';
import type { TlsGlobals } from './tls-words.ts';
import type { Read } from './values.ts';

export type Section = 'global' | 'defaults' | 'frontend' | 'listen' | 'backend' | 'userlist' | 'resolvers' | 'docker' | 'consul';

export const FRONT: readonly Section[] = ['defaults', 'frontend', 'listen'];
export const BACK: readonly Section[] = ['defaults', 'listen', 'backend'];
export const ANY_PROXY: readonly Section[] = ['defaults', 'frontend', 'listen', 'backend'];

/** What stands in docs/configuration.md for every kind of row. */
export interface Documented {
  readonly name: string;
  /** The arguments, in the manual's notation; empty for none. */
  readonly syntax: string;
  readonly default?: string;
  /** Where HAProxy's configuration manual describes it; empty for what is ours. */
  readonly chapter: string;
  readonly doc: string;
  /** Why the keyword is accepted and has no effect here; the page lists such keywords by their reason. */
  readonly noEffect?: string;
}

export interface Row<Target> extends Documented {
  readonly sections: readonly Section[];
  /** How many arguments it takes; more than `max` is an error, or a warning where HAProxy lets it pass (`lenient`). */
  readonly min?: number;
  readonly max?: number;
  readonly lenient?: boolean;
  /** HAProxy's sentence for too few arguments; without one it is made from the syntax. */
  readonly missing?: string;
  /** A rule: in a `defaults` section only where that has a name. */
  readonly rule?: boolean;
  /** Its arguments go into messages, or are compared with them: it reads bytes, one character each, instead of text. */
  readonly bytes?: boolean;
  /** An error, not a warning, in a proxy without the capability. */
  readonly strict?: boolean;
  parse(target: Target, line: Statement): void;
  /** `no <keyword>`; `default <keyword>` is the same because all of these are off by default. */
  negate?(target: Target, line: Statement): void;
}

/** Reads a whole file of the configuration's (`errorfile`). The loader alone touches the disk. */
export type FileReader = (path: string) => { readonly bytes: Buffer } | { readonly error: string };

/** What all statements of one text share. */
export interface Surroundings {
  readonly reporter: Reporter;
  readonly readFile: FileReader;
  /** Relative paths start here. */
  readonly cwd: string;
  /** What `global` has said of TLS in the lines so far. */
  readonly tls: TlsGlobals;
}

/** One line as its row sees it. */
export class Statement {
  readonly place: Place;
  readonly keyword: string;
  /** The arguments, after the keyword's own words. */
  readonly words: readonly string[];
  readonly surroundings: Surroundings;
  /** What makes a message with words in it fit for people. */
  private readonly legible: (message: string) => string;

  constructor(
    place: Place,
    keyword: string,
    words: readonly string[],
    surroundings: Surroundings,
    legible: (message: string) => string = (message) => message,
  ) {
    this.place = place;
    this.keyword = keyword;
    this.words = words;
    this.surroundings = surroundings;
    this.legible = legible;
  }

  get cwd(): string {
    return this.surroundings.cwd;
  }

  get first(): string {
    return this.words[0] ?? '';
  }

  fail(message: string): void {
    this.surroundings.reporter.alert(this.place, this.legible(message));
  }

  warn(message: string): void {
    this.surroundings.reporter.warning(this.place, this.legible(message));
  }

  note(message: string): void {
    this.surroundings.reporter.notice(this.place, this.legible(message));
  }

  /** The value, or the error reported and undefined. */
  value<T>(read: Read<T>): T | undefined {
    if ('value' in read) return read.value;
    this.fail(read.error);
    return undefined;
  }

  /** Reports an argument that nobody asked for, with the nearest that would do. */
  unexpected(word: string, known: Iterable<string>): void {
    this.fail(`'${this.keyword}' cannot handle unexpected argument '${word}'${didYouMean(word, known) || '.'}`);
  }
}

/** A keyword that is read, checked for its arguments and otherwise without effect here. */
export function ignored<Target>(
  row: Omit<Documented, 'doc'> & {
    readonly sections: readonly Section[];
    readonly why: string;
    readonly min?: number;
    readonly max?: number;
  },
): Row<Target> {
  const { why, ...documented } = row;
  const say = (_target: Target, line: Statement): void => line.note(`'${line.keyword}' is accepted and has no effect: ${why}.`);
  return { ...documented, doc: `Accepted without effect: ${why}.`, noEffect: why, parse: say, negate: say };
}
