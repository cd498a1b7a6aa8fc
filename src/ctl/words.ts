/** Lines as the Runtime API reads them: `;` between commands, blanks between words, a backslash protects. */

/** The commands of a line, each as it is written. */
export function splitLine(line: string): string[] {
  return [...line.matchAll(/(?:\\.|[^;\\]|\\$)+/gs)].map(([command]) => command.trim()).filter((command) => command !== '');
}

export function splitWords(command: string): string[] {
  return [...command.matchAll(/(?:\\.|[^\s\\]|\\$)+/gs)].map(([word]) => word.replace(/\\(.)/gs, '$1'));
}

/** As one word of a command, whatever is in it. */
export function quoted(word: string): string {
  return word.replace(/[\\; \t]/g, '\\$&');
}
