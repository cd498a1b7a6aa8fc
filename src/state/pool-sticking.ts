/** What binds clients to servers of a pool: a cookie, or a table of addresses. */

import type { ProxyConfig, StickTableConfig } from '../config/model.ts';
import type { StickyOptions } from '../discovery/provider.ts';

type Sticking = Pick<ProxyConfig, 'cookie' | 'stickTable' | 'stickRules'>;

/** Of clients that are not seen for half an hour nothing is known any more; nor of the oldest, beyond so many. */
const TABLE: Omit<StickTableConfig, 'place'> = { type: 'ipv6', length: 16, size: 100_000, expire: 1_800_000, nopurge: false };

/** Tables and rules of a `listen` are its own; a cookie may come from `defaults`. */
export function poolSticking(pool: string, { place, cookie }: ProxyConfig, sticky: StickyOptions | undefined): Sticking {
  if (sticky === undefined) return { cookie, stickTable: undefined, stickRules: [] };
  if (sticky.kind === 'source') {
    const rule = { place, words: ['src'], kind: 'on', table: pool, keyType: TABLE.type, keyLength: TABLE.length } as const;
    return { cookie: undefined, stickTable: { place, ...TABLE }, stickRules: [rule] };
  }
  const { name, secure, httponly } = sticky;
  const inserted = { place, name, mode: 'insert', indirect: true, nocache: true, postonly: false, preserve: false } as const;
  const more = { httponly, secure, domains: [], maxidle: 0, maxlife: 0, attributes: [], dynamic: false };
  return { cookie: { ...inserted, ...more }, stickTable: undefined, stickRules: [] };
}
