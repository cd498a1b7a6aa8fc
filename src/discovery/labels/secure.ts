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

/** Whether one of these sections has a listener for TLS. */
export function speakTls(routing: readonly Pick<ProxyConfig, 'binds'>[]): boolean {
  return routing.some(({ binds }) => binds.some(({ ssl }) => ssl !== undefined));
}

/** What a service wants of one pool, and what there is. */
export interface Demand {
  readonly settings: Settings;
  readonly pool: string;
  /** Clients can come by TLS where it is routed. */
  readonly tls: boolean;
  /** What else the same service wants of the pool. */
  readonly others: readonly Settings[];
}

/** What the pool does with clients that came without TLS: it is for all of its routes, so that one that is open to them keeps it open. */
export function redirectOf({ settings: { redirect, secure }, tls, others }: Demand): RedirectStatus | undefined {
  return redirect ?? (tls && !others.some(isOpen) ? secure?.status : undefined);
}

function isOpen({ secure, redirect }: Settings): boolean {
  return secure === undefined && redirect === undefined;
}

/** What people are told where a service that wants TLS is served without; empty where there is nothing to tell. */
export function clearText({ settings, pool, tls, others }: Demand): string {
  const { secure, redirect } = settings;
  if (secure === undefined || secure.unasked || redirect !== undefined) return '';
  const served = `pool '${pool}' is served in clear text`;
  if (!tls) return `${secure.word} wants TLS, and no section that routes it has a 'bind ... ssl' line: ${served}`;
  const open = others.filter(isOpen);
  if (open.length === 0 || open.some((other) => takesAll(other, settings))) return '';
  return `${secure.word} wants TLS, and other routes of the pool do not: ${served}, too; its own pool would not be`;
}

/** Whatever `inner` routes `outer` routes, too. */
function takesAll(outer: Settings, inner: Settings): boolean {
  const { hosts = [] } = outer;
  const isHost = inner.hosts?.every((host) => hosts.some(({ kind, value }) => kind === host.kind && value === host.value)) ?? true;
  const isBelow = outer.path === '/' || `${inner.path}/`.startsWith(`${outer.path}/`);
  return isHost && (outer.exact ? inner.exact && inner.path === outer.path : isBelow);
}
