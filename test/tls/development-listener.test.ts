/** A `bind ... ssl self-signed` line: who is shown what. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import type { BindConfig } from '../../src/config/model.ts';
import { DevelopmentAuthority } from '../../src/tls/development.ts';
import { DevelopmentListener, type Routed } from '../../src/tls/development-listener.ts';
import type { Bundle } from '../../src/tls/pem.ts';
import type { Presented } from '../../src/tls/types.ts';

const DAY = 24 * 3600 * 1000;
const START = Date.UTC(2026, 10, 22);
const CONTEXT = createSecureContext();

const present = ({ certificate }: Bundle): Presented => ({
  context: CONTEXT,
  certificate: certificate.raw,
  verify: 'none',
  trust: { authorities: [], revoking: false },
  alpn: [],
  forgives: () => false,
});

const bindAt = (host: string) =>
  ({ place: { file: 't.cfg', line: 1 }, address: { kind: 'inet', host, port: 443 } }) as unknown as BindConfig;

const nameOf = (presented: Presented | undefined) =>
  presented === undefined ? undefined : new X509Certificate(presented.certificate as Buffer).subject;

describe('a line with self-signed', () => {
  let folder: string;
  let now = START;
  let authority: DevelopmentAuthority;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-listener-'));
    authority = await DevelopmentAuthority.open(folder, { hostname: 'lab', now: () => now });
  });
  after(() => rmSync(folder, { recursive: true }));

  const listener = (routed: (host: string) => Routed, host = '127.0.0.1') => {
    const made = new DevelopmentListener('www', bindAt(host), present);
    made.use(authority, routed, () => now);
    return made;
  };

  it('shows nothing before its authority is there', () => {
    const bare = new DevelopmentListener('www', bindAt('::'), present);
    assert.throws(() => bare.usual, /before its authority/);
    assert.throws(() => bare.find('a.test'), /before its authority/);
  });

  const names: readonly (readonly [name: string, found: string | undefined])[] = [
    ['a.test', 'CN=a.test'],
    ['_dmarc.x-y.test', 'CN=_dmarc.x-y.test'],
    ['localhost', 'CN=localhost'],
    ['', undefined],
    [' ', undefined],
    ['a b.test', undefined],
    ['*.x.test', undefined],
    ['b\u00fccher.test', undefined],
    ['x..test', undefined],
    ['.test', undefined],
    ['-x.test', undefined],
    ['a.test\0', undefined],
    [`${'l'.repeat(63)}.test`, `CN=${'l'.repeat(63)}`],
    [`${'l'.repeat(64)}.test`, undefined],
    [`${'a.'.repeat(126)}a`, `CN=${'a.'.repeat(32)}`],
    [`${'a.'.repeat(127)}a`, undefined],
    ['127.0.0.1', undefined],
    ['::1', undefined],
  ];
  for (const [name, found] of names) {
    it(`has ${found === undefined ? 'none of its own' : 'one'} for ${JSON.stringify(name.slice(0, 40))}`, () => {
      const shown = nameOf(listener(() => 'named').find(name));
      assert.ok(found === undefined ? shown === undefined : shown?.startsWith(found), shown);
    });
  }

  it('has none for what leads nowhere, and bounds those that nobody foresees', () => {
    assert.equal(listener(() => 'no').find('no.test'), undefined);
    const any = listener(() => 'possible');
    const made = Array.from({ length: 150 }, (_, at) => any.find(`p${at}.test`)).filter((one) => one !== undefined);
    assert.equal(made.length, 100);
    assert.ok(any.find('p0.test'), 'those that were made are there');
    now += 1000;
    assert.equal(Array.from({ length: 50 }, (_, at) => any.find(`q${at}.test`)).filter((one) => one !== undefined).length, 10);
  });

  for (const host of ['0.0.0.0', '::', '127.0.0.1', '192.0.2.7', 'fe80::1%eth0', '::1%lo']) {
    it(`shows who names no host that of localhost, at ${host}`, () => {
      const { subject, subjectAltName = '' } = new X509Certificate(listener(() => 'no', host).usual.certificate as Buffer);
      assert.equal(subject, 'CN=localhost');
      assert.ok(subjectAltName.includes('DNS:lab') && subjectAltName.includes('IP Address:127.0.0.1'));
      assert.equal(subjectAltName.includes('192.0.2.7'), host === '192.0.2.7');
    });
  }

  it('shows another one in time', () => {
    const one = listener(() => 'named');
    const [usual, found] = [one.usual, one.find('time.test')];
    now += 59 * DAY;
    assert.deepEqual([one.usual === usual, one.find('time.test') === found], [true, true]);
    now += 2 * DAY;
    assert.deepEqual([one.usual === usual, one.find('time.test') === found], [false, false]);
  });

  it('keeps 500, those that were asked for last', () => {
    const one = listener(() => 'named');
    const first = one.find('n0.test');
    for (let at = 1; at < 500; at++) one.find(`n${at}.test`);
    assert.equal(one.find('n0.test'), first);
    const second = one.find('n1.test');
    one.find('n500.test');
    one.find('n501.test');
    assert.equal(one.find('n0.test'), first);
    assert.equal(one.find('n1.test'), second);
    assert.equal((one as unknown as { readonly shown: ReadonlyMap<string, unknown> }).shown.size, 500);
  });

  it('forgets what it has shown when it is given another authority', async () => {
    const one = listener(() => 'named');
    const [usual, found] = [one.usual, one.find('again.test')];
    const other = await DevelopmentAuthority.open(join(folder, 'other'), { hostname: 'lab', now: () => now });
    one.use(
      other,
      () => 'named',
      () => now,
    );
    const ca = new X509Certificate(other.certificate);
    for (const [before, shown] of [
      [usual, one.usual],
      [found, one.find('again.test')],
    ]) {
      const issued = ({ certificate }: Presented) => new X509Certificate(certificate as Buffer).verify(ca.publicKey);
      assert.deepEqual([before && issued(before), shown && issued(shown)], [false, true]);
    }
  });
});
