import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sourceKey } from '../../src/backend/balance/hash.ts';
import { NO_KEY } from '../../src/backend/types.ts';
import { fullHash, hashFunction } from '../../src/core/hash.ts';

const FUNCTIONS = ['djb2', 'sdbm', 'wt6', 'crc32'] as const;

/** As HAProxy 2.6's converters of these names say, without and with an avalanche; test/haproxy/balance.test.ts asks again. */
const OBSERVED: readonly (readonly [bytes: string, plain: readonly number[], avalanche: readonly number[]])[] = [
  ['', [5381, 0, 4187620192, 0], [3719394183, 2874071335, 2385687481, 2874071335]],
  ['a', [177670, 97, 1900802597, 3904355907], [3548763807, 1830748055, 1986649387, 1288200982]],
  ['/', [177620, 47, 1886637733, 2043925204], [3725504903, 2118074832, 2250254464, 2724628003]],
  ['/index.html', [3776231887, 858007926, 822151038, 3928116034], [1889807916, 4217574924, 2986733765, 571229468]],
  ['haproxy.1wt.eu', [1429640482, 3573640649, 1353059386, 317446440], [1271405642, 2076999512, 592045559, 3858398299]],
  ['123456789', [902675330, 1755344949, 2225171485, 3421780262], [2717138294, 3400502718, 4053691039, 1130417534]],
  ['\xe9\xff\x80', [193639277, 1941658538, 470446359, 669928559], [787453539, 1082321366, 2808144738, 1743916659]],
];

describe('hash functions', () => {
  for (const [bytes, plain, avalanche] of OBSERVED) {
    it(`give HAProxy's values for ${JSON.stringify(bytes)}`, () => {
      assert.deepEqual(
        FUNCTIONS.map((name) => hashFunction(name, false)(bytes)),
        plain,
      );
      assert.deepEqual(
        FUNCTIONS.map((name) => hashFunction(name, true)(bytes)),
        avalanche,
      );
    });
  }

  it('answer 32 bits without a sign, whatever the bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(bytes, fc.constantFrom(...FUNCTIONS), fc.boolean(), (text, name, avalanche) => {
        const key = hashFunction(name, avalanche)(text);
        assert.ok(Number.isInteger(key) && key >= 0 && key < 2 ** 32);
      }),
    );
  });

  it('never map two keys to one by the avalanche', () => {
    const seen = new Map<number, number>();
    for (let key = 0; key < 200_000; key++) seen.set(fullHash(key * 21_001), key);
    assert.equal(seen.size, 200_000);
  });
});

describe('sourceKey', () => {
  it('is the address itself for IPv4 and the xor of its words for IPv6', () => {
    assert.equal(sourceKey('127.0.0.1'), 0x7f000001);
    assert.equal(sourceKey('255.255.255.255'), 0xffffffff);
    assert.equal(sourceKey('::1'), 1);
    assert.equal(sourceKey('2001:db8::ff00:42:8329'), (0x20010db8 ^ 0x0000ff00 ^ 0x00428329) >>> 0);
    assert.equal(sourceKey('1:2:3:4:5:6:7:8'), (0x00010002 ^ 0x00030004 ^ 0x00050006 ^ 0x00070008) >>> 0);
    assert.equal(sourceKey('fe80::1%eth0'), (0xfe800000 ^ 1) >>> 0);
    assert.equal(sourceKey('::ffff:10.1.2.3'), (0xffff ^ 0x0a010203) >>> 0);
  });

  it('is none for what is no address', () => {
    assert.equal(sourceKey(''), NO_KEY);
    assert.equal(sourceKey('unix'), NO_KEY);
  });
});
