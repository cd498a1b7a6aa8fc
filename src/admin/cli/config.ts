/** `show config`: the configuration in force, with what was discovered, as a text for HAProxy. Fairlead's own. */

import { type Answer, type Call, type Command, data } from './command.ts';

/** An empty line ends an answer where the connection goes on: it gets a blank. */
function show({ runtime }: Call): Answer {
  const lines = runtime.render().split('\n').slice(0, -1);
  return data(...lines.map((line) => `${line === '' ? ' ' : line}\n`));
}

export const configCommands: readonly Command[] = [
  {
    name: 'show config',
    syntax: '',
    help: 'the configuration in force with all servers and routes, as HAProxy would read it',
    // Passwords are in it.
    level: 'admin',
    run: show,
  },
];
