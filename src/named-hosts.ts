/** The hosts that the rules of a section name: whom clients may be expected to ask for. */

import type { ProxyConfig } from './config/model.ts';

/** `hdr(host)`, `req.hdr(Host),lower`, `ssl_fc_sni`: what is compared with whole names. */
const HOST = /^(?:(?:req\.|req\.f|f)?hdr(?:_str)?\(host(?:,-?\d+)?\)|ssl_fc_sni)(?:,(?:lower|host_only|field\(1,:\)))*$/i;

/** In lower case and without ports. Those of maps and files, and beginnings, ends and patterns of names are not known. */
export function namedHosts({
  acls,
  httpRequest,
  redirects,
  useBackends,
}: Pick<ProxyConfig, 'acls' | 'httpRequest' | 'redirects' | 'useBackends'>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { words } of [...acls, ...httpRequest, ...redirects, ...useBackends]) {
    words.forEach((word, at) => {
      if (HOST.test(word)) for (const name of literals(words.slice(at + 1))) names.add(name);
    });
  }
  return names;
}

/** Behind a fetch, up to the end of its condition. */
function literals(words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length && words[at] !== '}'; at++) {
    const word = words[at] as string;
    // Another way to compare, or a file.
    if (word === '-f' || word === '-M' || (word === '-m' && words[++at] !== 'str')) return [];
    if (!word.startsWith('-')) found.push(word.toLowerCase().replace(/:\d+$/, ''));
  }
  return found;
}
