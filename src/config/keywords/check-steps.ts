/** The lines of a check in order, and what may stand behind what: HAProxy's rules, its sentences. */

import type { CheckRulesDraft, CheckStepDraft, ProxyDraft } from '../draft.ts';
import { newCheckRules } from '../draft-defaults.ts';
import type { Statement } from '../row.ts';
import { refusal } from './refused.ts';

export type Protocol = 'tcp' | 'http';

/**
 * The rules of this very section: the first line of its own drops those of its defaults. What `option httpchk` of the
 * defaults asks is kept until the section asks something itself. (HAProxy would not ask at all.)
 */
export function ownRules(proxy: ProxyDraft, protocol: Protocol): CheckRulesDraft {
  const rules = proxy.check[protocol];
  if (!rules.own) Object.assign(rules, newCheckRules(), { own: true, option: rules.option, optionInherited: true });
  return rules;
}

/** `expect`, `send` or `connect` or a comment for the next of them; false, and reported, where it may not stand. */
export function addStep(proxy: ProxyDraft, line: Statement, protocol: Protocol, step: DistributiveOmit<CheckStepDraft, 'number'>): boolean {
  const rules = ownRules(proxy, protocol);
  rules.at ??= line.place;
  const number = rules.steps.length + 1;
  const wrong = protocol === 'http' ? misplacedHttp(rules, step.kind, number) : misplacedTcp(rules, step.kind);
  if (wrong !== undefined) {
    line.fail(`'${line.keyword}' : ${wrong}`);
    return false;
  }
  rules.steps = [...rules.steps, { ...step, number }];
  return true;
}

type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

function kinds(rules: CheckRulesDraft): readonly CheckStepDraft['kind'][] {
  return rules.steps.map((step) => step.kind).filter((kind) => kind !== 'comment');
}

const FIRST =
  "first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a 'comment', when there is a 'connect' step in the tcp-check ruleset.";

function misplacedTcp(rules: CheckRulesDraft, kind: CheckStepDraft['kind']): string | undefined {
  const [first] = kinds(rules);
  return kind === 'connect' && first !== undefined && first !== 'connect' ? FIRST : undefined;
}

/** A connection carries one request, and what is expected belongs to the request before. */
function misplacedHttp(rules: CheckRulesDraft, kind: CheckStepDraft['kind'], number: number): string | undefined {
  const before = kinds(rules);
  const last = before.at(-1);
  if (kind === 'connect') {
    if (last === undefined) return undefined;
    if (before[0] !== 'connect') return FIRST;
    return last === 'expect' ? undefined : missing(kind, number, 'expect');
  }
  if (kind === 'request' && last !== undefined && last !== 'connect') return missing('send', number, 'connect');
  if (kind === 'expect' && last === 'connect') return missing(kind, number, 'send');
  return undefined;
}

function missing(kind: string, number: number, what: string): string {
  return `unable to add http-check ${kind} rule at step ${number} (missing ${what} rule).`;
}

/** A text in which HAProxy fills in samples; `%%` is a percent sign, and nothing else of it is done here. */
export function readFormat(line: Statement, word: string, text: string): string | undefined {
  if (!/%(?!%)/.test(text.replaceAll('%%', ''))) return text.replaceAll('%%', '%');
  line.fail(refusal(`'${line.keyword}' : a format (${text}) in '${word}'`, undefined));
  return undefined;
}

/** Pairs of hexadecimal digits to bytes, one character each. */
export function readHex(line: Statement, text: string): string | undefined {
  const bad = /[^0-9A-Fa-f]/.exec(text)?.[0];
  if (bad === undefined && text.length % 2 === 0) return Buffer.from(text, 'hex').toString('latin1');
  const why = bad === undefined ? 'an even number of hex digit is expected' : `an hex digit is expected (found '${bad}')`;
  line.fail(`'${line.keyword}' : '${text}' invalid binary string (${why}).`);
  return undefined;
}

/** The words of a line, taken one after the other. */
export class Words {
  private readonly line: Statement;
  private at = 0;

  constructor(line: Statement) {
    this.line = line;
  }

  get done(): boolean {
    return this.at >= this.line.words.length;
  }

  next(): string {
    return this.line.words[this.at++] ?? '';
  }

  peek(): string {
    return this.line.words[this.at] ?? '';
  }

  /** The argument of `word`; undefined, and reported, without one. */
  argument(word: string, what: string): string | undefined {
    const value = this.next();
    if (value !== '') return value;
    this.line.fail(`'${this.line.keyword}' : '${word}' expects ${what} as argument.`);
    return undefined;
  }
}
