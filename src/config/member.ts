/** A container as people name one for a list of servers: in the file of `docker-servers members=`, in commands. */

import { readPort } from './address.ts';
import type { Read } from './values.ts';

export interface Member {
  /** How its id begins, in lower case; whole where we have written it. */
  readonly id: string;
  /** The container's own; where there is none, the line of the configuration and the container decide. */
  readonly port: number | undefined;
}

/** `caee75cbf7b5`, `caee75cbf7b5:8080` */
export function readMember(word: string): Read<Member> {
  const [, id = '', digits] = /^([0-9a-f]{1,64})(?::(.*))?$/is.exec(word) ?? [];
  if (id === '') return { error: `'${word}' is no container id with an optional :PORT` };
  const port = digits === undefined ? { value: undefined } : readPort(digits);
  return 'error' in port ? port : { value: { id: id.toLowerCase(), port: port.value } };
}
