/**
 * `show resolvers`, `show stat domain resolvers`: how host names were resolved. The system does that (getaddrinfo): there is one
 * section, HAProxy's own `default`, with one name server in it, which stands for whatever the system asks.
 */

import { cellOf } from '../../stats/typed.ts';
import { type Answer, type Call, type Command, data, refuse } from './command.ts';
import type { Runtime } from './runtime.ts';

const SECTION = 'default';
const SERVER = 'system';

/** HAProxy's counters with its names, in its order: those of its report, then those of its statistics. */
function counts({ resolver }: Runtime): readonly (readonly [name: string, column: string, value: number])[] {
  const { sent, valid, update, nx, other, outdated } = resolver;
  return [
    ['sent', 'sent', sent],
    ['snd_error', 'send_error', 0],
    ['valid', 'valid', valid],
    ['update', 'update', update],
    ['cname', 'cname', 0],
    ['cname_error', 'cname_error', 0],
    ['any_err', 'any_err', 0],
    ['nx', 'nx', nx],
    ['timeout', 'timeout', 0],
    ['refused', 'refused', 0],
    ['other', 'other', other],
    ['invalid', 'invalid', 0],
    ['too_big', 'too_big', 0],
    ['truncated', 'truncated', 0],
    ['outdated', 'outdated', outdated],
  ];
}

function show({ args: [section], runtime }: Call): Answer {
  if (section !== undefined && section !== SECTION) return refuse("Can't find that resolvers section");
  const lines = counts(runtime).map(([name, , value]) => `  ${`${name}:`.padEnd(13)}${value}\n`);
  return data(`Resolvers section ${SECTION}\n nameserver ${SERVER}:\n`, ...lines);
}

/** `show stat domain resolvers [typed|json]` */
export function resolverStatistics(runtime: Runtime, words: readonly string[]): string {
  const cells = [
    { name: 'id', tags: 'CGP:str', value: SERVER },
    { name: 'pid', tags: 'CGP:str', value: SECTION },
    ...counts(runtime).map(([, name, value]) => ({ name, tags: 'MGP:u64', value })),
  ];
  if (words.includes('json')) {
    const row = cells.map(({ name, tags, value }, pos) => ({ field: { pos, name }, ...cellOf(tags, value) }));
    return `${JSON.stringify([row])}\n`;
  }
  if (words.includes('typed')) return cells.map(({ name, tags, value }, pos) => `N.${pos}.${name}:${tags}:${value}\n`).join('');
  const line = (texts: readonly (string | number)[]): string => `${texts.join(',')},\n`;
  return `# ${line(cells.map(({ name }) => name))}${line(cells.map(({ value }) => value))}`;
}

export const resolverCommands: readonly Command[] = [
  { name: 'show resolvers', syntax: '[<section>]', help: 'how host names were resolved', run: show },
];
