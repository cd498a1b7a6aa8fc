import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { alertOf, firstError, verifyNumber } from '../../src/proxy/verify-error.ts';
import { type TlsFixture, tlsText } from '../support/tls.ts';

const der = (name: TlsFixture) => new X509Certificate(tlsText(name)).raw;

describe('an error of a client’s certificate', () => {
  const cases: readonly (readonly [
    code: string,
    chain: readonly TlsFixture[],
    number: number,
    first: number,
    depth: number,
    alert: number,
  ])[] = [
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', ['client-other'], 21, 20, 0, 48],
    ['SELF_SIGNED_CERT_IN_CHAIN', ['client-other', 'other-ca'], 19, 19, 1, 48],
    ['CERT_HAS_EXPIRED', ['client', 'ca'], 10, 10, 0, 45],
    ['CERT_HAS_EXPIRED', ['client', 'expired'], 10, 10, 1, 45],
    ['CERT_REVOKED', ['client-revoked', 'client-ca'], 23, 23, 0, 44],
    ['INVALID_PURPOSE', ['server'], 26, 26, 0, 43],
    ['SOMETHING_NEW', ['client'], 1, 1, 0, 42],
  ];
  for (const [code, chain, number, first, depth, alert] of cases) {
    it(`${code} of ${chain.join(', ')}`, () => {
      assert.equal(verifyNumber(code), number);
      assert.deepEqual(firstError(number, chain.map(der)), { number: first, depth });
      assert.equal(alertOf(number), alert);
    });
  }
});
