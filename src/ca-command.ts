/** `fairlead ca`: the certificate of the development authority (`ssl self-signed`), and how browsers, systems and programs trust it. */

import { existsSync } from 'node:fs';
import { diagnosticLines } from './banner.ts';
import { wall } from './core/clock.ts';
import { didYouMean } from './core/suggest.ts';
import type { CtlEdge } from './ctl/ctl.ts';
import { harmless } from './ctl/table.ts';
import { authorityFolder } from './development.ts';
import type { Preparation } from './prepare.ts';
import { type AuthorityCertificate, certificateFile, readCertificate } from './tls/development-store.ts';

export interface CaEdge extends CtlEdge {
  readonly pid: number;
  /** Reads these files; without any, what would run. */
  read(files: readonly string[]): Preparation;
}

/** What the image runs with when it is given nothing else. */
const IMAGE_CONFIG = '/usr/local/etc/haproxy/haproxy.cfg';

const Code = { Done: 0, None: 1, Failed: 2 } as const;

const CA_HELP = `fairlead ca: the development authority, whose certificates 'bind ... ssl self-signed' shows

  fairlead ca > ca.pem           its certificate; how to trust it is told beside
  fairlead ca --path             where the certificate is
  docker exec lb fairlead ca > ca.pem

  -f FILE     the configuration, for its 'self-signed-dir'; without it, the image's, or what runs without one
  --dir DIR   the directory itself

The authority is made when such a line listens for the first time. Whoever has its key can pretend to be any site to those
who trust it: the key stays in that directory, and is for no machine but those of development.

Exit codes: 0 done, 1 there is none yet, 2 it cannot be read, or wrong usage
`;

interface Options {
  readonly files: readonly string[];
  readonly folder: string | undefined;
  readonly pathAlone: boolean;
}

/** `words` are those behind `ca`. Answers the exit code. */
export function caCommand(words: readonly string[], edge: CaEdge): number {
  const options = readOptions(words);
  if (options === 'help') {
    edge.stdout.write(CA_HELP);
    return Code.Done;
  }
  if (typeof options === 'string') return fail(edge, `${options}\nfairlead: 'fairlead ca --help' says more`);
  const folder = options.folder ?? folderOf(options, edge);
  if (folder === undefined) return Code.Failed;
  try {
    const authority = readCertificate(folder, wall());
    const none = `there is no development authority in ${folder} yet: it is made when a line 'bind ... ssl self-signed' listens for the first time; -f FILE or --dir DIR where it is kept elsewhere`;
    if (authority === undefined) return fail(edge, none, Code.None);
    show(authority, folder, options, edge);
    return Code.Done;
  } catch (error) {
    return fail(edge, (error as Error).message);
  }
}

function folderOf({ files }: Options, edge: CaEdge): string | undefined {
  const { prepared, diagnostics } = edge.read(files.length === 0 && existsSync(IMAGE_CONFIG) ? [IMAGE_CONFIG] : files);
  if (prepared !== undefined) return authorityFolder(prepared.config, edge.env);
  fail(edge, `the configuration cannot be read\n${diagnosticLines(diagnostics, edge.pid).join('').trimEnd()}`);
  return undefined;
}

function show(authority: AuthorityCertificate, folder: string, { pathAlone }: Options, { stdout, stderr }: CaEdge): void {
  const file = certificateFile(folder);
  stdout.write(pathAlone ? `${file}\n` : authority.certificate);
  if (!pathAlone) stderr.write(harmless(trustText(authority, file, stdout.isTTY === true ? file : 'ca.pem')));
}

/** @param file what programs are to be given: what stands on the terminal is in `place`, the rest goes where the reader has put it */
function trustText({ name, until }: AuthorityCertificate, place: string, file: string): string {
  return `
${name}, until ${new Date(until).toISOString().slice(0, 10)}
is in ${place}. Who trusts it reaches the hosts of 'ssl self-signed' without warnings:

  curl, for one request      curl --cacert ${file} https://...
  Node                       NODE_EXTRA_CA_CERTS=${file} node ...
  Python (requests)          REQUESTS_CA_BUNDLE=${file} python3 ...
  Debian, Ubuntu             sudo cp ${file} /usr/local/share/ca-certificates/fairlead.crt && sudo update-ca-certificates
  Fedora                     sudo cp ${file} /etc/pki/ca-trust/source/anchors/fairlead.pem && sudo update-ca-trust
  Chromium on Linux          certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n fairlead -i ${file}
  Firefox                    Settings, Certificates, View Certificates, Authorities, Import: ${file}
  macOS                      sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}
  Windows                    certutil -addstore -user Root ${file}

Let nobody have the key (ca-key.pem, there).
`;
}

const NAMES = ['-f', '--dir', '--path', '--help', '-h'];

/** Text is what is wrong with them, or `help`. */
function readOptions(words: readonly string[]): Options | string {
  let options: Options = { files: [], folder: undefined, pathAlone: false };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--help' || word === '-h') return 'help';
    if (word === '--path') options = { ...options, pathAlone: true };
    else if (word === '-f' || word === '--dir') {
      const value = words[++at];
      if (value === undefined) return `'${word}' expects a value`;
      options = word === '-f' ? { ...options, files: [...options.files, value] } : { ...options, folder: value };
    } else return `unknown option '${word}' of 'ca'${didYouMean(word, NAMES)}`;
  }
  return options;
}

function fail({ stderr }: CtlEdge, message: string, code: number = Code.Failed): number {
  stderr.write(`fairlead: ${harmless(message)}\n`);
  return code;
}
