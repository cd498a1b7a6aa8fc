/** Actions on the log line of an exchange (manual 4.2, 8.8): its level, and what it captures. */

import { Level } from '../core/log.ts';
import type { ActionRow, Run, Words } from './action.ts';
import { RuleError } from './error.ts';
import { Notes } from './notes.ts';
import { asText } from './sample.ts';
import { compileSample } from './sampled.ts';

const LEVELS: ReadonlyMap<string, Level | 'silent'> = new Map<string, Level | 'silent'>([
  ['silent', 'silent'],
  ...Object.entries(Level).map(([name, level]) => [name.toLowerCase(), level] as const),
]);

function setLogLevel(words: Words): Run {
  const complaint = "expects exactly 1 argument (log level name or 'silent')";
  const level = LEVELS.get(words.argument(complaint));
  if (level === undefined) throw new RuleError(complaint);
  return (context) => {
    context.notes ??= new Notes();
    context.notes.level = level;
    return undefined;
  };
}

/** Numbers have been given to those with `len` when the configuration was read. */
function capture(words: Words): Run {
  const { proxy, scope } = words;
  const request = scope.phase === 'request';
  const complaint = request ? "expects <expression> [ 'len' <length> | id <idx> ]" : 'expects <expression> id <idx>';
  const [expression = '', by = '', value = ''] = words.exactly(3, complaint);
  const source = asText(compileSample(expression, scope));
  if (by === 'len' && request) {
    if (proxy.kind === 'backend') throw new RuleError(`proxy '${proxy.name}' has no frontend capability`);
    throw new RuleError('length must be > 0');
  }
  if (by !== 'id') throw new RuleError(request ? complaint : `expects 'id', found '${by}'`);
  if (!/^\d+$/.test(value)) throw new RuleError(`cannot parse id '${value}'`);
  const index = Number(value);
  const side = request ? 'request' : 'response';
  if (proxy.kind !== 'backend' && proxy.captures[side].length <= index) {
    throw new RuleError(`unable to find capture id '${value}' referenced by http-${side} capture rule`);
  }
  return (context) => {
    const text = source.get(context);
    if (text !== undefined) context.capture(side, index, text);
    return undefined;
  };
}

export const LOG_ACTIONS: readonly ActionRow[] = [
  {
    name: 'capture',
    on: 'both',
    syntax: '<sample> [ len <length> | id <number> ]',
    help: 'Keeps a sample for the log: with `len` (requests only) under the next number, with `id` under one that `declare capture` has made.',
    compile: capture,
  },
  {
    name: 'set-log-level',
    on: 'both',
    syntax: '<level>',
    help: 'Level of the log line, `emerg` to `debug`; `silent`: none is written.',
    compile: setLogLevel,
  },
];
