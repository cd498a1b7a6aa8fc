/** What was read, line by line, and what became of each: for who writes the text anew (`render/`). */

import type { Place } from './model.ts';

export interface ReadLine {
  readonly place: Place;
  /** As it stands, without its line feed: bytes, one character each. */
  readonly raw: string;
  /**
   * `blank`: nothing or a comment; `directive`: of the preprocessor; `skipped`: a branch that does not count; `section`: begins
   * one; `statement`: one of its lines.
   */
  readonly kind: 'blank' | 'directive' | 'skipped' | 'section' | 'statement';
  /** Bytes, quotes, escapes and variables replaced. */
  readonly words: readonly string[];
  /** A variable was asked for. */
  readonly expanded: boolean;
  /** The section it begins or stands in; undefined before the first of its file. */
  readonly section: SectionStart | undefined;
}

export interface SectionStart {
  readonly place: Place;
  readonly kind: string;
  /** Empty where it has none. */
  readonly name: string;
  /** Where the `defaults` section is that it begins with. */
  readonly from: Place | undefined;
}
