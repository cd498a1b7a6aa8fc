/** `show config`: the configuration in force, with what was discovered, as a text for HAProxy. Fairlead's own. */

import type { Answer, Call, Command } from './command.ts';

/** An empty line ends an answer where the connection goes on: it gets a blank. */
function* lines(text: Iterable<string>): Generator<string> {
  for (const line of text) yield `${line === '' ? ' ' : line}\n`;
}

function show({ runtime }: Call): Answer {
  return { kind: 'data', pieces: lines(runtime.render()) };
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
