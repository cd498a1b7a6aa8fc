/**
 * Traefik's labels, version 3: routers are routes, services are pools.
 *
 *     traefik.http.routers.R.rule                    hosts and paths
 *     traefik.http.routers.R.{service,priority,entrypoints,middlewares}
 *     traefik.http.services.S.loadbalancer.*         the pool S of every container that has it
 *
 * A router without a service has the container's only one, or one that is made for it. Of two rules the more specific wins,
 * whichever is longer; a `priority` above the length of its rule puts a router before all of those, one below it behind.
 * An entry point is a frontend of that name. What would keep people out and is not known here refuses the container.
 */

import { Findings } from './findings.ts';
import { type Labels, noSettings, type ReaderContext, type Settings, type Subject } from './settings.ts';
import { readMiddlewares, rewriteOf, splitMatch } from './traefik-middlewares.ts';
import { type Match, readRule } from './traefik-rule.ts';
import { isTrue, readService, type Word, type Words } from './traefik-service.ts';

const LABEL = /^traefik\./i;
/** Of priorities, as of our own labels. */
const HIGHEST = 1_000_000;
/** Each by name, by what follows the name. */
type Section = Map<string, Map<string, Word>>;

interface Sorted {
  readonly flat: Map<string, Word>;
  readonly routers: Section;
  readonly services: Section;
  readonly middlewares: Section;
}

/** What routers refer to. */
interface Known {
  readonly services: ReadonlyMap<string, Settings>;
  readonly middlewares: Section;
  readonly subject: Subject;
  readonly domains: readonly string[];
}

export function readTraefik(subject: Subject, { domains }: ReaderContext): Labels | undefined {
  if (![...subject.labels.keys()].some((label) => LABEL.test(label))) return undefined;
  const findings = new Findings();
  const { flat, routers, services: defined, middlewares } = sortLabels(subject.labels);
  if (!readFlat(flat, findings)) return findings.labels('traefik');
  const services = new Map([...defined].map(([name, words]) => [name, readService(words, subject, findings)] as const));
  const refused: string[] = [];
  const routed: Routed[] = [];
  for (const [name, words] of routers) {
    const made = readRouter({ name, words }, { services, middlewares, subject, domains }, findings);
    if (typeof made === 'string') refused.push(`router ${name} ${made}`);
    else routed.push(...made.map((settings) => ({ router: name, settings: { ...settings, network: findings.flat.network } })));
  }
  for (const { router, settings } of routed) findings.add(router, settings);
  if (!findings.isFull) shareLimits(routed, findings);
  // Of whom nothing is left is refused; who has lost one router of several is told.
  (findings.routes.size === 0 ? findings.errors : findings.warnings).push(...refused);
  const [only] = services.values();
  const { enabled, network } = findings.flat;
  if (routers.size === 0 && services.size === 1) Object.assign(findings.flat, only, { enabled, network });
  return findings.labels('traefik');
}

function sortLabels(labels: ReadonlyMap<string, string>): Sorted {
  const sorted: Sorted = { flat: new Map(), routers: new Map(), services: new Map(), middlewares: new Map() };
  for (const [label, value] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!LABEL.test(label)) continue;
    const [, kind = '', name = '', key = ''] = /^traefik\.http\.(routers|services|middlewares)\.([^.]+)\.(.+)$/i.exec(label) ?? [];
    const word = { label, value };
    if (kind === '') sorted.flat.set(label.slice('traefik.'.length).toLowerCase(), word);
    else {
      const section = sorted[kind.toLowerCase() as 'routers' | 'services' | 'middlewares'];
      section.set(name, (section.get(name) ?? new Map()).set(key.toLowerCase(), word));
    }
  }
  return sorted;
}

/** Whether the container takes part. */
function readFlat(words: Words, findings: Findings): boolean {
  for (const [key, { label, value }] of words) {
    if (key === 'enable') {
      if (/^(0|1|t|f|true|false)$/i.test(value.trim())) findings.flat.enabled = isTrue(value);
      else findings.errors.push(`label ${label}=${value} is neither true nor false`);
    } else if (key === 'docker.network' || key === 'swarm.network') findings.flat.network = value.trim() || undefined;
    else if (/^(tcp|udp)\./.test(key)) findings.unread(`label ${label}`, 'only http is routed');
    else
      findings.unread(
        `label ${label}`,
        /^(frontend|backend|port|protocol|weight)\b/.test(key) ? 'it is of Traefik 1' : 'Fairlead has nothing like it',
      );
  }
  return findings.flat.enabled !== false;
}

interface Router {
  readonly name: string;
  readonly words: Words;
}

const ROUTER_KEYS: ReadonlySet<string> = new Set(['rule', 'rulesyntax', 'priority', 'entrypoints', 'service', 'middlewares', 'tls']);

function unreadWhy(key: string): string {
  if (key === 'tls.certresolver') return 'Fairlead gets no certificates: a bind line has them (crt, self-signed)';
  return key.startsWith('tls.domains') ? 'certificates are chosen by their own names' : 'Fairlead has nothing like it';
}

/** What people call the entry point for https. */
const SECURE: ReadonlySet<string> = new Set(['websecure', 'https']);

/** `tls=true`, or anything below it: the router is for clients with TLS alone. An entry point for TLS may say so elsewhere. */
function secureOf(words: Words): Settings['secure'] {
  const [, word] = [...words].find(([key, { value }]) => (key === 'tls' ? isTrue(value) : key.startsWith('tls.'))) ?? [];
  if (word !== undefined) return { word: `label ${word.label}`, status: 302 };
  const points = words.get('entrypoints');
  const isSecure = frontendsOf(points?.value ?? '')?.every((name) => SECURE.has(name));
  return points !== undefined && isSecure ? { word: `label ${points.label}`, status: 302, unasked: true } : undefined;
}

/** Its routes, or why there are none. */
function readRouter({ name, words }: Router, known: Known, findings: Findings): readonly Settings[] | string {
  for (const [key, word] of words) {
    const { label } = word;
    if (ROUTER_KEYS.has(key) || (key === 'tls.options' && /^default(@\w+)?$/.test(word.value))) continue;
    // They may ask clients for a certificate, and are defined elsewhere.
    if (key === 'tls.options') {
      findings.errors.push(`label ${label}=${word.value} is not known here, and the container might be open to people whom it keeps out`);
      continue;
    }
    findings.unread(`label ${label}`, unreadWhy(key));
  }
  // Before anything else: what one router keeps people out of, another one may lead to.
  const effects = readMiddlewares(words.get('middlewares')?.value ?? '', known.middlewares, `router ${name}`, findings);
  const service = serviceOf(words.get('service')?.value.trim() ?? '', known);
  if (typeof service === 'string') return service;
  // Who may come in is a pool's, and another router to the same service may be open to everybody.
  const { allow } = effects;
  const restricted = allow === undefined ? service : { ...service, allow, service: `${service.service}-${name}` };
  const rule = words.get('rule')?.value.trim() ?? '';
  const matches = rule === '' ? defaultMatches(known) : readRule(rule);
  if ('error' in matches) return `is not routed: its rule ${matches.error}`;
  const priority = priorityOf(words.get('priority'), rule, findings);
  const frontends = frontendsOf(words.get('entrypoints')?.value ?? '');
  const secure = secureOf(words);
  const routes: Settings[] = [];
  for (const match of matches.value.flatMap((one) => splitMatch(effects, one))) {
    const rewrite = rewriteOf(effects, match);
    if ('error' in rewrite) return `is not routed: ${rewrite.error}`;
    routes.push({ ...restricted, ...match, priority, frontends, rewrite: rewrite.value, redirect: effects.redirect, secure });
  }
  return routes;
}

/** One route of a router. */
interface Routed {
  readonly router: string;
  readonly settings: Settings;
}

/**
 * Entry points that Traefik keeps apart may be one frontend here: of two routers for one host and path, of which one asks
 * where clients come from, the other one must ask, too. Where a host is guarded in part only, or otherwise for some, nobody
 * can promise that a request is guarded as in Traefik: it cleans paths, takes prefixes as text, and prefers the longer rule.
 */
function shareLimits(routed: readonly Routed[], findings: Findings): void {
  const strict = routed.filter(({ settings }) => settings.allow !== undefined);
  for (const { settings: guarded } of strict) {
    for (const { settings: other } of routed) {
      const isSame = other.path === guarded.path && other.exact === guarded.exact && shareHost(other, guarded);
      if (isSame && other.allow === undefined) Object.assign(other, { allow: guarded.allow, service: guarded.service });
    }
  }
  const told = new Set<string>();
  for (const { router, settings: guarded } of strict) {
    for (const { router: another, settings: other } of routed) {
      if (other.allow?.join() === guarded.allow?.join() || !mayShareHost(other, guarded)) continue;
      const both = [router, another].sort().join(' and ');
      if (!told.has(both))
        findings.errors.push(`routers ${both} let different networks in for the same host, and one might open what the other keeps shut`);
      told.add(both);
    }
  }
}

/** What is not a plain host may be any. */
function mayShareHost(one: Settings, other: Settings): boolean {
  const isPattern = ({ hosts }: Settings): boolean => hosts?.some(({ kind }) => kind !== 'exact') !== false;
  return isPattern(one) || isPattern(other) || shareHost(one, other);
}

function shareHost(one: Settings, other: Settings): boolean {
  return one.hosts?.some(({ kind, value }) => other.hosts?.some((host) => host.kind === kind && host.value === value)) === true;
}

/** Of the service that is named, the only one, or one that is made for the router. */
function serviceOf(text: string, { services, subject }: Known): Settings | string {
  const [name = '', provider = 'docker'] = text.split('@');
  const [only] = services.keys();
  if (name === '' && services.size > 1) return `is not routed: it names none of the services ${[...services.keys()].join(', ')}`;
  if (name === '' && only === undefined) return { ...noSettings(), port: subject.exposed[0], service: subject.pool };
  const wanted = name === '' ? (only ?? '') : name;
  const service = provider === 'docker' ? services.get(wanted) : undefined;
  return service === undefined ? `is not routed: its service ${text} is not one of this container's` : { ...service, service: wanted };
}

/** What Traefik routes by the container's name is routed as `<service>.<domain>`. */
function defaultMatches({ subject, domains }: Known): { readonly value: readonly Match[] } | { readonly error: string } {
  const hosts = domains.map((domain) => ({ kind: 'exact' as const, value: `${subject.service}.${domain}`.toLowerCase() }));
  return hosts.length === 0 ? { error: 'is missing, and docker-routes has no domain=' } : { value: [{ hosts, path: '/', exact: false }] };
}

/** Where to stand between routes that say nothing and have 0. */
function priorityOf(word: Word | undefined, rule: string, findings: Findings): number {
  const text = word?.value.trim() ?? '';
  if (word === undefined || text === '' || text === '0') return 0;
  if (!/^-?\d+$/.test(text)) {
    findings.errors.push(`label ${word.label}=${word.value} is not a whole number`);
    return 0;
  }
  const value = Math.max(-HIGHEST + 1, Math.min(Number(text), HIGHEST));
  return value < rule.length ? value - HIGHEST : value;
}

function frontendsOf(text: string): readonly string[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  return text.trim() === '' ? undefined : names.filter((name) => name !== '');
}
