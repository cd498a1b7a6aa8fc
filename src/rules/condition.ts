/**
 * Conditions (manual 7.2): `if [!]acl [!]acl ... or [!]acl ...` is true when all ACLs of one of the groups are.
 * Anonymous ACLs stand in braces that are words of their own.
 */

import { didYouMean } from '../core/suggest.ts';
import { type Acls, type AclTest, compileTest, PREDEFINED, predefinedAcl } from './acl.ts';
import { RuleError, refused } from './error.ts';
import { isForeignAcl } from './refused.ts';
import { available, type Scope } from './scope.ts';
import type { Condition } from './types.ts';

export interface ConditionContext {
  readonly acls: Acls;
  /** Those of manual 7.4 that have been used; more come as they are. */
  readonly predefined: Map<string, readonly AclTest[]>;
  readonly scope: Scope;
  readonly warn: (message: string) => void;
}

const never: Condition = () => false;

/** @param words what follows `if` or `unless` */
export function compileCondition(words: readonly string[], negated: boolean, context: ConditionContext): Condition {
  const groups: Condition[][] = [[]];
  let negate = false;
  for (let at = 0; at < words.length; at++) {
    let word = words[at] as string;
    while (word.startsWith('!')) {
      negate = !negate;
      word = word.slice(1);
    }
    if (word === '') continue;
    if (word === 'or' || word === '||') {
      negate = false;
      groups.push([]);
      continue;
    }
    let tests: readonly AclTest[];
    if (word === '{') {
      const end = words.indexOf('}', at);
      if (end < 0) throw new RuleError("missing closing '}' in condition");
      tests = [compileTest(words.slice(at + 1, end), context.warn, context.scope.userlists)];
      at = end;
    } else {
      tests = named(word, context);
    }
    (groups.at(-1) as Condition[]).push(term(tests, word === '{' ? 'anonymous acl' : `acl '${word}'`, negate, context));
    negate = false;
  }
  const filled = groups.filter((group) => group.length > 0);
  if (filled.length === 0) context.warn('this condition is empty: it is never true');
  return oneOf(filled.map(allOf), negated);
}

function named(name: string, { acls, predefined }: ConditionContext): readonly AclTest[] {
  const found = acls.get(name) ?? predefined.get(name) ?? predefinedAcl(name);
  if (found !== undefined) {
    if (!acls.has(name)) predefined.set(name, found);
    return found;
  }
  if (isForeignAcl(name)) throw refused(`predefined ACL '${name}'`);
  const hint =
    name === 'and'
      ? ". ACLs that must all be true are written next to each other, without 'and'."
      : didYouMean(name, [...acls.keys(), ...PREDEFINED.map(([predefined]) => predefined)]) || '.';
  throw new RuleError(`no such ACL : '${name}'${hint}`);
}

function term(tests: readonly AclTest[], label: string, negate: boolean, context: ConditionContext): Condition {
  const usable: Condition[] = [];
  for (const { keyword, needs, test } of tests) {
    if (available(needs, context.scope)) usable.push(test);
    else context.warn(`${label} will never match because it uses keyword '${keyword}' which is incompatible with '${context.scope.name}'`);
  }
  return oneOf(usable, negate);
}

function allOf(terms: readonly Condition[]): Condition {
  const [first, second] = terms;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined && second !== undefined && terms.length === 2) return (context) => first(context) && second(context);
  return (context) => {
    for (let i = 0; i < terms.length; i++) if (!(terms[i] as Condition)(context)) return false;
    return true;
  };
}

function oneOf(groups: readonly Condition[], negate: boolean): Condition {
  const [first, second] = groups;
  if (first === undefined) return negate ? () => true : never;
  if (second === undefined) return negate ? (context) => !first(context) : first;
  return (context) => {
    for (let i = 0; i < groups.length; i++) if ((groups[i] as Condition)(context)) return !negate;
    return negate;
  };
}
