/** `fairlead ctl` at a terminal: a line, its answers, and the next line; with completion, and a history that outlives it. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { complete } from './complete.ts';
import type { Environment, Target } from './find-socket.ts';
import { splitWords } from './words.ts';

const MOST_LINES = 500;
const PROMPT = 'fairlead> ';
const MORE = '+ ';

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** `answer` is given each line with its payload; resolves when the user leaves. */
export async function converse(
  { input, output }: Terminal,
  target: Target,
  env: Environment,
  answer: (line: string, payload: string | undefined) => Promise<unknown>,
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
  let history: readonly string[] = [];
  lines.on('history', (all: readonly string[]) => {
    history = [...all];
  });
  lines.prompt();
  // The line whose payload is being typed.
  let open: { readonly line: string; payload: string } | undefined;
  for await (const line of lines) {
    if (open !== undefined && line !== '') {
      open.payload += `${line}\n`;
    } else if (open !== undefined) {
      await answer(open.line, open.payload);
      open = undefined;
    } else if (line.endsWith('<<')) {
      open = { line: line.slice(0, -2), payload: '' };
    } else if (['quit', 'exit'].includes(line.trim())) {
      break;
    } else if (line.trim() !== '') {
      await answer(line, undefined);
    }
    lines.setPrompt(open === undefined ? PROMPT : MORE);
    lines.prompt();
  }
  lines.close();
  writeHistory(path, history);
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
