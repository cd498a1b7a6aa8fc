/**
 * `fairlead ctl`: a client of the Runtime API, for people at a terminal and for scripts. It asks a Fairlead or a HAProxy alike.
 *
 * Each command is a question of its own: what it says of its connection (`set timeout cli`, `operator`) ends with it.
 */

import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { ask, Unreachable } from './client.ts';
import { complete } from './complete.ts';
import { SCRIPTS } from './completion-scripts.ts';
import { type Environment, findSocket, type Target } from './find-socket.ts';
import { CTL_HELP } from './help.ts';
import { converse } from './interactive.ts';
import { type CtlOptions, parseCtl } from './options.ts';
import { parseAnswer } from './records.ts';
import { tableOf } from './table.ts';
import { quoted, splitLine } from './words.ts';

/** What the process lends. */
export interface CtlEdge {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>;
  readonly stdout: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>;
  readonly stderr: NodeJS.WritableStream;
}

/** Exit codes: everything was answered; something was refused; nobody could be asked, or what was asked makes no sense. */
const Code = { Done: 0, Refused: 1, Failed: 2 } as const;

/** `words` are those behind `ctl`. Answers the exit code. */
export async function ctl(words: readonly string[], edge: CtlEdge): Promise<number> {
  const command = parseCtl(words);
  switch (command.kind) {
    case 'refused':
      return fail(edge, command.message);
    case 'help':
      edge.stdout.write(CTL_HELP);
      return Code.Done;
    case 'script': {
      const script = Object.hasOwn(SCRIPTS, command.shell ?? '') ? SCRIPTS[command.shell ?? ''] : undefined;
      if (script === undefined) return fail(edge, `'completion' expects one of ${Object.keys(SCRIPTS).join(', ')}`);
      edge.stdout.write(script);
      return Code.Done;
    }
    case 'complete':
      return suggest(command.options, edge);
    case 'ask':
      return new Conversation(command.options, edge).run();
  }
}

function fail({ stderr }: CtlEdge, message: string): number {
  stderr.write(`fairlead: ${message}\n`);
  return Code.Failed;
}

/** Options that say whom to ask stand before `complete`, or, on a line that is being typed, behind it. */
async function suggest(options: CtlOptions, { env, cwd, stdout }: CtlEdge): Promise<number> {
  const inner = parseCtl(options.words.slice(0, -1));
  const asked = inner.kind === 'ask' ? inner.options : options;
  const target = findSocket({ socket: asked.socket ?? options.socket, files: [...options.files, ...asked.files] }, env, cwd);
  if (typeof target === 'string') return Code.Failed;
  const said = asked.words.length === 1 ? asked.words : asked.words.map(quoted);
  const found = await complete(target, [...said, options.words.at(-1) ?? ''].join(' '));
  stdout.write(found.map((word) => `${word}\n`).join(''));
  return Code.Done;
}

class Conversation {
  private readonly options: CtlOptions;
  private readonly edge: CtlEdge;
  private code: number = Code.Done;
  private target: Target = { name: '', options: { path: '' } };

  constructor(options: CtlOptions, edge: CtlEdge) {
    this.options = options;
    this.edge = edge;
  }

  async run(): Promise<number> {
    const { options, edge } = this;
    const target = findSocket(options, edge.env, edge.cwd);
    if (typeof target === 'string') return fail(edge, target);
    this.target = target;
    const { words } = options;
    if (words.length > 0) await this.askWords(words);
    else if (edge.stdin.isTTY === true) return this.atTerminal();
    else await this.fromInput();
    return this.code;
  }

  /** A single word is a line as it is; of several, each is a word of the command, whatever is in it. `<<` reads a payload. */
  private async askWords(words: readonly string[]): Promise<void> {
    const payload = words.at(-1) === '<<' || (words.length === 1 && words[0]?.endsWith('<<') === true);
    const line = words.length === 1 ? (words[0] ?? '') : words.map(quoted).join(' ');
    if (payload) await this.answer(line.slice(0, -2), await textOf(this.edge.stdin));
    else await this.answer(line, undefined);
  }

  /** What was refused there has been seen. */
  private async atTerminal(): Promise<number> {
    const { stdin: input, stdout: output, env } = this.edge;
    await converse({ input, output }, this.target, env, (line, payload) => this.answer(line, payload));
    return Code.Done;
  }

  private async fromInput(): Promise<void> {
    let open: { readonly line: string; payload: string } | undefined;
    for await (const line of createInterface({ input: this.edge.stdin })) {
      if (open === undefined && line.endsWith('<<')) open = { line: line.slice(0, -2), payload: '' };
      else if (open === undefined) await this.answer(line, undefined);
      else if (line !== '') open.payload += `${line}\n`;
      else {
        await this.answer(open.line, open.payload);
        open = undefined;
      }
    }
    if (open !== undefined) await this.answer(open.line, open.payload);
  }

  /** All commands of the line, one after the other; its payload is for each, as the Runtime API has it. */
  private async answer(line: string, payload: string | undefined): Promise<void> {
    try {
      for (const command of splitLine(line)) await this.answerOne(command, payload);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.code = fail(this.edge, error.message);
    }
  }

  private async answerOne(command: string, payload: string | undefined): Promise<void> {
    const { edge, options, target } = this;
    const json = options.format === 'json';
    const asked = json ? withTypes(command) : command;
    const { text, failed } = await ask(target, asked, payload, options.timeout);
    if (failed && this.code === Code.Done) this.code = Code.Refused;
    if (json) edge.stdout.write(`${JSON.stringify(jsonOf(text, failed))}\n`);
    else if (failed) edge.stderr.write(`${text}\n`);
    else edge.stdout.write(options.format === 'raw' ? `${text}${text === '' ? '' : '\n'}` : tableOf(parseAnswer(text), this.colourful));
  }

  private get colourful(): boolean {
    const { NO_COLOR: none = '', TERM: terminal } = this.edge.env;
    return this.edge.stdout.isTTY === true && none === '' && terminal !== 'dumb';
  }
}

/** The reports that know the types of their values, where the user has not chosen a format. */
function withTypes(command: string): string {
  return /^show (stat|info)( |$)/.test(command) && !/ (json|typed|desc|domain)( |$)/.test(command) ? `${command} typed` : command;
}

/** Rows are an array, names and values an object; a message is an `answer`, a refusal an `error`. */
function jsonOf(text: string, failed: boolean): unknown {
  if (failed) return { error: text };
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // A text that only looks so.
    }
  }
  const parsed = parseAnswer(text);
  if (parsed.kind === 'rows') return parsed.rows;
  return parsed.kind === 'record' ? parsed.record : { answer: text };
}

async function textOf(input: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of input) text += piece.toString();
  return text;
}
