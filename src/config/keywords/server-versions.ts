/** Versions of TLS that do not fit each other on a server's line. */

import type { ServerDraft } from '../draft.ts';
import { serverVersions } from '../tls-words.ts';

/** In HAProxy's words, of a server that is spoken to by TLS or checked so; `backend` is empty where nobody knows it. */
export function versionsOf(
  { secured, checkWords, sslWords }: ServerDraft,
  backend: string,
  server: string,
): { readonly error: string | undefined; readonly doubts: readonly string[] } {
  if (!secured && checkWords.ssl !== true) return { error: undefined, doubts: [] };
  const { problems } = serverVersions(sslWords);
  const subject = backend === '' ? '' : `backend '${backend}': `;
  const doubts = problems.flatMap((problem) => {
    if (problem.kind === 'ignored')
      return ["no-sslv3/no-tlsv1x are ignored for this server. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix."];
    if (problem.kind !== 'hole') return [];
    const hole = `Hole find for ${problem.version}. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.`;
    return [`${subject}SSL/TLS versions range not contiguous for server '${server}'. ${hole}`];
  });
  const none = problems.some(({ kind }) => kind === 'none');
  return { error: none ? `${subject}all SSL/TLS versions are disabled for server '${server}'.` : undefined, doubts };
}
