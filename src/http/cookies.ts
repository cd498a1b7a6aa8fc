/**
 * The grammar of cookie lines as HAProxy reads them (RFC 2965, and RFC 6265 as clients send them): pairs between `;` or `,`,
 * which quotes in values hide; blanks around `=` and values do not count.
 */

const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Where the value that begins at `from` ends: at `;` or `,` outside of quotes, or with the text. */
function valueEnd(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted && code === BACKSLASH) at++;
    else if (code === QUOTE) quoted = !quoted;
    else if (!quoted && (code === SEMICOLON || code === COMMA)) return at;
  }
  return text.length;
}

/** One `name=value` of a line. `equal` is `next` where there is no `=`. */
export interface Pair {
  nameFrom: number;
  nameTo: number;
  equal: number;
  valueFrom: number;
  valueTo: number;
  /** The delimiter behind it. */
  next: number;
}

/** Reads the pair behind the delimiter at `from` (or at the beginning). `commas`: they separate, too. */
export function readPair(text: string, from: number, commas: boolean): Pair {
  let nameFrom = from;
  while (nameFrom < text.length && isBlank(text.charCodeAt(nameFrom))) nameFrom++;
  let equal = nameFrom;
  let nameTo = nameFrom;
  while (equal < text.length) {
    const code = text.charCodeAt(equal);
    if (code === EQUALS || code === SEMICOLON || (commas && code === COMMA)) break;
    equal++;
    if (!isBlank(code)) nameTo = equal;
  }
  if (equal === text.length || text.charCodeAt(equal) !== EQUALS) {
    return { nameFrom, nameTo, equal, valueFrom: equal, valueTo: equal, next: equal };
  }
  let valueFrom = equal + 1;
  while (valueFrom < text.length && isBlank(text.charCodeAt(valueFrom))) valueFrom++;
  const next = valueEnd(text, valueFrom);
  let valueTo = next;
  while (valueTo > valueFrom && isBlank(text.charCodeAt(valueTo - 1))) valueTo--;
  return { nameFrom, nameTo, equal, valueFrom, valueTo, next };
}
