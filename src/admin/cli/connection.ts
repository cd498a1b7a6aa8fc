/** Commands about the connection itself: its level, its prompt, how long it may be idle. */

import { Level } from '../../core/log.ts';
import { type Answer, allows, type Call, type CliLevel, type Command, DENIED, DONE, data, message, refuse } from './command.ts';

/** `done` is what is answered where it may be. */
export function lower(level: CliLevel, done: Answer): (call: Call) => Answer {
  return ({ state }) => {
    if (!allows(state.level, level)) return DENIED;
    state.level = level;
    // As in HAProxy they go with the rights.
    state.expert = false;
    state.experimental = false;
    return done;
  };
}

/** Of a timer, ms; HAProxy takes more. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** For HAProxy, ms. */
const TOO_LONG = 2 ** 31 * 1000;

function setTimeout({ args, state }: Call): Answer {
  if (args[0] !== 'cli') return refuse("'set timeout' only supports 'cli'.");
  if (args[1] === undefined) return refuse('Expects an integer value.');
  const match = /^(\d+)(us|ms|s|m|h|d)?$/.exec(args[1]);
  const unit = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? 's'] ?? 0;
  const timeout = Math.ceil(Number(match?.[1]) * unit);
  if (!(timeout >= 1 && timeout < TOO_LONG)) return refuse('Invalid timeout value.');
  state.timeout = Math.min(timeout, LONGEST_WAIT);
  return DONE;
}

export function setSeverity({ args, state }: Call): Answer {
  const [how] = args;
  if (how !== 'none' && how !== 'number' && how !== 'string') return refuse("one of 'none', 'number', 'string' is a required argument");
  state.severity = how;
  return DONE;
}

export function togglePrompt(done: Answer): (call: Call) => Answer {
  return ({ state }) => {
    state.interactive = !state.interactive;
    return done;
  };
}

function showSockets({ runtime }: Call): Answer {
  return data('# socket lvl processes\n', ...runtime.sockets.map(({ text, config }) => `${text} ${config.level} all\n`));
}

export const connectionCommands: readonly Command[] = [
  { name: 'operator', syntax: '', help: 'lower the level of this connection to operator', run: lower('operator', DONE) },
  { name: 'user', syntax: '', help: 'lower the level of this connection to user', run: lower('user', DONE) },
  { name: 'prompt', syntax: '', help: 'toggle interactive mode with prompt', run: togglePrompt(DONE) },
  { name: 'quit', syntax: '', help: 'disconnect', run: () => ({ kind: 'close' }) },
  { name: 'set timeout', syntax: 'cli <delay>', help: 'how long this connection may be idle', run: setTimeout },
  { name: 'set severity-output', syntax: '{none|number|string}', help: 'put severities in front of messages', run: setSeverity },
  { name: 'show cli level', syntax: '', help: 'the level of this connection', run: ({ state }) => message(Level.Info, state.level) },
  { name: 'show cli sockets', syntax: '', help: 'where the Runtime API listens', run: showSockets },
];
