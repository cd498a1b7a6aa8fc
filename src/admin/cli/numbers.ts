/** Numbers as HAProxy's commands read them: what C's `strtol` finds at the beginning of a word. */

/** Undefined where it does not begin with one. */
export function leadingInteger(text: string): number | undefined {
  const digits = /^[+-]?\d+/.exec(text)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** What stands behind the number, or all of it. */
export function behindInteger(text: string): string {
  return text.replace(/^[+-]?\d+/, '');
}
