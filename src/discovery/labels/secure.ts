/** Services that clients are to reach by TLS: what becomes of those that come without. */

import type { ProxyConfig } from '../../config/model.ts';
import type { RedirectStatus } from '../provider.ts';
import type { Settings } from './settings.ts';

/** Clients without TLS are sent to https, where a frontend speaks it. */
export interface Secure {
  /** Which word says so. */
  readonly word: string;
  readonly status: RedirectStatus;
  /** Its tool does so unasked, and serves without where there is no TLS: then there is nothing to be told. */
  readonly unasked?: true;
}

/** Whether one of the sections that make routes of labels or tags has a listener for TLS. */
export function speakTls(routing: readonly Pick<ProxyConfig, 'binds'>[]): boolean {
  return routing.some(({ binds }) => binds.some(({ ssl }) => ssl !== undefined));
}

/** What the pool does with clients that came without TLS; `tls`: they could come otherwise. */
export function redirectOf({ redirect, secure }: Settings, tls: boolean): RedirectStatus | undefined {
  return redirect ?? (tls ? secure?.status : undefined);
}

/** What people are told where a service wants TLS that nobody speaks; empty where there is nothing to tell. */
export function clearText({ secure, redirect }: Settings, pool: string, tls: boolean): string {
  if (tls || secure === undefined || secure.unasked || redirect !== undefined) return '';
  return `${secure.word} wants TLS, and no section that routes it has a 'bind ... ssl' line: pool '${pool}' is served in clear text`;
}
