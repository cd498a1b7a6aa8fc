/** "Did you mean": the known name that is the fewest typing mistakes away, in HAProxy's wording. */

/** ` Did you mean 'set-header' maybe ?`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === undefined ? '' : ` Did you mean '${near}' maybe ?`;
}

function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let distance = word.length < 4 ? 2 : word.length < 9 ? 3 : 4;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= distance) continue;
    const found = mistakes(word, candidate);
    if (found >= distance) continue;
    best = candidate;
    distance = found;
  }
  return best;
}

/** Letters inserted, left out or replaced (Levenshtein). */
function mistakes(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
