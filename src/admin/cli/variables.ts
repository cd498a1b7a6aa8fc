/** `get var`, `set var` (management manual 9.3): variables of the process. */

import { bytesOf, textOf } from '../../core/bytes.ts';
import { type Answer, type Call, type Command, DONE, data, refuse, refuseUnended } from './command.ts';

const NO_NAME = refuse('Missing process-wide variable identifier.');

function getVariable({ args: [name], runtime }: Call): Answer {
  if (name === undefined) return NO_NAME;
  const found = runtime.variable(bytesOf(name));
  return found === undefined ? refuse('Variable not found.') : data(`${name}: ${textOf(found)}`);
}

/** `<name> <expr>`, `<name> expr <expr>`, `<name> fmt <fmt>`; the mode is an admin's. */
function setVariable({ args, runtime, state }: Call): Answer {
  if (!state.experimental) return refuse('This command is restricted to experimental mode only.');
  const [name, first, second] = args;
  if (name === undefined) return NO_NAME;
  if (first === undefined) return refuse("Missing either 'expr', 'fmt' or expression.");
  if (second !== undefined && first !== 'expr' && first !== 'fmt') {
    return refuseUnended(`'set var': arg type must be either 'expr' or 'fmt' but got '${first}'.`);
  }
  const kind = second !== undefined && first === 'fmt' ? 'fmt' : 'expr';
  const error = runtime.setVariable(bytesOf(name), kind, bytesOf(second ?? first));
  return error === undefined ? DONE : refuseUnended(textOf(error));
}

export const variableCommands: readonly Command[] = [
  { name: 'get var', syntax: '<name>', help: 'value of a variable of the process', level: 'operator', run: getVariable },
  { name: 'set var', syntax: '<name> [fmt|expr] {<fmt>|<expr>}', help: '', run: setVariable },
];
