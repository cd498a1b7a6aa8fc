/** `balance source`: the key that a client's address is, as in HAProxy. */

import { isIPv4, isIPv6 } from 'node:net';
import { NO_KEY } from '../types.ts';

/** The address's 32-bit words, xor-ed. What is no address (a unix socket) has no key. */
export function sourceKey(address: string): number {
  if (isIPv4(address)) return ipv4(address);
  if (!isIPv6(address)) return NO_KEY;
  const groups = ipv6(address);
  let key = 0;
  for (let i = 0; i < 8; i += 2) key ^= ((groups[i] as number) << 16) | (groups[i + 1] as number);
  return key >>> 0;
}

function ipv4(address: string): number {
  let key = 0;
  let part = 0;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code !== 0x2e) part = part * 10 + code - 0x30;
    else {
      key = (key << 8) | part;
      part = 0;
    }
  }
  return ((key << 8) | part) >>> 0;
}

/** The eight 16-bit groups (RFC 4291 2.2). */
function ipv6(address: string): number[] {
  const [bare = ''] = address.split('%');
  const [head = '', tail] = bare.split('::');
  const front = groupsOf(head);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const key = ipv4(group);
    return [key >>> 16, key & 0xffff];
  });
}
