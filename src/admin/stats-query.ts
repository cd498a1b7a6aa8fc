/**
 * What stands behind a `stats uri` (manual 4.2 "stats uri"): the uri is a plain prefix of path and query, and options
 * are found anywhere behind it, so that clients may append `;csv`, `/;csv;norefresh` or `&x;csv` to what they were told.
 */

/** `st=` codes have four letters. */
const RESULT = /;st=([A-Z]{4})/;
const SCOPE_LENGTH = 20;

export type StatsFormat = 'html' | 'csv' | 'typed' | 'json' | 'schema';

export interface StatsQuery {
  readonly format: StatsFormat;
  readonly up: boolean;
  readonly noMaint: boolean;
  readonly norefresh: boolean;
  /** Part of a proxy's name in any case; empty shows everything. */
  readonly scope: string;
  /** `;st=`, or empty. */
  readonly result: string;
}

/** The part of `target` behind the uri, or undefined when it is not under it. Case matters. */
export function behindUri(uri: string, target: string): string | undefined {
  return target.startsWith(uri) ? target.slice(uri.length) : undefined;
}

export function parseQuery(rest: string): StatsQuery {
  return {
    format: formatOf(rest),
    up: rest.includes(';up'),
    noMaint: rest.includes(';no-maint'),
    norefresh: rest.includes(';norefresh'),
    scope: scopeOf(rest),
    result: RESULT.exec(rest)?.[1] ?? '',
  };
}

/** Of several the last of this order wins, wherever they stand. */
function formatOf(rest: string): StatsFormat {
  if (rest.includes(';json-schema')) return 'schema';
  if (rest.includes(';json')) return 'json';
  if (rest.includes(';typed')) return 'typed';
  return rest.includes(';csv') ? 'csv' : 'html';
}

/** A scope with a sign that no proxy's name has is ignored as a whole. */
function scopeOf(rest: string): string {
  const from = rest.indexOf('scope=');
  if (from < 0) return '';
  const text = (/^[^;& ]*/.exec(rest.slice(from + 'scope='.length))?.[0] ?? '').slice(0, SCOPE_LENGTH);
  return /^[\w.:-]*$/.test(text) ? text : '';
}
