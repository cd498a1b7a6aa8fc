/** Numbers, times and sizes as they stand in the text. Every reader answers a value, or the sentence to report. */

export type Read<T> = { readonly value: T } | { readonly error: string };

/** HAProxy's timers are 32 bits of milliseconds, about 24.8 days. */
const MAX_TIME = 2147483647;

const UNITS: ReadonlyMap<string, number> = new Map(Object.entries({ us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }));

/**
 * Manual 2.5: `500`, `5s`, `1m`. Answers milliseconds; microseconds round up, so that a short time never becomes 0.
 * `unit` is what a bare number means; a time that no timer waits for may be longer than timers go.
 */
export function readTime(word: string | undefined, what: string, unit: 'ms' | 's' = 'ms', most: number = MAX_TIME): Read<number> {
  if (word === undefined || word === '') {
    return { error: `'${what}' expects an integer value (in ${unit === 'ms' ? 'milliseconds' : 'seconds'})` };
  }
  const match = /^(\d+)([a-z]*)(.*)$/s.exec(word);
  const factor = match === null ? undefined : UNITS.get(match[2] === '' ? unit : (match[2] ?? ''));
  if (match === null || factor === undefined || match[3] !== '') {
    const at = word.search(/[^0-9]/);
    return { error: `unexpected character '${word.charAt(at)}' in '${what}' (a time is a number with us, ms, s, m, h or d)` };
  }
  const value = Math.ceil(Number(match[1]) * factor);
  if (value > most) {
    const days = Math.floor(most / 8_640_000) / 10;
    return { error: `timer overflow in argument '${word}' to '${what}' (maximum value is ${most} ms or ~${days} days)` };
  }
  return { value };
}

/** A whole number. HAProxy reads `maxconn abc` as 0; we do not. */
export function readInteger(word: string | undefined, what: string, low = 0, high = MAX_TIME): Read<number> {
  if (word === undefined || word === '') return { error: `'${what}' expects an integer argument.` };
  if (!/^-?\d+$/.test(word)) return { error: `'${what}' expects an integer argument, found '${word}'.` };
  const value = Number(word);
  if (value < low || value > high) return { error: `'${what}' expects a value from ${low} to ${high}, found '${word}'.` };
  return { value };
}

/** `200,301-303`: inclusive ranges of statuses. */
export function readStatusRanges(text: string): Read<readonly (readonly [low: number, high: number])[]> {
  const ranges: (readonly [number, number])[] = [];
  for (const item of text.split(',')) {
    const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(item) ?? [];
    if (low === undefined || Number(high) < Number(low)) return { error: `invalid status code or range '${item}'` };
    ranges.push([Number(low), Number(high)]);
  }
  return { value: ranges };
}

/** Names of proxies, servers and ACLs (manual 4): the first character that is not permitted, or undefined. */
export function forbiddenInName(name: string): string | undefined {
  return /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
}
