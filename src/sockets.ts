/** What the sockets of a configuration need of the system, known before any of them is bound: descriptors, users, groups. */

import { fstatSync } from 'node:fs';
import type { BindConfig, Config, Diagnostic, Place } from './config/model.ts';
import { findOwner } from './proxy/owner.ts';

export function checkSockets({ global, proxies }: Config): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const check = (keyword: string, { address, place }: { readonly address: BindConfig['address']; readonly place: Place }): void => {
    const wrong = problemOf(address);
    if (wrong !== undefined) found.push({ severity: 'alert', place, message: `'${keyword}' : ${wrong}` });
  };
  for (const socket of global.statsSockets) check('stats socket', socket);
  for (const { binds } of proxies) for (const bind of binds) check('bind', bind);
  return found;
}

function problemOf(address: BindConfig['address']): string | undefined {
  if (address.kind === 'inet') return undefined;
  try {
    if (address.kind === 'unix') findOwner(address.user, address.group);
    else if (!fstatSync(address.fd).isSocket()) return `cannot use file descriptor '${address.fd}' : Socket operation on non-socket.`;
    return undefined;
  } catch (error) {
    return address.kind === 'unix' ? (error as Error).message : `cannot use file descriptor '${address.fd}' : Bad file descriptor.`;
  }
}
