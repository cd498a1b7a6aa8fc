/** A container as people name one for a list of servers: in the file of `docker-servers members=`, in commands. */

import { readPort } from './address.ts';
import type { Read } from './values.ts';

export interface Member {
  /** How its id begins, in lower case; whole where we have written it. */
  readonly id: string;
  /** The container's own; where there is none, the line of the configuration and the container decide. */
  readonly port: number | undefined;
}

/** One member of a section's list, and what is known of its container now. */
export interface MemberReport {
  readonly backend: string;
  /** The first twelve digits. */
  readonly id: string;
  /** The one that the list has. */
  readonly port: number | undefined;
  /** A container that runs has this id. */
  readonly found: boolean;
  /** `127.0.0.1:49161`; empty while nobody knows where it is. */
  readonly address: string;
  /** Why it gets no traffic; empty where it may. */
  readonly reason: string;
  /** The server parameters of the line, as they are written. */
  readonly parameters: readonly string[];
}

export interface MembersReport {
  readonly members: readonly MemberReport[];
  /** Which lists cannot be read, and why: `members` has what could be read last. */
  readonly problems: readonly string[];
}

/** `caee75cbf7b5`, `caee75cbf7b5:8080` */
export function readMember(word: string): Read<Member> {
  const [, id = '', digits] = /^([0-9a-f]{1,64})(?::(.*))?$/is.exec(word) ?? [];
  if (id === '') return { error: `'${word}' is no container id with an optional :PORT` };
  const port = digits === undefined ? { value: undefined } : readPort(digits);
  return 'error' in port ? port : { value: { id: id.toLowerCase(), port: port.value } };
}
