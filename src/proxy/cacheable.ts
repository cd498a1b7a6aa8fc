/**
 * Whether a cache between us and the client may keep a response, by HAProxy's lights: what `cookie ... nocache` goes by.
 * By default a response to a safe method with a status that is cacheable; `Cache-Control` says otherwise, word after word;
 * and something must tell how long it lasts, or how to ask whether it still does.
 */

import type { Head } from '../http/head.ts';

/** RFC 7231 6.1. */
const STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501]);

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

const NEVER: ReadonlySet<string> = new Set(['private', 'no-store', 'no-cache', 'max-age=0', 's-maxage=0']);

export function cacheable(head: Head, method: string): boolean {
  if (head.values('pragma').some((value) => value.toLowerCase() === 'no-cache')) return false;
  let allowed = SAFE.has(method) && STATUSES.has(head.status);
  let lasting = head.has('expires') || head.has('etag') || head.has('last-modified');
  for (const line of head.values('cache-control')) {
    for (const part of line.split(',')) {
      const word = part.trim().toLowerCase();
      if (word === 'public') allowed = true;
      else if (NEVER.has(word)) allowed = false;
      else if (word.startsWith('max-age=') || word.startsWith('s-maxage=')) lasting = true;
    }
  }
  return allowed && lasting;
}
