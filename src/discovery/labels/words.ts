/** Hosts and paths as labels write them, whoever's they are. A text instead of a value says what is wrong with it. */

import type { Route } from '../provider.ts';
import { slowRegex } from './host-regex.ts';

/** `www.example.test`, `*.example.test`, `~^regex$`. */
export function readHost(item: string): Route['host'] | string {
  if (item.startsWith('~')) return readHostRegex(item.slice(1));
  const host = item.toLowerCase().replace(/\.$/, '');
  if (host === '') return 'holds an empty host';
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (/:\d+$/.test(name) && !name.startsWith('[')) return `holds '${item}': a host stands here without a port`;
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)$/.test(name)) return `holds '${item}', which is not a host`;
  return name === host ? { kind: 'exact', value: host } : { kind: 'suffix', value: `.${name}` };
}

export function readHostRegex(source: string): Route['host'] | string {
  try {
    new RegExp(source);
  } catch (error) {
    return `holds a bad regular expression: ${(error as Error).message}`;
  }
  const slow = slowRegex(source);
  return slow === undefined ? { kind: 'regex', value: source } : `holds a regular expression that ${slow}`;
}

/** As `readHost`, for tools whose star is one label only: `*.a.test` is `~^[^.]+\.a\.test$`. */
export function readOneLabelHost(item: string): Route['host'] | string {
  if (item.startsWith('~')) return `holds '${item}', which is not a host`;
  const host = readHost(item);
  return typeof host === 'string' || host.kind !== 'suffix' ? host : readHostRegex(`^[^.]+${escapeRegex(host.value)}$`);
}

/** Of a regular expression that matches `text` itself. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?+*()[\]{}]/g, '\\$&');
}

/** What a request target may hold (RFC 9112 3.2), but no query: anything else would end its line, or be two bytes to some. */
const PATH = /^\/[!"$->@-~]*$/;
export const NO_PATH = "is not a path (it begins with '/' and is visible ASCII without '?' and '#'; write other characters as %XX)";

export function isPath(text: string): boolean {
  return PATH.test(text);
}

/** Without slashes at its end; a single one stays. */
export function trimmedPath(text: string): string {
  let end = text.length;
  while (end > 1 && text.charCodeAt(end - 1) === 0x2f) end--;
  return text.slice(0, end);
}

/** A request target in origin form (RFC 9112 3.2.1), with a query if it wants one. */
export function isTarget(text: string): boolean {
  return /^\/[!"$-~]*$/.test(text);
}

/** A host, perhaps with a port: what a Host field may hold. */
export function isAuthority(text: string): boolean {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$/i.test(text);
}

/** RFC 9110 5.6.2: methods and names of cookies are such. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}
