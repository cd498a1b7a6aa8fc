/**
 * All commands of the Runtime API: a row each, in the file of its subject. HAProxy's that Fairlead does not have are
 * rows, too: who asks for one is told so, and not that there is no such word.
 */

import { aboutCommands } from './about.ts';
import { absentCommands } from './absent.ts';
import { type Command, refuse } from './command.ts';
import { configCommands } from './config.ts';
import { connectionCommands } from './connection.ts';
import { counterCommands } from './counters.ts';
import { dynamicCommands } from './dynamic.ts';
import { errorCommands } from './errors.ts';
import { explainCommands } from './explain.ts';
import { frontendCommands } from './frontends.ts';
import { help } from './help.ts';
import { memberCommands } from './members.ts';
import { patternCommands } from './patterns.ts';
import { poolCommands } from './pools.ts';
import { rateLimitCommands } from './rate-limits.ts';
import { resolverCommands } from './resolvers.ts';
import { serverCommands } from './servers.ts';
import { sessionCommands } from './sessions.ts';
import { sslCommands } from './ssl.ts';
import { statCommands } from './stat.ts';
import { tableCommands } from './tables.ts';
import { variableCommands } from './variables.ts';
import { vitalCommands } from './vitals.ts';

function notDone(why: string, ...names: readonly string[]): readonly Command[] {
  return names.map((name) => ({ name, syntax: '', help: '', run: () => refuse(`'${name}' is not done by Fairlead: ${why}.`) }));
}

const OWN = 'it concerns how HAProxy itself runs';

const refused: readonly Command[] = [
  ...notDone(
    'of TLS it has certificates, lists of them, authorities and revocations',
    'show ssl',
    'set ssl',
    'new ssl',
    'add ssl',
    'del ssl',
    'commit ssl',
    'abort ssl',
  ),
  ...notDone(OWN, 'debug'),
];

const own: readonly Command[] = [
  ...configCommands,
  ...connectionCommands,
  ...counterCommands,
  ...dynamicCommands,
  ...frontendCommands,
  ...memberCommands,
  ...poolCommands,
  ...rateLimitCommands,
  ...aboutCommands,
  ...absentCommands,
  ...errorCommands,
  ...explainCommands,
  ...patternCommands,
  ...vitalCommands,
  ...resolverCommands,
  ...serverCommands,
  ...sessionCommands,
  ...sslCommands,
  ...statCommands,
  ...tableCommands,
  ...variableCommands,
];

export const COMMANDS: readonly Command[] = [
  ...own,
  { name: 'help', syntax: '[<command>]', help: 'list matching or all commands', run: ({ args }) => help(own, args) },
  ...refused,
];
