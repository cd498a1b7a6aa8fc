/**
 * Who posts: a browser sends its stored credentials along when a page of another site posts to the statistics, and that is
 * not the admin's will. Programs that are no browsers say nothing of where they come from, and may.
 */

import type { Head } from '../http/head.ts';

/** Whether a page of another origin sent this request. */
export function isForeign(request: Head): boolean {
  // Browsers alone set it, and no page can (Fetch Metadata); they leave it out on plain HTTP.
  const site = request.first('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return false;
  if (site === 'cross-site') return true;
  // RFC 6454 7.3: `null` is a page that hides its origin.
  const from = request.first('origin') ?? request.first('referer');
  return from === undefined ? site !== undefined : authorityOf(from) !== request.host.toLowerCase();
}

/** `host[:port]` as Host has it: without the default port. */
function authorityOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
