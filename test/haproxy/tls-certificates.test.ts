/** Which certificate is shown to whom, by HAProxy and by Fairlead, of the same lines. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { program, root } from '../support/paths.ts';
import { answerAlike, DEFAULTS, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

/** Certificates lie here, and what stands under a case's `files`. */
const folder = mkdtempSync(join(tmpdir(), 'tls-certificates-'));

const NAMES = [
  undefined,
  'example.test',
  'EXAMPLE.Test',
  'www.example.test',
  'a.wild.test',
  'a.b.wild.test',
  'wild.test',
  'common.names.test',
];
const MORE = ['two.names.test', 'chained.test', 'no-san.test', 'unknown.test', 'x.own.test', 'y.own.test', '127.0.0.1'];
const SIGNATURES = { all: undefined, rsa: 'rsa_pss_rsae_sha256:RSA+SHA256', ecdsa: 'ECDSA+SHA256' };

/** Words behind `ssl`, `%L` a list that stands beside it. */
const LINES: Readonly<Record<string, { readonly words: string; readonly list?: string }>> = {
  one: { words: 'crt server.pem' },
  several: { words: 'crt server.pem crt wildcard.pem crt names.pem crt no-san.pem' },
  bothKinds: { words: 'crt server.pem crt server-ecdsa.pem crt wildcard.pem' },
  bothKindsReversed: { words: 'crt server-ecdsa.pem crt server.pem' },
  ecdsaFirst: { words: 'crt wildcard.pem crt server.pem' },
  bundle: { words: 'crt bundled' },
  directory: { words: 'crt directory' },
  strict: { words: 'strict-sni crt server.pem crt wildcard.pem' },
  strictAlone: { words: 'strict-sni crt wildcard.pem' },
  chain: { words: 'crt server.pem crt chained.pem' },
  list: { words: 'crt-list %L', list: 'server.pem\nwildcard.pem\n' },
  listFilters: { words: 'crt-list %L', list: 'server.pem x.own.test\nwildcard.pem *.own.test\nnames.pem unknown.test\n' },
  listNegative: { words: 'crt-list %L', list: 'server.pem !*\nwildcard.pem *.own.test !x.own.test\nnames.pem *.own.test\n' },
  listNegativeOnly: { words: 'crt-list %L', list: 'wildcard.pem\nserver.pem !www.example.test\n' },
  listNegativeElsewhere: { words: 'crt-list %L', list: 'no-san.pem\nserver.pem *.own.test\nnames.pem !x.own.test *.own.test\n' },
  listStar: { words: 'crt-list %L', list: 'no-san.pem\nserver.pem *\nwildcard.pem *own.test\n' },
  listMixed: { words: 'crt-list %L', list: 'no-san.pem\nserver.pem x.own.test\nwildcard.pem *.own.test\n' },
  listTwice: { words: 'crt-list %L', list: 'no-san.pem\nnames.pem x.own.test\nwildcard.pem x.own.test\n' },
  listDefault: { words: 'crt server.pem crt-list %L', list: 'wildcard.pem example.test\nnames.pem *.test\n' },
  listBeforeCrt: { words: 'crt-list %L crt server.pem', list: 'wildcard.pem example.test\n' },
  listOptions: {
    words: 'alpn http/1.1 crt-list %L',
    list: 'server.pem [alpn h2,http/1.1] example.test\nwildcard.pem [ciphers ECDHE-ECDSA-AES128-GCM-SHA256]\n',
  },
  listBundle: { words: 'crt-list %L', list: 'no-san.pem\nbundled *.own.test\n' },
  listComments: { words: 'crt-list %L', list: '# one\n\nserver.pem # x.own.test\r\n\t wildcard.pem\t y.own.test  \n' },
};

function configOf(): string {
  const binds = Object.entries(LINES).map(
    ([name, { words }]) => ` bind %DIR%/${name} ssl ${words.replace('%L', `${folder}/${name}.list`)}`,
  );
  return `global\n crt-base ${folder}\n stats socket %DIR%/ctl level admin\n${DEFAULTS}\nfrontend www\n${binds.join('\n')}\n http-request return status 200\n`;
}

interface Shown {
  readonly subject?: string;
  readonly kind?: string;
  readonly chain?: number;
  readonly alpn?: string | false | null;
  readonly failed?: boolean;
}

function shownBy(side: Side, socket: string, servername: string | undefined, sigalgs: string | undefined): Promise<Shown> {
  return new Promise((resolve) => {
    const client = tls.connect({
      path: join(side.folder, socket),
      ...(servername === undefined ? {} : { servername }),
      ...(sigalgs === undefined ? {} : { sigalgs }),
      ALPNProtocols: ['h2', 'http/1.1'],
      // TLSv1.3 agrees upon the protocol before Node is asked for a certificate: the bind line's `alpn` counts there.
      ...(socket === 'listOptions' ? { maxVersion: 'TLSv1.2' } : {}),
      rejectUnauthorized: false,
    });
    client.on('error', () => resolve({ failed: true }));
    client.on('secureConnect', () => {
      const certificate = client.getPeerX509Certificate();
      const chain = certificate?.issuerCertificate === undefined ? 1 : 2;
      resolve({
        subject: certificate?.subject.split('\n').at(-1) ?? '',
        kind: certificate?.publicKey.asymmetricKeyType ?? '',
        chain,
        alpn: client.alpnProtocol,
      });
      client.destroy();
    });
  });
}

describe('certificates of a listener', { skip }, () => {
  let sides: Sides;

  before(async () => {
    cpSync(join(root, 'test', 'fixtures', 'tls'), folder, { recursive: true });
    cpSync(join(folder, 'server.pem'), join(folder, 'bundled.rsa'));
    cpSync(join(folder, 'server-ecdsa.pem'), join(folder, 'bundled.ecdsa'));
    mkdirSync(join(folder, 'directory', 'below'), { recursive: true });
    cpSync(join(folder, 'wildcard.pem'), join(folder, 'directory', 'b.pem'));
    cpSync(join(folder, 'names.pem'), join(folder, 'directory', 'a.crt'));
    for (const name of ['.hidden', 'x.key', 'x.ocsp', 'x.sctl', 'x.issuer']) writeFileSync(join(folder, 'directory', name), 'nothing');
    for (const [name, { list }] of Object.entries(LINES)) if (list !== undefined) writeFileSync(join(folder, `${name}.list`), list);
    sides = await startSides(configOf());
  });
  after(async () => {
    await stopSides(sides);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [line, { words }] of Object.entries(LINES)) {
    it(`${line}: ${words}`, async () => {
      for (const [signatures, sigalgs] of Object.entries(SIGNATURES)) {
        for (const name of [...NAMES, ...MORE]) {
          const [theirs, ours] = await Promise.all(sides.map((side) => shownBy(side, line, name, sigalgs)));
          assert.deepEqual([name, signatures, ours], [name, signatures, theirs]);
        }
      }
    });
  }
});

describe('certificates in the Runtime API', { skip }, () => {
  const own = mkdtempSync(join(tmpdir(), 'tls-api-'));
  const file = (name: string): string => join(own, name);
  let sides: Sides;

  before(async () => {
    cpSync(join(root, 'test', 'fixtures', 'tls'), own, { recursive: true });
    const crts = ['no-san', 'wildcard', 'chained', 'names'].map((name) => `crt ${file(`${name}.pem`)}`).join(' ');
    sides = await startSides(
      `global\n stats socket %DIR%/ctl level admin\n${DEFAULTS}\nfrontend www\n bind %DIR%/www ssl ${crts}\n http-request return status 200\n`,
    );
  });
  after(async () => {
    await stopSides(sides);
    rmSync(own, { recursive: true, force: true });
  });

  it('tells which there are, and what is in each', async () => {
    for (const name of ['', 'nothing', ...['no-san', 'wildcard', 'chained', 'names'].map((one) => file(`${one}.pem`))]) {
      await answerAlike(sides, `show ssl cert ${name}`.trim());
    }
  });

  it('replaces one for the next handshake, in a transaction', async () => {
    const name = file('no-san.pem');
    const text = (fixture: string): string => readFileSync(file(fixture), 'latin1');
    const lines = [
      ...[`commit ssl cert ${name}`, `abort ssl cert ${name}`, 'set ssl cert', 'commit ssl cert', `set ssl cert ${name}`],
      ...[`set ssl cert nothing <<\n${text('names.pem')}`, `set ssl cert ${name} <<\ngarbage\n`],
      ...[`set ssl cert ${name} <<\n${text('mismatched.pem')}`, 'show ssl cert', `show ssl cert *${name}`, `commit ssl cert ${name}`],
      ...[
        `abort ssl cert ${name}`,
        `set ssl cert ${name} <<\n${text('names.pem')}`,
        `set ssl cert ${name} <<\n${text('server-ecdsa.pem')}`,
      ],
      ...[`commit ssl cert ${name}`, 'show ssl cert'],
    ];
    // HAProxy writes nothing but a comma for addresses among the names.
    for (const line of lines) await answerAlike(sides, line, (answer) => answer.replace(/, , $/m, ''));
    const [theirs, ours] = await Promise.all(sides.map((side) => shownBy(side, 'www', undefined, undefined)));
    assert.deepEqual(ours, theirs);
    assert.equal(ours?.subject, 'CN=example.test');
  });
});

/** A `bind` line's words; `%D` is the folder. */
const BAD: readonly string[] = [
  'ssl crt %D/nowhere.pem',
  'ssl crt %D/ca.pem',
  'ssl crt %D/stray.key.pem',
  'ssl crt %D/README.md',
  'ssl crt %D/mismatched.pem',
  'ssl crt-list %D/nowhere.list',
  'ssl crt %D/server.pem ciphers NONSENSE',
  'ssl crt %D/server.pem ciphersuites NONSENSE',
  'ssl crt %D/server.pem curves NONSENSE',
  'ssl crt %D/server.pem tls-ticket-keys %D/nowhere',
  'ssl crt %D/server.pem tls-ticket-keys %D/README.md',
  'ssl crt %D/no-certificates',
];

/** Text of a list. */
const BAD_LISTS: readonly string[] = [
  'server.pem [nonsense]\n',
  'server.pem [strict-sni]\n',
  'server.pem [verify nonsense]\n',
  'server.pem [alpn h2] a.test [x]\n',
  'server.pem alpn h2] a.test\n',
  '[alpn h2] server.pem\n',
  'server.pem\nmismatched.pem\n',
  'nowhere.pem\n',
  'server.pem a.test',
  '# nothing\n',
];

describe('certificates that are no good', { skip }, () => {
  const bad = mkdtempSync(join(tmpdir(), 'tls-bad-'));
  before(() => {
    cpSync(join(root, 'test', 'fixtures', 'tls'), bad, { recursive: true });
    mkdirSync(join(bad, 'no-certificates'));
  });
  after(() => rmSync(bad, { recursive: true, force: true }));

  /** What is said of the line, without what the program puts before it. */
  function complaints(command: readonly string[], words: string): readonly string[] {
    const file = join(bad, 'cfg');
    writeFileSync(file, `global\n crt-base ${bad}\n${DEFAULTS}\nfrontend www\n bind 127.0.0.1:1 ${words.replaceAll('%D', bad)}\n`);
    const [name = '', ...args] = command;
    const { stderr } = spawnSync(name, [...args, '-c', '-f', file], { encoding: 'utf8' });
    return [...stderr.matchAll(/^\[(?:ALERT|WARNING)\] +\(\d+\) : config : (?:parsing \[\S+\] : )?(.*'.*)$/gm)].map(
      ([, text = '']) => text,
    );
  }

  /** Fairlead places every error in the list; HAProxy where it has read the line alone. */
  const plain = (text: string | undefined) =>
    (text ?? '')
      .replace(/parsing \[\S+\]: /, '')
      .replace(/'bind [^']+' in section/, "'bind' in section")
      .replace(/for bind '[^']+' at \[\S+\]/, 'for bind');

  for (const words of [...BAD, ...BAD_LISTS]) {
    it(`says of ${JSON.stringify(words)} what HAProxy says`, () => {
      const listed = BAD_LISTS.includes(words);
      if (listed) writeFileSync(join(bad, 'l.list'), words);
      const line = listed ? 'ssl crt-list %D/l.list' : words;
      const theirs = complaints(['haproxy'], line);
      const ours = complaints([process.execPath, program], line);
      assert.ok(theirs.length > 0);
      assert.equal(plain(ours[0]), plain(theirs[0]));
    });
  }
});
