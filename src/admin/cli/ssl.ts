/** `show ssl cert`, and the replacement of a certificate without its file (management 9.3). */

import type { KeyObject, X509Certificate } from 'node:crypto';
import { Level } from '../../core/log.ts';
import type { Parts } from '../../tls/pem.ts';
import { type Answer, type Call, type Command, data, message, refuse } from './command.ts';

function show({ args: [name], runtime: { certificates } }: Call): Answer {
  const { library, transaction } = certificates;
  if (name === undefined) {
    const pending = transaction.file === undefined ? [] : [`# transaction\n*${transaction.file}\n`];
    const files = [...library.bundles.keys()].sort().map((file) => `${file}\n`);
    return data(...pending, ...(files.length > 0 ? ['# filename\n', ...files] : []));
  }
  if (name.startsWith('*')) {
    const pending = transaction.file === name.slice(1) ? transaction.parts : undefined;
    return pending === undefined ? NOT_FOUND : data(...described(name, 'Unused', pending));
  }
  const bundle = library.bundles.get(name);
  return bundle === undefined ? NOT_FOUND : data(...described(name, 'Used', bundle));
}

const NOT_FOUND = refuse("Can't display the certificate: Not found or the certificate is a bundle!");

function* described(name: string, status: string, { certificate, chain }: Pick<Parts, 'certificate' | 'chain'>): Generator<string> {
  yield `Filename: ${name}\nStatus: ${status}\n`;
  if (certificate !== undefined) {
    const names = (certificate.subjectAltName ?? '').split(', ').filter((one) => one.startsWith('DNS:'));
    yield `Serial: ${certificate.serialNumber}\nnotBefore: ${certificate.validFrom}\nnotAfter: ${certificate.validTo}\n`;
    yield `Subject Alternative Name: ${names.join(', ')}\n`;
    yield `Algorithm: ${algorithmOf(certificate.publicKey)}\nSHA1 FingerPrint: ${certificate.fingerprint.replaceAll(':', '')}\n`;
    yield `Subject: ${lineOf(certificate.subject)}\nIssuer: ${lineOf(certificate.issuer)}\n`;
  }
  for (const { subject, issuer } of chain as readonly X509Certificate[]) {
    yield `Chain Subject: ${lineOf(subject)}\nChain Issuer: ${lineOf(issuer)}\n`;
  }
  yield 'OCSP Response Key: \n';
}

const CURVES: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

/** `RSA2048`, `EC256` */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'ec') return `EC${CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? ''}`;
  return `${(asymmetricKeyType ?? '').toUpperCase()}${asymmetricKeyDetails?.modulusLength ?? ''}`;
}

/** `/O=a/CN=b` */
function lineOf(name: string): string {
  return `/${name.replaceAll('\n', '/')}`;
}

function set({ args: [name], payload, runtime: { certificates } }: Call): Answer {
  if (name === undefined || payload === undefined) return refuse("'set ssl cert expects a filename and a certificate as a payload");
  const { library, transaction } = certificates;
  if (transaction.file !== undefined && transaction.file !== name) {
    return refuse(`The ongoing transaction is about '${transaction.file}' but you are trying to set '${name}'\nCan't update ${name}!`);
  }
  if (!library.bundles.has(name)) {
    return refuse(`Can't replace a certificate which is not referenced by the configuration!\nCan't update ${name}!`);
  }
  try {
    return message(Level.Info, `Transaction ${transaction.set(name, payload)} for certificate ${name}!`);
  } catch (error) {
    return refuse(`${(error as Error).message}\nCan't load the payload\nCan't update ${name}!`);
  }
}

function commit({ args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse("'commit ssl cert expects a filename");
  const { transaction } = certificates;
  const refused = (why: string): Answer => refuse(`${why}\nCan't commit ${name}!`);
  if (transaction.file === undefined) return refused('No ongoing transaction! !');
  if (transaction.file !== name)
    return refused(`The ongoing transaction is about '${transaction.file}' but you are trying to set '${name}'`);
  try {
    transaction.commit();
    return data(`Committing ${name}.\nSuccess!\n`);
  } catch (error) {
    return refused((error as Error).message);
  }
}

function abort({ args: [name], runtime: { certificates } }: Call): Answer {
  if (name === undefined) return refuse("'abort ssl cert' expects a filename");
  const { transaction } = certificates;
  if (transaction.file === undefined) return refuse('No ongoing transaction!');
  if (transaction.file !== name) {
    return refuse(`The ongoing transaction is about '${transaction.file}' but you are trying to abort a transaction for '${name}'`);
  }
  transaction.abort();
  return message(Level.Info, `Transaction aborted for certificate '${name}'!`);
}

export const sslCommands: readonly Command[] = [
  { name: 'abort ssl cert', syntax: '<certfile>', help: 'abort a transaction for a certificate file', level: 'admin', run: abort },
  { name: 'commit ssl cert', syntax: '<certfile>', help: 'commit a certificate file', level: 'admin', run: commit },
  { name: 'set ssl cert', syntax: '<certfile> <payload>', help: 'replace a certificate file', level: 'admin', run: set },
  { name: 'show ssl cert', syntax: '[<certfile>]', help: 'list the certificates in use, or the details of one', run: show },
];
