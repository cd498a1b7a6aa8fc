/**
 * Passwords as crypt(3) writes them: `$1$salt$hash` (MD5), `$5$[rounds=N$]salt$hash` (SHA-256), `$6$...` (SHA-512). The older DES
 * form and the newer ones (`$2b$`, `$y$`) need ciphers that Node does not have.
 *
 * Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512"; Poul-Henning Kamp's MD5 scheme as in glibc.
 */

import { createHash, timingSafeEqual } from 'node:crypto';

interface Scheme {
  readonly digest: 'md5' | 'sha256' | 'sha512';
  readonly longestSalt: number;
  /** In which order bytes of the digest are written, three to four characters. */
  readonly order: readonly (readonly number[])[];
}

/** Triples (a, b, c) that go on from each other, `count` of them, then what is left. */
function rotating(next: (triple: readonly number[]) => readonly number[], count: number, rest: readonly number[]): readonly number[][] {
  const order: number[][] = [];
  let triple: readonly number[] = next([]);
  for (let i = 0; i < count; i++) {
    order.push([...triple]);
    triple = next(triple);
  }
  return [...order, [...rest]];
}

const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['1', { digest: 'md5', longestSalt: 8, order: [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]] }],
  [
    '5',
    {
      digest: 'sha256',
      longestSalt: 16,
      order: rotating(([a, b, c]) => (a === undefined ? [0, 10, 20] : [(c as number) + 1, a + 1, (b as number) + 1]), 10, [31, 30]),
    },
  ],
  [
    '6',
    {
      digest: 'sha512',
      longestSalt: 16,
      order: rotating(([a, b, c]) => (a === undefined ? [0, 21, 42] : [(b as number) + 1, (c as number) + 1, a + 1]), 21, [63]),
    },
  ],
]);

const DEFAULT_ROUNDS = 5000;

interface Parsed {
  readonly scheme: Scheme;
  readonly salt: Buffer;
  /** Undefined: not written. */
  readonly rounds: number | undefined;
  readonly hash: string;
}

function parse(text: string): Parsed | undefined {
  const [, id = '', rounds, salt = '', hash = ''] = /^\$([156])\$(?:rounds=(\d{1,9})\$)?([^$]*)\$([./0-9A-Za-z]+)$/.exec(text) ?? [];
  const scheme = SCHEMES.get(id);
  if (scheme === undefined || (scheme.digest === 'md5' && rounds !== undefined)) return undefined;
  const count = rounds === undefined ? undefined : Math.min(Math.max(Number(rounds), 1000), 999_999_999);
  return { scheme, salt: Buffer.from(salt, 'latin1').subarray(0, scheme.longestSalt), rounds: count, hash };
}

/** Whether somebody could have this password. */
export function isCryptHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** What `rounds=` of a hash comes to, 5000 where it says none; undefined for MD5 and for what is no hash. */
export function cryptRounds(text: string): number | undefined {
  const parsed = parse(text);
  return parsed === undefined || parsed.scheme.digest === 'md5' ? undefined : (parsed.rounds ?? DEFAULT_ROUNDS);
}

/** Whether `password` is the one that `hash` was made of. Takes milliseconds, as it is meant to; more with `rounds`. */
export function cryptMatches(password: Buffer, hash: string): boolean {
  const parsed = parse(hash);
  if (parsed === undefined) return false;
  const { scheme, salt, rounds } = parsed;
  const digest = scheme.digest === 'md5' ? md5(password, salt) : sha(scheme.digest, password, salt, rounds ?? DEFAULT_ROUNDS);
  const made = Buffer.from(encode(digest, scheme.order));
  const wanted = Buffer.from(parsed.hash);
  return made.length === wanted.length && timingSafeEqual(made, wanted);
}

function hashOf(name: Scheme['digest'], ...parts: readonly Buffer[]): Buffer {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** So many bytes of `block`, over and over. */
function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, length === 0 ? undefined : block);
}

function sha(name: 'sha256' | 'sha512', password: Buffer, salt: Buffer, rounds: number): Buffer {
  const b = hashOf(name, password, salt, password);
  const parts = [password, salt, repeated(b, password.length)];
  for (let length = password.length; length > 0; length >>= 1) parts.push((length & 1) === 1 ? b : password);
  let digest = hashOf(name, ...parts);
  const p = repeated(hashOf(name, ...Array<Buffer>(password.length).fill(password)), password.length);
  const s = repeated(hashOf(name, ...Array<Buffer>(16 + (digest[0] as number)).fill(salt)), salt.length);
  for (let round = 0; round < rounds; round++) digest = hashOf(name, ...mixed(round, digest, p, s));
  return digest;
}

/** Both families of schemes stir alike. */
function mixed(round: number, digest: Buffer, password: Buffer, salt: Buffer): readonly Buffer[] {
  const odd = (round & 1) === 1;
  const parts = [odd ? password : digest];
  if (round % 3 !== 0) parts.push(salt);
  if (round % 7 !== 0) parts.push(password);
  parts.push(odd ? digest : password);
  return parts;
}

const NUL = Buffer.alloc(1);

function md5(password: Buffer, salt: Buffer): Buffer {
  const b = hashOf('md5', password, salt, password);
  const parts = [password, Buffer.from('$1$'), salt, repeated(b, password.length)];
  for (let length = password.length; length > 0; length >>= 1) parts.push((length & 1) === 1 ? NUL : password.subarray(0, 1));
  let digest = hashOf('md5', ...parts);
  for (let round = 0; round < 1000; round++) digest = hashOf('md5', ...mixed(round, digest, password, salt));
  return digest;
}

const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Each group of bytes is one number, the first byte its highest; six bits a character, the lowest first. */
function encode(digest: Buffer, order: readonly (readonly number[])[]): string {
  let text = '';
  for (const group of order) {
    let number = group.reduce((sum, index) => sum * 256 + (digest[index] as number), 0);
    for (let count = group.length + 1; count > 0; count--) {
      text += DIGITS[number % 64];
      number = Math.floor(number / 64);
    }
  }
  return text;
}
