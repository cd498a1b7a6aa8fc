/** The files of servers: what is wrong with them is told before anything starts, and what is right is made once. */

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ServerSslConfig } from '../../src/config/model.ts';
import { prepare } from '../../src/prepare.ts';
import { readAuthorities } from '../../src/tls/authorities.ts';
import { ServerContexts } from '../../src/tls/servers.ts';
import { TlsSessions } from '../../src/tls/sessions.ts';
import { tlsFile } from '../support/tls.ts';
import { configurationOf, FILE_CASES, writeFiles } from './servers-cases.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-files-'));
  writeFiles(folder);
});
after(() => rmSync(folder, { recursive: true }));

describe('a configuration is told of', () => {
  for (const one of FILE_CASES) {
    it(one.words, () => {
      const source = { kind: 'text', text: configurationOf(one, folder), name: 'test.cfg' } as const;
      const { diagnostics, prepared } = prepare(source, { env: {} });
      const found = diagnostics
        .filter(({ place }) => place !== undefined)
        .map(({ place, severity, message }) => [place?.line, severity, message]);
      const message = `'server b/s1' : ${one.message.replaceAll('%DIR%', folder)}`;
      assert.deepEqual(found, one.severity === undefined ? [] : [[7, one.severity, message]]);
      assert.equal(prepared === undefined, one.severity === 'alert');
    });
  }
});

const SSL: ServerSslConfig = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: undefined,
  ciphersuites: undefined,
  curves: undefined,
  alpn: [],
  tickets: true,
  caFile: undefined,
  crlFile: undefined,
  bases: { crt: '.', ca: '.', cwd: '.' },
  verify: 'none',
  crt: undefined,
  sni: undefined,
  verifyhost: undefined,
  reuse: true,
};

describe('contexts of servers', () => {
  it('are shared by servers with the same words', () => {
    const contexts = new ServerContexts();
    const [one, same, other] = [SSL, { ...SSL, sni: 'str(a)' }, { ...SSL, maxVersion: 'TLSv1.2' as const }].map((ssl) => contexts.of(ssl));
    assert.ok(one);
    assert.equal(one, same);
    assert.notEqual(one, other);
  });

  it('that a file was missing for are there as soon as it is asked again', () => {
    const contexts = new ServerContexts();
    const file = join(folder, 'late.pem');
    const ssl = { ...SSL, verify: 'required' as const, caFile: file };
    assert.equal(contexts.refusal(ssl), `Couldn't open the ca-file '${file}' (No such file or directory).`);
    assert.equal(contexts.of(ssl), undefined);
    copyFileSync(tlsFile('ca'), file);
    assert.equal(contexts.refusal(ssl), undefined);
    assert.ok(contexts.of(ssl));
  });

  it('are those of the configuration that was prepared last', () => {
    const file = join(folder, 'changing.pem');
    copyFileSync(tlsFile('ca'), file);
    const ssl = { ...SSL, verify: 'required' as const, caFile: file };
    const contexts = new ServerContexts();
    const before = contexts.of(ssl);
    copyFileSync(tlsFile('other-ca'), file);
    assert.equal(contexts.of(ssl), before);
    const prepared = new ServerContexts();
    prepared.check(ssl);
    contexts.adopt(prepared);
    assert.notEqual(contexts.of(ssl), before);
    assert.equal(contexts.of({ ...ssl }), contexts.of(ssl));
  });
});

/** The words of a line behind `%DIR%`, and what is said of it. */
const OF_SOURCES: readonly (readonly [string, string | undefined])[] = [
  ['crt /nope', "unable to stat SSL certificate from file '/nope' : No such file or directory."],
  [`ca-file ${tlsFile('ca')} crt /nope`, "unable to stat SSL certificate from file '/nope' : No such file or directory."],
  [`ca-file ${tlsFile('ca')} crt ${tlsFile('client')}`, undefined],
  [`crt ${tlsFile('client')}`, undefined],
];

describe('the words of a line for containers', () => {
  for (const [words, message] of OF_SOURCES) {
    it(`are looked at before any of them is spoken to by TLS: ${words}`, () => {
      const text = `backend b\n docker-servers label=a ${words}\n`;
      const { diagnostics } = prepare({ kind: 'text', text, name: 'test.cfg' }, { env: {} });
      const found = diagnostics.filter(({ severity }) => severity === 'alert').map((one) => one.message);
      assert.deepEqual(found, message === undefined ? [] : [message]);
    });
  }
});

describe('authorities', () => {
  it('of a directory are those of its files, but for what is none', () => {
    const directory = mkdtempSync(join(folder, 'authorities-'));
    copyFileSync(tlsFile('ca'), join(directory, 'a.pem'));
    copyFileSync(tlsFile('other-ca'), join(directory, 'b.crt'));
    copyFileSync(tlsFile('ca'), join(directory, '.hidden.pem'));
    copyFileSync(tlsFile('ca'), join(directory, 'c.txt'));
    writeFileSync(join(directory, 'd.cer'), 'junk');
    copyFileSync(tlsFile('client-ca.crl'), join(directory, 'e.crl'));
    const { certificates, doubts } = readAuthorities(directory);
    assert.equal(certificates.length, 2);
    assert.deepEqual(
      doubts,
      ['d.cer', 'e.crl'].map((name) => `ca-file: '${directory}' couldn't load '${join(directory, name)}' (no start line)`),
    );
  });

  it('of the system are many', () => {
    assert.ok(readAuthorities('@system-ca').certificates.length > 10);
  });
});

describe('sessions', () => {
  it('are kept of the names that were asked for last', () => {
    const sessions = new TlsSessions();
    for (let i = 0; i < 20; i++) sessions.keep(`host${i}`, Buffer.from([i]));
    assert.deepEqual(
      [sessions.get('host3'), sessions.get('host4'), sessions.get('host19')],
      [undefined, Buffer.from([4]), Buffer.from([19])],
    );
    sessions.forget('host19');
    assert.equal(sessions.get('host19'), undefined);
  });
});
