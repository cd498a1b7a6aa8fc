/**
 * What stands in the place of a match (manual, `http-request replace-header` and `regsub`): `\0`..`\9` are groups,
 * `\xHH` a byte, any other `\c` is `c`.
 */

/** A literal, or the number of a group. */
export type Piece = string | number;

export function parseReplacement(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    const next = text[at + 1];
    if (char !== '\\' || next === undefined) {
      literal += char;
    } else if (/\d/.test(next)) {
      if (literal !== '') pieces.push(literal);
      pieces.push(Number(next));
      literal = '';
      at++;
    } else if (/^x[0-9A-Fa-f]{2}/.test(text.slice(at + 1))) {
      literal += String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 4), 16));
      at += 3;
    } else {
      literal += next;
      at++;
    }
  }
  if (literal !== '') pieces.push(literal);
  return pieces;
}

/** A group that took no part in the match is empty. */
export function expand(pieces: readonly Piece[], match: RegExpExecArray): string {
  let out = '';
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as Piece;
    out += typeof piece === 'string' ? piece : (match[piece] ?? '');
  }
  return out;
}
