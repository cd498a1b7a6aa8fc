/** `help`, and what a command that there is not is answered with: the ones that it may have been meant for. */

import { Level } from '../../core/log.ts';
import { nearest } from '../../core/suggest.ts';
import type { Answer, Command } from './command.ts';

/** Where the explanations stand, as in HAProxy's help. */
const COLUMN = 40;
const ALWAYS: readonly (readonly [string, string])[] = [
  ['help [<command>]', 'list matching or all commands'],
  ['prompt', 'toggle interactive mode with prompt'],
  ['quit', 'disconnect'],
];

/** Answers `help <words>`. */
export function help(commands: readonly Command[], words: readonly string[]): Answer {
  return lines('The following commands are valid at this level:', candidates(commands, words));
}

/** Answers words that are no command. */
export function usage(commands: readonly Command[], words: readonly string[]): Answer {
  const some = candidates(commands, words);
  const how =
    words.length === 0
      ? 'Unknown command. Please enter one of the following commands only:'
      : 'Unknown command, but maybe one of the following ones is a better match:';
  return lines(how, some);
}

function lines(heading: string, commands: readonly Command[]): Answer {
  return { kind: 'message', severity: Level.Info, text: `${heading}\n${list(commands)}` };
}

/** No word of a command is nearly as long; of what is longer, nothing is guessed. */
const LONGEST = 40;

/** Those that begin with most of the words; of these the ones whose next word is nearly what was said, if any. */
function candidates(all: readonly Command[], words: readonly string[]): readonly Command[] {
  const commands = all.filter(({ help: text }) => text !== '');
  const matching = (command: Command): number => {
    const own = command.name.split(' ');
    const differs = own.findIndex((word, index) => word !== words[index]);
    return differs < 0 ? own.length : differs;
  };
  const most = Math.max(...commands.map(matching));
  const alike = commands.filter((command) => matching(command) === most);
  const next = words[most];
  if (next === undefined) return alike;
  if (next.length > LONGEST) return [];
  const near = nearest(
    next,
    alike.flatMap((command) => command.name.split(' ')[most] ?? []),
  );
  return near === undefined ? closest(next, alike, most) : alike.filter((command) => command.name.split(' ')[most] === near);
}

/** How many may be suggested where nothing is a typing mistake away, as in HAProxy. */
const MOST = 5;

/** Those whose word at `position` is most like `word`; all, where none is at all. */
function closest(word: string, commands: readonly Command[], position: number): readonly Command[] {
  const wanted = partsOf(word.toLowerCase());
  const scored = commands.map((command) => ({ command, score: alikeness(wanted, partsOf(command.name.split(' ')[position] ?? '')) }));
  const some = scored.filter(({ score }) => score > 0).sort((one, other) => other.score - one.score);
  return some.length === 0 ? commands : some.slice(0, MOST).map(({ command }) => command);
}

/** Its letters, and its pairs of neighbouring letters. */
function partsOf(word: string): ReadonlySet<string> {
  return new Set([...word, ...Array.from(word, (_, at) => word.slice(at, at + 2))]);
}

/** How many parts two words share, for each that they have. */
function alikeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  return [...one].filter((part) => other.has(part)).length / Math.max(one.size, other.size);
}

function list(commands: readonly Command[]): string {
  const own = commands.map(({ name, syntax, help: text }) => [`${name} ${syntax}`.trimEnd(), text] as const);
  const lines = own.filter(([name]) => !ALWAYS.some(([always]) => always === name)).sort(([one], [other]) => (one < other ? -1 : 1));
  return [...lines, ...ALWAYS].map(([name, text]) => `  ${name.padEnd(COLUMN)}: ${text}\n`).join('');
}
