/**
 * The key of `balance source`: HAProxy's hash of a client's address for `hash-type map-based` without a modifier, as
 * observed on 2.6: the address's 32-bit words, xor-ed. (An IPv4 address is its own key.)
 */

import { isIPv4, isIPv6 } from 'node:net';

/** 0 .. 2^32-1. An IPv4-mapped IPv6 address has the key of the IPv4 address; what is no address (a unix socket) has 0. */
export function sourceKey(address: string): number {
  if (isIPv4(address)) return ipv4(address);
  if (!isIPv6(address)) return 0;
  const groups = ipv6(address);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  let key = 0;
  for (let i = mapped ? 6 : 0; i < 8; i += 2) key ^= ((groups[i] as number) << 16) | (groups[i + 1] as number);
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
