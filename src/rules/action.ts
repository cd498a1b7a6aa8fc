/** The row of an action, and the words it is compiled from. The tables are in `actions-*.ts`. */

import type { ProxyConfig } from '../config/model.ts';
import type { Head } from '../http/head.ts';
import { RuleError } from './error.ts';
import { compileFormat, type Format } from './format.ts';
import { type Pick, requestHead, responseHead } from './header-values.ts';
import type { Scope } from './scope.ts';
import type { Final, RuleContext } from './types.ts';

/** What an action says: go on, end the exchange so, or skip the rules that follow. */
export type Outcome = Final | typeof ALLOW | undefined;
export const ALLOW = 'allow';

export type Run = (context: RuleContext) => Outcome;

export interface ActionRow {
  readonly name: string;
  /** What stands in parentheses behind the name. */
  readonly parameter?: string;
  readonly on: 'request' | 'response' | 'both';
  /** What follows the name, in the manual's notation. */
  readonly syntax: string;
  /** For the reference, in our words. */
  readonly help: string;
  readonly compile: (words: Words) => Run;
}

/** The words of one rule behind its action, up to `if` or `unless` where the action leaves off. */
export class Words {
  readonly scope: Scope;
  readonly proxy: ProxyConfig;
  readonly warn: (message: string) => void;
  /** What stands in parentheses behind the action's name; empty without them. */
  parameter = '';
  private readonly words: readonly string[];
  private at = 0;

  constructor(words: readonly string[], scope: Scope, proxy: ProxyConfig, warn: (message: string) => void) {
    this.words = words;
    this.scope = scope;
    this.proxy = proxy;
    this.warn = warn;
  }

  /** The next word, or undefined before a condition and at the end. An empty word ends a line, as in HAProxy. */
  peek(): string | undefined {
    const word = this.words[this.at];
    return word === undefined || word === '' || word === 'if' || word === 'unless' ? undefined : word;
  }

  /** The next word whatever it is: what an option must be followed by. */
  argument(complaint: string): string {
    const word = this.words[this.at];
    if (word === undefined || word === '') throw new RuleError(complaint);
    this.at++;
    return word;
  }

  /** Takes the next word if it is `keyword`. */
  accept(keyword: string): boolean {
    if (this.words[this.at] !== keyword) return false;
    this.at++;
    return true;
  }

  /** Exactly `count` words. */
  exactly(count: number, complaint: string): string[] {
    const taken: string[] = [];
    for (let word = this.peek(); word !== undefined && taken.length < count; word = this.peek()) {
      taken.push(word);
      this.at++;
    }
    if (taken.length < count) throw new RuleError(complaint);
    return taken;
  }

  format(text: string): Format {
    return compileFormat(text, this.scope);
  }

  /** What no action has taken: the condition, or a word too many. */
  rest(): readonly string[] {
    return this.words.slice(this.at);
  }

  get pick(): Pick {
    return this.scope.phase === 'request' ? requestHead : responseHead;
  }
}

/** An action on the head that its rule is about. */
export function onHead(words: Words, edit: (head: Head, context: RuleContext) => void): Run {
  const pick = words.pick;
  return (context) => {
    const head = pick(context);
    if (head !== undefined) edit(head, context);
    return undefined;
  };
}
