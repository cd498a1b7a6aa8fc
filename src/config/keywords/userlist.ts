/** `userlist` (manual 3.4) and `resolvers` (manual 5.3.2). */

import { cryptRounds, isCryptHash } from '../../core/crypt.ts';
import type { ResolversDraft, UserlistDraft } from '../draft.ts';
import type { Row, Statement } from '../row.ts';

/** About a tenth of a second. */
const MANY_ROUNDS = 50_000;

function parseUser(list: UserlistDraft, line: Statement): void {
  const [name = '', ...words] = line.words;
  let password = '';
  let insecure = false;
  let groups: readonly string[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const option = words[i] ?? '';
    const value = words[i + 1] ?? '';
    if (option === 'groups') groups = names(value);
    else if (option === 'password' || option === 'insecure-password') {
      password = value;
      insecure = option === 'insecure-password';
    } else {
      line.fail("'user' only supports 'password', 'insecure-password' and 'groups' options.");
      return;
    }
  }
  if (list.users.has(name)) {
    line.warn(`ignoring duplicated user '${name}' in userlist '${list.name}'.`);
    return;
  }
  if (!insecure && password !== '' && !isCryptHash(password)) {
    line.warn(`the encrypted password used for user '${name}' is not supported: it is none of $1$, $5$ and $6$, and never matches.`);
  }
  const rounds = insecure ? undefined : cryptRounds(password);
  if (rounds !== undefined && rounds > MANY_ROUNDS) {
    line.warn(
      `the encrypted password of user '${name}' has rounds=${rounds}: all traffic waits whenever one is compared with it. Up to ${MANY_ROUNDS} are bearable.`,
    );
  }
  list.users.set(name, { place: line.place, password, insecure, groups });
}

function parseGroup(list: UserlistDraft, line: Statement): void {
  const [name = '', option, users = ''] = line.words;
  if (option !== undefined && option !== 'users') {
    line.fail("'group' only supports 'users' option.");
    return;
  }
  if (list.groups.has(name)) {
    line.warn(`ignoring duplicated group '${name}' in userlist '${list.name}'.`);
    return;
  }
  list.groups.set(name, { place: line.place, users: names(users) });
}

function names(text: string): readonly string[] {
  return text.split(',').filter((name) => name !== '');
}

export const userlistRows: readonly Row<UserlistDraft>[] = [
  {
    name: 'group',
    sections: ['userlist'],
    syntax: '<name> [users <user>[,<user>]...]',
    chapter: '3.4',
    doc: 'A group, and users of the list that belong to it.',
    min: 1,
    max: 3,
    missing: "'group' expects <name> as arguments.",
    parse: parseGroup,
  },
  {
    name: 'user',
    sections: ['userlist'],
    syntax: '<name> [password <hash>|insecure-password <text>] [groups <group>[,<group>]...]',
    chapter: '3.4',
    doc: 'A user with a password in crypt(3) form (`$1$`, `$5$` or `$6$`) or in clear text. One in crypt(3) form costs some milliseconds whenever somebody is wrong about it; wrong ones get a tenth of the time, those longer than 511 bytes none.',
    min: 1,
    missing: "'user' expects <name> as arguments.",
    parse: parseUser,
  },
];

const SYSTEM = 'names are resolved by the system resolver, again and again';

function resolver(name: string, syntax: string): Row<ResolversDraft> {
  return {
    name,
    sections: ['resolvers'],
    syntax,
    chapter: '5.3.2',
    doc: `Accepted without effect: ${SYSTEM}.`,
    noEffect: SYSTEM,
    parse: () => undefined,
  };
}

/** Read so that a text may have them; the section as a whole gets one notice. */
export const resolversRows: readonly Row<ResolversDraft>[] = [
  resolver('accepted_payload_size', '<bytes>'),
  resolver('hold', '<status> <time>'),
  resolver('nameserver', '<name> <address>:<port>'),
  resolver('parse-resolv-conf', ''),
  resolver('resolve_retries', '<count>'),
  resolver('timeout', '<event> <time>'),
];

export const resolversNotice = `section 'resolvers' is accepted and has no effect: ${SYSTEM}.`;
