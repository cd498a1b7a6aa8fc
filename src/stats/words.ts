/** The words of the statistics that no counter holds: addresses and listener states. */

import type { BindConfig } from '../config/model.ts';
import type { Listener } from '../proxy/listener.ts';

/** OPEN, or FULL at its own maxconn. */
export function listenerStatus(listener: Listener): string {
  const limit = listener.config.maxconn;
  return limit !== undefined && limit > 0 && listener.scur >= limit ? 'FULL' : 'OPEN';
}

type Address = BindConfig['address'] | { readonly address: string | undefined; readonly port: number };

/** `192.0.2.1:80`, `[2001:db8::1]:80`, `unix`; empty while a server has no address. */
export function formatAddress(of: Address): string {
  if ('address' in of) return of.address === undefined ? '' : hostAndPort(of.address, of.port);
  if (of.kind === 'unix') return 'unix';
  if (of.kind === 'fd') return `fd@${of.fd}`;
  return hostAndPort(of.host, of.port);
}

function hostAndPort(host: string, port: number): string {
  if (host.startsWith('/')) return 'unix';
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
