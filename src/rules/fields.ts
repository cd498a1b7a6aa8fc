/** `field` and `word`: parts of a text between delimiters, counted from 1, or from -1 backwards (manual 7.3.1). */

/** Both take `count` parts from the `index`-th on (backwards for a negative one), all that are left if it is 0. */
export type Cut = (text: string, index: number, delimiters: string, count: number) => string | undefined;

/** Empty parts count; undefined if there is no such part. */
export const fieldOf: Cut = (text, index, delimiters, count) => {
  const starts = [0];
  for (let i = 0; i < text.length; i++) if (delimiters.includes(text[i] as string)) starts.push(i + 1);
  const ends = starts.map((_, part) => (part + 1 < starts.length ? (starts[part + 1] as number) - 1 : text.length));
  return cut(text, starts, ends, index, count);
};

/** Empty parts do not count, but a run that reaches an end takes the delimiters there with it; empty if there is no such part. */
export const wordOf: Cut = (text, index, delimiters, count) => {
  const starts: number[] = [];
  const ends: number[] = [];
  let inside = false;
  for (let i = 0; i <= text.length; i++) {
    const part = i < text.length && !delimiters.includes(text[i] as string);
    if (part && !inside) starts.push(i);
    if (!part && inside) ends.push(i);
    inside = part;
  }
  const total = starts.length;
  const reach = Math.abs(index) - 1 + (count === 0 ? Number.POSITIVE_INFINITY : count);
  if (total > 0 && reach > total && Math.abs(index) <= total) {
    if (index > 0) ends[total - 1] = text.length;
    else starts[0] = 0;
  }
  return cut(text, starts, ends, index, count) ?? '';
};

function cut(text: string, starts: readonly number[], ends: readonly number[], index: number, count: number): string | undefined {
  const total = starts.length;
  const nearest = index > 0 ? index - 1 : total + index;
  if (nearest < 0 || nearest >= total) return undefined;
  const reach = count === 0 ? total : count - 1;
  const first = index > 0 ? nearest : Math.max(0, nearest - reach);
  const last = index > 0 ? Math.min(total - 1, nearest + reach) : nearest;
  return text.slice(starts[first], ends[last]);
}
