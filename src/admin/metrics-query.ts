/** What a scrape asks for: HAProxy's parameters (its exporter, 2.6), and the format by `accept` (RFC 9110 12.5.1). */

import { SCOPES, type Scope, type Scrape } from '../stats/exposition.ts';

type Asked = Pick<Scrape, 'scopes' | 'noMaint'>;

/**
 * `scope=` may come again and again: a name adds, `*` adds all, nothing takes all away. What else there may be means
 * nothing, but must be well-formed. Undefined where a scope is none, or an escape.
 */
export function parseScrape(target: string): Asked | undefined {
  const scopes = new Set<Scope>();
  let limited = false;
  let noMaint = false;
  const mark = target.indexOf('?');
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (/%(?![\da-f]{2})/i.test(query)) return undefined;
  for (const parameter of query.split('&')) {
    const equals = parameter.indexOf('=');
    const name = decode(equals < 0 ? parameter : parameter.slice(0, equals));
    if (name === 'no-maint') noMaint = true;
    if (name !== 'scope') continue;
    limited = true;
    const value = equals < 0 ? undefined : decode(parameter.slice(equals + 1));
    if (value === '') scopes.clear();
    else if (value === '*') for (const scope of SCOPES) scopes.add(scope);
    else if (isScope(value)) scopes.add(value);
    else return undefined;
  }
  return { scopes: limited ? scopes : new Set(SCOPES), noMaint };
}

function isScope(value: string | undefined): value is Scope {
  return SCOPES.some((scope) => scope === value);
}

/** To bytes, one character each. */
function decode(text: string): string {
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/** Whether OpenMetrics 1.0 is asked for by name, and the text format not more. */
export function wantsOpenMetrics(accept: string): boolean {
  const ranges = accept.split(',').map(rangeOf);
  const open = ranges.filter(({ type, version }) => type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0');
  const text = ranges.filter(({ type, version }) => type === 'text/plain' && (version ?? '0.0.4') === '0.0.4');
  const wanted = best(open);
  return wanted > 0 && wanted >= best(text);
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const named = (name: string): string | undefined => {
    const found = parameters.find((parameter) => parameter.startsWith(`${name}=`));
    return found?.slice(name.length + 1).replaceAll('"', '');
  };
  const quality = named('q');
  return { type, version: named('version'), quality: quality === undefined ? 1 : Number(quality) || 0 };
}

function best(ranges: readonly Range[]): number {
  return Math.max(0, ...ranges.map(({ quality }) => quality));
}
