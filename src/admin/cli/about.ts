/** Commands about the process: what it is, its environment, its limits. */

import { compatibleVersion } from '../../config/condition.ts';
import { wall } from '../../core/clock.ts';
import { Level } from '../../core/log.ts';
import { accessDate } from '../../stats/dates.ts';
import { type Answer, type Call, type Command, DONE, data, message, refuse } from './command.ts';
import { info, infoJson, infoTyped } from './info.ts';
import { leadingInteger } from './numbers.ts';

function showInfo({ args, runtime }: Call): Answer {
  if (args.includes('json')) return data(infoJson(runtime));
  if (args.includes('typed')) return data(infoTyped(runtime, args.includes('desc')));
  return data(info(runtime, args.includes('desc')));
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

/** HAProxy keeps malformed messages here. We log them where they come, and keep none. */
function showErrors({ args, runtime }: Call): Answer {
  const [proxy] = args;
  const known = proxy === undefined || /^-?\d+$/.test(proxy) || runtime.proxies.some(({ name }) => name === proxy);
  if (!known) return refuse('No such proxy.');
  return data(`Total events captured on [${accessDate(wall())}] : 0\n`);
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
  { name: 'show info', syntax: '[desc|json|typed]*', help: 'what the process is and does', run: showInfo },
  { name: 'show version', syntax: '', help: 'the version of the process', run: () => message(Level.Info, compatibleVersion) },
  { name: 'show env', syntax: '[<name>]', help: 'the environment of the process', level: 'operator', run: showEnv },
  {
    name: 'show errors',
    syntax: '[<proxy>] [request|response]',
    help: 'malformed messages that were kept (none are)',
    level: 'operator',
    run: showErrors,
  },
  { name: 'set maxconn global', syntax: '<number>', help: 'how many client connections there may be', level: 'admin', run: setMaxconn },
];
