/**
 * IPv4 and IPv6 addresses and networks (manual 7.1.6). Texts are read without allocating: an IPv4 address becomes a
 * number, an IPv6 address goes into `scratch`.
 */

/** Where `readIpv6` puts the eight groups of the address it read last. */
const scratch: Uint16Array = new Uint16Array(8);

/** The address as a number 0..2^32-1, or -1 if `text` is none. Dotted quad only. */
export function readIpv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    if (code < 0x30 || code > 0x39) return -1;
    octet = (octet < 0 ? 0 : octet * 10) + code - 0x30;
    if (octet > 255) return -1;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Reads the usual forms (`::1`, `::ffff:192.0.2.1`) into `scratch`; false if `text` is no IPv6 address. */
function readIpv6(text: string): boolean {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return false;
    const end = groupEnd(text, at);
    if (text.charCodeAt(end) === 0x2e) return count <= 6 && readTail(text, at, count) && spread(count + 2, gap);
    const group = hexadecimal(text, at, end);
    if (group < 0) return false;
    scratch[count++] = group;
    at = end;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== 0x3a || ++at === text.length) return false;
    if (text.charCodeAt(at) !== 0x3a) continue;
    if (gap >= 0) return false;
    gap = count;
    at++;
  }
  return spread(count, gap);
}

function groupEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && text.charCodeAt(end) !== 0x3a && text.charCodeAt(end) !== 0x2e) end++;
  return end;
}

function hexadecimal(text: string, from: number, to: number): number {
  if (to === from || to - from > 4) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i) | 0x20;
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** The dotted quad at the end of `::ffff:192.0.2.1`. */
function readTail(text: string, from: number, count: number): boolean {
  const tail = text.slice(from);
  const ipv4 = readIpv4(tail);
  // As inet_pton, which HAProxy leaves this to: it takes no zeros in front here.
  if (ipv4 < 0 || tail !== formatIpv4(ipv4)) return false;
  scratch[count] = ipv4 >>> 16;
  scratch[count + 1] = ipv4 & 0xffff;
  return true;
}

/** Moves the groups behind `::` to the end and fills the gap with zeros. */
function spread(count: number, gap: number): boolean {
  if (gap < 0) return count === 8;
  if (count > 7) return false;
  scratch.copyWithin(8 - (count - gap), gap, count);
  scratch.fill(0, gap, 8 - (count - gap));
  return true;
}

export function isAddress(text: string): boolean {
  return readIpv4(text) >= 0 || readIpv6(text);
}

/** The usual spelling of an address (RFC 5952), or undefined if `text` is none. */
export function canonical(text: string): string | undefined {
  const ipv4 = readIpv4(text);
  if (ipv4 >= 0) return formatIpv4(ipv4);
  if (!readIpv6(text)) return undefined;
  if (scratch[5] === 0xffff && scratch.subarray(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4((scratch[6] as number) * 65536 + (scratch[7] as number))}`;
  }
  const groups = Array.from(scratch, (group) => group.toString(16));
  const [start, length] = longestZeros();
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** 4 or 16 bytes, one character each, or undefined if `text` is no address. */
export function addressBytes(text: string): string | undefined {
  const ipv4 = readIpv4(text);
  if (ipv4 >= 0) return String.fromCharCode(ipv4 >>> 24, (ipv4 >>> 16) & 255, (ipv4 >>> 8) & 255, ipv4 & 255);
  if (!readIpv6(text)) return undefined;
  return String.fromCharCode(...Array.from(scratch).flatMap((group) => [group >> 8, group & 255]));
}

/** The IPv4 address in an address that is one, or in `::ffff:192.0.2.1`. */
export function asIpv4(text: string): string | undefined {
  const spelled = canonical(text);
  const ipv4 = spelled?.startsWith('::ffff:') === true ? spelled.slice('::ffff:'.length) : spelled;
  return ipv4 !== undefined && readIpv4(ipv4) >= 0 ? ipv4 : undefined;
}

/** As HAProxy reads texts: whatever follows the address, a port for example, does not matter. */
export function leadingIpv4(text: string): string | undefined {
  return canonical(/^[\d.]*/.exec(text)?.[0] ?? '');
}

/** The longest run of zero groups in `scratch`, the first of several. */
function longestZeros(): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && scratch[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** `192.0.2.0/24`: an IPv4 network as a number and a mask, of which not all ones need stand in front; an IPv6 one as its groups. */
export type Network =
  | { readonly family: 4; readonly address: number; readonly mask: number }
  | { readonly family: 6; readonly groups: Uint16Array; readonly length: number };

/**
 * `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`; undefined if `text` is none of them. The
 * short forms of the manual (`10.12/8` for 10.0.0.12/8) are read too.
 */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const mask = slash < 0 ? undefined : text.slice(slash + 1);
  const ipv4 = shortIpv4(address);
  if (ipv4 >= 0) {
    const bits = mask === undefined ? 0xffffffff : ipv4Mask(mask);
    return bits < 0 ? undefined : { family: 4, address: (ipv4 & bits) >>> 0, mask: bits };
  }
  if (!readIpv6(address)) return undefined;
  const groups = Uint16Array.from(scratch);
  const length = mask === undefined ? 128 : prefixLength(mask, 128);
  return length < 0 ? undefined : { family: 6, groups, length };
}

/** As `inet_aton`: the last number fills all octets that are left. */
function shortIpv4(text: string): number {
  if (!/^\d+(\.\d+){0,3}$/.test(text)) return -1;
  const numbers = text.split('.').map(Number);
  const last = numbers.pop() as number;
  if (last >= 256 ** (4 - numbers.length) || numbers.some((octet) => octet > 255)) return -1;
  return numbers.reduce((value, octet, index) => value + octet * 256 ** (3 - index), last);
}

/** A prefix length or a dotted mask as an unsigned 32-bit mask; -1 if it is neither. */
export function ipv4Mask(text: string): number {
  const dotted = readIpv4(text);
  if (dotted >= 0) return dotted;
  const length = prefixLength(text, 32);
  return length < 0 ? -1 : length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

function prefixLength(text: string, most: number): number {
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : -1;
}

function embeddedIpv4(text: string): number {
  if (!readIpv6(text)) return -1;
  if (scratch[0] === 0x2002) return (scratch[1] as number) * 65536 + (scratch[2] as number);
  for (let i = 0; i < 5; i++) if (scratch[i] !== 0) return -1;
  if (scratch[5] !== 0 && scratch[5] !== 0xffff) return -1;
  return (scratch[6] as number) * 65536 + (scratch[7] as number);
}

/** The IPv4 address that `text` is, or holds as `::ffff:a.b.c.d`, `::a.b.c.d` or `2002:aabb:ccdd::`; -1 without one. */
export function ipv4In(text: string): number {
  const plain = readIpv4(text);
  return plain >= 0 ? plain : embeddedIpv4(text);
}

/** The groups of an address, an IPv4 one as `::ffff:a.b.c.d`; valid until the next address is read. Undefined if `text` is none. */
export function ipv6Groups(text: string): Uint16Array | undefined {
  const ipv4 = readIpv4(text);
  if (ipv4 >= 0) mapIpv4(ipv4);
  else if (!readIpv6(text)) return undefined;
  return scratch;
}

/** The network of that length, one character for each group. */
export function ipv6Key(groups: Uint16Array, length: number): string {
  let key = '';
  for (let i = 0; i * 16 < length; i++) key += String.fromCharCode((groups[i] as number) & groupMask(length - i * 16));
  return key;
}

function groupMask(bits: number): number {
  if (bits >= 16) return 0xffff;
  return bits <= 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
}

function mapIpv4(value: number): void {
  scratch.fill(0, 0, 5);
  scratch[5] = 0xffff;
  scratch[6] = value >>> 16;
  scratch[7] = value & 0xffff;
}
