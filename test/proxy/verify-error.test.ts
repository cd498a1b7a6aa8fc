import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { alertOf, verifyErrors, verifyNumber } from '../../src/proxy/verify-error.ts';
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
    ['CERT_HAS_EXPIRED', ['client', 'client-ca'], 10, 10, 0, 45],
    ['CERT_HAS_EXPIRED', ['client', 'ca'], 10, 7, 0, 45],
    ['CERT_HAS_EXPIRED', ['client-other'], 10, 20, 0, 45],
    ['CERT_HAS_EXPIRED', ['late-own'], 10, 18, 0, 45],
    ['CERT_HAS_EXPIRED', ['late-forged', 'late-ca'], 10, 7, 0, 45],
    ['CERT_REVOKED', ['client-revoked', 'client-ca'], 23, 23, 0, 44],
    ['INVALID_PURPOSE', ['server'], 26, 20, 0, 43],
    ['SOMETHING_NEW', ['client', 'client-ca'], 1, 1, 0, 42],
  ];
  for (const [code, chain, number, first, depth, alert] of cases) {
    it(`${code} of ${chain.join(', ')}`, () => {
      assert.equal(verifyNumber(code), number);
      const [error] = verifyErrors(number, chain.map(der), { authorities: [tlsText('client-ca')], revoking: false });
      assert.deepEqual(error, { number: first, depth });
      assert.equal(alertOf(number), alert);
    });
  }
});
