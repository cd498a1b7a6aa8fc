/** Paths of request targets (RFC 9112 3.2.1). */

/** The target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** `prefix` of the path becomes `replacement`; what is left always begins with a slash. */
export function rewritePrefix(target: string, prefix: string, replacement: string): string {
  const rest = target.slice(prefix.endsWith('/') ? prefix.length - 1 : prefix.length);
  const joined = replacement.endsWith('/') && rest.startsWith('/') ? replacement + rest.slice(1) : replacement + rest;
  return joined.startsWith('/') ? joined : `/${joined}`;
}
