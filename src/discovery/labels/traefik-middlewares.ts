/**
 * Traefik's middlewares. Paths are rewritten and clients sent to https as they say; of the others some can be left out, and
 * the rest keeps people out: leaving one of those out would open what it guards, and so it refuses the container.
 */

import { isNetwork } from '../../config/address.ts';
import type { RedirectStatus } from '../provider.ts';
import type { Findings } from './findings.ts';
import type { Match } from './traefik-rule.ts';
import { isTrue, type Words } from './traefik-service.ts';
import { isPath, trimmedPath } from './words.ts';

/** What they do to a router, all together. */
export interface Effects {
  redirect: RedirectStatus | undefined;
  /** Prefixes that are taken from a path. */
  strip: readonly string[];
  /** Put before a path then. */
  prefix: string;
  /** Networks that clients may come from; undefined: any. */
  allow: readonly string[] | undefined;
  /** What is done to paths and cannot be done here. */
  problem: string | undefined;
}

/** Without them requests are answered all the same. */
const HARMLESS: ReadonlySet<string> = new Set([
  'buffering',
  'circuitbreaker',
  'compress',
  'contenttype',
  'errors',
  'grpcweb',
  'headers',
  'inflightreq',
  'passtlsclientcert',
  'ratelimit',
  'redirectregex',
  'redirectscheme',
  'retry',
]);

const PATHS: ReadonlySet<string> = new Set(['replacepath', 'replacepathregex', 'stripprefixregex']);

/** `names` as a router lists them. */
export function readMiddlewares(names: string, defined: ReadonlyMap<string, Words>, where: string, findings: Findings): Effects {
  const effects: Effects = { redirect: undefined, strip: [], prefix: '', allow: undefined, problem: undefined };
  const chains = new Set<string>();
  const todo = [...listOf(names)];
  for (let text = todo.shift(); text !== undefined; text = todo.shift()) {
    const [name = '', provider = 'docker'] = text.split('@');
    const words = (provider === 'docker' ? defined.get(name) : undefined) ?? new Map();
    // One that leads to itself is not known, as one of two kinds is not.
    const kind = [...new Set([...words.keys()].map((key: string) => key.split('.')[0]))].join(' and ');
    if (kind === 'chain' && !chains.has(name)) todo.unshift(...listOf(words.get('chain.middlewares')?.value ?? ''));
    else readOne({ text, kind, words }, where, findings, effects);
    if (kind === 'chain') chains.add(name);
  }
  return effects;
}

/** Reads one kind's options; false where they are more than is done here. */
type Row = (value: (option: string) => string, effects: Effects, words: Words) => boolean;

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['redirectscheme', readRedirect],
  ['stripprefix', readStrip],
  ['addprefix', readPrefix],
  ['ipallowlist', readAllow],
  ['ipwhitelist', readAllow],
]);

interface Middleware {
  readonly text: string;
  readonly kind: string;
  readonly words: Words;
}

function readOne({ text, kind, words }: Middleware, where: string, findings: Findings, effects: Effects): void {
  const what = `middleware ${text}${kind === '' ? '' : ` (${kind})`} of ${where}`;
  const done = ROWS.get(kind)?.((option) => words.get(`${kind}.${option}`)?.value.trim() ?? '', effects, words);
  if (done === true) return;
  if (HARMLESS.has(kind)) findings.unread(what, 'Fairlead has nothing like it');
  else if (PATHS.has(kind)) effects.problem = `${what} changes paths in a way that Fairlead does not`;
  else findings.errors.push(`${what} is not known here, and the container might be open to people whom it keeps out`);
}

function readRedirect(value: (option: string) => string, effects: Effects): boolean {
  if (value('scheme').toLowerCase() !== 'https') return false;
  effects.redirect = isTrue(value('permanent')) ? 301 : 302;
  return true;
}

function readStrip(value: (option: string) => string, effects: Effects): boolean {
  effects.strip = [...effects.strip, ...listOf(value('prefixes'))];
  return true;
}

function readPrefix(value: (option: string) => string, effects: Effects): boolean {
  effects.prefix = `${trimmedPath(`/${value('prefix')}`).slice(1)}${effects.prefix}`;
  return true;
}

/** Of two lists on one router only who is in both may come in; and who is behind another proxy is somebody else. */
function readAllow(value: (option: string) => string, effects: Effects, words: Words): boolean {
  const networks = listOf(value('sourcerange'));
  if (effects.allow !== undefined || words.size !== 1 || networks.length === 0 || !networks.every(isNetwork)) return false;
  effects.allow = networks;
  return true;
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Where a prefix is taken only from some of a route's paths, those are a route of their own. */
export function splitMatch({ strip }: Effects, match: Match): readonly Match[] {
  if (match.exact) return [match];
  const below = prefixesOf(strip).filter((one) => one.startsWith(match.path === '/' ? '/' : `${match.path}/`));
  return [match, ...below.map((path) => ({ ...match, path }))];
}

/** What the path of a route is replaced with; undefined leaves it as it is. */
export function rewriteOf(
  { strip, prefix, problem }: Effects,
  { path }: Match,
): { readonly value: string | undefined } | { readonly error: string } {
  if (problem !== undefined) return { error: problem };
  if (prefix !== '' && !isPath(prefix)) return { error: `addprefix puts '${prefix}' before paths, which is no path` };
  const found = prefixesOf(strip).find((one) => `${path}/`.startsWith(`${one}/`));
  if (found === undefined && prefix === '') return { value: undefined };
  return { value: `${prefix}${path.slice((found ?? '').length)}`.replace(/\/$/, '') };
}

function prefixesOf(strip: readonly string[]): readonly string[] {
  return strip.map(trimmedPath).filter((one) => one !== '/' && isPath(one));
}
