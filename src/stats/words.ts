/** Words for people and line readers: addresses, listener states, and text from elsewhere made fit to stand in a line. */

import type { BindConfig } from '../config/model.ts';
import type { Listener } from '../proxy/listener.ts';

/** FULL at its own maxconn; WAITING where its frontend is full, or somebody waits for another limit; else OPEN. */
export function listenerStatus({ config, frontend, scur, waiting }: Listener): string {
  if (isReached(config.maxconn, scur)) return 'FULL';
  // As HAProxy, which does not tell of a pause here.
  if (frontend.state !== 'OPEN') return 'OPEN';
  return waiting > 0 || isReached(frontend.config.maxconn, frontend.scur) ? 'WAITING' : 'OPEN';
}

function isReached(limit: number | undefined, count: number): boolean {
  return limit !== undefined && limit > 0 && count >= limit;
}

/** C0, DEL, C1 and the line breaks of Unicode: what ends a line or commands a terminal. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with `\n`, `\x1b` and their like in the place of control characters. */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, (control) => ESCAPES[control] ?? `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

type Address = BindConfig['address'] | { readonly address: string | undefined; readonly port: number };

/** `192.0.2.1:80`, `[2001:db8::1]:80`, `unix`; empty while a server has no address. */
export function formatAddress(of: Address): string {
  if ('address' in of) return of.address === undefined ? '' : hostAndPort(of.address, of.port);
  if (of.kind === 'unix') return 'unix';
  if (of.kind === 'fd') return `fd@${of.fd}`;
  return hostAndPort(of.host, of.port);
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
export function hostAndPort(host: string, port: number): string {
  if (host.startsWith('/')) return 'unix';
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
