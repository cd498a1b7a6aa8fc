/** What labels make of one server. */

import { applyServerParameters } from '../../config/keywords/server.ts';
import type { ServerConfig } from '../../config/model.ts';
import type { Settings } from './settings.ts';

const CHECK_WORDS: ReadonlySet<string> = new Set(['inter', 'rise', 'fall', 'port']);

/** Labels go over the template one by one, so that an error names its label. */
export function withLabels(base: ServerConfig, settings: Settings): { readonly value: ServerConfig } | { readonly problem: string } {
  if (settings.scheme === 'https') return { problem: 'it wants https (label scheme), and servers are not spoken to in TLS yet' };
  const off = settings.check === false;
  const words = off ? settings.server.filter((entry) => !CHECK_WORDS.has(entry.words[0] ?? '')) : settings.server;
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
