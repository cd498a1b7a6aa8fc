/**
 * Discovered routes as HAProxy has them: `use_backend` in a frontend, best first, and in the backend of a pool what its routes
 * change about the path.
 */

import { writeWord } from '../config/write.ts';
import { bytesOf } from '../core/bytes.ts';
import type { Route } from '../discovery/provider.ts';
import { routeText } from '../discovery/routes.ts';
import { Acls } from './acls.ts';
import { comment } from './lines.ts';

/** Lines at the end of a frontend: `use_backend` rules of the user's come first. */
export function* routeLines(routes: readonly Route[], taken: Iterable<string>): Generator<string> {
  const acls = new Acls(taken);
  const rules: string[] = [];
  for (const route of routes) {
    const known = acls.lines.length;
    const names = acls.of(route);
    yield* acls.lines.slice(known);
    if ('error' in names) rules.push(comment(`left out: use_backend ${route.pool} for ${routeText(route)}: ${names.error}`));
    else rules.push(`use_backend ${route.pool}${names.value.length === 0 ? '' : ` if ${names.value.join(' ')}`}`);
  }
  yield* rules;
}

/** Where a request's way is kept once it is known: the path that decides it is changed. */
const WAY = 'txn.fairlead_way';

/** Lines in the backend of a pool, for all routes that lead to it, best first. */
export function rewriteLines(routes: readonly Route[]): readonly string[] {
  if (routes.every(({ rewrite }) => rewrite === undefined)) return [];
  const [first = '', ...others] = new Set(routes.map(replacement));
  if (others.length === 0) return [`http-request replace-path ${first}`];
  return byWay(routes);
}

function byWay(routes: readonly Route[]): readonly string[] {
  const acls = new Acls(['way_is_known']);
  const frontends = new Set(routes.map(({ frontend }) => frontend));
  const marks = routes.flatMap((route, index) => {
    const names = acls.of(route);
    // Nobody comes by it.
    if ('error' in names) return [];
    const from = frontends.size === 1 ? [] : [`{ fe_name -m str ${route.frontend} }`];
    return `http-request set-var(${WAY}) int(${index + 1}) if ${['!way_is_known', ...from, ...names.value].join(' ')}`;
  });
  const changes = routes.flatMap((route, index) =>
    route.rewrite === undefined ? [] : [`http-request replace-path ${replacement(route)} if { var(${WAY}) -m int ${index + 1} }`],
  );
  return [`acl way_is_known var(${WAY}) -m found`, ...acls.lines, ...marks, ...changes];
}

/** Expression and format of `replace-path`; the same text for the same change. */
function replacement({ path, rewrite }: Route): string {
  if (rewrite === undefined) return '';
  const below = path.replace(/\/$/, '').replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
  const target = encoded(rewrite.startsWith('/') ? rewrite : `/${rewrite}`).replaceAll('%', '%%');
  const [expression, format] = target.endsWith('/') ? [`^${below}/?(.*)$`, `${target}\\1`] : [`^${below}(.*)$`, `${target}\\1`];
  return `${writeWord(bytesOf(expression))} ${writeWord(bytesOf(format))}`;
}

/** What a request target cannot have, by its bytes (RFC 3986 2.1). */
function encoded(text: string): string {
  return text.replace(/[^!"$-~]/gu, (char) =>
    [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
