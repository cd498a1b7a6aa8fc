/** Commands about frontends: their limit, and whether they listen. */

import { Level } from '../../core/log.ts';
import type { FrontendState } from '../../proxy/frontend.ts';
import { type Answer, type Call, type Command, DONE, message, refuse } from './command.ts';
import { findFrontend } from './find.ts';
import { leadingInteger } from './numbers.ts';

function setMaxconn(call: Call): Answer | Promise<Answer> {
  const frontend = findFrontend(call);
  if ('kind' in frontend) return frontend;
  const [, text] = call.args;
  if (text === undefined) return refuse('Integer value expected.');
  const value = leadingInteger(text);
  if (value === undefined) return refuse('Integer value expected.');
  if (value < 0) return refuse('Value out of range.');
  return call.runtime.setFrontendMaxconn(frontend, value).then(() => DONE);
}

/** What is answered where the frontend is in that state already, or will never leave it. */
type Refusals = Readonly<Partial<Record<FrontendState, Answer>>>;

function setState(state: FrontendState, refusals: Refusals): (call: Call) => Answer | Promise<Answer> {
  return (call) => {
    const frontend = findFrontend(call);
    if ('kind' in frontend) return frontend;
    const refused = refusals[frontend.state];
    if (refused !== undefined) return refused;
    return call.runtime.setFrontendState(frontend, state).then((done) => (done ? DONE : refuse('Failed to resume frontend.')));
  };
}

const enable = setState('OPEN', {
  OPEN: message(Level.Notice, 'All sockets are already enabled.'),
  STOP: refuse('Frontend was previously shut down, cannot enable.'),
});
const disable = setState('PAUSED', {
  PAUSED: message(Level.Notice, 'All sockets are already disabled.'),
  STOP: message(Level.Notice, 'Frontend was previously shut down, cannot disable.'),
});
const shutdown = setState('STOP', { STOP: message(Level.Notice, 'Frontend was already shut down.') });

export const frontendCommands: readonly Command[] = [
  {
    name: 'set maxconn frontend',
    syntax: '<frontend> <number>',
    help: 'how many connections a frontend may have',
    level: 'admin',
    run: setMaxconn,
  },
  { name: 'enable frontend', syntax: '<frontend>', help: 'listen again', level: 'admin', run: enable },
  { name: 'disable frontend', syntax: '<frontend>', help: 'stop listening for a while', level: 'admin', run: disable },
  { name: 'shutdown frontend', syntax: '<frontend>', help: 'stop listening for good', level: 'admin', run: shutdown },
];
