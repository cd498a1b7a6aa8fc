/**
 * Addresses as `bind`, `server` and `log` write them (manual 4.2 "bind", 5.2 "addr").
 *
 * The last colon starts the port, also in an IPv6 address without brackets: `:::80` is port 80 of `::`.
 */

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { Read } from './values.ts';

/** Digits and letters in dotted labels; the underscore because Docker puts it into names. */
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/** Not a name that only looks like a broken address: `256.1.1.1`, `1.2.3`. */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text);
}

export interface HostAndPort {
  /** Without brackets; empty for `*` and for nothing. */
  readonly host: string;
  readonly port: string | undefined;
}

/** `host:port`, `[v6]:port`, `v6:port`, `:port`, `host`. */
export function splitHostPort(text: string): HostAndPort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] };
  const colon = text.lastIndexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  return { host: host === '*' ? '' : host, port: colon < 0 ? undefined : text.slice(colon + 1) };
}

/** The way back: `127.0.0.1:80`, `[::1]:80`; without the port where it is 0, and a path as it is. */
export function joinHostPort(address: string, port: number): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  return port === 0 ? host : `${host}:${port}`;
}

export function readPort(text: string): Read<number> {
  if (!/^\d+$/.test(text)) return { error: `invalid character '${text.replace(/^\d+/, '').charAt(0)}' in port number '${text}'` };
  const port = Number(text);
  return port < 1 || port > 65535 ? { error: `invalid port '${text}'` } : { value: port };
}

/** `80`, `8000-8010`; `0` lets the system choose, which HAProxy does not do. */
export function readPortRange(text: string): Read<readonly [low: number, high: number]> {
  if (text === '0') return { value: [0, 0] };
  const [first = '', last = first, ...more] = text.split('-');
  const low = readPort(first);
  const high = readPort(last);
  if ('error' in low) return low;
  if ('error' in high) return high;
  if (more.length > 0 || high.value < low.value) return { error: `invalid port range '${text}'` };
  return { value: [low.value, high.value] };
}

export interface ServerAddress {
  readonly address: string | undefined;
  readonly port: number;
  readonly fqdn: string | undefined;
}

/** The address of a `server` line; a port is not required. */
export function readServerAddress(text: string, cwd: string): Read<ServerAddress> {
  const path = readUnixPath(text, cwd);
  if (path !== undefined) return 'error' in path ? path : { value: { address: path.value, port: 0, fqdn: undefined } };
  const family = /^ipv([46])@/.exec(text)?.[1];
  const rest = family === undefined ? text : text.slice('ipv4@'.length);
  if (/^[a-z0-9+-]+@/.test(rest))
    return { error: `'${text}': this kind of address is HAProxy's; Fairlead takes an IP address, a host name or unix@` };
  const { host, port } = isIPv6(rest) && !/:\d+$/.test(rest) ? { host: rest, port: undefined } : splitHostPort(rest);
  const number = readServerPort(port, text);
  if ('error' in number) return number;
  return readServerHost(host, family, number.value, text);
}

export interface CheckAddress {
  readonly address: string;
  readonly port: number | undefined;
}

/**
 * Where checks go instead of to their server (manual 5.2 "addr", 4.2 "tcp-check connect"): an address as a server has one.
 * HAProxy looks up names once, when it starts. Without `cwd`, a relative path begins where the process does.
 */
export function readCheckAddress(text: string, cwd: string): Read<CheckAddress> {
  const read = readServerAddress(text, cwd);
  if ('error' in read) return read;
  const { address = LOCAL.get(read.value.fqdn ?? ''), port } = read.value;
  if (address === undefined)
    return { error: `'${text}': names of where checks go are HAProxy's; Fairlead takes an IP address, unix@ or localhost` };
  return { value: { address, port: port === 0 ? undefined : port } };
}

/** The one name that needs no resolver (RFC 6761 6.3). */
const LOCAL: ReadonlyMap<string, string> = new Map([['localhost', '127.0.0.1']]);

/** Of `agent-addr`: without port and kind. */
export function readAgentAddress(text: string): string | undefined {
  const address = LOCAL.get(text) ?? /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 ? undefined : address;
}

function readServerPort(port: string | undefined, text: string): Read<number> {
  if (port === undefined || port === '') return { value: 0 };
  if (/^[+-]/.test(port))
    return { error: `'${text}': ports relative to the client's (+N, -N) are HAProxy's; Fairlead does not do them yet` };
  if (port.includes('-')) return { error: `port range not permitted here in '${text}'` };
  return readPort(port);
}

function readServerHost(host: string, family: string | undefined, port: number, text: string): Read<ServerAddress> {
  if (host === '' || host === '0.0.0.0' || host === '::') {
    return { error: `'${text}': sending to the address that the client asked for (*, 0.0.0.0) is HAProxy's; Fairlead does not do it` };
  }
  const version = isIP(host);
  if (version !== 0) {
    if (family !== undefined && Number(family) !== version) return { error: `'${text}' is not an IPv${family} address` };
    return { value: { address: host, port, fqdn: undefined } };
  }
  if (!isHostName(host)) return { error: `invalid address: '${host}' in '${text}'${host.includes(':') ? ' (write [IPv6]:port)' : ''}` };
  if (family !== undefined) {
    return { error: `'${text}': a family in front of a host name is not supported; names take the order of the system's resolver` };
  }
  return { value: { address: undefined, port, fqdn: host } };
}

/** The path of `unix@path` and `/path`, else undefined. */
export function unixPath(text: string): string | undefined {
  if (text.startsWith('unix@')) return text.slice('unix@'.length);
  return text.startsWith('/') ? text : undefined;
}

/** What the system takes in an address of a socket, with the NUL behind it, has 108 bytes. */
const LONGEST_PATH = 107;

/** Of `unix@path` and `/path`, absolute; undefined for other addresses. */
function readUnixPath(text: string, cwd: string): Read<string> | undefined {
  const given = unixPath(text);
  if (given === undefined) return undefined;
  if (given === '') return { error: `missing path in '${text}'` };
  const path = resolve(cwd, given);
  const fits = Buffer.byteLength(path) <= LONGEST_PATH;
  return fits ? { value: path } : { error: `socket path '${path}' too long (max ${LONGEST_PATH})` };
}

/** `127.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  const [address = '', mask, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  if (mask === undefined) return true;
  if (isIPv4(mask) && version === 4) return true;
  return /^\d+$/.test(mask) && Number(mask) <= (version === 4 ? 32 : 128);
}

/** One socket of a `bind` line before its parameters. */
export type BindAddress =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number };

/** One item of the comma list: a port range becomes one socket for each port. */
export function readBindAddress(text: string, cwd: string): Read<readonly BindAddress[]> {
  const path = readUnixPath(text, cwd);
  if (path !== undefined) return 'error' in path ? path : { value: [{ kind: 'unix', path: path.value }] };
  if (text.startsWith('fd@')) {
    const fd = text.slice('fd@'.length);
    return /^\d+$/.test(fd) ? { value: [{ kind: 'fd', fd: Number(fd) }] } : { error: `invalid file descriptor in '${text}'` };
  }
  const family = /^ipv([46])@/.exec(text)?.[1];
  const rest = family === undefined ? text : text.slice('ipv4@'.length);
  if (/^[a-z0-9+-]+@/.test(rest)) return { error: `'${text}': this kind of address is HAProxy's; Fairlead listens on IP, unix@ and fd@` };
  const { host, port } = splitHostPort(rest);
  if (port === undefined || port === '') return { error: `missing port specification in '${text}'` };
  // Ours: the system chooses a port, which the start-up banner names.
  const ports: Read<readonly [number, number]> = port === '0' ? { value: [0, 0] } : readPortRange(port);
  if ('error' in ports) return ports;
  const listening = readBindHost(host, family, text);
  if ('error' in listening) return listening;
  const [low, high] = ports.value;
  return { value: Array.from({ length: high - low + 1 }, (_, index) => ({ kind: 'inet', host: listening.value, port: low + index })) };
}

function readBindHost(host: string, family: string | undefined, text: string): Read<string> {
  if (host === '') return { value: family === '6' ? '::' : '0.0.0.0' };
  if (isIP(host) === 0 && !isHostName(host)) return { error: `invalid address: '${host}' in '${text}'` };
  if (family !== undefined && Number(family) !== isIP(host)) return { error: `'${text}' is not an IPv${family} address` };
  return { value: host };
}
