/**
 * One connection to the Runtime API, without the connection: text in, text out.
 *
 *     push(text) ─▶ lines ─▶ commands ─▶ next() ... one piece of an answer at a time
 *
 * Non-interactive (the default): every line that has come is answered, then the connection closes. `prompt` makes it stay.
 * Every answer ends with an empty line, which no report has inside; in interactive mode a prompt follows.
 *
 * Invariants: a command begins when the answer of the former one has been taken whole; a report is not made faster than
 * it is taken; nothing is answered behind the end.
 */

import { splitCommands, splitWords } from '../../core/cli-words.ts';
import { type Answer, allows, type CliLevel, type CliState, type Command, DENIED, refuse, type SeverityOutput } from './command.ts';
import { usage } from './help.ts';
import type { Runtime } from './runtime.ts';

/** How many letters a line may have, as HAProxy's `tune.bufsize` is by default. */
const LONGEST_LINE = 16384;
/** A payload may have more than HAProxy's, which shares those of its line. */
const LONGEST_PAYLOAD = 65536;
const PAYLOAD = /<<$/;

const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

/** What one connection may ask: commands of the process, or of HAProxy's master (`master.ts`). */
export interface Dialect {
  /** What follows answers in interactive mode. */
  prompt(state: CliState): string;
  /** The commands that a command of these words may be. Answers instead where the words are an address, or a wrong one. */
  address(words: readonly string[], state: CliState): Addressed | Answer;
  /** Without a prompt, too, the connection is there until its client leaves. */
  readonly stays?: boolean;
}

export interface Addressed {
  readonly commands: readonly Command[];
  readonly words: readonly string[];
}

export class CliSession {
  readonly state: CliState;
  private readonly runtime: Runtime;
  private readonly dialect: Dialect;
  /** What came and is no whole line yet. */
  private input = '';
  /** Commands of the line that is being answered, and how many of them have been. */
  private commands: readonly string[] = [];
  private answered = 0;
  private payload: string | undefined = undefined;
  /** Lines of a payload that has not ended. */
  private open: { readonly line: string; lines: string } | undefined = undefined;
  private pieces: Iterator<string> | undefined = undefined;
  private stage: 'ready' | 'busy' | 'over' = 'ready';
  /** Commands so far. A client that has asked nothing yet may take its time. */
  asked = 0;
  /** What stands behind the answer that is being taken, and whether that is the end. */
  private ending = '\n';
  private last = false;

  constructor(runtime: Runtime, dialect: Dialect, level: CliLevel, severity: SeverityOutput, timeout: number) {
    this.runtime = runtime;
    this.dialect = dialect;
    this.state = { level, socketLevel: level, severity, interactive: false, expert: false, experimental: false, debug: false, timeout };
  }

  /** Nothing more will be answered: the connection is to close. */
  get over(): boolean {
    return this.stage === 'over';
  }

  /** A command takes its time; `onReady` tells when `next` has something again. */
  get busy(): boolean {
    return this.stage === 'busy';
  }

  onReady: () => void = () => {};

  push(text: string): void {
    if (this.stage !== 'over') this.input += text;
  }

  /** The next piece to send; undefined when there is none before more is pushed, something is ready, or it is over. */
  next(): string | undefined {
    while (this.stage === 'ready') {
      if (this.pieces !== undefined) {
        let piece: IteratorResult<string>;
        try {
          piece = this.pieces.next();
        } catch (fault) {
          return this.breakOff(fault);
        }
        if (piece.done !== true) return piece.value;
        this.pieces = undefined;
        if (this.last) this.stage = 'over';
        return this.ending;
      }
      const command = this.commands[this.answered];
      if (command !== undefined) {
        this.answered++;
        this.begin(command);
      } else if (!this.readLine()) return undefined;
    }
    return undefined;
  }

  /** A report that cannot be gone on with: without the end of a line, and an empty one behind it, nobody takes it for whole. */
  private breakOff(fault: unknown): string {
    this.pieces = undefined;
    this.stage = 'over';
    return failureText(fault);
  }

  /** Answers whether there is something to do. */
  private readLine(): boolean {
    const end = this.input.indexOf('\n');
    if (end < 0) {
      const done = this.dialect.stays !== true && this.input === '' && this.open === undefined && this.asked > 0 && !this.state.interactive;
      if (done || this.input.length > LONGEST_LINE) this.stage = 'over';
      return false;
    }
    if (end > LONGEST_LINE) {
      this.stage = 'over';
      return false;
    }
    const line = this.input.slice(0, end).replace(/\r$/, '');
    this.input = this.input.slice(end + 1);
    if (this.open !== undefined) return this.addPayload(this.open, line);
    if (PAYLOAD.test(line)) {
      this.open = { line: line.replace(PAYLOAD, ''), lines: '' };
      this.askForMore();
      return true;
    }
    this.start(line, undefined);
    return true;
  }

  private start(line: string, payload: string | undefined): void {
    this.commands = splitCommands(line);
    this.answered = 0;
    this.payload = payload;
  }

  private addPayload(open: { readonly line: string; lines: string }, line: string): boolean {
    if (line !== '') {
      open.lines += `${line}\n`;
      if (open.lines.length > LONGEST_PAYLOAD) this.stage = 'over';
      else this.askForMore();
      return true;
    }
    this.open = undefined;
    this.start(open.line, open.lines);
    return true;
  }

  private askForMore(): void {
    if (this.state.interactive) this.say('+ ', '');
  }

  private begin(command: string): void {
    this.asked++;
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.run(splitWords(command));
    } catch (fault) {
      answer = failed(fault);
    }
    if (!(answer instanceof Promise)) {
      this.take(answer);
      return;
    }
    this.stage = 'busy';
    const settle = (settled: Answer): void => {
      this.stage = 'ready';
      this.take(settled);
      this.onReady();
    };
    answer.then(settle, (fault: unknown) => settle(failed(fault)));
  }

  private run(words: readonly string[]): Answer | Promise<Answer> {
    const { state, runtime } = this;
    const asked = this.dialect.address(words, state);
    if ('kind' in asked) return asked;
    const command = findCommand(asked.commands, asked.words);
    if (command === undefined) return usage(asked.commands, asked.words);
    if (!allows(state.level, command.level ?? 'user')) return DENIED;
    const args = asked.words.slice(command.name.split(' ').length);
    return command.run({ args, payload: this.payload, runtime, state });
  }

  private take(answer: Answer): void {
    const prompt = this.state.interactive ? this.dialect.prompt(this.state) : '';
    switch (answer.kind) {
      case 'close':
        this.stage = 'over';
        return;
      case 'bare':
        this.say(answer.text, prompt);
        this.last = answer.last === true;
        return;
      case 'message':
        this.say(this.prefix(answer.severity) + answer.text, `\n${prompt}`);
        return;
      case 'data':
        this.pieces = answer.pieces[Symbol.iterator]();
        this.ending = `\n${prompt}`;
    }
  }

  private say(text: string, ending: string): void {
    this.pieces = [text][Symbol.iterator]();
    this.ending = ending;
  }

  private prefix(severity: number): string {
    if (this.state.severity === 'none') return '';
    return this.state.severity === 'number' ? `[${severity}]: ` : `[${SEVERITIES[severity]}]: `;
  }
}

/** A fault of ours ends the command, not the process. */
function failed(fault: unknown): Answer {
  return refuse(failureText(fault));
}

function failureText(fault: unknown): string {
  return `Failed: ${String(fault)}`;
}

/** The one with the most words of those that `words` begins with. */
export function findCommand(commands: readonly Command[], words: readonly string[]): Command | undefined {
  let found: Command | undefined;
  let most = 0;
  for (const command of commands) {
    const own = command.name.split(' ');
    if (own.length > most && own.every((word, index) => words[index] === word)) {
      found = command;
      most = own.length;
    }
  }
  return found;
}
