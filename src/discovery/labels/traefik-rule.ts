/**
 * Traefik's rules, as far as hosts and paths go: which hosts, and which path below them.
 *
 *     Host(`a.test`) && (PathPrefix(`/api`) || Path(`/ping`))   ->   a.test/api, a.test=/ping
 *
 * A rule is turned into alternatives, each of which has at most one host and one path. `!` and matchers of anything else
 * cannot be routes here. A path is a prefix of the text in Traefik and ends at a segment's border here. What Traefik 2
 * wrote differently is read, too: several values in one matcher, and `{name:regex}` in hosts.
 */

import type { Route } from '../provider.ts';
import { escapeRegex, isPath, NO_PATH, readHostRegex, readOneLabelHost, trimmedPath } from './words.ts';

export interface Match {
  readonly hosts: readonly Route['host'][];
  readonly path: string;
  readonly exact: boolean;
}

/** Any longer, and a rule is somebody's joke. */
const DEEPEST = 50;
const MOST = 64;

class RuleError extends Error {}

/** What is wrong comes as a sentence's end. */
export function readRule(rule: string): { readonly value: readonly Match[] } | { readonly error: string } {
  try {
    return { value: joined(new Parser(rule).whole().map(matchOf)) };
  } catch (error) {
    if (error instanceof RuleError) return { error: error.message };
    throw error;
  }
}

/** `Host(`a`, `b`)` */
interface Matcher {
  readonly name: string;
  readonly values: readonly string[];
}

/** Matchers that must all be true. */
type All = readonly Matcher[];

const TOKEN = /\s*(?:(&&|\|\||[(),!])|`([^`]*)`|"((?:[^"\\]|\\.)*)"|([A-Za-z]+)|(\S))/y;

interface Token {
  readonly kind: 'sign' | 'value' | 'name' | 'end';
  readonly text: string;
}

class Parser {
  private readonly rule: string;
  private at = 0;
  private token: Token;

  constructor(rule: string) {
    this.rule = rule.trimEnd();
    this.token = this.next();
  }

  whole(): readonly All[] {
    const alternatives = this.either(0);
    if (this.token.kind !== 'end') throw new RuleError(`has '${this.token.text}' where && or || is expected`);
    return alternatives;
  }

  private either(depth: number): readonly All[] {
    if (depth > DEEPEST) throw new RuleError('is nested too deeply');
    const found = [...this.both(depth)];
    while (this.take('||')) found.push(...this.both(depth));
    return few(found);
  }

  private both(depth: number): readonly All[] {
    let found = this.one(depth);
    while (this.take('&&')) {
      const others = this.one(depth);
      few({ length: found.length * others.length });
      found = found.flatMap((all) => others.map((more) => [...all, ...more]));
    }
    return found;
  }

  private one(depth: number): readonly All[] {
    if (this.take('!')) throw new RuleError("has a '!', and what is not meant cannot be a route");
    if (this.take('(')) {
      const inner = this.either(depth + 1);
      this.want(')');
      return inner;
    }
    const name = this.token;
    if (name.kind !== 'name') throw new RuleError(`has '${name.text}' where a matcher is expected`);
    this.token = this.next();
    return [[{ name: name.text, values: this.values() }]];
  }

  private values(): readonly string[] {
    this.want('(');
    const values: string[] = [];
    do {
      if (this.token.kind !== 'value') throw new RuleError(`has '${this.token.text}' where a value in backticks is expected`);
      values.push(this.token.text);
      this.token = this.next();
    } while (this.take(','));
    this.want(')');
    return values;
  }

  private take(sign: string): boolean {
    if (this.token.kind !== 'sign' || this.token.text !== sign) return false;
    this.token = this.next();
    return true;
  }

  private want(sign: string): void {
    if (!this.take(sign)) throw new RuleError(`has '${this.token.text}' where '${sign}' is expected`);
  }

  private next(): Token {
    if (this.at >= this.rule.length) return { kind: 'end', text: 'its end' };
    TOKEN.lastIndex = this.at;
    const [whole = '', sign, raw, quoted, name, other = ''] = TOKEN.exec(this.rule) ?? [];
    this.at += whole.length;
    if (sign !== undefined) return { kind: 'sign', text: sign };
    if (raw !== undefined) return { kind: 'value', text: raw };
    if (quoted !== undefined) return { kind: 'value', text: quoted.replace(/\\(.)/g, '$1') };
    if (name !== undefined) return { kind: 'name', text: name };
    throw new RuleError(`has a '${other}' that does not belong there`);
  }
}

function few<T extends { readonly length: number }>(alternatives: T): T {
  if (alternatives.length > MOST) throw new RuleError(`has more than ${MOST} alternatives`);
  return alternatives;
}

type PathMatch = Pick<Match, 'path' | 'exact'>;

const ANY: readonly Route['host'][] = [{ kind: 'any', value: '' }];
const EVERY_PATH: readonly PathMatch[] = [{ path: '/', exact: false }];

/** Every combination that this can be; several paths in one matcher are as many alternatives. */
function matchOf(all: All): readonly Match[] {
  let hosts: readonly Route['host'][] | undefined;
  let paths: readonly PathMatch[] | undefined;
  for (const { name, values } of all) {
    switch (name.toLowerCase()) {
      case 'host':
      case 'hostheader':
        hosts = narrowHosts(hosts, values.map(readExact));
        break;
      case 'hostregexp':
        hosts = narrowHosts(hosts, values.map(readRegexp));
        break;
      case 'path':
        paths = narrowPaths(
          paths,
          few(values).map((value) => readPath(value, true)),
        );
        break;
      case 'pathprefix':
        paths = narrowPaths(
          paths,
          few(values).map((value) => readPath(value, false)),
        );
        break;
      default:
        throw new RuleError(`asks for ${name}, and routes know hosts and paths alone`);
    }
  }
  return (paths ?? EVERY_PATH).map((path) => ({ hosts: hosts ?? ANY, ...path }));
}

function narrowHosts(known: readonly Route['host'][] | undefined, more: readonly Route['host'][]): readonly Route['host'][] {
  if (known === undefined) return more;
  if ([...known, ...more].some(({ kind }) => kind !== 'exact')) throw new RuleError('wants a host to match two patterns at once');
  const both = known.filter(({ value }) => more.some((other) => other.value === value));
  if (both.length === 0) throw new RuleError('wants two hosts at once, which no request has');
  return both;
}

function narrowPaths(known: readonly PathMatch[] | undefined, more: readonly PathMatch[]): readonly PathMatch[] {
  if (known === undefined) return more;
  few({ length: known.length * more.length });
  const both = known.flatMap((one) => more.flatMap((other) => (covers(one, other) ? [other] : covers(other, one) ? [one] : [])));
  if (both.length === 0) throw new RuleError('wants two paths at once, which no request has');
  return both;
}

function covers(wide: PathMatch, narrow: PathMatch): boolean {
  if (wide.exact) return narrow.exact && wide.path === narrow.path;
  return `${narrow.path}/`.startsWith(wide.path === '/' ? '/' : `${wide.path}/`);
}

function readExact(text: string): Route['host'] {
  return sure(readOneLabelHost(text), text);
}

function readRegexp(text: string): Route['host'] {
  const source = /\{[A-Za-z_][\w-]*(:|\})/.test(text) ? ofVersion2(text) : text;
  // Hosts match in any case anyway, and JavaScript names groups without a P.
  return sure(readHostRegex(source.replace(/^\(\?i\)/, '').replaceAll('(?P<', '(?<')), text);
}

/** `{sub:[a-z]+}.example.test` -> `^(?:[a-z]+)\.example\.test$` */
function ofVersion2(text: string): string {
  const parts = text.split(/(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/);
  const sources = parts.map((part) => {
    if (!part.startsWith('{')) return escapeRegex(part);
    const colon = part.indexOf(':');
    return colon < 0 ? '[^.]+' : `(?:${part.slice(colon + 1, -1)})`;
  });
  return `^${sources.join('')}$`;
}

function sure(host: Route['host'] | string, text: string): Route['host'] {
  if (typeof host === 'string') throw new RuleError(host.includes(text) ? host : `${host} (${text})`);
  return host;
}

function readPath(text: string, exact: boolean): PathMatch {
  const path = exact ? text : trimmedPath(text);
  if (/[{}]/.test(path)) throw new RuleError(`holds the pattern '${text}' for a path, and paths are plain text`);
  if (!isPath(path)) throw new RuleError(`holds '${text}', which ${NO_PATH}`);
  return { path, exact };
}

/** Alternatives with one path are one. */
function joined(matches: readonly (readonly Match[])[]): readonly Match[] {
  const byPath = new Map<string, Match>();
  for (const match of matches.flat()) {
    const key = `${match.exact} ${match.path}`;
    const hosts = [...(byPath.get(key)?.hosts ?? []), ...match.hosts];
    const distinct = [...new Map(hosts.map((host) => [`${host.kind} ${host.value}`, host])).values()];
    byPath.set(key, { ...match, hosts: distinct });
  }
  return [...byPath.values()];
}
