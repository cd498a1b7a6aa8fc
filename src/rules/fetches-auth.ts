/** Who the client says it is (RFC 7617), and whether a `userlist` knows it (manual 3.4, 7.3.6). */

import type { Userlist } from '../config/model.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Head } from '../http/head.ts';
import type { Arguments } from './arguments.ts';
import { RuleError } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { type Source, single } from './sample.ts';
import type { Scope } from './scope.ts';
import type { RuleContext } from './types.ts';
import { type Basic, Users } from './users.ts';

const CHAPTER = '7.3.6';

/** `Basic <base64 of user:password>`, or another scheme. */
function credentials(head: Head): { readonly scheme: string; readonly rest: string } | undefined {
  const [, scheme, rest] = /^(\S+) +(\S.*)$/.exec(head.first('authorization') ?? '') ?? [];
  return scheme === undefined || rest === undefined ? undefined : { scheme, rest };
}

function basic(head: Head): Basic | undefined {
  const { scheme, rest = '' } = credentials(head) ?? {};
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(rest, 'base64').toString('latin1')) ?? [];
  return user === undefined || password === undefined ? undefined : { user, password };
}

type User = Userlist['users'][number];

/** One for each list of a configuration, whichever rules ask. */
const known = new WeakMap<Userlist, Users>();

function usersOf(name: string, { userlists }: Scope): Users | undefined {
  if (name === '') throw new RuleError('missing userlist name');
  // Nobody can tell yet.
  if (userlists === undefined) return undefined;
  const list = userlists.get(name);
  if (list === undefined) throw new RuleError(`unable to find userlist '${name}'${didYouMean(name, userlists.keys())}`);
  const users = known.get(list) ?? new Users(list);
  known.set(list, users);
  return users;
}

function requestOnly(compile: (head: Head) => string | undefined): FetchRow['compile'] {
  return () => ({ type: 'str', source: single((context) => compile(context.request)) });
}

function text(name: string, help: string, get: (head: Head) => string | undefined): FetchRow {
  return { names: [name], arguments: [], type: 'str', needs: 'request', chapter: CHAPTER, help, compile: requestOnly(get) };
}

const USERLIST = [{ name: 'userlist', type: 'string' }] as const;

/** The user's name; to an ACL, which compares it with groups, the groups. */
function groupsOf(find: (context: RuleContext) => User | undefined): Source<string> {
  return {
    get: (context) => find(context)?.name,
    matching: (test) => (context) => find(context)?.groups.some(test) === true,
  };
}

function finder([name = '']: Arguments, scope: Scope): (context: RuleContext) => User | undefined {
  const users = usersOf(name, scope);
  return ({ request }) => {
    const given = basic(request);
    return given === undefined ? undefined : users?.find(given);
  };
}

export const AUTH_FETCHES: readonly FetchRow[] = [
  {
    names: ['http_auth'],
    arguments: USERLIST,
    type: 'bool',
    needs: 'request',
    chapter: CHAPTER,
    help: 'Whether user and password of basic authentication are in the userlist; nothing where there are none.',
    compile: (args, scope) => {
      const find = finder(args, scope);
      return {
        type: 'bool',
        source: single((context) => (basic(context.request) === undefined ? undefined : find(context) !== undefined)),
      };
    },
  },
  {
    names: ['http_auth_group'],
    arguments: USERLIST,
    type: 'str',
    needs: 'request',
    chapter: CHAPTER,
    help: 'The user of basic authentication, if the userlist has it with this password. The values of an ACL are groups: one of them must have the user.',
    groups: true,
    compile: (args, scope) => ({ type: 'str', source: groupsOf(finder(args, scope)) }),
  },
  text('http_auth_type', 'Scheme of the `Authorization` field: `Basic`, `Bearer`.', (head) => {
    const { scheme } = credentials(head) ?? {};
    return scheme !== undefined && /^(basic|bearer)$/i.test(scheme) ? (scheme.length === 5 ? 'Basic' : 'Bearer') : undefined;
  }),
  text('http_auth_user', 'User of basic authentication.', (head) => basic(head)?.user),
  text('http_auth_pass', 'Password of basic authentication.', (head) => basic(head)?.password),
  text('http_auth_bearer', 'Token of bearer authentication.', (head) => {
    const { scheme, rest } = credentials(head) ?? {};
    return scheme?.toLowerCase() === 'bearer' ? rest : undefined;
  }),
];
