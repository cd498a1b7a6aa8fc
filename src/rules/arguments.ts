/**
 * Arguments in parentheses, of fetches and of converters (manual 7.3, 2.2): split at commas, with quotes and escapes
 * of their own behind those of the line.
 *
 *     outside '...'   \\ \" \' and "\ " stand for the second character, \n \r \t for control characters
 *     inside '...'    everything is literal
 *     anything else   a backslash stays
 */

import { RuleError } from './error.ts';

export interface ArgumentSpec {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly optional?: boolean;
  /** An integer, or the name of the variable that has it. */
  readonly orVariable?: boolean;
}

/** Arguments that were given, checked against their specs: integers are integers. `()` is one empty string. */
export type Arguments = readonly (string | undefined)[];

export interface Call {
  readonly arguments: Arguments;
  /** Behind the closing parenthesis, or where the call began if it has none. */
  readonly end: number;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', '"': '"', "'": "'", ' ': ' ' };

/** Reads `(a,b)` at `from`, if there is one, and checks it against `specs`. */
export function readArguments(text: string, from: number, specs: readonly ArgumentSpec[]): Call {
  const given: string[] = [];
  let at = from;
  if (text[at] === '(' && text[at + 1] === ')') {
    if (specs[0]?.type === 'string') given.push('');
    at += 2;
  } else if (text[at] === '(') {
    do {
      if (given.length === Math.max(specs.length, 1)) throw new RuleError(`expected ')' before '${text.slice(at)}'`);
      const [argument, end] = readArgument(text, at + 1);
      if (specs.length === 0) throw new RuleError(`expected ')' before '${text.slice(at + 1)}'`);
      given.push(argument);
      at = end;
    } while (text[at] === ',');
    if (text[at] !== ')') throw new RuleError("expected ')'");
    at++;
  }
  return { arguments: check(given, specs), end: at };
}

function readArgument(text: string, from: number): [argument: string, end: number] {
  let argument = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    const char = text[at] as string;
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === '\\' && quote !== "'") {
      const escaped = ESCAPED[text[at + 1] ?? ''];
      if (escaped !== undefined) at++;
      argument += escaped ?? char;
    } else if (quote === '' && (char === ',' || char === ')')) break;
    else argument += char;
  }
  return [argument, at];
}

function check(given: readonly string[], specs: readonly ArgumentSpec[]): Arguments {
  const required = specs.filter((spec) => spec.optional !== true).length;
  if (given.length < required) {
    const missing = (specs[given.length] as ArgumentSpec).type;
    throw new RuleError(`missing arguments (got ${given.length}/${required}), type '${missing}' expected`);
  }
  return specs.map((spec, index) => {
    const argument = given[index];
    if (argument === undefined || (argument === '' && spec.type === 'integer' && spec.optional === true)) return undefined;
    if (spec.type === 'integer' && spec.orVariable !== true && !/^[+-]?\d+$/.test(argument)) {
      throw new RuleError(`failed to parse '${argument}' as type 'integer' at position ${index + 1}`);
    }
    return argument;
  });
}

/** An integer argument, or its default. */
export function integer(args: Arguments, index: number, otherwise: number): number {
  const argument = args[index];
  return argument === undefined ? otherwise : Number(argument);
}
