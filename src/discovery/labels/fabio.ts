/**
 * fabio's tags: `urlprefix-host/path [option=value ...]`, a route each.
 *
 * The path is a prefix of the text in fabio and ends at a segment's border here: `/foo` does not take `/foobar`.
 */

import type { Route } from '../provider.ts';
import { isPath, NO_PATH, readHost, trimmedPath } from './words.ts';

const PREFIX = 'urlprefix-';

export interface UrlPrefix {
  readonly host: Route['host'];
  readonly path: string;
  readonly rewrite: string | undefined;
  readonly scheme: 'http' | 'https';
  readonly warnings: readonly string[];
}

export function isUrlPrefix(tag: string): boolean {
  return tag.startsWith(PREFIX);
}

/** A text says why the tag makes no route. */
export function readUrlPrefix(tag: string): UrlPrefix | string {
  const [target = '', ...words] = tag.slice(PREFIX.length).trim().split(/\s+/);
  const slash = target.indexOf('/');
  if (slash < 0) return `tag ${tag} holds no path: urlprefix-host/path is expected`;
  const host = slash === 0 ? ({ kind: 'any', value: '' } as const) : readHost(target.slice(0, slash).replace(/:\d+$/, ''));
  if (typeof host === 'string') return `tag ${tag} ${host}`;
  const path = trimmedPath(target.slice(slash));
  if (!isPath(path)) return `tag ${tag} ${NO_PATH}`;
  return readOptions(tag, words, { host, path });
}

function readOptions(tag: string, words: readonly string[], { host, path }: Pick<UrlPrefix, 'host' | 'path'>): UrlPrefix | string {
  let rewrite: string | undefined;
  let scheme: UrlPrefix['scheme'] = 'http';
  const warnings: string[] = [];
  for (const word of words) {
    const [key, value = ''] = word.split('=');
    if (key === 'strip' && `${path}/`.startsWith(`${stripped(value)}/`)) rewrite = path.slice(stripped(value).length);
    else if (key === 'prepend' && isPath(value)) rewrite = `${trimmedPath(value)}${rewrite ?? path}`.replace(/(?<=.)\/$/, '');
    else if (key === 'proto' && (value === 'http' || value === 'https')) scheme = value;
    else if (key === 'proto') return `tag ${tag} is for ${value}: only http is routed`;
    // Without them the route would be open to more people.
    else if (key === 'auth' || key === 'allow' || key === 'deny') return `tag ${tag} is not routed: '${word}' is not understood`;
    else warnings.push(`tag ${tag}: '${word}' is not understood`);
  }
  return { host, path, rewrite, scheme, warnings };
}

/** What `strip=` takes off: `/` takes nothing. */
function stripped(value: string): string {
  return value === '' ? '' : trimmedPath(`/${value}`).slice(1);
}
