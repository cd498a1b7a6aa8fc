/** Commands about the process: what it is, its environment, its limits. */

import { compatibleVersion } from '../../config/condition.ts';
import { monotonic } from '../../core/clock.ts';
import { Level } from '../../core/log.ts';
import { duration, type InfoFormat, info } from '../../stats/info.ts';
import { type Answer, type Call, type Command, DONE, data, message, refuse } from './command.ts';
import { leadingInteger } from './numbers.ts';

function showInfo({ args, runtime }: Call): Answer {
  const formats = args.filter((word) => word === 'json' || word === 'typed');
  const format = (formats.at(-1) ?? 'text') as InfoFormat['format'];
  return data(info(runtime, { format, desc: args.includes('desc'), float: args.includes('float') }));
}

function showEnv({ args, runtime }: Call): Answer {
  const { env } = runtime;
  const [name] = args;
  if (name === undefined) return data(...Object.entries(env).map(([key, value]) => `${key}=${oneLine(value ?? '')}\n`));
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === undefined ? refuse('Variable not found') : data(`${name}=${oneLine(value)}\n`);
}

/** No answer has an empty line inside. */
function oneLine(value: string): string {
  return value.replaceAll('\n', ' ');
}

function setMaxconn({ args, runtime }: Call): Answer | Promise<Answer> {
  const [text] = args;
  if (text === undefined) return refuse('Expects an integer value.');
  const value = leadingInteger(text);
  const hard = runtime.config.global.maxconn;
  if (value === undefined) return refuse('Expects an integer value.');
  if (hard !== undefined && value > hard) return refuse('Value out of range.');
  return runtime.setMaxconn(value > 0 ? value : (hard ?? 0)).then(() => DONE);
}

export const aboutCommands: readonly Command[] = [
  { name: 'show info', syntax: '[desc|json|typed|float]*', help: 'what the process is and does', run: showInfo },
  { name: 'show version', syntax: '', help: 'the version of the process', run: () => message(Level.Info, compatibleVersion) },
  {
    name: 'show uptime',
    syntax: '',
    help: 'how long the process has been running',
    run: ({ runtime: { facts } }) => message(Level.Info, duration((monotonic() - facts.startedAt) / 1000)),
  },
  { name: 'show env', syntax: '[<name>]', help: 'the environment of the process', level: 'operator', run: showEnv },
  { name: 'set maxconn global', syntax: '<number>', help: 'how many client connections there may be', level: 'admin', run: setMaxconn },
];
