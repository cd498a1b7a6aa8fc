/**
 * The discovered routes of one frontend, made for looking up: host and path -> route.
 *
 * Higher priority wins. Among equals the more specific: an exact host, then a wildcard (the longest), then a regular
 * expression, then what is for any host; within one host the longest path. A host whose paths do not match leaves the
 * request to a wider one.
 * Built once per change, read by every request: an exact host costs one Map lookup.
 */

import type { Route } from '../state/types.ts';

/** Of a host name, in letters: a longer one is none, and regular expressions are not asked about it. */
const LONGEST_HOST = 253;

/** Routes of one host, best first. */
type Bucket = readonly Route[];

export class RouteTable {
  /** Every source of these routes has spoken: a host that is not here is known to nobody. */
  readonly settled: boolean;
  /** How many there are. */
  readonly size: number;
  private readonly exact: ReadonlyMap<string, Bucket>;
  /** By suffix with its leading dot. */
  private readonly suffix: ReadonlyMap<string, Bucket>;
  private readonly regex: readonly { readonly pattern: RegExp; readonly bucket: Bucket; readonly priority: number }[];
  private readonly any: Bucket | undefined;

  /** Of hosts that were served until a moment ago; for a request that nobody else takes. */
  readonly gone: RouteTable | undefined;

  constructor(routes: readonly Route[], settled: boolean, gone: readonly Route[] = []) {
    this.settled = settled;
    this.size = routes.length;
    this.gone = gone.length === 0 ? undefined : new RouteTable(gone, settled);
    this.exact = buckets(routes, 'exact');
    this.suffix = buckets(routes, 'suffix');
    this.regex = [...buckets(routes, 'regex')].flatMap(([source, bucket]) => {
      const pattern = compile(source);
      return pattern === undefined ? [] : [{ pattern, bucket, priority: bucket[0]?.priority ?? 0 }];
    });
    this.any = buckets(routes, 'any').get('');
  }

  /** `host` as in the request, in any case and with or without a port; `path` without the query. */
  lookup(host: string, path: string): Route | undefined {
    const name = hostName(host);
    let best = better(undefined, this.exact.get(name), path);
    if (this.suffix.size > 0) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        best = better(best, this.suffix.get(name.slice(dot)), path);
      }
    }
    if (this.regex.length > 0 && name.length <= LONGEST_HOST) best = this.matched(best, name, path);
    return this.any === undefined ? best : better(best, this.any, path);
  }

  /** Whether a host has a route of its own, is `possible` because some route takes others as well, or has none at all. */
  hostIs(host: string): 'named' | 'possible' | 'no' {
    const name = hostName(host);
    if (this.exact.has(name) || this.gone?.exact.has(name) === true) return 'named';
    if (this.any !== undefined) return 'possible';
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) if (this.suffix.has(name.slice(dot))) return 'possible';
    return name.length <= LONGEST_HOST && this.regex.some(({ pattern }) => pattern.test(name)) ? 'possible' : 'no';
  }

  /** Never to be tried in vain: this is where a request can cost time. */
  private matched(found: Route | undefined, name: string, path: string): Route | undefined {
    let best = found;
    for (const { pattern, bucket, priority } of this.regex) {
      if ((best === undefined || priority > best.priority) && pattern.test(name)) best = better(best, bucket, path);
    }
    return best;
  }
}

/** What was found in a more specific place stays unless this one has a higher priority. */
function better(best: Route | undefined, bucket: Bucket | undefined, path: string): Route | undefined {
  if (bucket === undefined) return best;
  for (const route of bucket) {
    if (best !== undefined && route.priority <= best.priority) return best;
    if (route.exact ? route.path === path : covers(route.path, path)) return route;
  }
  return best;
}

/** Prefix on segment borders: `/api` and `/api/` cover `/api`, `/api/` and `/api/x`, not `/apix`. */
function covers(prefix: string, path: string): boolean {
  const length = prefix.endsWith('/') ? prefix.length - 1 : prefix.length;
  if (length === 0) return true;
  if (path.length > length && path.charCodeAt(length) !== 0x2f && path.charCodeAt(length) !== 0x3f) return false;
  return path.length >= length && path.startsWith(prefix.slice(0, length));
}

function buckets(routes: readonly Route[], kind: Route['host']['kind']): Map<string, Bucket> {
  const found = new Map<string, Route[]>();
  for (const route of routes) {
    if (route.host.kind !== kind) continue;
    const key = kind === 'regex' ? route.host.value : route.host.value.toLowerCase();
    const bucket = found.get(key);
    if (bucket === undefined) found.set(key, [route]);
    else bucket.push(route);
  }
  for (const bucket of found.values())
    bucket.sort((a, b) => b.priority - a.priority || b.path.length - a.path.length || Number(b.exact) - Number(a.exact));
  return found;
}

/** The source of the routes has refused patterns that are none, with the reason; here they match nothing. */
function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'i');
  } catch {
    return undefined;
  }
}

/** Lower case, without port and without the root's dot. `[::1]:80` -> `[::1]`. */
function hostName(host: string): string {
  const colon = host.lastIndexOf(':');
  const bare = colon >= 0 && host.indexOf(']', colon) < 0 ? host.slice(0, colon) : host;
  return (bare.endsWith('.') ? bare.slice(0, -1) : bare).toLowerCase();
}
