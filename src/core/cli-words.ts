/**
 * One line of the Runtime API to commands, and a command to words (management manual 9.3): `;` separates commands,
 * blanks separate words, a backslash protects what follows it.
 */

/** The commands of a line, each as written. */
export function splitCommands(line: string): string[] {
  const commands = [''];
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === ';') commands.push('');
    else if (char === '\\') commands[commands.length - 1] += char + line.charAt(++at);
    else commands[commands.length - 1] += char;
  }
  return commands;
}

export function splitWords(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const char = command.charAt(at);
    if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (char === '\\' ? command.charAt(++at) : char);
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
