/**
 * `cookie ... dynamic` (manual 4.2): a server's cookie made of a secret and its address, so that every proxy that knows the
 * secret makes the same one. It is the XXH64, with seed 0, of the secret, the 4 or 16 bytes of the address and the port as
 * 32 bits, in hexadecimal. Made when a server is first asked for, and again when its address changes.
 */

import { addressBytes } from '../rules/address.ts';

const MASK = (1n << 64n) - 1n;
const [P1, P2, P3, P4, P5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * P2) & MASK, 31n) * P1) & MASK;
}

/** Yann Collet's XXH64. */
export function xxh64(bytes: Buffer, seed = 0n): bigint {
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1].map((lane) => lane & MASK);
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane] as bigint, bytes.readBigUInt64LE(at + lane * 8));
    }
    const [one = 0n, two = 0n, three = 0n, four = 0n] = lanes;
    hash = (rotate(one, 1n) + rotate(two, 7n) + rotate(three, 12n) + rotate(four, 18n)) & MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK;
  } else {
    hash = (seed + P5) & MASK;
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8) hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * P1 + P4) & MASK;
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * P1) & MASK), 23n) * P2 + P3) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at] as number) * P5) & MASK), 11n) * P1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK;
  return hash ^ (hash >> 32n);
}

/** Undefined for what has no IP address (a unix socket, a name that does not resolve). `key`: bytes. */
export function dynamicCookie(key: string, address: string | undefined, port: number): string | undefined {
  const ip = address === undefined ? undefined : addressBytes(address);
  if (ip === undefined) return undefined;
  const behind = Buffer.alloc(4);
  behind.writeUInt32BE(port);
  const hash = xxh64(Buffer.concat([Buffer.from(key + ip, 'latin1'), behind]));
  return hash.toString(16).padStart(16, '0');
}
