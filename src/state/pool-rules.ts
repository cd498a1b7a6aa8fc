/** What labels ask of a pool's clients, as the lines that a section would have: where from, by https, and to say who they are. */

import type { Config, Place, RawRule } from '../config/model.ts';
import type { PoolOptions } from '../discovery/provider.ts';

/**
 * Who is to come by https is told so before being asked for a password. The address is the client's own: the request's path
 * may have been rewritten for the servers. Its port is that of plain HTTP, and is left out.
 */
export function poolRules(place: Place, { redirect, auth, allow }: PoolOptions, userlists: Config['userlists']): readonly RawRule[] {
  const rules: (readonly string[])[] = [];
  if (allow !== undefined) rules.push(['deny', 'unless', '{', 'src', ...allow, '}']);
  if (redirect !== undefined) {
    const secure = ['{', 'ssl_fc', '}', 'or', '{', 'req.hdr(x-forwarded-proto)', '-i', 'https', '}'];
    rules.push([
      'redirect',
      'location',
      'https://%[req.hdr(host),host_only]%[capture.req.uri]',
      'code',
      `${redirect}`,
      'unless',
      ...secure,
    ]);
  }
  // A source refuses containers with an unknown list; should one come through, nobody is let in.
  if (auth !== undefined) rules.push(userlists.has(auth) ? ['auth', 'unless', '{', `http_auth(${auth})`, '}'] : ['deny']);
  return rules.map((words) => ({ place, words }));
}
