import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dynamicCookie, xxh64 } from '../../src/proxy/dynamic-cookie.ts';

/** xxHash's own sanity buffer: bytes of a multiplicative generator. */
function sanityBuffer(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let generator = 2654435761n;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(generator >> 56n);
    generator = (generator * 11400714785074694797n) & 0xffffffffffffffffn;
  }
  return bytes;
}

describe('XXH64', () => {
  const cases: readonly (readonly [text: string, hash: string])[] = [
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ];
  for (const [text, hash] of cases) {
    it(`of '${text}'`, () => assert.equal(xxh64(Buffer.from(text)).toString(16).padStart(16, '0'), hash));
  }

  it('of every length differs from that of every other', () => {
    const hashes = new Set(Array.from({ length: 100 }, (_, length) => xxh64(sanityBuffer(length))));
    assert.equal(hashes.size, 100);
  });
});

describe('a dynamic cookie', () => {
  it('is made of the key, the address and the port', () => {
    const all = [
      dynamicCookie('key', '127.0.0.1', 80),
      dynamicCookie('key', '127.0.0.1', 81),
      dynamicCookie('key', '127.0.0.2', 80),
      dynamicCookie('yek', '127.0.0.1', 80),
      dynamicCookie('key', '::1', 80),
      dynamicCookie('key', '::ffff:127.0.0.1', 80),
    ];
    assert.equal(new Set(all).size, all.length);
    for (const one of all) assert.match(one ?? '', /^[0-9a-f]{16}$/);
    assert.equal(dynamicCookie('key', '2001:db8::1', 80), dynamicCookie('key', '2001:db8:0:0:0:0:0:1', 80));
  });

  it('is none where there is no IP address', () => {
    assert.equal(dynamicCookie('key', undefined, 80), undefined);
    assert.equal(dynamicCookie('key', '/run/socket', 0), undefined);
  });
});
