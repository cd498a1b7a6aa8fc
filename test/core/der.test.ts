/** Certificates come from strangers: what is odd reads as undefined, and costs no more than it is long. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { derChildren, derValues, oidText } from '../../src/core/der.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('DER', () => {
  it('is read value by value, and within those that are made of others', () => {
    const [sequence, integer, ...more] = derValues(bytes('30 06 020101 0401ff 020102')) ?? [];
    assert.deepEqual(
      derChildren(sequence)?.map(({ tag, content }) => [tag, content.toString('hex')]),
      [
        [2, '01'],
        [4, 'ff'],
      ],
    );
    assert.equal(integer?.whole.toString('hex'), '020102');
    assert.deepEqual([more.length, derChildren(integer), derChildren(undefined)], [0, undefined, undefined]);
  });

  it('reads lengths of up to four bytes', () => {
    for (const length of ['8101', '820001', '83000001', '8400000001']) {
      assert.equal(derValues(bytes(`02${length}07`))?.[0]?.content.toString('hex'), '07', length);
    }
  });

  const MALFORMED: readonly (readonly [what: string, hex: string])[] = [
    ['a tag alone', '02'],
    ['a length beyond the end', '020201'],
    ['a length that is cut', '028201'],
    ['a length of five bytes', '02850000000001 07'],
    ['a length that is not known before', '3080 0000'],
    ['a tag of several bytes', '1f8101 01 00'],
    ['a value, and half of another', '020101 02'],
    ['a length of 4 GiB', '0284ffffffff00'],
  ];
  for (const [what, hex] of MALFORMED) it(`is not ${what}`, () => assert.equal(derValues(bytes(hex)), undefined));

  it('does not read a child outside of its parent', () => {
    const [parent] = derValues(bytes('30 03 0205 01 02030405')) ?? [];
    assert.equal(derChildren(parent), undefined);
  });
});

describe('an object identifier', () => {
  const TEXTS: readonly (readonly [hex: string, text: string])[] = [
    ['', ''],
    ['550403', '2.5.4.3'],
    ['2a864886f70d010101', '1.2.840.113549.1.1.1'],
    ['00', '0.0'],
    ['27', '0.39'],
    ['28', '1.0'],
    ['8837', '2.999'],
    // The last arc does not end.
    ['5504ff', '2.5.4'],
    [`2a${'ff'.repeat(8)}7f`, '1.2.9223372036854775807'],
  ];
  for (const [hex, text] of TEXTS) it(`of ${hex} is '${text}'`, () => assert.equal(oidText(bytes(hex)), text));

  it('has a text up to the length that OpenSSL gives one to', () => {
    const long = (length: number) => Buffer.concat([bytes('2a'), Buffer.alloc(length - 2, 0xff), bytes('7f')]);
    assert.match(oidText(long(586)), /^1\.2\.\d{1000,}$/);
    for (const length of [587, 55_000, 5_000_000]) assert.equal(oidText(long(length)), '');
  });
});
