/**
 * Whether an SSH server is the one that its users have met before: the known_hosts files, as sshd(8) describes them. A
 * server whose key is not there is refused, as `ssh` does where nobody can be asked.
 */

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './endpoint.ts';

/** All that is known, of the user's file and the machine's. A file that cannot be read knows nobody. */
export async function knownHosts(env: Environment): Promise<string> {
  const files = ['/etc/ssh/ssh_known_hosts', ...(env.HOME === undefined ? [] : [join(env.HOME, '.ssh', 'known_hosts')])];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.join('\n');
}

/** `key` is the server's public key as SSH sends it (RFC 4253 6.6). */
export function isKnownHost(known: string, host: string, port: number, key: Buffer): boolean {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const encoded = key.toString('base64');
  let found = false;
  for (const line of known.split('\n')) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [patterns = '', , theirs] = words;
    if (patterns === '' || patterns.startsWith('#') || theirs !== encoded || !matches(patterns, name)) continue;
    if (marker === '@revoked') return false;
    if (marker === undefined) found = true; // a certificate authority's key is not the server's
  }
  return found;
}

function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = patterns.split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  let found = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const negative = pattern.startsWith('!');
    if (!wildcard(negative ? pattern.slice(1) : pattern).test(name)) continue;
    if (negative) return false;
    found = true;
  }
  return found;
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
