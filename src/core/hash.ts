/**
 * Hashes of 32 bits, by HAProxy's functions (manual 4.2, `hash-type`; 7.3.1): the same bytes have the same hash there and
 * here. Texts are bytes, one character each.
 */

type HashFunction = 'sdbm' | 'djb2' | 'wt6' | 'crc32';

/** 0 .. 2^32-1 */
export type Hash = (bytes: string) => number;

function sdbm(bytes: string): number {
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) hash = (bytes.charCodeAt(i) + (hash << 6) + (hash << 16) - hash) | 0;
  return hash >>> 0;
}

/** Dan Bernstein's. */
function djb2(bytes: string): number {
  let hash = 5381;
  for (let i = 0; i < bytes.length; i++) hash = ((hash << 5) + hash + bytes.charCodeAt(i)) | 0;
  return hash >>> 0;
}

/** HAProxy's own: two halves that rotate each other, by distances that they make. */
function wt6(bytes: string): number {
  let a = 0xa53c965a | 0;
  let b = 0x5ca6953a | 0;
  let left = 6;
  let right = 18;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    a = ~(a ^ byte);
    b = ~(b + byte);
    const rotated = rotate(b, left);
    b = rotate(a, right);
    a = rotated;
    const distances = (a >>> 16) ^ (b & 0xffff);
    left = distances & 31;
    right = distances >>> 11;
  }
  return (a ^ b) >>> 0;
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

const CRC_TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
  return crc;
});

function crc32(bytes: string): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ bytes.charCodeAt(i)) & 0xff] as number);
  return ~crc >>> 0;
}

const FUNCTIONS: Readonly<Record<HashFunction, Hash>> = { sdbm, djb2, wt6, crc32 };

export function hashFunction(name: HashFunction, avalanche: boolean): Hash {
  const hash = FUNCTIONS[name];
  return avalanche ? (bytes) => fullHash(hash(bytes)) : hash;
}

/** The avalanche: Bob Jenkins' 4-byte one, spread over the whole range by a prime near three quarters of it. A bijection. */
export function fullHash(key: number): number {
  let a = key | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = (a + 0xd3a2646c) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 0xc0000001) >>> 0;
}
