/** How many may come in a second (manual 3.2 "maxconnrate", 4.2 "rate-limit sessions"). */

import type { GlobalDraft, ProxyDraft } from '../draft.ts';
import type { RateLimits } from '../model.ts';
import { FRONT, type Row } from '../row.ts';
import { readInteger } from '../values.ts';

function limit(name: string, kind: keyof RateLimits, doc: string, unit = ''): Row<GlobalDraft> {
  return {
    name,
    sections: ['global'],
    syntax: '<number>',
    chapter: '3.2',
    default: '0, no limit',
    doc,
    min: 1,
    max: 1,
    missing: `'${name}' expects an integer argument${unit}.`,
    parse: (global, line) => {
      const value = line.value(readInteger(line.first, name));
      if (value === undefined) return;
      // HAProxy keeps the first one, too.
      if (global.rateLimits[kind] !== 0) line.warn(`'${name}' already specified. Continuing.`);
      else global.rateLimits = { ...global.rateLimits, [kind]: value };
    },
  };
}

const WAIT = 'further ones wait until there is room in a second, in the order they came';

export const globalRateRows: readonly Row<GlobalDraft>[] = [
  limit('maxcomprate', 'compression', 'Accepted without effect: nothing is compressed. `show info` has it.', ' in kb/s'),
  limit('maxconnrate', 'connections', `The most client connections of the whole process that are taken in a second; ${WAIT}.`),
  limit('maxsessrate', 'sessions', 'The same: a session is a client connection.'),
  limit('maxsslrate', 'sslSessions', `The most TLS connections of clients of the whole process that are taken in a second; ${WAIT}.`),
];

export const rateLimitRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'rate-limit sessions',
    sections: FRONT,
    syntax: '<number>',
    chapter: '4.2',
    default: '0, no limit',
    doc: `The most client connections of the section that are taken in a second; ${WAIT}.`,
    min: 1,
    missing: "'rate-limit sessions' expects an integer value (in sessions/second)",
    max: 1,
    parse: (proxy, line) => {
      const value = line.value(readInteger(line.first, 'rate-limit sessions'));
      if (value !== undefined) proxy.rateLimit = value;
    },
  },
];
