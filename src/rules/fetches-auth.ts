/**
 * Who the client says it is (RFC 7617), and whether a `userlist` knows it (manual 3.4, 7.3.6).
 *
 * A password in crypt(3) form costs milliseconds to compare with: what was right is remembered, by a digest of it.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Userlist } from '../config/model.ts';
import { cryptMatches } from '../core/crypt.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Head } from '../http/head.ts';
import type { Arguments } from './arguments.ts';
import { RuleError } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { type Source, single } from './sample.ts';
import type { Scope } from './scope.ts';
import type { RuleContext } from './types.ts';

const CHAPTER = '7.3.6';

/** `Basic <base64 of user:password>`, or another scheme. */
function credentials(head: Head): { readonly scheme: string; readonly rest: string } | undefined {
  const [, scheme, rest] = /^(\S+) +(\S.*)$/.exec(head.first('authorization') ?? '') ?? [];
  return scheme === undefined || rest === undefined ? undefined : { scheme, rest };
}

interface Basic {
  readonly user: string;
  readonly password: string;
}

function basic(head: Head): Basic | undefined {
  const { scheme, rest = '' } = credentials(head) ?? {};
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(rest, 'base64').toString('latin1')) ?? [];
  return user === undefined || password === undefined ? undefined : { user, password };
}

type User = Userlist['users'][number];

/** So many passwords that were right are remembered. */
const REMEMBERED = 1000;

/** The users of a list, asked by rules. */
class Users {
  private readonly users: ReadonlyMap<string, User>;
  private readonly right = new Set<string>();

  constructor({ users }: Userlist) {
    // Names are bytes on the wire.
    this.users = new Map(users.map((user) => [Buffer.from(user.name).toString('latin1'), user]));
  }

  /** The user whose name and password these are. */
  find({ user: name, password }: Basic): User | undefined {
    const user = this.users.get(name);
    if (user === undefined) return undefined;
    const given = Buffer.from(password, 'latin1');
    return (user.insecure ? same(given, Buffer.from(user.password)) : this.fits(user, given)) ? user : undefined;
  }

  private fits(user: User, given: Buffer): boolean {
    const digest = createHash('sha256').update(`${user.name}\0`).update(given).digest('base64');
    if (this.right.has(digest)) return true;
    if (!cryptMatches(given, user.password)) return false;
    if (this.right.size >= REMEMBERED) this.right.clear();
    this.right.add(digest);
    return true;
  }
}

/** Takes as long whatever they have in common. */
function same(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

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
