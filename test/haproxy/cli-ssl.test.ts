/** The Runtime API's commands of certificates, lists and authorities, asked of HAProxy and of Fairlead one after the other. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../support/paths.ts';
import { answerAlike, DEFAULTS, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-ssl-'));

const CONFIG = `global
 crt-base ${folder}
 ca-base ${folder}
 stats socket %DIR%/ctl level admin
${DEFAULTS}
frontend www
 bind %DIR%/one ssl crt server.pem crt wildcard.pem
 bind %DIR%/two ssl crt-list ${folder}/a.list
 bind %DIR%/three ssl crt-list ${folder}/a.list
 bind %DIR%/four ssl crt-list ${folder}/b.list
 bind %DIR%/five ssl crt ${folder}/dir
 default_backend app
backend app
 server s1 127.0.0.1:1 ssl verify none crt client.pem
`;

const A_LIST = `server.pem [alpn h2] example.test !foo.example.test
# comment
wildcard.pem
names.pem [verify required ca-file client-ca.pem] x.test
`;
const B_LIST = `server.pem
names.pem [alpn h2,http/1.1 verify none]
names.pem [verify optional ca-file client-ca.pem crl-file client-ca.crl.pem]
names.pem [ciphers ECDHE-ECDSA-AES128-GCM-SHA256 ciphersuites TLS_AES_128_GCM_SHA256]
names.pem [curves P-256 ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3 alpn h2]
names.pem [alpn h2 allow-0rtt no-ca-names verify required ca-file client-ca.pem ciphers ECDHE-ECDSA-AES128-GCM-SHA256] a.test *.b.test !c.b.test
`;

/** `%F` is the folder; a word alone behind `<<` is a fixture. */
const STORIES: Readonly<Record<string, readonly string[]>> = {
  'lists as they are': [
    'show ssl crt-list',
    'show ssl crt-list nothing',
    'show ssl crt-list -n',
    'show ssl crt-list %F/a.list',
    'show ssl crt-list -n %F/a.list/',
    'show ssl crt-list %F/b.list',
    'show ssl crt-list -n %F/b.list//',
    'show ssl crt-list -n %F/dir',
  ],
  'a certificate is made, filled, added to a list, taken off it and removed': [
    'new ssl cert',
    'new ssl cert %F/new.pem',
    'new ssl cert %F/new.pem',
    'new ssl cert %F/server.pem',
    'show ssl cert %F/new.pem',
    'commit ssl cert %F/new.pem',
    'add ssl crt-list %F/a.list new.pem',
    'set ssl cert %F/new.pem << names',
    'show ssl cert',
    'show ssl cert *%F/new.pem',
    'del ssl cert %F/new.pem',
    'commit ssl cert %F/new.pem',
    'show ssl cert',
    'show ssl cert %F/new.pem',
    'add ssl crt-list %F/a.list new.pem',
    'add ssl crt-list %F/a.list/ %F/new.pem',
    'add ssl crt-list %F/a.list << new.pem [alpn h2] foo.test !bar.foo.test',
    'add ssl crt-list %F/a.list << new.pem [verify required ca-file client-ca.pem] *.foo.test',
    'show ssl crt-list -n %F/a.list',
    'show ssl cert %F/new.pem',
    'del ssl cert %F/new.pem',
    'set ssl cert %F/new.pem << wildcard',
    'commit ssl cert %F/new.pem',
    'del ssl crt-list %F/a.list %F/new.pem',
    'del ssl crt-list %F/a.list %F/new.pem:77',
    'del ssl crt-list %F/a.list %F/new.pem:x',
    ...[5, 6, 7, 8].map((line) => `del ssl crt-list %F/a.list %F/new.pem:${line}`),
    'del ssl crt-list %F/a.list %F/new.pem',
    'show ssl crt-list -n %F/a.list',
    'del ssl cert %F/new.pem',
    'del ssl cert %F/new.pem',
    'show ssl cert',
  ],
  'a key comes by itself': [
    'set ssl cert %F/client.pem << ca',
    'commit ssl cert %F/client.pem',
    'set ssl cert %F/client.pem.key << stray.key',
    'commit ssl cert %F/client.pem',
    'abort ssl cert %F/wildcard.pem',
    'abort ssl cert %F/client.pem',
    'set ssl cert %F/client.pem.issuer << ca',
    'commit ssl cert %F/client.pem',
    'set ssl cert %F/client.pem << client',
    'commit ssl cert %F/client.pem',
    'show ssl cert %F/client.pem',
    'del ssl cert %F/client.pem',
  ],
  'what cannot be added': [
    'add ssl crt-list',
    'add ssl crt-list %F/a.list',
    'add ssl crt-list /nothing server.pem',
    'add ssl crt-list %F/a.list nothing.pem',
    'add ssl crt-list %F/a.list << names.pem [nonsense]',
    'add ssl crt-list %F/a.list << names.pem [verify required ca-file nothing.pem] foo.test',
    'add ssl crt-list %F/a.list << names.pem alpn h2] foo.test',
    'add ssl crt-list %F/a.list << names.pem a.test\nnames.pem b.test',
    'add ssl crt-list %F/dir names.pem',
    'show ssl crt-list -n %F/a.list',
  ],
  'what cannot be deleted': [
    'del ssl crt-list',
    'del ssl crt-list %F/a.list',
    'del ssl crt-list /nothing %F/server.pem',
    'del ssl crt-list %F/a.list %F/nothing.pem',
    'del ssl crt-list %F/a.list %F/client.pem',
    'del ssl crt-list %F/dir %F/dir/names.pem',
    'del ssl cert',
    'del ssl cert %F/nothing.pem',
    'del ssl cert %F/server.pem',
    'del ssl ca-file',
    'del ssl ca-file %F/nothing.pem',
    'del ssl ca-file %F/client-ca.pem',
    'del ssl crl-file',
    'del ssl crl-file %F/nothing.pem',
    'del ssl crl-file %F/client-ca.crl.pem',
  ],
  'a directory takes what is named as lying in it': [
    'new ssl cert %F/dir/new.pem',
    'add ssl crt-list %F/dir %F/dir/new.pem',
    'set ssl cert %F/dir/new.pem << chained',
    'commit ssl cert %F/dir/new.pem',
    'add ssl crt-list %F/dir/ %F/dir/new.pem',
    'add ssl crt-list %F/dir %F/dir/new.pem',
    'show ssl crt-list -n %F/dir',
    'del ssl crt-list %F/dir %F/dir/new.pem',
    'show ssl crt-list %F/dir',
  ],
  ...Object.fromEntries(
    [
      ['ca-file', 'client-ca', 'ca'],
      ['crl-file', 'client-ca.crl', 'client-ca.crl'],
    ].map(([kind = '', file = '', other = '']) => [
      kind,
      [
        ...['new', 'set', 'commit', 'abort'].map((verb) => `${verb} ssl ${kind}`),
        `show ssl ${kind}`,
        ...['', ':1', ':0', ':x'].map((index) => `show ssl ${kind} %F/${file}.pem${index}`),
        `show ssl ${kind} nothing`,
        `show ssl ${kind} *nothing`,
        ...['new', 'new', 'show', 'commit', 'abort'].map((verb) => `${verb} ssl ${kind} /new.pem`),
        `set ssl ${kind} /nothing << ${other}`,
        `set ssl ${kind} /new.pem << nonsense`,
        `set ssl ${kind} /new.pem << ${other}`,
        `set ssl ${kind} %F/${file}.pem << ${other}`,
        `commit ssl ${kind} %F/${file}.pem`,
        `abort ssl ${kind} %F/${file}.pem`,
        `show ssl ${kind}`,
        `show ssl ${kind} */new.pem`,
        `commit ssl ${kind} /new.pem`,
        `show ssl ${kind}`,
        `show ssl ${kind} /new.pem:1`,
        `set ssl ${kind} %F/${file}.pem << ${other}`,
        `abort ssl ${kind} %F/${file}.pem`,
        `set ssl ${kind} %F/${file}.pem << ${file}`,
        `commit ssl ${kind} %F/${file}.pem`,
        `show ssl ${kind} %F/${file}.pem`,
        `del ssl ${kind} /new.pem`,
        `show ssl ${kind}`,
      ],
    ]),
  ),
};

/** HAProxy writes a byte too many behind `alpn`, nothing but a comma for addresses among names, and has read the system's authorities. */
function plain(answer: string): string {
  return answer
    .replace(/[^\n -~]/g, '')
    .replace(/, , $/m, '')
    .replace(/^@system-ca .*\n/m, '')
    .replace(/(?<=^- ).*\//gm, '');
}

describe('certificates by the Runtime API', { skip }, () => {
  let sides: Sides;

  before(async () => {
    cpSync(join(root, 'test', 'fixtures', 'tls'), folder, { recursive: true });
    mkdirSync(join(folder, 'dir'));
    for (const name of ['wildcard.pem', 'names.pem']) cpSync(join(folder, name), join(folder, 'dir', name));
    writeFileSync(join(folder, 'a.list'), A_LIST);
    writeFileSync(join(folder, 'b.list'), B_LIST);
    sides = await startSides(CONFIG);
  });
  after(async () => {
    await stopSides(sides);
    rmSync(folder, { recursive: true, force: true });
  });

  function textOf(command: string): string {
    const [head = '', behind] = command.replaceAll('%F', folder).split(' << ');
    if (behind === undefined) return head;
    let text = behind;
    if (/^[a-z.-]+$/.test(behind) && behind !== 'nonsense') text = readFileSync(join(folder, `${behind}.pem`), 'latin1').trim();
    return `${head} <<\n${text}\n`;
  }

  for (const [name, commands] of Object.entries(STORIES)) {
    it(name, async () => {
      for (const command of commands) await answerAlike(sides, textOf(command), plain);
    });
  }
});
