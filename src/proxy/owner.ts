/** Owner and group of a unix socket (manual 5.1, "user", "group", "uid", "gid"): names by the system's tables, or numbers. */

import { chownSync, readFileSync } from 'node:fs';

/** Unchanged, for chown. */
const SAME = -1;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Throws an Error that names an unknown user or group. */
export function findOwner(user: string | undefined, group: string | undefined): Owner {
  return { uid: idOf(user, 'user', '/etc/passwd'), gid: idOf(group, 'group', '/etc/group') };
}

export function giveTo(path: string, { uid, gid }: Owner): void {
  if (uid !== SAME || gid !== SAME) chownSync(path, uid, gid);
}

/** Both tables are `name:password:id:...`. */
function idOf(name: string | undefined, what: string, table: string): number {
  if (name === undefined) return SAME;
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of readFileSync(table, 'utf8').split('\n')) {
    const [entry, , id] = line.split(':');
    if (entry === name && id !== undefined) return Number(id);
  }
  throw new Error(`'${what}' : unknown ${what} name '${name}'`);
}
