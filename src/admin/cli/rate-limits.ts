/** `set rate-limit` (management manual 9.3): how many may come in a second. A reload forgets it. */

import type { RateLimits } from '../../config/model.ts';
import { type Answer, type Call, type Command, DONE, refuse } from './command.ts';
import { leadingInteger } from './numbers.ts';

const KINDS: ReadonlyMap<string, keyof RateLimits> = new Map([
  ['connections', 'connections'],
  ['sessions', 'sessions'],
  ['ssl-sessions', 'sslSessions'],
  ['http-compression', 'compression'],
]);

const USAGE = refuse(`'set rate-limit' only supports :
   - 'connections global' to set the per-process maximum connection rate
   - 'sessions global' to set the per-process maximum session rate
   - 'ssl-sessions global' to set the per-process maximum SSL session rate
   - 'http-compression global' to set the per-process maximum compression speed in kB/s`);

function setRateLimit({ args: [name = '', scope, text], runtime }: Call): Answer | Promise<Answer> {
  const kind = KINDS.get(name);
  if (kind === undefined || scope !== 'global') return USAGE;
  const value = leadingInteger(text ?? '');
  if (value === undefined) return refuse('Expects an integer value.');
  if (value < 0) return refuse('Value out of range.');
  return runtime.setRateLimit(kind, value).then(() => DONE);
}

export const rateLimitCommands: readonly Command[] = [
  {
    name: 'set rate-limit',
    syntax: '<setting> global <number>',
    help: 'how many connections or sessions may come in a second',
    level: 'admin',
    run: setRateLimit,
  },
];
