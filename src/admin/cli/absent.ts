/**
 * Commands about what Fairlead has none of (caches, peers, OCSP), as a HAProxy answers them in whose
 * configuration there is none: that is the truth, and scripts that ask everybody go on.
 */

import { Level } from '../../core/log.ts';
import { type Answer, type Call, type CliState, type Command, DONE, data, message, refuse } from './command.ts';

function showPeers({ args: [first, section] }: Call): Answer {
  const name = first === 'dict' || first === '-' ? section : first;
  return name === undefined ? DONE : refuse('No such peers');
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

interface Empty {
  readonly name: string;
  readonly heading: string;
  /** What whoever asks for one of them is answered. */
  readonly unknown?: string;
}

/** Reports of nothing. */
const EMPTY: readonly Empty[] = [
  { name: 'show ssl ocsp-response', heading: '', unknown: 'Certificate ID does not match any certificate.' },
  { name: 'show ssl providers', heading: 'Loaded providers : \n' },
  { name: 'show tls-keys', heading: '# id (file)\n', unknown: "'show tls-keys' unable to locate referenced filename" },
];

/** Options that stand before a name, and what they are answered without one. */
const OPTIONS: Readonly<Record<string, Answer>> = {
  'show tls-keys *': data('# id secret\n'),
};

function showNothing({ name, heading, unknown }: Empty, { args: [first, ...more] }: Call): Answer {
  if (first === undefined || unknown === undefined) return data(heading);
  return (more.length === 0 ? OPTIONS[`${name} ${first}`] : undefined) ?? refuse(unknown);
}

export const absentCommands: readonly Command[] = [
  { name: 'show peers', syntax: '[dict|-] [<section>]', help: 'peers (there are none)', run: showPeers },
  { name: 'show cache', syntax: '', help: 'caches (there are none)', level: 'admin', run: () => DONE },
  { name: 'expert-mode', syntax: '[on|off]', help: '', level: 'admin', run: mode('expert') },
  { name: 'experimental-mode', syntax: '[on|off]', help: '', level: 'admin', run: mode('experimental') },
  ...EMPTY.map((report) => ({
    name: report.name,
    syntax: '',
    help: '',
    run: (call: Call) => showNothing(report, call),
  })),
];
