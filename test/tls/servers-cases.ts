/** What is wrong with the files of a `server` line, in HAProxy's words: told by `prepare`, and by the real HAProxy (test/haproxy). */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tlsFile, tlsText } from '../support/tls.ts';

export interface FileCase {
  /** `%DIR%` is a folder with the files of `writeFiles`. */
  readonly words: string;
  readonly severity: 'alert' | 'warning' | undefined;
  readonly message: string;
}

const NO_AUTHORITY =
  "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's " +
  "certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section " +
  'to disable server-side verifications by default.';

const good = (words: string): FileCase => ({ words, severity: undefined, message: '' });
const bad = (words: string, message: string): FileCase => ({ words, severity: 'alert', message });
const CA = tlsFile('ca');

export const FILE_CASES: readonly FileCase[] = [
  good('ssl verify none'),
  good(`ssl ca-file ${CA}`),
  good(`ssl ca-file ${CA} crl-file ${tlsFile('client-ca.crl')}`),
  good('ssl ca-file @system-ca'),
  good('verify required'),
  good(`ssl verify none crt ${tlsFile('client')}`),
  good(`ssl verify none crt ${tlsFile('expired')}`),
  bad('ssl', NO_AUTHORITY),
  bad('ssl verify required', NO_AUTHORITY),
  bad('check check-ssl', NO_AUTHORITY),
  bad('ssl ca-file /nope', "Couldn't open the ca-file '/nope' (No such file or directory)."),
  bad('ca-file /nope', "Couldn't open the ca-file '/nope' (No such file or directory)."),
  bad('ssl verify none ca-file /nope', "Couldn't open the ca-file '/nope' (No such file or directory)."),
  bad('ssl ca-file %DIR%/junk.pem', "Couldn't open the ca-file '%DIR%/junk.pem' (no certificate or crl found)."),
  bad('ssl ca-file %DIR%/empty.pem', "Couldn't open the ca-file '%DIR%/empty.pem' (no certificate or crl found)."),
  { words: 'ssl ca-file %DIR%/none', severity: 'warning', message: "ca-file: 0 CA were loaded from '%DIR%/none'" },
  bad(`ssl ca-file ${CA} crl-file %DIR%/junk.pem`, "Couldn't open the ca-file '%DIR%/junk.pem' (no certificate or crl found)."),
  bad('ssl verify none crt /nope', "unable to stat SSL certificate from file '/nope' : No such file or directory."),
  bad('ssl verify none crt %DIR%/junk.pem', "unable to load certificate from file '%DIR%/junk.pem'."),
  bad('ssl verify none crt %DIR%/keyless.pem', "No Private Key found in '%DIR%/keyless.pem.key'."),
  bad(
    `ssl verify none crt ${tlsFile('mismatched')}`,
    `inconsistencies between private key and certificate loaded '${tlsFile('mismatched')}'.`,
  ),
  bad('ssl verify none ciphers nope', "unable to set SSL cipher list to 'nope'."),
  bad('ssl verify none ciphersuites nope', "unable to set TLS 1.3 cipher suites to 'nope'."),
  bad('ssl verify none sni nope(1)', "error detected while parsing sni expression : unknown fetch method 'nope'"),
  bad('ssl verify none sni str(a),qqqq', "error detected while parsing sni expression : unknown converter 'qqqq'"),
  bad(
    'ssl verify none sni res.hdr(a)',
    "error detected while parsing sni expression :  fetch method 'res.hdr(a)' extracts information from 'HTTP response headers', none of which is available here.",
  ),
];

export function writeFiles(folder: string): void {
  mkdirSync(join(folder, 'none'));
  writeFileSync(join(folder, 'junk.pem'), 'junk\n');
  writeFileSync(join(folder, 'empty.pem'), '');
  writeFileSync(join(folder, 'keyless.pem'), tlsText('ca'));
}

/** The line is the 7th. */
export function configurationOf({ words }: FileCase, folder: string): string {
  const defaults = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';
  return `${defaults}backend b\n server s1 127.0.0.1:1 ${words.replaceAll('%DIR%', folder)}\n`;
}
