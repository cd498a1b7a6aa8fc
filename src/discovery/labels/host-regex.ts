/**
 * Whether a regular expression from a label may be asked about every request's host. JavaScript's engine tries one way
 * of matching after the other, and whoever may start a container must not be able to make that take long.
 *
 * Counted are the steps that the engine may take for the worst of hosts. An atom is tried once for each way in which what is
 * before it can be laid over the host: alternatives add up, what follows one another multiplies, and a repetition has as
 * many ways as it has lengths. A repeated group in which there is a choice has no such number (`(a+)+`). The count is an
 * upper bound: what is refused may be harmless, what is taken is quick.
 */

/** Longest host name in letters (RFC 1035, section 2.3.4, less the framing of the wire). */
export const LONGEST_HOST = 253;

/**
 * Of one expression, and of all that stand on one container: some ten milliseconds. Two repetitions of any length after `^`, or
 * one in an expression that may begin anywhere, have room for some 70 more characters.
 */
export const MOST_STEPS = 5_000_000;

/** Groups within groups. */
const DEEPEST = 100;

/** Why a valid expression is refused; undefined when it is not. */
export function slowRegex(source: string): string | undefined {
  const reader = new Reader(source);
  const steps = reader.whole();
  if (reader.depth > DEEPEST) return 'is nested too deeply';
  if (steps === Number.POSITIVE_INFINITY)
    return 'repeats a group that holds another repetition or a choice, which may take forever to match';
  if (steps > MOST_STEPS) return 'has too many repetitions and choices, which may take long to match';
  return undefined;
}

/** What asking a valid expression about a host may cost at the most. */
export function stepsOf(source: string): number {
  return new Reader(source).whole();
}

/** Of a part of an expression. */
interface Cost {
  /** In how many ways it can match. */
  readonly ways: number;
  /** What it takes to try all of them. */
  readonly steps: number;
}

const NEVER_ENDING: Cost = { ways: Number.POSITIVE_INFINITY, steps: Number.POSITIVE_INFINITY };

/** `*`, `+?`, `{2,5}`. */
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,(\d*))?\})\??/y;
/** What a group has matched before, again: as long as a host, perhaps. */
const BACK_REFERENCE = /\\k<[^>]*>|\\[1-9]\d*/y;
/** One character, class or assertion; what is before a group's own expression. */
const ATOM = /\\.|\[(?:\\.|[^\]\\])*\]|[^\\[]/sy;
const GROUP = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y;

/** Reads valid expressions only. */
class Reader {
  /** Beyond `DEEPEST` nothing has been read further. */
  depth = 0;
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  whole(): number {
    let sum = 0;
    do {
      const anchored = this.source[this.at] === '^';
      sum += this.sequence().steps * (anchored ? 1 : LONGEST_HOST + 1);
    } while (this.take(/\|/y) !== undefined);
    return sum;
  }

  private alternatives(): Cost {
    let [ways, steps] = [0, 0];
    do {
      const one = this.sequence();
      ways += one.ways;
      steps += one.steps;
    } while (this.take(/\|/y) !== undefined);
    return { ways, steps };
  }

  private sequence(): Cost {
    let [ways, steps] = [1, 1];
    while (this.at < this.source.length && !/[|)]/.test(this.source[this.at] as string)) {
      const next = this.repeated(this.atom());
      steps += ways * next.steps;
      ways *= next.ways;
    }
    return { ways, steps };
  }

  private atom(): Cost {
    if (this.take(BACK_REFERENCE) !== undefined) return { ways: 1, steps: LONGEST_HOST };
    if (this.take(GROUP) === undefined) {
      this.take(ATOM);
      return { ways: 1, steps: 1 };
    }
    if (++this.depth > DEEPEST) {
      this.at = this.source.length;
      return NEVER_ENDING;
    }
    const inside = this.alternatives();
    if (this.take(/\)/y) !== undefined) this.depth--;
    return inside;
  }

  private repeated({ ways, steps }: Cost): Cost {
    const quantifier = this.take(QUANTIFIER);
    if (quantifier === undefined) return { ways, steps };
    const [, sign, low, comma, high] = quantifier;
    const least = low === undefined ? Number(sign === '+') : Number(low);
    const most = sign === '?' ? 1 : low !== undefined && comma === undefined ? least : Number(high || LONGEST_HOST);
    if (most > 1 && ways > 1) return NEVER_ENDING;
    // What must be there is tried so often even if it is empty, as assertions are.
    const times = Math.max(least, Math.min(most, LONGEST_HOST), 1);
    return { ways: ways + Math.min(most, LONGEST_HOST) - Math.min(least, most, LONGEST_HOST), steps: times * steps };
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }
}
