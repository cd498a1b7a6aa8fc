/** Values of variables that no rule sets: what may be asked for where there is no request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeVariable, type ProcessVariables, type Setting, setProcessVariable } from '../../src/rules/process-variables.ts';

/** What `proc.x` is then, where `proc.n` is 100 and `proc.t` is `text`. */
function set(kind: Setting['kind'], text: string, name = 'proc.x'): string | undefined {
  const variables: ProcessVariables = new Map<string, string | number>([
    ['proc.n', 100],
    ['proc.t', 'text'],
  ]);
  setProcessVariable(variables, { keyword: 'set-var', where: 'here', name, kind, text, pid: 7 });
  const value = variables.get('proc.x');
  return value === undefined ? undefined : describeVariable(value);
}

const VALUES: readonly (readonly [kind: Setting['kind'], text: string, expected: string | undefined, name?: string])[] = [
  ['expr', 'int(12)', 'type=sint value=<12>'],
  ['expr', 'str(a),upper', 'type=str value=<A>'],
  ['expr', 'bool(false)', 'type=bool value=<0>'],
  ['expr', 'int(250),sub(proc.n)', 'type=sint value=<150>'],
  ['expr', 'int(7),add(proc.none)', undefined],
  ['expr', 'var(proc.none)', undefined],
  ['expr', 'int(1),set-var(proc.x)', 'type=sint value=<1>'],
  // As they are named, they exist.
  ['expr', 'int(1)', 'type=sint value=<1>', 'proc.x,ifexists'],
  ['expr', 'int(1)', undefined, 'proc.x,ifnotexists'],
  ['expr', 'int(1)', undefined, 'proc.x,ifset'],
  ['expr', 'int(1)', 'type=sint value=<1>', 'proc.x,ifnotset'],
  ['fmt', 'a b-%[var(proc.t)]', 'type=str value=<a b-text>'],
  ['fmt', '%pid', 'type=str value=<7>'],
];

const FAULTS: readonly (readonly [kind: Setting['kind'], text: string, expected: RegExp, name?: string])[] = [
  ['expr', 'path', /^fetch method 'path' extracts information from 'HTTP request headers', none of which is available here$/],
  ['expr', 'src', /^'src' extracts information from a request or connection, none of which is available here$/],
  ['expr', 'status', /none of which is available here$/],
  ['expr', 'nbsrv(b)', /none of which is available here$/],
  ['fmt', '%ci', /none of which is available here$/],
  ['fmt', '%B', /none of which is available here$/],
  ['expr', 'nofetch', /^unknown fetch method 'nofetch'/],
  ['expr', 'int(7),sub(foo)', /^invalid args in converter 'sub' : expects an integer or a variable name$/],
  ['expr', 'int(1)', /^'set-var': cannot set variable 'txn.x', only scope 'proc' is permitted here\.$/, 'txn.x'],
  ['expr', 'int(1)', /^invalid variable name 'x'\. A variable name must be start by its scope\./, 'x'],
];

describe('a variable of the process', () => {
  for (const [kind, text, expected, name] of VALUES) {
    it(`${name ?? 'proc.x'} ${kind} ${text} is ${expected}`, () => assert.equal(set(kind, text, name), expected));
  }
  for (const [kind, text, message, name] of FAULTS) {
    it(`${name ?? 'proc.x'} ${kind} ${text} is refused`, () => assert.throws(() => set(kind, text, name), { message }));
  }
});
