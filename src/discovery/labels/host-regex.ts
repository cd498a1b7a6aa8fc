/**
 * Whether a regular expression from a label may be asked about every request's host. JavaScript's engine tries one way
 * of matching after the other, and whoever may start a container must not be able to make that take forever.
 *
 * Counted are the ways in which the expression can be laid over a host: alternatives add up, what follows one another
 * multiplies, and a repetition has as many ways as it has lengths. A repeated group in which there is a choice has no
 * such number (`(a+)+`). The count is an upper bound: what is refused may be harmless, what is taken is quick.
 */

/** Longest host name in letters (RFC 1035, section 2.3.4, less the framing of the wire). */
export const LONGEST_HOST = 253;

/** Two repetitions of any length in an expression that may begin anywhere: some milliseconds at the very worst. */
const MOST_WAYS = (LONGEST_HOST + 1) ** 3;

/** Why a valid expression is refused; undefined when it is not. */
export function slowRegex(source: string): string | undefined {
  const ways = new Ways(source).whole();
  if (ways === Number.POSITIVE_INFINITY)
    return 'repeats a group that holds another repetition or a choice, which may take forever to match';
  if (ways > MOST_WAYS) return 'has too many repetitions and choices, which may take long to match';
  return undefined;
}

/** `*`, `+?`, `{2,5}`. */
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y;
/** One character, class or assertion; what is before a group's own expression. */
const ATOM = /\\k<[^>]*>|\\.|\[(?:\\.|[^\]\\])*\]|[^\\[]/sy;
const GROUP = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y;

/** Reads valid expressions only. */
class Ways {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  whole(): number {
    let sum = 0;
    do {
      const anchored = this.source[this.at] === '^';
      sum += this.sequence() * (anchored ? 1 : LONGEST_HOST);
    } while (this.take(/\|/y) !== undefined);
    return sum;
  }

  private alternatives(): number {
    let sum = 0;
    do sum += this.sequence();
    while (this.take(/\|/y) !== undefined);
    return sum;
  }

  private sequence(): number {
    let product = 1;
    while (this.at < this.source.length && !/[|)]/.test(this.source[this.at] as string)) product *= this.repeated(this.atom());
    return product;
  }

  private atom(): number {
    if (this.take(GROUP) === undefined) {
      this.take(ATOM);
      return 1;
    }
    const inside = this.alternatives();
    this.take(/\)/y);
    return inside;
  }

  private repeated(ways: number): number {
    const quantifier = this.take(QUANTIFIER);
    if (quantifier === undefined) return ways;
    const [, sign, low, comma, high] = quantifier;
    const least = low === undefined ? Number(sign === '+') : Number(low);
    const most = sign === '?' ? 1 : low !== undefined && comma === undefined ? least : Number(high || LONGEST_HOST);
    if (most > 1 && ways > 1) return Number.POSITIVE_INFINITY;
    return ways + Math.min(most, LONGEST_HOST) - Math.min(least, most, LONGEST_HOST);
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }
}
