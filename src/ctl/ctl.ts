/**
 * `fairlead ctl`: a client of the Runtime API, for people at a terminal and for scripts. It asks a Fairlead or a HAProxy alike.
 *
 * Each command is a question of its own: what it says of its connection (`set timeout cli`, `operator`) ends with it.
 */

import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { ask, Unreachable } from './client.ts';
import { complete } from './complete.ts';
import { SCRIPTS } from './completion-scripts.ts';
import { type Environment, findSocket, type Target } from './find-socket.ts';
import { CTL_HELP } from './help.ts';
import { converse } from './interactive.ts';
import { type Asked, commandsOf, LineReader, quoted, unspeakable } from './lines.ts';
import { type CtlOptions, NAMES, parseCtl } from './options.ts';
import { parseAnswer } from './records.ts';
import { harmless, harmlessJson, tableOf } from './table.ts';

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
  let lost: Error | undefined;
  edge.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Who reads no further, as `head`, has what it wants.
    if (error.code !== 'EPIPE') lost ??= error;
  });
  const code = await act(words, edge);
  // It fails behind the write that it is about.
  await nextTurn();
  return lost === undefined ? code : fail(edge, `the answer could not be written: ${lost.message}`);
}

async function act(words: readonly string[], edge: CtlEdge): Promise<number> {
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
  stderr.write(`fairlead: ${harmless(message)}\n`);
  return Code.Failed;
}

/** Options that say whom to ask stand before `complete`, or, on a line that is being typed, behind it. */
async function suggest(options: CtlOptions, { env, cwd, stdout }: CtlEdge): Promise<number> {
  const tell = (found: readonly string[]): number => {
    stdout.write(found.map((word) => `${word}\n`).join(''));
    return Code.Done;
  };
  const begun = options.words.at(-1) ?? '';
  const inner = parseCtl(options.words.slice(0, -1));
  if (inner.kind === 'script') return tell(Object.keys(SCRIPTS).filter((name) => inner.shell === undefined && name.startsWith(begun)));
  if (inner.kind !== 'ask') return Code.Done;
  const asked = inner.options;
  if (begun.startsWith('-') && asked.words.length === 0) return tell(NAMES.filter((name) => name.startsWith(begun)));
  const target = await findSocket({ socket: asked.socket ?? options.socket, files: [...options.files, ...asked.files] }, env, cwd);
  if (typeof target === 'string') return Code.Failed;
  const said = asked.words.length === 1 ? asked.words : asked.words.map(quoted);
  return tell(await complete(target, [...said, begun].join(' ')));
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
    const target = await findSocket(options, edge.env, edge.cwd);
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
    const wrong = unspeakable(words);
    if (wrong !== undefined) {
      this.code = fail(this.edge, wrong);
      return;
    }
    const [line = ''] = words;
    if (words.length > 1) {
      const announced = words.at(-1) === '<<';
      const command = (announced ? words.slice(0, -1) : words).map(quoted).join(' ');
      await this.answer([command], announced ? await textOf(this.edge.stdin) : undefined);
    } else if (line.endsWith('<<')) {
      await this.answer(commandsOf(line.slice(0, -2)), await textOf(this.edge.stdin));
    } else {
      await this.answer(commandsOf(line), undefined);
    }
  }

  /** What was refused there has been seen. */
  private async atTerminal(): Promise<number> {
    const { stdin: input, stdout: output, env } = this.edge;
    await converse({ input, output }, this.target, env, (commands, payload) => this.answer(commands, payload));
    return Code.Done;
  }

  private async fromInput(): Promise<void> {
    const reader = new LineReader();
    const answer = async (asked: Asked | undefined): Promise<void> => {
      if (asked !== undefined) await this.answer(commandsOf(asked.line), asked.payload);
    };
    for await (const line of createInterface({ input: this.edge.stdin })) await answer(reader.push(line));
    await answer(reader.end());
  }

  /** One after the other; the payload is for each, as the Runtime API has it. */
  private async answer(commands: readonly string[], payload: string | undefined): Promise<void> {
    try {
      for (const command of commands) await this.answerOne(command, payload);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.code = fail(this.edge, error.message);
    }
  }

  private async answerOne(command: string, payload: string | undefined): Promise<void> {
    const { edge, options, target } = this;
    const json = options.format === 'json';
    const asked = json ? withTypes(command) : command;
    const { text, failed } = await ask(target, asked, payload, { silence: options.timeout });
    if (failed && this.code === Code.Done) this.code = Code.Refused;
    if (json) edge.stdout.write(`${harmlessJson(jsonOf(text, failed))}\n`);
    else if (failed) edge.stderr.write(`${harmless(text)}\n`);
    else edge.stdout.write(options.format === 'raw' ? `${text}${text === '' ? '' : '\n'}` : tableOf(parseAnswer(text), this.colourful));
  }

  private get colourful(): boolean {
    const { NO_COLOR: none = '', TERM: terminal } = this.edge.env;
    return this.edge.stdout.isTTY === true && none === '' && terminal !== 'dumb';
  }
}

/** The reports that know the types of their values, where the user has not chosen a format. */
function withTypes(command: string): string {
  return /^\s*show\s+(stat|info)(\s|$)/.test(command) && !/\s(json|typed|desc|domain)(\s|$)/.test(command) ? `${command} typed` : command;
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
