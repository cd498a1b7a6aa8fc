/**
 * The preprocessor (manual 2.4): lines that begin with a dot. It knows only whether the lines that follow count.
 *
 * A block whose condition cannot be read counts in none of its branches: one mistake is one message.
 */

import { didYouMean } from '../core/suggest.ts';
import { evaluateCondition } from './condition.ts';
import type { Reporter } from './diagnostics.ts';
import type { Place } from './model.ts';

interface Block {
  readonly place: Place;
  /** Do the lines of the present branch count? */
  active: boolean;
  /** Has a branch counted already, or must none count? */
  taken: boolean;
  elseSeen: boolean;
}

const DIRECTIVES = ['.if', '.elif', '.else', '.endif', '.diag', '.notice', '.warning', '.alert'];

export class Blocks {
  private readonly stack: Block[] = [];
  private readonly reporter: Reporter;
  private readonly env: (name: string) => string | undefined;

  constructor(reporter: Reporter, env: (name: string) => string | undefined) {
    this.reporter = reporter;
    this.env = env;
  }

  /** Whether ordinary lines count now. */
  get active(): boolean {
    return this.stack.every((block) => block.active);
  }

  /** `words[0]` begins with a dot. */
  directive(place: Place, words: readonly string[]): void {
    const name = words[0] ?? '';
    if (name === '.if') this.open(place, words);
    else if (name === '.elif') this.elif(place, words);
    else if (name === '.else') this.otherwise(place);
    else if (name === '.endif') this.close(place);
    else if (this.active) this.message(place, name, words);
  }

  /** At the end of a file every block must be closed. */
  finish(): void {
    for (const block of this.stack) this.reporter.alert(block.place, "non-terminated '.if' block.");
    this.stack.length = 0;
  }

  private open(place: Place, words: readonly string[]): void {
    if (!this.active) {
      this.stack.push({ place, active: false, taken: true, elseSeen: false });
      return;
    }
    const value = this.evaluate(place, words);
    this.stack.push({ place, active: value === true, taken: value !== false, elseSeen: false });
  }

  private elif(place: Place, words: readonly string[]): void {
    const block = this.branch(place, '.elif');
    if (block === undefined) return;
    block.active = false;
    if (block.taken) return;
    const value = this.evaluate(place, words);
    block.active = value === true;
    block.taken = value !== false;
  }

  private otherwise(place: Place): void {
    const block = this.branch(place, '.else');
    if (block === undefined) return;
    block.elseSeen = true;
    block.active = !block.taken;
    block.taken = true;
  }

  private close(place: Place): void {
    if (this.stack.pop() === undefined) this.reporter.alert(place, "lone '.endif' with no matching '.if'.");
  }

  private branch(place: Place, name: string): Block | undefined {
    const block = this.stack.at(-1);
    if (block === undefined) this.reporter.alert(place, `lone '${name}' with no matching '.if'.`);
    else if (block.elseSeen) this.reporter.alert(place, `'${name}' after '.else' is not permitted.`);
    return block?.elseSeen === true ? undefined : block;
  }

  /** Undefined when the condition cannot be read. */
  private evaluate(place: Place, words: readonly string[]): boolean | undefined {
    const result = evaluateCondition(words.slice(1).join(' '), this.env);
    if ('value' in result) return result.value;
    this.reporter.alert(place, `${result.error} in '${words[0]}'.`);
    return undefined;
  }

  private message(place: Place, name: string, words: readonly string[]): void {
    if (!DIRECTIVES.includes(name)) {
      this.reporter.alert(place, `unknown directive '${name}'${didYouMean(name, DIRECTIVES) || '.'}`);
      return;
    }
    const [, text = '', extra] = words;
    if (extra !== undefined) {
      this.reporter.alert(place, `unexpected argument '${extra}' for '${name}'. Use quotes if the message should contain spaces.`);
    } else if (name === '.alert') this.reporter.alert(place, `'${text}'.`);
    else if (name === '.warning') this.reporter.warning(place, `'${text}'.`);
    else if (name === '.notice') this.reporter.notice(place, `'${text}'.`);
    // .diag speaks only in HAProxy's diagnostic mode (-dD), which is not ours.
  }
}
