/** Commands about lists of containers: `show members`, `add member`, `del member`, for `docker-servers members=FILE`. Fairlead's own. */

import type { Backend } from '../../backend/backend.ts';
import { type Member, type MemberReport, readMember } from '../../config/member.ts';
import { Level } from '../../core/log.ts';
import { findBackend } from '../names.ts';
import { type Answer, type Call, type Command, data, message, refuse } from './command.ts';

function show({ args, runtime }: Call): Answer {
  const json = args.at(-1) === 'json';
  const [name] = json ? args.slice(0, -1) : args;
  const backend = name === undefined ? undefined : findBackend(runtime.proxies, name);
  if (name !== undefined && backend === undefined) return refuse("Can't find backend.");
  if (backend !== undefined && !keepsList(backend)) return refuse(`'${backend.name}' has no line 'docker-servers members=...'.`);
  const { members, problems } = runtime.members(backend?.name);
  const [problem] = problems;
  if (backend !== undefined && problem !== undefined) return refuse(`${problem}.`);
  if (json) return data(`${JSON.stringify(members)}\n`);
  return data('# backend id port state address\n', ...problems.map((text) => `# ${text}\n`), ...members.map(lineOf));
}

function keepsList({ config }: Backend): boolean {
  return config.dockerServers.some(({ selector }) => selector.members !== undefined);
}

function lineOf({ backend, id, port, found, address }: MemberReport): string {
  return `${backend} ${id} ${port ?? '-'} ${found ? 'found' : 'not_found'} ${address === '' ? '-' : address}\n`;
}

/** Runs with the backend and the container that the words name. */
function withMember(act: (backend: Backend, member: Member, call: Call) => Promise<Answer>): (call: Call) => Answer | Promise<Answer> {
  return (call) => {
    const [name, word] = call.args;
    if (name === undefined || word === undefined) return refuse("Require 'backend' and a container's id.");
    const backend = findBackend(call.runtime.proxies, name);
    if (backend === undefined) return refuse('No such backend.');
    const member = readMember(word);
    return 'error' in member ? refuse(`${member.error}.`) : act(backend, member.value, call);
  };
}

const add = withMember(async (backend, member, { runtime }) => {
  const outcome = await runtime.addMember(backend, member);
  if ('error' in outcome) return refuse(outcome.error);
  return message(Level.Info, `${outcome.value.id} is a member of '${backend.name}' at ${outcome.value.address}.`);
});

const remove = withMember(async (backend, { id }, { runtime }) => {
  const outcome = await runtime.removeMember(backend, id);
  return 'error' in outcome ? refuse(outcome.error) : message(Level.Info, `${outcome.value} is no member of '${backend.name}' any more.`);
});

export const memberCommands: readonly Command[] = [
  {
    name: 'show members',
    syntax: '[<backend>] [json]',
    help: "the containers in the list of 'docker-servers members='",
    run: show,
  },
  {
    name: 'add member',
    syntax: '<backend> <id>[:<port>]',
    help: 'put a container into that list, by its own port where it has several',
    level: 'admin',
    run: add,
  },
  { name: 'del member', syntax: '<backend> <id>', help: 'take a container out of it', level: 'admin', run: remove },
];
