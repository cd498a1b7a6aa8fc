/**
 * What registrator would register of a container: one service per port, described by `SERVICE_*` in its environment or
 * its labels.
 *
 *     SERVICE_NAME=www                     of every port; with several, each is www-<port>
 *     SERVICE_80_NAME=www                  of port 80; goes before the one without a port
 *     SERVICE_TAGS=a,b\,c                  the tags `a` and `b,c`
 *     SERVICE_IGNORE=1                     nothing is registered
 *
 * The environment goes before the labels. Every other SERVICE_X is an attribute: some say how to check, the rest is for
 * other people.
 */

import { didYouMean } from '../../core/suggest.ts';
import { Findings } from './findings.ts';
import type { Subject } from './settings.ts';

export interface Registration {
  readonly port: number | undefined;
  readonly name: string;
  readonly tags: readonly string[];
  /** Keys in lower case, without `SERVICE_` and port: `check_http`. */
  readonly attributes: ReadonlyMap<string, Word>;
}

/** A value, and the name of the label or variable that gave it. */
export interface Word {
  readonly label: string;
  readonly value: string;
}

/** All services of a container, and what is to be said about it so far. */
export interface Registrations {
  readonly services: readonly Registration[];
  readonly findings: Findings;
}

/** What says by itself that registrator is meant: other SERVICE_X are variables of many an application. */
const TELLING = /^SERVICE_(\d+_)?(NAME|TAGS|ID|IGNORE|CHECK_(HTTP|HTTPS|TCP|HTTP_METHOD))$/;
const KEY = /^SERVICE_(?:(\d+)_)?(.+)$/;
const NAMES: readonly string[] = ['name', 'tags', 'id', 'ignore'];
/** `check_initial_status`, `check_deregister_after` and the methods that run a script are Consul's own business. */
const CHECKS: readonly string[] = ['check_http', 'check_https', 'check_tcp', 'check_http_method', 'check_interval', 'check_timeout'];

/** Undefined where nothing tells of registrator. */
export function readRegistrations(subject: Subject): Registrations | undefined {
  const words = wordsOf(subject);
  if (![...words.keys()].some((label) => TELLING.test(label))) return undefined;
  const common = new Map<string, Word>();
  const ofPort = new Map<number, Map<string, Word>>();
  for (const [label, value] of words) {
    const [, port, key = ''] = KEY.exec(label) ?? [];
    const into = port === undefined ? common : (ofPort.get(Number(port)) ?? new Map<string, Word>());
    if (port !== undefined) ofPort.set(Number(port), into);
    into.set(key.toLowerCase(), { label, value });
  }
  const findings = new Findings();
  if (isSet(common, 'ignore')) {
    findings.flat.enabled = false;
    return { services: [], findings };
  }
  const registered = subject.published.length > 0 ? unique(subject.published) : subject.exposed;
  const ports = portsOf(registered, subject.exposed, ofPort);
  findings.warnings.push(...unknownPorts(ofPort, ports), ...misspelt(words));
  const services = ports.flatMap((port) => {
    const own = (port === undefined ? undefined : ofPort.get(port)) ?? new Map<string, Word>();
    if (isSet(own, 'ignore')) return [];
    const name = own.get('name')?.value || inGroup(common.get('name')?.value || imageName(subject.image), port, registered);
    const attributes = new Map([...common, ...own]);
    return [{ port, name, tags: splitTags(attributes.get('tags')?.value ?? ''), attributes }];
  });
  if (services.length === 0) findings.flat.enabled = false;
  return { services, findings };
}

/** What is longer is for somebody else: keys and certificates are. */
const LONGEST = 4096;

/** SERVICE_* of both places, by name. */
function wordsOf({ labels, env }: Subject): ReadonlyMap<string, string> {
  const words = [...labels, ...env].filter(([label, { length }]) => length <= LONGEST && KEY.test(label));
  return new Map(words.sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1)));
}

function isSet(words: ReadonlyMap<string, Word>, key: string): boolean {
  return (words.get(key)?.value ?? '') !== '';
}

function unique(ports: readonly number[]): readonly number[] {
  return [...new Set(ports)];
}

/** Those that registrator sees, and those that have a name of their own; one without a number where there are none. */
function portsOf(
  registered: readonly number[],
  exposed: readonly number[],
  ofPort: ReadonlyMap<number, ReadonlyMap<string, Word>>,
): readonly (number | undefined)[] {
  const named = [...ofPort].filter(([port, words]) => isSet(words, 'name') && (exposed.length === 0 || exposed.includes(port)));
  const ports = unique([...registered, ...named.map(([port]) => port)]);
  return ports.length === 0 ? [undefined] : ports;
}

function inGroup(name: string, port: number | undefined, registered: readonly number[]): string {
  return port === undefined || registered.length < 2 ? name : `${name}-${port}`;
}

/** `registry:5000/gliderlabs/foobar:1.2@sha256:...` -> `foobar` */
function imageName(image: string): string {
  const [named = ''] = image.split('@');
  return (named.split('/').pop() ?? '').replace(/:.*$/, '');
}

/** A comma after a backslash belongs to the tag. */
function splitTags(text: string): readonly string[] {
  return text
    .split(/(?<!\\),/)
    .map((tag) => tag.replace(/\\,/g, ',').trim())
    .filter((tag) => tag !== '');
}

function unknownPorts(ofPort: ReadonlyMap<number, ReadonlyMap<string, Word>>, ports: readonly (number | undefined)[]): readonly string[] {
  const strangers = [...ofPort].filter(([port]) => !ports.includes(port));
  return strangers.flatMap(([port, words]) => [...words.values()].map(({ label }) => `${label} is not read: there is no port ${port}`));
}

/** Attributes are free to have any name, unless it is nearly one that means something. */
function misspelt(words: ReadonlyMap<string, string>): readonly string[] {
  const known = [...NAMES, ...CHECKS];
  return [...words.keys()].flatMap((label) => {
    const key = (KEY.exec(label)?.[2] ?? '').toLowerCase();
    if (known.includes(key)) return [];
    if (key.startsWith('check_')) return [`${label} is not read${didYouMean(key, CHECKS) || ': Fairlead does no such check'}`];
    const meant = didYouMean(key, NAMES);
    return meant === '' ? [] : [`${label} is an attribute that nobody reads${meant}`];
  });
}
