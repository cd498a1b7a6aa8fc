/**
 * HAProxy's master CLI (management manual 9.4): what `-W -S <address>` opens. Programs that reload or ask HAProxy through
 * its master find it here, though there is one process: it answers for the master and for the worker.
 *
 * `@1 <command>` and `@!<pid> <command>` ask the worker, `@1` alone makes it who is asked from then on, `@` goes back.
 */

import { compatibleVersion } from '../../config/condition.ts';
import { monotonic } from '../../core/clock.ts';
import { Level } from '../../core/log.ts';
import { mode } from './absent.ts';
import { type Answer, allows, type Call, type CliLevel, type CliState, type Command, DENIED, DONE, data, message } from './command.ts';
import { COMMANDS } from './commands.ts';
import { lower, setSeverity, togglePrompt } from './connection.ts';
import { help } from './help.ts';
import type { Runtime } from './runtime.ts';
import type { Addressed, Dialect } from './session.ts';

const SILENT: Answer = { kind: 'bare', text: '' };

/** Its answer is the end of the connection, as if the process had been replaced. */
function reload({ runtime }: Call): Promise<Answer> {
  return runtime.reload().then(() => ({ kind: 'close' }));
}

function showProcesses({ runtime: { facts, reloads } }: Call): Answer {
  const seconds = Math.floor((monotonic() - facts.startedAt) / 1000);
  const line = (type: string, count: string): string => {
    const fields = [String(facts.pid), type, count, uptime(seconds), compatibleVersion];
    return `${fields
      .map((field) => field.padEnd(15))
      .join(' ')
      .trimEnd()}\n`;
  };
  const header = ['#<PID>', '<type>', '<reloads>', '<uptime>', '<version>'].map((field) => field.padEnd(15)).join(' ');
  return data(
    `${header}\n`,
    line('master', `${reloads.done} [failed: ${reloads.failed}]`),
    '# workers\n',
    line('worker', '0'),
    '# programs\n',
  );
}

/** `0d00h02m07s` */
function uptime(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(seconds / 86400)}d${two((seconds / 3600) % 24)}h${two((seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

const explained = (name: string, text: string): Command => ({ name, syntax: '', help: text, run: () => SILENT });

const own: readonly Command[] = [
  explained('@!<pid>', 'send a command to the process <pid>'),
  explained('@<relative pid>', 'send a command to the process <relative pid>'),
  explained('@master', 'send a command to the master process'),
  { name: 'operator', syntax: '', help: 'lower the level of this connection to operator', run: lower('operator', SILENT) },
  { name: 'user', syntax: '', help: 'lower the level of this connection to user', run: lower('user', SILENT) },
  { name: 'prompt', syntax: '', help: 'toggle interactive mode with prompt', run: togglePrompt(SILENT) },
  { name: 'quit', syntax: '', help: 'disconnect', run: () => ({ kind: 'bare', text: '', last: true }) },
  { name: 'reload', syntax: '', help: 'read the configuration again', level: 'operator', run: reload },
  { name: 'show cli level', syntax: '', help: 'the level of this connection', run: ({ state }) => message(Level.Info, state.level) },
  // The master has none that it would name: as HAProxy.
  { name: 'show cli sockets', syntax: '', help: 'where the Runtime API listens', run: () => DONE },
  { name: 'show proc', syntax: '', help: 'the processes', run: showProcesses },
  { name: 'show version', syntax: '', help: 'the version of the process', run: () => message(Level.Info, compatibleVersion) },
];

const MASTER: readonly Command[] = [
  ...own,
  { name: 'help', syntax: '[<command>]', help: 'list matching or all commands', run: ({ args }) => help(own, args) },
  ...(['expert', 'experimental', 'debug'] as const).map(
    (name): Command => ({
      name: name === 'debug' ? 'mcli-debug-mode' : `${name}-mode`,
      syntax: '[on|off]',
      help: '',
      level: 'admin',
      run: ({ args: [how], state }) => {
        state[name] = how === 'on';
        return SILENT;
      },
    }),
  ),
];

/** Commands of the worker as its master passes them on: these are about the connection, which is the master's. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'prompt',
  'quit',
  'operator',
  'user',
  'expert-mode',
  'experimental-mode',
  'mcli-debug-mode',
]);
const WORKER: readonly Command[] = [
  ...COMMANDS.filter(({ name }) => !OF_CONNECTION.has(name)),
  ...MASTER.filter(({ name }) => OF_CONNECTION.has(name)),
];

/** With its address in front, a command has a connection to the worker of its own: what it changes of that ends with it. */
function lowerForNow(level: CliLevel): (call: Call) => Answer {
  return ({ state }) => (allows(state.level, level) ? DONE : DENIED);
}
const FOR_NOW: ReadonlyMap<string, Command['run']> = new Map<string, Command['run']>([
  ['operator', lowerForNow('operator')],
  ['user', lowerForNow('user')],
  ['prompt', () => ({ kind: 'bare', text: '\n> ' })],
  ['quit', () => SILENT],
  ['expert-mode', forNow(mode('expert'))],
  ['experimental-mode', forNow(mode('experimental'))],
  ['set severity-output', forNow(setSeverity)],
]);
const PASSED: readonly Command[] = WORKER.map((command) => ({ ...command, run: FOR_NOW.get(command.name) ?? command.run }));

/** `mcli-debug-mode`: what the master does, and what its worker does. */
const BOTH: readonly Command[] = [...MASTER, ...COMMANDS.filter(({ name }) => !MASTER.some((own) => own.name === name))];

function forNow(run: (call: Call) => Answer): (call: Call) => Answer {
  return (call) => run({ ...call, state: { ...call.state } });
}

/** One connection to the master. */
export class MasterDialect implements Dialect {
  private readonly runtime: Runtime;
  readonly stays = true;
  private worker = false;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  private get pid(): number {
    return this.runtime.facts.pid;
  }

  /** `4711(xe)> `: who is asked, and the modes that are on. */
  prompt({ experimental, expert, debug }: CliState): string {
    const master = this.runtime.reloads.failed > 0 ? 'master[ReloadFailed]' : 'master';
    const modes = `${experimental ? 'x' : ''}${expert ? 'e' : ''}${debug ? 'd' : ''}`;
    return `${this.worker ? this.pid : master}${modes === '' ? '' : `(${modes})`}> `;
  }

  address([first = '', ...rest]: readonly string[], { debug }: CliState): Addressed | Answer {
    const own = debug ? BOTH : MASTER;
    if (!first.startsWith('@')) return { words: first === '' ? [] : [first, ...rest], commands: this.worker ? WORKER : own };
    const worker = first === '@1' || first === `@!${this.pid}`;
    const master = first === '@' || first === '@0' || first === '@master';
    if (!worker && !master) return { kind: 'bare', text: `Can't find the target PID matching the prefix '${first}'\n`, last: true };
    if (rest.length > 0) return { words: rest, commands: worker ? PASSED : own };
    this.worker = worker;
    return SILENT;
  }
}

/** One connection to the process itself. */
export const PROCESS: Dialect = { prompt: () => '> ', address: (words) => ({ words, commands: COMMANDS }) };
