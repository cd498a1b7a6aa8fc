/**
 * caddy-docker-proxy: the sites of a container's labels, and what below them is proxied to the container.
 *
 *     caddy: a.test                              hosts
 *     caddy.reverse_proxy: /api/* {{upstreams 80}}   the container's port 80, for a path
 *     caddy.handle_path: /x/*                    the same, with the path taken off
 *
 * Containers with one site are balanced, whatever they are called: each host and path is a pool. What answers by itself or
 * changes answers is left out; what may keep people out refuses the container.
 */

import type { Route } from '../provider.ts';
import { type Directive, isCaddyLabel, readSites, type Site } from './caddy-directives.ts';
import { readProxy } from './caddy-proxy.ts';
import { Findings, poolOf } from './findings.ts';
import type { Secure } from './secure.ts';
import type { Labels, Subject } from './settings.ts';
import { isPath, readOneLabelHost, trimmedPath } from './words.ts';

/** Requests are answered all the same without these. */
const HARMLESS: ReadonlySet<string> = new Set([
  'bind',
  'encode',
  'file_server',
  'handle_errors',
  'header',
  'log',
  'log_append',
  'log_name',
  'log_skip',
  'metrics',
  'php_fastcgi',
  'push',
  'redir',
  'request_body',
  'request_header',
  'respond',
  'root',
  'templates',
  'tracing',
  'try_files',
  'vars',
]);

const MOST_VISITS = 10_000;

/** Where in a site we are: which requests get here, and what their path has become. */
interface Scope {
  readonly hosts: readonly Route['host'][];
  /** Taken off, and put before since. */
  readonly strip: string;
  readonly prefix: string;
  /** What is left is below this, or this alone. */
  readonly path: string;
  readonly exact: boolean;
  readonly secure: Secure | undefined;
}

/** What `@name` stands for, or why it stands for nothing here. */
type Matchers = ReadonlyMap<string, Pick<Matcher, 'hosts' | 'paths'> | string>;

interface Matcher {
  readonly hosts: readonly Route['host'][] | undefined;
  readonly paths: readonly Pick<Scope, 'path' | 'exact'>[];
}

export function readCaddy(subject: Subject): Labels | undefined {
  if (![...subject.labels.keys()].some(isCaddyLabel)) return undefined;
  const sites = readSites(subject.labels);
  const reading = new Reading(subject, sites.some(isWide));
  for (const site of sites) reading.site(site);
  return reading.end();
}

class Reading {
  private readonly subject: Subject;
  private readonly findings = new Findings();
  private readonly refused: string[] = [];
  /** Directives that have been read, each as often as its block has paths. */
  private visited = 0;
  /** What one site does not pass on, a wider one does. */
  private readonly wide: boolean;

  constructor(subject: Subject, wide: boolean) {
    this.subject = subject;
    this.wide = wide;
    this.findings.flat.network = subject.labels.get('caddy_ingress_network');
  }

  end(): Labels {
    const { routes, warnings, errors } = this.findings;
    (routes.size === 0 ? errors : warnings).push(...this.refused);
    return this.findings.labels('caddy');
  }

  site({ label, address, directives }: Site): void {
    if (address === '' || address.startsWith('(')) {
      this.findings.unread(`label ${label}`, address === '' ? 'global options are for Caddy' : 'snippets are for Caddy');
      return;
    }
    const addresses = address.split(/[\s,]+/).filter((one) => one !== '');
    this.look(directives, this.wide || isProxied(directives));
    const clear = this.hostsOf(addresses.filter(isClear), label);
    // Who has a host by both ways serves it by both.
    const tls = addresses.filter((one) => !isClear(one));
    const hosts = this.hostsOf(tls, label).filter((host) => !clear.some(({ kind, value }) => kind === host.kind && value === host.value));
    const scope = { strip: '', prefix: '', path: '/', exact: false };
    if (clear.length > 0) this.block(directives, { ...scope, hosts: clear, secure: undefined });
    if (hosts.length > 0) this.block(directives, { ...scope, hosts, secure: secureOf(tls, label) });
  }

  private hostsOf(addresses: readonly string[], label: string): readonly Route['host'][] {
    return addresses.flatMap((one) => this.hostOf(one, label));
  }

  /** `https://a.test:443`; nothing for what is wrong. */
  private hostOf(address: string, label: string): readonly Route['host'][] {
    const [, name = '', port = '80'] = /^(?:https?:\/\/)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?\/?$/.exec(address) ?? ['', address];
    if (port !== '80' && port !== '443')
      this.findings.unread(`label ${label}: port ${port}`, 'on which ports clients come frontends decide');
    const host = name === '' || name === '*' ? ({ kind: 'any', value: '' } as const) : readOneLabelHost(name);
    if (typeof host !== 'string') return [host];
    this.findings.errors.push(`label ${label} ${host}`);
    return [];
  }

  /** Before anything else, and wherever it leads: what one block keeps people out of may be below another one, too. */
  private look(directives: readonly Directive[], proxied: boolean): void {
    for (const directive of directives) {
      const { name, label, inner } = directive;
      if (BLOCKS.has(name)) this.look(inner, proxied);
      else if (name === 'tls' && !asksClients(directive)) this.tls(directive);
      else if (mayGuard(directive, proxied)) {
        this.findings.errors.push(`label ${label} is not known here, and the container might be open to people whom it keeps out`);
      } else if (HARMLESS.has(name)) this.findings.unread(`label ${label}`, 'Fairlead has nothing like it');
    }
  }

  /** `internal` is what `self-signed` is. */
  private tls({ label, args, inner }: Directive): void {
    if (args[0] !== 'internal' || inner.length > 0)
      this.findings.unread(`label ${label}`, 'certificates, versions and ciphers stand on bind lines (crt, self-signed, ssl-min-ver)');
  }

  private block(directives: readonly Directive[], outer: Scope): void {
    if (this.isTooMuch(directives.length)) return;
    const matchers: Matchers = new Map(directives.filter(({ name }) => name.startsWith('@')).map((one) => [one.name, namedMatcher(one)]));
    // A rewrite comes before what is proxied, wherever it stands.
    const scope = directives.reduce<Scope | string>((now, directive) => (typeof now === 'string' ? now : rewritten(directive, now)), outer);
    if (typeof scope === 'string') this.refused.push(scope);
    else for (const directive of directives) this.directive(directive, scope, matchers);
  }

  /** Blocks within blocks multiply their paths. */
  private isTooMuch(directives: number): boolean {
    if (this.visited > MOST_VISITS) return true;
    this.visited += Math.max(1, directives);
    if (this.visited <= MOST_VISITS) return false;
    this.findings.errors.push('its labels hold too many paths in blocks within blocks');
    return true;
  }

  private directive(directive: Directive, scope: Scope, matchers: Matchers): void {
    const { name, label, args, inner } = directive;
    if (!BLOCKS.has(name) && name !== 'reverse_proxy') return;
    const matcher = matcherOf(args[0], matchers);
    const scopes = typeof matcher === 'string' ? matcher : narrowed(scope, matcher, name === 'handle_path');
    if (typeof scopes === 'string') {
      this.refused.push(`label ${label} ${scopes}`);
      return;
    }
    for (const narrow of scopes) {
      if (this.findings.isFull) return;
      if (name === 'reverse_proxy') this.proxy(directive, isMatcher(args[0]) ? args.slice(1) : args, narrow);
      else this.block(inner, narrow);
    }
  }

  private proxy(directive: Directive, upstreams: readonly string[], scope: Scope): void {
    const settings = readProxy(directive, upstreams, this.subject, this.findings);
    if (settings === undefined) return;
    const { hosts, strip, prefix, exact, secure } = scope;
    const rest = scope.path === '/' ? '' : scope.path;
    const path = `${strip}${rest}` || '/';
    const rewrite = strip === '' && prefix === '' ? undefined : `${prefix}${rest}`;
    const service = poolOf(hosts, path, exact);
    this.findings.add(service, { ...settings, hosts, path, exact, rewrite, service, secure, network: this.findings.flat.network });
  }
}

/** Sites that say `http://` or port 80; Caddy sends the clients of all others to https. */
function isClear(address: string): boolean {
  return address.startsWith('http://') || /:(?!443\b)\d+\/?$/.test(address);
}

/** What nobody has asked for is not for ever: browsers keep a 308. */
function secureOf(addresses: readonly string[], label: string): Secure {
  const asked = addresses.some((one) => one.startsWith('https://') || /:443\/?$/.test(one));
  return { word: `label ${label}`, ...(asked ? { status: 308 } : { status: 302, unasked: true }) };
}

/** For a certificate, somewhere below it. */
function asksClients({ name, inner }: Directive): boolean {
  return name === 'client_auth' || inner.some(asksClients);
}

const BLOCKS: ReadonlySet<string> = new Set(['handle', 'handle_path', 'route']);
const REWRITING: ReadonlySet<string> = new Set(['rewrite', 'uri']);

/** Somewhere in it. */
function isProxied(directives: readonly Directive[]): boolean {
  return directives.some(({ name, inner }) => name === 'reverse_proxy' || (BLOCKS.has(name) && isProxied(inner)));
}

/** It is proxied, and holds hosts that may have a site of their own. */
function isWide({ address, directives }: Site): boolean {
  return /\*|(^|[\s,/]):/.test(address) && isProxied(directives);
}

/**
 * An answer that says no, a redirect of some clients, and whatever is not known. Where the site is `proxied`, any answer and
 * any redirect: what Caddy answers instead of the container would get to it.
 */
function mayGuard({ name, args }: Directive, proxied: boolean): boolean {
  if (name === 'respond') return proxied || args.some((word) => /^[45]\d\d$/.test(word));
  if (name === 'redir') return proxied || args[0]?.startsWith('@') === true;
  return !HARMLESS.has(name) && !REWRITING.has(name) && !name.startsWith('@') && name !== 'reverse_proxy';
}

/** What a `rewrite` or `uri` makes of the paths; a text says why it cannot be done. */
function rewritten({ name, label, args }: Directive, scope: Scope): Scope | string {
  if (!REWRITING.has(name)) return scope;
  const words = args[0] === '*' ? args.slice(1) : args;
  const [first = '', second = ''] = words;
  const target = /^(\/.*?)\/?\{(?:uri|path|http\.request\.uri(?:\.path)?)\}$/.exec(first)?.[1];
  if (name === 'rewrite' && words.length === 1 && target !== undefined && isPath(target)) {
    return { ...scope, prefix: `${target === '/' ? '' : target}${scope.prefix}` };
  }
  const taken = trimmedPath(second);
  if (
    name === 'uri' &&
    first === 'strip_prefix' &&
    scope.prefix === '' &&
    isPath(taken) &&
    taken !== '/' &&
    `${scope.path}/`.startsWith(`${taken}/`)
  ) {
    return { ...scope, strip: `${scope.strip}${taken}`, path: scope.path.slice(taken.length) || '/' };
  }
  return `label ${label} changes paths in a way that Fairlead does not`;
}

function isMatcher(word: string | undefined): boolean {
  return word !== undefined && (word === '*' || word.startsWith('/') || word.startsWith('@'));
}

const EVERYTHING: Matcher = { hosts: undefined, paths: [{ path: '/', exact: false }] };

/** What the first word of a directive stands for; a text says why it cannot be a route. */
function matcherOf(word: string | undefined, matchers: Matchers): Matcher | string {
  if (word === undefined || !isMatcher(word)) return EVERYTHING;
  if (word.startsWith('@')) return matchers.get(word) ?? `asks for ${word}, which is not there`;
  const path = pathOf(word);
  return typeof path === 'string' ? path : { hosts: undefined, paths: [path] };
}

/** `@api path /a /b/*`, or the same in lines of its own. */
function namedMatcher({ args, inner }: Directive): Matcher | string {
  const [first, ...rest] = args;
  const lines = [...(first === undefined ? [] : [{ name: first, args: rest }]), ...inner];
  let matcher = EVERYTHING;
  for (const { name, args: values } of lines) {
    if (name === 'path') {
      const paths = values.map(pathOf);
      const bad = paths.find((path) => typeof path === 'string');
      if (bad !== undefined) return bad;
      const distinct = new Map(paths.flatMap((path) => (typeof path === 'string' ? [] : [[`${path.exact} ${path.path}`, path] as const])));
      matcher = { ...matcher, paths: [...distinct.values()] };
    } else if (name === 'host') {
      const hosts = values.map(readOneLabelHost);
      const bad = hosts.find((host) => typeof host === 'string');
      if (bad !== undefined) return bad;
      matcher = { ...matcher, hosts: hosts.filter((host) => typeof host !== 'string') };
    } else return `asks for ${name}, and routes know hosts and paths alone`;
  }
  return matcher;
}

/** `/api/*` and `/api*` are what is below a path, `/api` is that path alone. */
function pathOf(pattern: string): Pick<Scope, 'path' | 'exact'> | string {
  const path = pattern.replace(/\/?\*$/, '');
  if (path.includes('*') || (path !== '' && !isPath(path)))
    return `asks for the path '${pattern}', and routes know the beginnings of paths alone`;
  return path === '' || pattern.endsWith('*') ? { path: path || '/', exact: false } : { path, exact: true };
}

/** The part of `scope` that `matcher` takes: a scope for each of its paths. */
function narrowed(scope: Scope, matcher: Matcher, stripped: boolean): readonly Scope[] | string {
  const hosts = matcher.hosts ?? scope.hosts;
  if (scope.prefix !== '' && matcher.paths.some(({ path }) => path !== '/')) return 'asks for a path that has been rewritten before';
  if (matcher.hosts !== undefined && !matcher.hosts.every(({ kind }) => kind === 'exact'))
    return 'asks for a pattern of hosts within a site';
  const scopes = matcher.paths.flatMap(({ path, exact }): readonly Scope[] => {
    const inside = scope.exact ? exact && path === scope.path : `${path}/`.startsWith(scope.path === '/' ? '/' : `${scope.path}/`);
    if (!inside) return path === '/' || (!stripped && scope.path.startsWith(`${path}/`)) ? [{ ...scope, hosts }] : [];
    if (stripped && path !== '/') return [{ ...scope, hosts, strip: `${scope.strip}${path}`, path: '/', exact }];
    return [{ ...scope, hosts, path, exact }];
  });
  return scopes.length === 0 ? 'asks for a path that no request has there' : scopes;
}
