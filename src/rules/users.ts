/**
 * The users of a `userlist`, asked whether a name and a password are one's (manual 3.4).
 *
 * A password in crypt(3) form costs milliseconds to compare with, and all traffic waits meanwhile. So what was right and what
 * was wrong is remembered, by a digest of it, and passwords that are wrong get a tenth of the time: who is asked about beyond
 * that and is not remembered is told no.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Userlist } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { cryptMatches } from '../core/crypt.ts';

type User = Userlist['users'][number];

export interface Basic {
  readonly user: string;
  readonly password: string;
}

/** So many passwords that were right are remembered, and so many that were wrong. */
const REMEMBERED = 1000;
/** In bytes: libxcrypt, which HAProxy asks, takes no longer ones either. */
const LONGEST_PASSWORD = 511;
/** What wrong passwords may cost: at once in ms, and afterwards of all time. */
const BURST = 300;
const SHARE = 0.1;

export class Users {
  private readonly users: ReadonlyMap<string, User>;
  private readonly now: () => number;
  private readonly right = new Set<string>();
  private readonly wrong = new Set<string>();
  /** Of what wrong passwords have cost, ms that they have not waited for yet, at a time. */
  private debt = 0;
  private debtAt = 0;

  /** `now` in ms. */
  constructor({ users }: Userlist, now = monotonic) {
    // Names are bytes on the wire.
    this.users = new Map(users.map((user) => [Buffer.from(user.name).toString('latin1'), user]));
    this.now = now;
  }

  /** The user whose name and password these are. */
  find({ user: name, password }: Basic): User | undefined {
    const user = this.users.get(name);
    if (user === undefined) return undefined;
    const given = Buffer.from(password, 'latin1');
    return (user.insecure ? same(given, Buffer.from(user.password)) : this.fits(user, given)) ? user : undefined;
  }

  private fits(user: User, given: Buffer): boolean {
    if (given.length > LONGEST_PASSWORD) return false;
    const digest = createHash('sha256').update(`${user.name}\0`).update(given).digest('base64');
    if (this.right.has(digest)) return true;
    if (this.wrong.has(digest)) return false;
    const start = this.now();
    this.debt = Math.max(0, this.debt - (start - this.debtAt) * SHARE);
    this.debtAt = start;
    if (this.debt > BURST) return false;
    const fits = cryptMatches(given, user.password);
    remember(fits ? this.right : this.wrong, digest);
    if (!fits) this.debt += this.now() - start;
    return fits;
  }
}

function remember(digests: Set<string>, digest: string): void {
  if (digests.size >= REMEMBERED) digests.clear();
  digests.add(digest);
}

/** Takes as long whatever they have in common. */
function same(one: Buffer, other: Buffer): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
