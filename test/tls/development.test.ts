/** `ssl self-signed`: the authority and what it vouches for, by Node's own reading of certificates. */

import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DevelopmentAuthority } from '../../src/tls/development.ts';
import { Damaged, openAuthority, readAuthority } from '../../src/tls/development-store.ts';
import * as maker from '../../src/tls/development-x509.ts';

const DAY = 24 * 3600 * 1000;
const START = Date.UTC(2026, 10, 22);

describe('the development authority', () => {
  let root: string;
  let count = 0;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'fairlead-development-'));
  });
  after(() => rmSync(root, { recursive: true }));

  const fresh = () => join(root, `state-${++count}`, 'tls');
  const open = (folder: string, now = () => START) => DevelopmentAuthority.open(folder, { hostname: 'lab', now });

  it('may vouch for TLS servers and for no further authority, for two years', async () => {
    const ca = new X509Certificate((await open(fresh())).certificate);
    assert.equal(ca.subject, 'CN=Fairlead development CA lab 2026-11-22');
    assert.equal(ca.ca, true);
    assert.ok(ca.verify(ca.publicKey));
    assert.deepEqual(ca.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.equal(Date.parse(ca.validTo) - START, 730 * DAY);
    // Path length 0, critical: cA TRUE and the number 0.
    assert.ok(ca.raw.includes(Buffer.from('0603551d130101ff040830060101ff020100', 'hex')));
  });

  it('vouches for names and addresses with ECDSA on P-256, for 90 days', async () => {
    const authority = await open(fresh());
    const hosts = ['app.example.test', '127.0.0.1', '::1', '2001:db8::1:0:5'];
    const vouched = authority.certificateFor(hosts, true);
    assert.ok(vouched);
    const { certificate, key } = vouched;
    const ca = new X509Certificate(authority.certificate);
    assert.ok(certificate.checkIssued(ca) && certificate.verify(ca.publicKey) && certificate.checkPrivateKey(key));
    assert.equal(certificate.ca, false);
    assert.equal(certificate.subject, 'CN=app.example.test');
    assert.equal(certificate.checkHost('app.example.test'), 'app.example.test');
    assert.equal(certificate.checkHost('other.example.test'), undefined);
    for (const address of hosts.slice(1)) assert.equal(certificate.checkIP(address), address);
    assert.deepEqual(createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' })).asymmetricKeyDetails, {
      namedCurve: 'prime256v1',
    });
    assert.equal(Date.parse(certificate.validTo) - START, 90 * DAY);
  });

  it('is the same after a restart, and its files are its owner’s', async () => {
    const folder = fresh();
    const [first, second] = [await open(folder), await open(folder)];
    assert.deepEqual([first.made, second.made], [true, false]);
    assert.equal(second.certificate, first.certificate);
    assert.equal(readFileSync(second.file ?? '', 'latin1'), first.certificate);
    assert.deepEqual(readdirSync(folder).sort(), ['ca-key.pem', 'ca.pem']);
    const modes = [folder, join(folder, 'ca-key.pem')].map((path) => statSync(path).mode & 0o777);
    assert.deepEqual(modes, [0o755 & ~process.umask(), 0o600]);
  });

  it('is put back by a reload where it has gone, and gives way to another one there', async () => {
    const folder = fresh();
    const authority = await open(folder);
    const { certificate } = authority;
    assert.equal(authority.reopen(), false, 'nothing has happened');
    rmSync(folder, { recursive: true });
    assert.equal(authority.reopen(), true);
    assert.deepEqual([readAuthority(folder, START)?.certificate, authority.certificate, authority.made], [certificate, certificate, false]);
    rmSync(folder, { recursive: true });
    const other = await open(folder);
    const before = authority.certificateFor(['a.test'], true)?.certificate;
    assert.equal(authority.reopen(), true);
    assert.equal(authority.certificate, other.certificate);
    const now = authority.certificateFor(['a.test'], true)?.certificate;
    const ca = new X509Certificate(other.certificate);
    assert.deepEqual([before?.checkIssued(ca) && before.verify(ca.publicKey), now?.verify(ca.publicKey)], [false, true]);
  });

  it('that could not be kept is kept by a reload once it can be', async () => {
    const folder = fresh();
    writeFileSync(join(folder, '..').replace(/\/$/, ''), '');
    const authority = await open(folder);
    assert.ok(authority.trouble);
    rmSync(join(folder, '..'));
    assert.equal(authority.reopen(), true);
    assert.deepEqual([authority.trouble, readAuthority(folder, START)?.certificate], [undefined, authority.certificate]);
  });

  it('is not said to be kept where its file leads nowhere', async () => {
    const folder = fresh();
    mkdirSync(folder, { recursive: true });
    symlinkSync(join(folder, 'gone'), join(folder, 'ca-key.pem'));
    const { trouble, file } = await open(folder);
    assert.match(trouble ?? '', /ca-key\.pem' is there and leads nowhere/);
    assert.equal(file, undefined);
  });

  it('is doubted where others may write it, and not as it is made', async () => {
    const folder = fresh();
    const authority = await open(folder);
    assert.deepEqual(authority.doubts, []);
    chmodSync(folder, 0o777);
    chmodSync(join(folder, 'ca-key.pem'), 0o666);
    assert.match(authority.doubts.join('\n'), /ca-key\.pem' is open to others \(mode 0666\)\n'.*tls' is open to others \(mode 0777\)/);
    chmodSync(folder, 0o1777);
    chmodSync(join(folder, 'ca-key.pem'), 0o440);
    assert.deepEqual(authority.doubts, [], 'as where secrets are mounted');
  });

  it('is one, whoever of several processes makes it', () => {
    const folder = fresh();
    // Another process is faster each time: it has made one between our look and our link.
    const racing = {
      makeAuthority: (name: string, period: maker.Period) => {
        const mine = maker.makeAuthority(name, period);
        if (readAuthority(folder, START) === undefined) openAuthority(folder, 'other', START, maker);
        return mine;
      },
      makeCertificate: maker.makeCertificate,
    };
    const { authority, made, trouble } = openAuthority(folder, 'lab', START, racing);
    assert.deepEqual(
      { made, trouble, name: authority.name },
      { made: false, trouble: undefined, name: 'Fairlead development CA other 2026-11-22' },
    );
    assert.deepEqual(readdirSync(folder).sort(), ['ca-key.pem', 'ca.pem']);
  });

  it('puts its certificate back for people where somebody has taken it away', async () => {
    const folder = fresh();
    const { certificate } = await open(folder);
    rmSync(join(folder, 'ca.pem'));
    assert.equal(readFileSync((await open(folder)).file ?? '', 'latin1'), certificate);
  });

  it('gives way to a new one when it expires, also while it runs', async () => {
    const folder = fresh();
    let now = START;
    const authority = await open(folder, () => now);
    const old = authority.certificate;
    now += 729 * DAY;
    assert.notEqual(authority.certificate, old);
    assert.equal((await open(folder, () => now)).certificate, authority.certificate);
    assert.deepEqual(readdirSync(folder).sort(), ['ca-key.expired.pem', 'ca-key.pem', 'ca.pem']);
  });

  it('keeps a certificate until a month before its end', async () => {
    let now = START;
    const authority = await open(fresh(), () => now);
    const serial = () => authority.certificateFor(['a.test'], true)?.certificate.serialNumber;
    const first = serial();
    now += 59 * DAY;
    assert.equal(serial(), first);
    now += 2 * DAY;
    assert.notEqual(serial(), first);
  });

  it('never vouches for longer than it counts itself', async () => {
    let now = START;
    const authority = await open(fresh(), () => now);
    now += 700 * DAY;
    const vouched = authority.certificateFor(['a.test'], true);
    assert.equal(vouched?.certificate.validTo, new X509Certificate(authority.certificate).validTo);
  });

  const damages: readonly (readonly [what: string, text: (good: string) => string])[] = [
    ['is empty', () => ''],
    ['is cut', (good) => good.slice(0, good.length / 2)],
    ['has no key', (good) => good.slice(good.indexOf('-----BEGIN CERTIFICATE'))],
    ['has the key of another', (good) => good.replace(/-----BEGIN PRIVATE KEY[\s\S]*?END PRIVATE KEY-----\n/, otherKey)],
    ['is no authority', (good) => leafOf(good)],
  ];
  const otherKey = () => maker.makeAuthority('x', [START, START + DAY]).key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const leafOf = (_good: string) => {
    const { certificate, key } = maker.makeCertificate(maker.makeAuthority('x', [START, START + DAY]), ['a'], [START, START + DAY]);
    return `${key.export({ type: 'pkcs8', format: 'pem' })}${certificate}`;
  };
  for (const [what, text] of damages) {
    it(`is damaged where its file ${what}, and stays as it is`, async () => {
      const folder = fresh();
      const file = join(folder, 'ca-key.pem');
      await open(folder);
      const bad = text(readFileSync(file, 'latin1'));
      writeFileSync(file, bad);
      assert.throws(
        () => readAuthority(folder, START),
        (error) => error instanceof Damaged && error.message.includes(file),
      );
      assert.match((await open(folder)).trouble ?? '', /remove it/);
      assert.equal(readFileSync(file, 'latin1'), bad);
    });
  }

  it('is there for this run alone where nothing can be written', async () => {
    const place = join(root, 'file');
    writeFileSync(place, '');
    const authority = await open(join(place, 'tls'));
    assert.match(authority.trouble ?? '', /ENOTDIR/);
    assert.equal(authority.file, undefined);
    assert.ok(authority.certificateFor(['a.test'], true));
  });

  it('makes certificates that nobody foresaw at a bounded pace', async () => {
    let now = START;
    const authority = await open(fresh(), () => now);
    const flood = (from: number) => Array.from({ length: 300 }, (_, at) => authority.certificateFor([`${from + at}.test`], false));
    const count = (all: readonly unknown[]) => all.filter((one) => one !== undefined).length;
    assert.equal(count(flood(0)), 100);
    assert.ok(authority.certificateFor(['0.test'], false), 'one that is there costs nothing');
    assert.ok(authority.certificateFor(['routed.test'], true), 'what is foreseen is made');
    now += 1000;
    assert.equal(count(flood(1000)), 10);
  });
});
