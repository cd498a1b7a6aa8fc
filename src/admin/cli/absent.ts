/**
 * Commands about what Fairlead has none of (caches, peers, TLS, variables of the process), as a HAProxy answers them in whose
 * configuration there is none: that is the truth, and scripts that ask everybody go on.
 */

import { Level } from '../../core/log.ts';
import { type Answer, type Call, type CliLevel, type CliState, type Command, DONE, data, message, refuse } from './command.ts';

function showPeers({ args: [first, section] }: Call): Answer {
  const name = first === 'dict' || first === '-' ? section : first;
  return name === undefined ? DONE : refuse('No such peers');
}

function getVariable({ args: [name] }: Call): Answer {
  return refuse(name === undefined ? 'Missing process-wide variable identifier.' : 'Variable not found.');
}

/** There are none to be set, whoever asks. */
function setVariable({ args: [name], state }: Call): Answer {
  if (!state.experimental) return refuse('This command is restricted to experimental mode only.');
  return refuse(name === undefined ? 'Missing process-wide variable identifier.' : 'Variables of the process are not done by Fairlead.');
}

/** `expert-mode [on|off]`: there is nothing that it opens; another word than `on` is off. */
export function mode(name: 'expert' | 'experimental'): (call: Call) => Answer {
  return ({ args: [how], state }) => {
    const modes: Pick<CliState, typeof name> = state;
    if (how === undefined) return message(Level.Info, `${name}-mode is ${modes[name] ? 'ON' : 'OFF'}`);
    modes[name] = how === 'on';
    return DONE;
  };
}

/** Reports of nothing, with their headings, and whom they are for. */
const EMPTY: readonly (readonly [name: string, heading: string, level?: CliLevel])[] = [
  ['show ssl cert', ''],
  ['show ssl crt-list', '', 'admin'],
  ['show ssl ocsp-response', ''],
  ['show ssl ca-file', '# filename\n'],
  ['show ssl crl-file', '# filename\n'],
  ['show ssl providers', 'Loaded providers : \n'],
  ['show tls-keys', '# id (file)\n'],
];

export const absentCommands: readonly Command[] = [
  { name: 'show peers', syntax: '[dict|-] [<section>]', help: 'peers (there are none)', run: showPeers },
  { name: 'show cache', syntax: '', help: 'caches (there are none)', level: 'admin', run: () => DONE },
  { name: 'get var', syntax: '<name>', help: 'a variable of the process (there are none)', level: 'operator', run: getVariable },
  { name: 'set var', syntax: '<name> <expression>', help: '', run: setVariable },
  { name: 'expert-mode', syntax: '[on|off]', help: '', level: 'admin', run: mode('expert') },
  { name: 'experimental-mode', syntax: '[on|off]', help: '', level: 'admin', run: mode('experimental') },
  ...EMPTY.map(([name, heading, level = 'user']) => ({ name, syntax: '', help: '', level, run: () => data(heading) })),
];
