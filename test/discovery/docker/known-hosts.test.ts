import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { isKnownHost } from '../../../src/discovery/docker/known-hosts.ts';

const key = Buffer.from('the key of the server');
const text = key.toString('base64');
const other = Buffer.from('another key').toString('base64');
const hashed = (name: string) => {
  const salt = Buffer.from('salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

const cases: readonly (readonly [what: string, known: string, host: string, port: number, expected: boolean])[] = [
  ['nothing', '', 'a.test', 22, false],
  ['its name', `a.test ssh-ed25519 ${text} comment`, 'a.test', 22, true],
  ['its name in capitals', `A.test ssh-ed25519 ${text}`, 'a.Test', 22, true],
  ['its name with another key', `a.test ssh-ed25519 ${other}`, 'a.test', 22, false],
  ['another name', `b.test ssh-ed25519 ${text}`, 'a.test', 22, false],
  ['one of two keys', `a.test ssh-rsa ${other}\na.test ssh-ed25519 ${text}`, 'a.test', 22, true],
  ['one of several names', `b.test,a.test,192.0.2.1 ssh-ed25519 ${text}`, '192.0.2.1', 22, true],
  ['a comment', `# a.test ssh-ed25519 ${text}`, 'a.test', 22, false],
  ['a wildcard', `*.test ssh-ed25519 ${text}`, 'a.test', 22, true],
  ['a single character', `?.test ssh-ed25519 ${text}`, 'ab.test', 22, false],
  ['a dot that is no wildcard', `a.test ssh-ed25519 ${text}`, 'a-test', 22, false],
  ['an exception', `*.test,!a.test ssh-ed25519 ${text}`, 'a.test', 22, false],
  ['another port', `a.test ssh-ed25519 ${text}`, 'a.test', 2222, false],
  ['its port', `[a.test]:2222 ssh-ed25519 ${text}`, 'a.test', 2222, true],
  ['a hashed name', `${hashed('a.test')} ssh-ed25519 ${text}`, 'a.test', 22, true],
  ['a hashed name with its port', `${hashed('[a.test]:2222')} ssh-ed25519 ${text}`, 'a.test', 2222, true],
  ['another hashed name', `${hashed('b.test')} ssh-ed25519 ${text}`, 'a.test', 22, false],
  ['a revoked key', `a.test ssh-ed25519 ${text}\n@revoked * ssh-ed25519 ${text}`, 'a.test', 22, false],
  ["an authority's key", `@cert-authority *.test ssh-ed25519 ${text}`, 'a.test', 22, false],
];

describe('an SSH server is known by', () => {
  for (const [what, known, host, port, expected] of cases) {
    it(`${what}: ${expected}`, () => assert.equal(isKnownHost(known, host, port, key), expected));
  }
});
