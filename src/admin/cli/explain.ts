/** `explain`: why a container, a host or a path is routed, and to whom, or is not. */

import { type Answer, type Call, type Command, data, refuse } from './command.ts';

function explain({ args, runtime }: Call): Answer {
  const json = args.at(-1) === 'json';
  const [asked = '', more] = json ? args.slice(0, -1) : args;
  if (more !== undefined) return refuse("'explain' expects a container, or <host>[/<path>], and perhaps 'json'.");
  const explained = runtime.explain(asked);
  return json ? data(`${JSON.stringify(explained.json)}\n`) : { kind: 'data', pieces: explained.lines };
}

export const explainCommands: readonly Command[] = [
  {
    name: 'explain',
    syntax: '[<container>|<host>[/<path>]] [json]',
    help: 'why it is routed, and to whom, or is not',
    level: 'operator',
    run: explain,
  },
];
