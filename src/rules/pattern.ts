/** One entry of an ACL or a map, and how operators and rules name entries (management manual 9.3 `show map`). */

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
  /** Of its file; 0 for what came otherwise. */
  readonly line: number;

  constructor(text: string, value: string | undefined, line: number) {
    this.text = text;
    this.value = value;
    this.line = line;
  }

  /** `0x7f0000000050` */
  get ref(): string {
    return `0x${(BASE + this.number * SIZE).toString(16)}`;
  }
}

/** Which are meant: all with a text, or one. */
export type Key = { readonly text: string } | { readonly number: number };

/** @param ref `0x7f0000000050`. What is nobody's is a number that nobody has */
export function keyOfRef(ref: string): Key {
  return { number: (Number(ref) - BASE) / SIZE };
}
