/** Authorities: what Host and an absolute-form target name (RFC 3986 3.2, RFC 9110 7.2). No user information, ever. */

/** At most 65535; an empty one is legal (RFC 3986 3.2.3). */
const PORT = '(?::(?:[0-5]?[0-9]{0,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$';
const NAMED = new RegExp(`^(?=[^:])[\\w\\-.~!$&'()*+;=]*(?:%[0-9A-Fa-f]{2}[\\w\\-.~!$&'()*+;=]*)*${PORT}`);
const LITERAL = new RegExp(`^\\[([0-9A-Fa-f:.]{2,45})\\]${PORT}`);
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?=.)|$)){4}$/;
const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/i;
/** The last authority found valid: clients send the same one again and again. */
let lastAuthority = '';

/** `host[:port]`. A comma, legal in a name, is none here: two Host lines that somebody joined look like that. */
export function validAuthority(authority: string): boolean {
  if (authority === lastAuthority) return true;
  if (!NAMED.test(authority)) {
    const address = LITERAL.exec(authority)?.[1];
    if (address === undefined || !validIpv6(address)) return false;
  }
  lastAuthority = authority;
  return true;
}

/** IPv6address of RFC 3986 3.2.2: eight groups, or fewer and one `::`; the last two may be written as an IPv4 address. */
function validIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  let count = groups.length;
  const last = groups.at(-1) ?? '';
  if (last.includes('.') && text.endsWith(last)) {
    if (!IPV4.test(last)) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}

export interface Absolute {
  /** Lower case. */
  readonly scheme: string;
  readonly authority: string;
  /** Path and query, or nothing. */
  readonly rest: string;
}

/** An absolute-form target (RFC 9112 3.2.2) of a scheme that we could be meant by. */
export function parseAbsolute(target: string): Absolute | undefined {
  const parts = ABSOLUTE.exec(target);
  if (parts === null) return undefined;
  const [, scheme = '', authority = '', rest = ''] = parts;
  return { scheme: scheme.toLowerCase(), authority, rest };
}

/** Equal but for case and a port that is empty or the scheme's default (RFC 3986 6.2.3). */
export function sameAuthority(left: string, right: string, scheme: string): boolean {
  const port = scheme === 'https' ? /:(?:443)?$/ : /:(?:80)?$/;
  return left.toLowerCase().replace(port, '') === right.toLowerCase().replace(port, '');
}
