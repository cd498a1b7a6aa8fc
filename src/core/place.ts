/** Where something stands in a text, out of the words that say so to people. */

/** `file:line`, as a configured server's origin has it; undefined for what no text has. */
export function placeIn(origin: string): { readonly file: string; readonly line: number } | undefined {
  const colon = origin.lastIndexOf(':');
  const line = Number(origin.slice(colon + 1));
  return colon > 0 && Number.isInteger(line) && line > 0 ? { file: origin.slice(0, colon), line } : undefined;
}
