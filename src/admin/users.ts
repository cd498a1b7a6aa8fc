/** Who may see the statistics: `Authorization: Basic` (RFC 7617) against clear-text users of the configuration. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { parse } from 'basic-auth';

export interface User {
  readonly user: string;
  readonly password: string;
}

type Digest = readonly [user: Buffer, password: Buffer];

/** Users do not change while a configuration lives: their digests are made once. */
const digests = new WeakMap<readonly User[], readonly Digest[]>();

/**
 * Whether the field value names one of the users with its password. Time does not depend on how much of it is right
 * or on which user it is: digests of equal length are compared, and all of them.
 */
export function isAuthorized(users: readonly User[], authorization: string | undefined): boolean {
  const given = authorization === undefined ? undefined : parse(authorization);
  if (given === undefined) return false;
  const user = digest(given.name);
  const password = digest(given.pass);
  let found = false;
  for (const [wantedUser, wantedPassword] of digestsOf(users)) {
    const sameUser = timingSafeEqual(user, wantedUser);
    const samePassword = timingSafeEqual(password, wantedPassword);
    found = (sameUser && samePassword) || found;
  }
  return found;
}

function digestsOf(users: readonly User[]): readonly Digest[] {
  let known = digests.get(users);
  if (known === undefined) {
    known = users.map(({ user, password }) => [digest(user), digest(password)] as const);
    digests.set(users, known);
  }
  return known;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
