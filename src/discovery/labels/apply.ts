/** What labels make of one server. */

import { applyServerParameters } from '../../config/keywords/server.ts';
import type { ServerConfig } from '../../config/model.ts';
import type { ServerWords, Settings } from './settings.ts';

const CHECK_WORDS: ReadonlySet<string> = new Set(['inter', 'rise', 'fall', 'port']);

/** Labels go over the template one by one, so that an error names its label. */
export function withLabels(base: ServerConfig, settings: Settings): { readonly value: ServerConfig } | { readonly problem: string } {
  const off = settings.check === false;
  const said = off ? settings.server.filter((entry) => !CHECK_WORDS.has(entry.words[0] ?? '')) : settings.server;
  const tls = tlsWords(base, settings);
  if ('problem' in tls) return tls;
  const words = [...tls.value, ...said];
  const on = settings.check ?? (settings.httpCheck !== undefined || words.some((entry) => CHECK_WORDS.has(entry.words[0] ?? '')));
  const { drain = base.drain } = settings;
  let server = { ...base, ...(drain === undefined ? {} : { drain }), ...(off ? { check: undefined } : {}) };
  for (const { label, words: parameters } of on ? [{ label: 'check', words: ['check'] }, ...words] : words) {
    const applied = applyServerParameters(server, parameters);
    if ('error' in applied) return { problem: `label ${label}: ${applied.error}` };
    server = applied.server;
  }
  return { value: server };
}

/**
 * Containers have certificates of their own making, if any, and are reached by addresses that no certificate is for: theirs are verified
 * where the line of the configuration says against which authorities. What it says of verification no label takes back.
 */
function tlsWords(
  { ssl, sslWords = ssl }: ServerConfig,
  { scheme, server }: Settings,
): { readonly value: readonly ServerWords[] } | { readonly problem: string } {
  const secured: ServerWords | undefined = scheme === 'https' ? { label: 'scheme', words: ['ssl'] } : undefined;
  const first = secured ?? server.find(({ words }) => words.includes('check-ssl'));
  const told = secured === undefined ? [] : [secured];
  if (first === undefined || ssl !== undefined || sslWords?.caFile !== undefined) return { value: told };
  const { verify, verifySaid, verifyhost, crlFile } = sslWords ?? {};
  const wanted = verifySaid && verify === 'required' ? 'verify required' : verifyhost !== undefined ? 'verifyhost' : 'crl-file';
  if (wanted === 'crl-file' && crlFile === undefined) return { value: [...told, { label: first.label, words: ['verify', 'none'] }] };
  return { problem: `label ${first.label}: the line of the configuration has '${wanted}' and no 'ca-file' to verify certificates with` };
}
