/** What labels make of one server. */

import { applyServerParameters } from '../../config/keywords/server.ts';
import type { ServerConfig } from '../../config/model.ts';
import type { Settings } from './settings.ts';

const CHECK_WORDS: ReadonlySet<string> = new Set(['inter', 'rise', 'fall']);

/** Labels go over the template one by one, so that an error names its label. */
export function withLabels(base: ServerConfig, settings: Settings): { readonly value: ServerConfig } | { readonly problem: string } {
  const off = settings.check === false;
  const words = off ? settings.server.filter((entry) => !CHECK_WORDS.has(entry.words[0] ?? '')) : settings.server;
  const on = settings.check === true || words.some((entry) => CHECK_WORDS.has(entry.words[0] ?? ''));
  let server = off ? { ...base, check: undefined } : base;
  for (const { label, words: parameters } of on ? [{ label: 'check', words: ['check'] }, ...words] : words) {
    const applied = applyServerParameters(server, parameters);
    if ('error' in applied) return { problem: `label ${label}: ${applied.error}` };
    server = applied.server;
  }
  return { value: server };
}
