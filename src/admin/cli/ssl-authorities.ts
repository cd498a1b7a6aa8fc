/** Authorities and lists of revoked certificates, as they are in memory (management 9.3 `show ssl ca-file`, `show ssl crl-file`, ...). */

import { X509Certificate } from 'node:crypto';
import { Level } from '../../core/log.ts';
import { type Authorities, parseAuthorities } from '../../tls/authorities.ts';
import type { AuthorityKind } from '../../tls/library.ts';
import { type Revocations, readRevocations } from '../../tls/revocations.ts';
import { type Answer, type Call, type Command, data, message, refuse, refuseUnended } from './command.ts';
import { detailsOf } from './ssl-details.ts';
import { serversWith } from './ssl-servers.ts';

/** How sentences call them. */
interface Subject {
  readonly kind: AuthorityKind;
  readonly short: 'CA' | 'CRL';
}

/** By how many places of the configuration it is used: a point is written for each that is built anew. */
function usesOf(path: string, { runtime }: Pick<Call, 'runtime'>): number {
  const entries = runtime.certificates.binds.flatMap((bind) => bind.entries);
  return entries.filter(({ ssl }) => [ssl.caFile, ssl.caVerifyFile, ssl.crlFile].includes(path)).length;
}

function isUsed(path: string, call: Pick<Call, 'runtime'>): boolean {
  return usesOf(path, call) + serversWith(call.runtime, ({ caFile, crlFile }) => caFile === path || crlFile === path) > 0;
}

function* listed({ kind, short }: Subject, { runtime: { certificates } }: Call): Generator<string> {
  const { library, transactions } = certificates;
  const { file, value } = transactions[kind];
  const lineOf = (path: string, authorities: Authorities | undefined): string =>
    short === 'CA' ? `${path} - ${authorities?.certificates.length ?? 0} certificate(s)\n` : `${path}\n`;
  if (file !== undefined) yield `# transaction\n${lineOf(`*${file}`, value)}`;
  yield '# filename\n';
  for (const path of [...library.named[kind]].sort()) yield lineOf(path, library.authorities.get(path));
}

function show(subject: Subject, call: Call): Answer {
  const [asked] = call.args;
  if (asked === undefined) return { kind: 'data', pieces: listed(subject, call) };
  const { kind, short } = subject;
  const { library, transactions } = call.runtime.certificates;
  const [, name = asked, index] = /^(.*):([^:]*)$/.exec(asked) ?? [];
  if (index !== undefined && !/^0*[1-9]\d*$/.test(index)) return refuseUnended(`wrong ${short} index after colons in '${asked}'!`);
  const isPending = name.startsWith('*');
  const path = library.authoritiesNamed(isPending ? name.slice(1) : name);
  const { file, value } = transactions[kind];
  const committed = library.named[kind].has(path) ? library.authorities.get(path) : undefined;
  const authorities = isPending ? (file === path ? value : undefined) : committed;
  if (authorities === undefined) return refuse(`Can't display the ${short} file : Not found!`);
  const used = !isPending && isUsed(path, call) ? 'Used' : 'Unused';
  const chosen = index === undefined ? undefined : Number(index);
  return {
    kind: 'data',
    pieces: short === 'CA' ? authority(name, used, authorities, chosen) : revocations(name, used, authorities, chosen),
  };
}

/** `index`: that one alone, from 1. */
function* authority(name: string, status: string, { certificates }: Authorities, index: number | undefined): Generator<string> {
  const found = [...certificates.entries()].filter(([at]) => index === undefined || index === at + 1);
  if (found.length > 0) yield `Filename: ${name}\nStatus: ${status}\n`;
  for (const [at, pem] of found) {
    yield ` \nCertificate #${at + 1}:\n`;
    yield* detailsOf(new X509Certificate(pem));
  }
}

function* revocations(name: string, status: string, { revocations: all }: Authorities, index: number | undefined): Generator<string> {
  yield `Filename: ${name}\nStatus: ${all.length === 0 ? 'Empty' : status}\n`;
  for (const [at, pem] of all.entries()) {
    if (index !== undefined && index !== at + 1) continue;
    yield ` \nCertificate Revocation List #${at + 1}:\n`;
    yield* revocationsTold(readRevocations(pem));
  }
}

function* revocationsTold({ version, signature, issuer, lastUpdate, nextUpdate, revoked }: Revocations): Generator<string> {
  yield `Version ${version}\nSignature Algorithm: ${signature}\nIssuer: ${issuer}\nLast Update: ${timeText(lastUpdate)}\n`;
  yield `Next Update: ${nextUpdate === undefined ? 'NONE' : timeText(nextUpdate)}\n`;
  yield revoked.length === 0 ? 'No Revoked Certificates.\n' : 'Revoked Certificates:\n';
  for (const { serial, date } of revoked) yield `    Serial Number: ${serial}\n        Revocation Date: ${timeText(date)}\n`;
}

/** `Nov  2 03:15:58 2026 GMT` */
function timeText(date: Date): string {
  const [, day = '', month = '', year = '', time = ''] = date.toUTCString().replace(',', '').split(' ');
  return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`;
}

function make({ kind, short }: Subject, { args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse(`'new ssl ${kind}' expects a filename`);
  const { library } = certificates;
  const path = library.authoritiesNamed(name);
  if (library.authorities.has(path)) return refuse(`${short} file '${name}' already exists!`);
  library.authorities.set(path, { certificates: [], revocations: [], doubts: [] });
  library.named[kind].add(path);
  return message(Level.Notice, `New ${short} file created '${name}'!`);
}

function set({ kind, short }: Subject, { args: [name], payload, runtime: { certificates } }: Call): Answer {
  if (name === undefined || payload === undefined) return refuse(`'set ssl ${kind} expects a filename and ${short}s as a payload`);
  const { library, transactions } = certificates;
  const path = library.authoritiesNamed(name);
  const refused = (why: string): Answer => refuse(`${why}\nCan't update ${name}!`);
  const { file } = transactions[kind];
  if (file !== undefined && file !== path) return refused(`The ongoing transaction is about '${file}' but you are trying to set '${name}'`);
  if (!library.named[kind].has(path)) return refused(`Can't replace a ${short} file which is not referenced by the configuration!`);
  try {
    const value = { ...parseAuthorities(payload), doubts: [] };
    for (const pem of value.revocations) readRevocations(pem);
    return message(Level.Notice, `transaction ${transactions[kind].set(path, value)} for ${short} ${name}!`);
  } catch {
    return refused('Invalid payload');
  }
}

function commit({ kind }: Subject, call: Call): Answer {
  const [name] = call.args;
  // HAProxy calls it so for both.
  if (name === undefined) return refuse("'commit ssl ca-file expects a filename");
  const { library, transactions } = call.runtime.certificates;
  const path = library.authoritiesNamed(name);
  const refused = (why: string): Answer => refuse(`${why}\nCan't commit ${name}!`);
  const { file } = transactions[kind];
  if (file === undefined) return refused('No ongoing transaction! !');
  if (file !== path) return refused(`The ongoing transaction is about '${file}' but you are trying to set '${name}'`);
  try {
    transactions.commitAuthorities(kind);
    return data(`Committing ${name}${'.'.repeat(usesOf(path, call))}\nSuccess!\n`);
  } catch (error) {
    return refused((error as Error).message);
  }
}

function abort({ kind }: Subject, { args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse(`'abort ssl ${kind}' expects a filename`);
  const { library, transactions } = certificates;
  const { file } = transactions[kind];
  if (file === undefined) return refuse('No ongoing transaction!');
  if (file !== library.authoritiesNamed(name)) {
    return refuse(`The ongoing transaction is about '${file}' but you are trying to abort a transaction for '${name}'`);
  }
  transactions[kind].end();
  return message(Level.Notice, `Transaction aborted for certificate '${name}'!`);
}

function del({ kind, short }: Subject, call: Call): Answer {
  const [name] = call.args;
  if (name === undefined) return refuse(`'del ssl ${kind}' expects a ${short} file name`);
  const { library, transactions } = call.runtime.certificates;
  const path = library.authoritiesNamed(name);
  const refused = (why: string): Answer => refuse(`Can't remove the ${short} file: ${why}`);
  if (transactions[kind].file === path) return refused(`ongoing transaction for the ${short} file '${name}'`);
  if (!library.named[kind].has(path)) return refused(`${short} file '${name}' doesn't exist!\n`);
  if (isUsed(path, call)) return refused(`${short} file '${name}' in use, can't be deleted!\n`);
  for (const names of Object.values(library.named)) names.delete(path);
  library.authorities.delete(path);
  library.ofServers.delete(path);
  return message(Level.Notice, `${short} file '${name}' deleted!`);
}

function commandsOf(subject: Subject, file: string): readonly Command[] {
  const { kind, short } = subject;
  const rows: readonly (readonly [verb: string, syntax: string, help: string, run: (subject: Subject, call: Call) => Answer])[] = [
    ['abort', file, `abort a transaction for a ${short} file`, abort],
    ['commit', file, `commit a ${short} file`, commit],
    ['del', file, `delete an unused ${short} file`, del],
    ['new', file, `create a new ${short} file to be used in a crt-list`, make],
    ['set', `${file} <payload>`, `replace a ${short} file`, set],
    ['show', `[${file}[:<index>]]`, `list the ${short} files in memory, or the details of one`, show],
  ];
  return rows.map(([verb, syntax, help, run]) => ({
    name: `${verb} ssl ${kind}`,
    syntax,
    help,
    level: verb === 'show' ? 'user' : 'admin',
    run: (call: Call) => run(subject, call),
  }));
}

export const sslAuthorityCommands: readonly Command[] = [
  ...commandsOf({ kind: 'ca-file', short: 'CA' }, '<cafile>'),
  ...commandsOf({ kind: 'crl-file', short: 'CRL' }, '<crlfile>'),
];
