/** `show ssl cert`, and the making, replacement and removal of certificates without their files (management 9.3). */

import type { X509Certificate } from 'node:crypto';
import { Level } from '../../core/log.ts';
import { type Parts, parseParts } from '../../tls/pem.ts';
import { type Answer, type Call, type Command, data, message, refuse } from './command.ts';
import { sslAuthorityCommands } from './ssl-authorities.ts';
import { crtListCommands } from './ssl-crt-list.ts';
import { detailsOf, lineOf } from './ssl-details.ts';
import { serversWith } from './ssl-servers.ts';

function show({ args: [name], runtime }: Call): Answer {
  const { library, transactions } = runtime.certificates;
  const { file: pending, value: parts } = transactions.cert;
  if (name === undefined) {
    const files = [...library.bundles.keys(), ...library.empty].sort().map((file) => `${file}\n`);
    return data(
      ...(pending === undefined ? [] : [`# transaction\n*${pending}\n`]),
      ...(files.length > 0 ? ['# filename\n', ...files] : []),
    );
  }
  if (name.startsWith('*')) {
    return parts === undefined || library.certificateNamed(name.slice(1)) !== pending
      ? NOT_FOUND
      : data(...described(name, 'Unused', parts));
  }
  const file = library.certificateNamed(name);
  if (library.empty.has(file)) return data(`Filename: ${name}\nStatus: Empty\n${OCSP}`);
  const bundle = library.bundles.get(file);
  return bundle === undefined ? NOT_FOUND : data(...described(name, usesOf(file, { runtime }) > 0 ? 'Used' : 'Unused', bundle));
}

const NOT_FOUND = refuse("Can't display the certificate: Not found or the certificate is a bundle!");
const OCSP = 'OCSP Response Key: \n';

function* described(name: string, status: string, { certificate, chain }: Pick<Parts, 'certificate' | 'chain'>): Generator<string> {
  yield `Filename: ${name}\nStatus: ${status}\n`;
  if (certificate !== undefined) yield* detailsOf(certificate);
  for (const { subject, issuer } of chain as readonly X509Certificate[]) {
    yield `Chain Subject: ${lineOf(subject)}\nChain Issuer: ${lineOf(issuer)}\n`;
  }
  yield OCSP;
}

/** By how many places of the configuration it is used: a point is written for each that is built anew. */
function usesOf(file: string, { runtime }: Pick<Call, 'runtime'>): number {
  const shown = runtime.certificates.binds.flatMap(({ entries }) => entries.filter(({ bundle }) => bundle.file === file));
  return shown.length + serversWith(runtime, ({ crt }) => crt === file);
}

function make({ args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse("'new ssl cert' expects a filename");
  const { library } = certificates;
  const file = library.certificateNamed(name);
  if (library.empty.has(file) || library.bundles.has(file)) return refuse(`Certificate '${name}' already exists!`);
  library.empty.add(file);
  return message(Level.Notice, `New empty certificate store '${name}'!`);
}

function set({ args: [name], payload, runtime: { certificates } }: Call): Answer {
  if (name === undefined || payload === undefined) return refuse("'set ssl cert expects a filename and a certificate as a payload");
  const { library, transactions } = certificates;
  const [, base = name, extension] = /^(.*)\.(key|issuer|ocsp|sctl)$/.exec(name) ?? [];
  const isKnown = (one: string): boolean => library.bundles.has(one) || library.empty.has(one);
  const whole = library.certificateNamed(name);
  const file = extension === undefined || isKnown(whole) ? whole : library.certificateNamed(base);
  const { file: pending, value } = transactions.cert;
  if (pending !== undefined && pending !== file) {
    return refuse(`The ongoing transaction is about '${pending}' but you are trying to set '${name}'\nCan't update ${name}!`);
  }
  if (!isKnown(file)) return refuse(`Can't replace a certificate which is not referenced by the configuration!\nCan't update ${name}!`);
  try {
    const before = value ?? library.bundles.get(file);
    const told = file === whole ? name : base;
    const parts = file === whole ? certificateOf(payload, told) : beside(extension ?? '', payload, told, before);
    return message(Level.Notice, `Transaction ${transactions.cert.set(file, parts)} for certificate ${told}!`);
  } catch (error) {
    return refuse(`${(error as Error).message}\nCan't load the payload\nCan't update ${name}!`);
  }
}

/** Throws an Error for a text without a certificate. */
function certificateOf(payload: string, name: string): Parts {
  const parts = parseParts(payload, name);
  if (parts.certificate === undefined) throw new Error(`unable to load certificate from file '${name}'.`);
  return parts;
}

/** What lies beside a certificate. The issuer counts for OCSP alone in HAProxy, and here for nothing. Throws an Error for what cannot be done. */
function beside(extension: string, payload: string, name: string, before: Partial<Parts> | undefined): Parts {
  const rest = { certificate: before?.certificate, chain: before?.chain ?? [], dh: before?.dh };
  if (extension === 'issuer') {
    if (parseParts(payload, name).certificate === undefined) throw new Error(`'${name}' cannot be read or parsed'.`);
    return { ...rest, key: before?.key };
  }
  if (extension !== 'key') throw new Error(`'.${extension}' is not done by Fairlead: Node staples nothing by file.`);
  const { key } = parseParts(payload, name);
  if (key === undefined) throw new Error(`unable to load private key from file '${name}'.`);
  return { ...rest, key };
}

function commit({ args: [name], runtime }: Call): Answer {
  if (name === undefined) return refuse("'commit ssl cert expects a filename");
  const { library, transactions } = runtime.certificates;
  const refused = (why: string): Answer => refuse(`${why}\nCan't commit ${name}!`);
  const { file } = transactions.cert;
  if (file === undefined) return refused('No ongoing transaction! !');
  if (file !== library.certificateNamed(name)) {
    return refused(`The ongoing transaction is about '${file}' but you are trying to set '${name}'`);
  }
  try {
    transactions.commitCertificate();
    return data(`Committing ${name}${'.'.repeat(usesOf(file, { runtime }))}\nSuccess!\n`);
  } catch (error) {
    return refused((error as Error).message);
  }
}

function abort({ args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse("'abort ssl cert' expects a filename");
  const { library, transactions } = certificates;
  const { file } = transactions.cert;
  if (file === undefined) return refuse('No ongoing transaction!');
  if (file !== library.certificateNamed(name)) {
    return refuse(`The ongoing transaction is about '${file}' but you are trying to abort a transaction for '${name}'`);
  }
  transactions.cert.end();
  return message(Level.Notice, `Transaction aborted for certificate '${name}'!`);
}

function del({ args: [name], runtime }: Call): Answer {
  if (name === undefined) return refuse("'del ssl cert' expects a certificate name");
  const { library, transactions } = runtime.certificates;
  const file = library.certificateNamed(name);
  const refused = (why: string): Answer => refuse(`Can't remove the certificate: ${why}`);
  if (transactions.cert.file === file) return refused(`ongoing transaction for the certificate '${name}'`);
  if (!library.empty.has(file) && !library.bundles.has(file)) return refused(`certificate '${name}' doesn't exist!\n`);
  if (usesOf(file, { runtime }) > 0) return refused(`certificate '${name}' in use, can't be deleted!\n`);
  library.empty.delete(file);
  library.bundles.delete(file);
  library.ofServers.delete(file);
  return message(Level.Notice, `Certificate '${name}' deleted!`);
}

export const sslCommands: readonly Command[] = [
  { name: 'abort ssl cert', syntax: '<certfile>', help: 'abort a transaction for a certificate file', level: 'admin', run: abort },
  { name: 'commit ssl cert', syntax: '<certfile>', help: 'commit a certificate file', level: 'admin', run: commit },
  { name: 'del ssl cert', syntax: '<certfile>', help: 'delete an unused certificate file', level: 'admin', run: del },
  {
    name: 'new ssl cert',
    syntax: '<certfile>',
    help: 'create a new certificate file to be used in a crt-list or a directory',
    level: 'admin',
    run: make,
  },
  { name: 'set ssl cert', syntax: '<certfile> <payload>', help: 'replace a certificate file', level: 'admin', run: set },
  { name: 'show ssl cert', syntax: '[<certfile>]', help: 'list the certificates in memory, or the details of one', run: show },
  ...sslAuthorityCommands,
  ...crtListCommands,
];
