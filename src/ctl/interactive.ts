/** `fairlead ctl` at a terminal: a line, its answers, and the next line; with completion, and a history that outlives it. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { splitWords } from '../core/cli-words.ts';
import { complete } from './complete.ts';
import type { Environment, Target } from './find-socket.ts';
import { commandsOf, LineReader } from './lines.ts';

const MOST_LINES = 500;
const PROMPT = 'fairlead> ';
const MORE = '+ ';
const LEAVING = ['quit', 'exit'];

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** `answer` is given the commands of each line with their payload; resolves when the user leaves. */
export async function converse(
  { input, output }: Terminal,
  target: Target,
  env: Environment,
  answer: (commands: readonly string[], payload: string | undefined) => Promise<unknown>,
): Promise<void> {
  const path = historyPath(env);
  const lines = createInterface({
    input,
    output,
    terminal: true,
    prompt: PROMPT,
    history: readHistory(path),
    historySize: MOST_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
      void complete(target, line).then((found) => callback(null, [found.map((word) => `${word} `), lastWord(line)]));
    },
  });
  const history = keepHistory(lines);
  const reader = new LineReader();
  lines.on('SIGINT', () => {
    output.write('^C\n');
    reader.forget();
    lines.setPrompt(PROMPT);
    // From the end of the line to its beginning.
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    lines.prompt();
  });
  // At the end of the input, which leaves the cursor where it is.
  let left: 'said' | 'ended' = 'ended';
  lines.prompt();
  for await (const line of lines) {
    const asked = reader.push(line);
    if (asked !== undefined) {
      const commands = commandsOf(asked.line);
      const end = commands.findIndex((command) => LEAVING.includes(command.trim()));
      const some = end < 0 ? commands : commands.slice(0, end);
      if (some.length > 0) await answer(some, asked.payload);
      if (end >= 0) {
        left = 'said';
        break;
      }
    }
    lines.setPrompt(reader.open ? MORE : PROMPT);
    lines.prompt();
  }
  lines.close();
  if (left === 'ended') output.write('\n');
  writeHistory(path, history());
}

/** Lines of payloads are none of it: it is told of each before it comes. */
function keepHistory(lines: Interface): () => readonly string[] {
  let within = false;
  let history: readonly string[] = [];
  lines.on('history', (all: string[]) => {
    if (within) all.shift();
    history = [...all];
  });
  lines.on('line', (line: string) => {
    within = within ? line !== '' : line.endsWith('<<');
  });
  lines.on('SIGINT', () => {
    within = false;
  });
  return () => history;
}

function lastWord(line: string): string {
  return /(^|[^\\])\s$/.test(line) ? '' : (splitWords(line).at(-1) ?? '');
}

/** Undefined where there is no home. */
function historyPath({ XDG_STATE_HOME: state, HOME: home }: Environment): string | undefined {
  if (state !== undefined && state !== '') return join(state, 'fairlead', 'history');
  return home === undefined || home === '' ? undefined : join(home, '.local', 'state', 'fairlead', 'history');
}

/** The newest first, as readline has them. */
function readHistory(path: string | undefined): string[] {
  try {
    return path === undefined ? [] : readFileSync(path, 'utf8').split('\n').filter(Boolean).reverse();
  } catch {
    return [];
  }
}

/** For its user alone: there may be secrets in it. Where it cannot be kept, it is not. */
function writeHistory(path: string | undefined, history: readonly string[]): void {
  if (path === undefined || history.length === 0) return;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${[...history].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch {
    // A home that cannot be written to is no reason to complain about.
  }
}
