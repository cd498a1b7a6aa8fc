/** Lists of certificates and directories, as they are in memory (management 9.3 `show`, `add`, `del ssl crt-list`). */

import { Level } from '../../core/log.ts';
import type { BindCertificates } from '../../tls/bind-certificates.ts';
import type { Certificates } from '../../tls/certificates.ts';
import { type CrtList, type CrtListLine, parseCrtListLine } from '../../tls/crt-list.ts';
import { underBase } from '../../tls/library.ts';
import { type Answer, type Call, type Command, data, message, refuse } from './command.ts';

function show({ args, runtime: { certificates } }: Call): Answer {
  const { library } = certificates;
  const numbered = args[0] === '-n';
  const name = numbered ? args[1] : args[0];
  if (name === undefined) {
    if (numbered) return refuse("'show ssl crt-list -n' expects a filename or a directory");
    return data(...[...library.lists.keys()].sort().map((path) => `${path}\n`));
  }
  const path = library.listNamed(name);
  const list = library.lists.get(path);
  if (list === undefined) return refuse("didn't find the specified filename");
  const [bind] = bindsOf(certificates, path);
  return data(`# ${path}\n`, ...list.lines.map((line) => textOf(line, bind, certificates, numbered)));
}

/** The lines of the configuration that show it. */
function bindsOf({ binds }: Certificates, path: string): readonly BindCertificates[] {
  return binds.filter(({ ssl }) => ssl.crtLists.includes(path) || ssl.crt.includes(path));
}

function textOf(line: CrtListLine, bind: BindCertificates | undefined, certificates: Certificates, numbered: boolean): string {
  const number = numbered ? `:${line.line}` : '';
  const filters = line.filters.map((filter) => ` ${filter}`).join('');
  return `${fileOf(line, bind)}${number}${wordsOf(line.words, bind, certificates)}${filters}\n`;
}

function fileOf({ file }: CrtListLine, bind: BindCertificates | undefined): string {
  return underBase(bind?.ssl.bases.crt ?? '/', file);
}

/** Words of a line in HAProxy's order, and how many values stand behind each. */
const ORDER: Readonly<Record<string, 0 | 1>> = {
  alpn: 1,
  verify: 1,
  'no-ca-names': 0,
  'allow-0rtt': 0,
  'ca-file': 1,
  'crl-file': 1,
  ciphers: 1,
  ciphersuites: 1,
  curves: 1,
  ecdhe: 1,
  'ssl-min-ver': 1,
  'ssl-max-ver': 1,
};

function wordsOf(words: readonly string[], bind: BindCertificates | undefined, { readWords }: Certificates): string {
  if (words.length === 0 || bind === undefined) return '';
  const read = readWords(words, bind.ssl);
  if ('error' in read) return '';
  const paths: Readonly<Record<string, string | undefined>> = { 'ca-file': read.ssl.caFile, 'crl-file': read.ssl.crlFile };
  const told = Object.entries(ORDER).flatMap(([word, takes]) => {
    const at = words.indexOf(word);
    if (at < 0) return [];
    if (takes === 0) return [word];
    return [`${word} ${paths[word] ?? words[at + 1]}`];
  });
  return ` [${told.join(' ')}]`;
}

const ADDS = refuse("'add ssl crtlist' expects a filename and a certificate name");

function add({ args: [name, word], payload, runtime: { certificates } }: Call): Answer {
  if (name === undefined || (word === undefined && payload === undefined)) return ADDS;
  const { library, transactions } = certificates;
  const path = library.listNamed(name);
  const list = library.lists.get(path);
  const refused = (why: string): Answer => refuse(`Can't edit the crt-list: ${why}`);
  if (list === undefined) return refused(`crt-list '${path}' does not exist!`);
  const binds = bindsOf(certificates, path);
  const written = payload === undefined ? { file: word ?? '', words: [], filters: [], line: 1 } : lineOf(payload);
  if ('error' in written) return refused(written.error);
  const wrong = wordsError(written, binds[0], certificates);
  if (wrong !== undefined) return refused(wrong);
  const isDirectory = binds.some(({ ssl }) => ssl.crt.includes(path)) || list.lines.some(({ line }) => line === 0);
  if (isDirectory && !written.file.startsWith(`${path}/`)) {
    return refused(`'${path}' is a directory, certificate path '${written.file}' must contain the directory path`);
  }
  const file = certificateOf(written.file, binds[0], certificates);
  if (isDirectory && list.lines.some((line) => line.file === file)) return refused('file already exists in this directory!');
  if (library.empty.has(file)) return refused(`certificate '${file}' is empty!`);
  if (!library.bundles.has(file)) return refused(`certificate '${file}' does not exist!`);
  const line = Math.max(0, ...list.lines.map((one) => one.line)) + 1;
  const inserting = `Inserting certificate '${file}' in crt-list '${path}'`;
  try {
    transactions.replaceList(path, { ...list, lines: [...list.lines, { ...written, file, line }] });
  } catch (error) {
    return data(`${inserting}.\n${(error as Error).message}\nFailed!\n`);
  }
  return data(`${inserting}${'.'.repeat(binds.length)}\nSuccess!\n`);
}

/** What a payload says; or what is wrong with it. */
function lineOf(payload: string): CrtListLine | { readonly error: string } {
  const [row = '', ...more] = payload.replace(/\n+$/, '').split('\n');
  const line = more.length > 0 ? undefined : parseCrtListLine(row, 1, () => {});
  if (line === undefined) return { error: 'only one line of payload is supported!' };
  return 'error' in line ? { error: `parsing [CLI:1]: ${line.error}` } : line;
}

function wordsError({ words }: CrtListLine, bind: BindCertificates | undefined, { readWords, library }: Certificates): string | undefined {
  if (bind === undefined || words.length === 0) return undefined;
  const read = readWords(words, bind.ssl);
  if ('error' in read) return `parsing [CLI:1]: ${read.error}`;
  const { caFile, caVerifyFile, crlFile } = read.ssl;
  const files = { 'ca-file': caFile, 'ca-verify-file': caVerifyFile, 'crl-file': crlFile };
  const missing = Object.entries(files).find(([, file]) => file !== undefined && !library.authorities.has(file));
  return missing === undefined ? undefined : `'${missing[0]}' : unable to load ${missing[1]}`;
}

/** By its path, or under the `crt-base` of the list's lines. */
function certificateOf(name: string, bind: BindCertificates | undefined, { library }: Certificates): string {
  const file = underBase(bind?.ssl.bases.crt ?? '/', name);
  return library.bundles.has(file) || library.empty.has(file) ? file : library.certificateNamed(name);
}

const DELETES = refuse("'del ssl crtlist' expects a filename and a certificate name");

function del({ args: [name, word], runtime: { certificates } }: Call): Answer {
  if (name === undefined || word === undefined) return DELETES;
  const { library, transactions } = certificates;
  const refused = (why: string): Answer => refuse(`Can't delete the entry: ${why}`);
  const path = library.listNamed(name);
  const list = library.lists.get(path);
  if (list === undefined) return refused(`crt-list '${path}' does not exist!`);
  const [, asked = word, number] = /^(.*):([^:]*)$/.exec(word) ?? [];
  if (number !== undefined && !/^\d+$/.test(number)) return refused(`wrong line number after colons in '${word}'!`);
  const binds = bindsOf(certificates, path);
  const file = certificateOf(asked, binds[0], certificates);
  if (!library.bundles.has(file) && !library.empty.has(file)) return refused(`certificate '${asked}' does not exist!`);
  const lines = list.lines.filter((line) => fileOf(line, binds[0]) === file);
  const line = chosen(lines, number);
  if (line === undefined) {
    if (lines.length === 0) return refused(`certificate '${file}' can't be found in crt-list '${path}'!`);
    const numbers = `please specify a${number === undefined ? '' : ' correct'} line number preceded by colons (${lines.map((one) => one.line).join(', ')})!`;
    return refused(
      number === undefined
        ? `found the certificate '${file}' in several entries, ${numbers}`
        : `found a certificate '${file}' but the line number is incorrect, ${numbers}`,
    );
  }
  const needing = binds.filter(({ ssl, entries }) => !ssl.strictSni && entries[0]?.line === line);
  if (needing.length > 0) {
    const places = needing.map(({ bind: { place } }) => `\t- ${place.file}:${place.line}\n`);
    const why = 'cannot be deleted, it is used as default certificate by the following frontends:';
    return refused(`certificate '${file}' ${why}\n${places.reverse().join('')}`);
  }
  return removed(transactions, path, { ...list, lines: list.lines.filter((one) => one !== line) }, file);
}

function chosen(lines: readonly CrtListLine[], number: string | undefined): CrtListLine | undefined {
  if (number === undefined) return lines.length === 1 ? lines[0] : undefined;
  return lines.find(({ line }) => line === Number(number));
}

function removed(transactions: Certificates['transactions'], path: string, list: CrtList, file: string): Answer {
  try {
    transactions.replaceList(path, list);
    return message(Level.Notice, `Entry '${file}' deleted in crtlist '${path}'!`);
  } catch (error) {
    return refuse(`Can't delete the entry: ${(error as Error).message}`);
  }
}

export const crtListCommands: readonly Command[] = [
  {
    name: 'add ssl crt-list',
    syntax: '<list> <cert> | <list> <payload>',
    help: 'add to a crt-list a certificate, or a line of one as the payload',
    level: 'admin',
    run: add,
  },
  { name: 'del ssl crt-list', syntax: '<list> <cert>[:<line>]', help: 'delete a line from a crt-list', level: 'admin', run: del },
  {
    name: 'show ssl crt-list',
    syntax: '[-n] [<list>]',
    help: 'list the crt-lists and directories, or the lines of one',
    level: 'admin',
    run: show,
  },
];
