/**
 * What an instance's tags and meta say, and which ways into it they make.
 *
 *     tag fairlead.host=www.a.test      our own words; as meta fairlead_host, where Consul allows no dots
 *     tag server_alias=HOST             camptocamp's, beside the hosts that the service's name makes with `domain=`
 *     tag urlprefix-host/path           fabio's
 *
 * Where our own words name a host, they alone make routes; what else they say holds for the others' routes, too.
 */

import type { ConsulRoutesConfig } from '../../config/model.ts';
import { serviceRoutes } from '../labels/camptocamp.ts';
import { readLabels } from '../labels/own.ts';
import type { Labels, Settings } from '../labels/settings.ts';
import type { ReadWord } from '../report.ts';
import type { Instance } from './instance.ts';

/** One use of an instance as a server. */
export interface Way {
  readonly settings: Settings;
  readonly pool: string;
}

/** Our own words, by the name that a label would have. A tag goes over meta; of two tags with one name the first counts. */
export function ownWords({ tags, meta }: Instance, prefix: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const tag of tags) {
    const equals = tag.indexOf('=');
    const name = equals < 0 ? tag : tag.slice(0, equals);
    if (name.startsWith(prefix) && !words.has(name)) words.set(name, equals < 0 ? 'true' : tag.slice(equals + 1));
  }
  const inMeta = prefix.replaceAll('.', '_');
  for (const [key, value] of meta) {
    const name = key.startsWith(inMeta) ? prefix + key.slice(inMeta.length).replaceAll('_', '.') : key;
    if (name.startsWith(prefix) && !words.has(name)) words.set(name, value);
  }
  return words;
}

export function readOwn(instance: Instance, prefix: string): Labels {
  return readLabels(ownWords(instance, prefix), prefix);
}

/** Tags of other tools that make routes. */
const OTHERS = /^(server_alias(es)?=|sticky_session$|urlprefix-)/;

/** What reports show. */
export function readWords({ tags, meta }: Instance, prefix: string): readonly ReadWord[] {
  const inMeta = prefix.replaceAll('.', '_');
  const reader = 'fairlead';
  return [
    ...tags.flatMap((tag): readonly ReadWord[] => {
      const ours = tag.startsWith(prefix);
      if (!ours && !OTHERS.test(tag)) return [];
      const [name = '', ...value] = tag.split('=');
      return [{ reader: ours ? reader : 'camptocamp', from: 'label', name, value: value.join('=') }];
    }),
    ...[...meta].flatMap(([name, value]): readonly ReadWord[] => (name.startsWith(inMeta) ? [{ reader, from: 'label', name, value }] : [])),
  ].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is wrong with a tag of another tool costs its route alone, and is told in `warnings`. */
export function waysOf(instance: Instance, own: Labels, line: ConsulRoutesConfig, warnings: string[]): readonly Way[] {
  const { flat, routes } = own;
  const pool = flat.service ?? instance.service;
  const ways: Way[] = [];
  if (flat.hosts !== undefined) ways.push({ settings: { ...flat, hosts: withDomains(flat.hosts, line.domains) }, pool });
  for (const [name, settings] of routes) {
    if (settings.hosts === undefined) continue;
    const named = settings.service === flat.service ? `${pool}-${name}` : (settings.service ?? pool);
    ways.push({ settings: { ...settings, hosts: withDomains(settings.hosts, line.domains) }, pool: named });
  }
  if (ways.length > 0) return ways;
  return namedRoutes(instance, line, warnings).map((found) => ({ settings: over(flat, found), pool }));
}

/** Without a domain and without an alias nobody has asked for the service's name as a host. */
function namedRoutes({ service, tags }: Instance, { domains }: ConsulRoutesConfig, warnings: string[]): readonly Settings[] {
  const isNamed = domains.length > 0 || tags.some((tag) => /^server_alias(es)?=/.test(tag));
  return serviceRoutes({ name: service, tags }, { domains: isNamed ? domains : undefined }, { warnings, errors: warnings });
}

/** A host without a dot as it stands, and with each domain. */
function withDomains(hosts: NonNullable<Settings['hosts']>, domains: readonly string[]): NonNullable<Settings['hosts']> {
  return hosts.flatMap((host) => {
    if (host.kind !== 'exact' || /[.:]/.test(host.value)) return [host];
    return [host, ...domains.map((domain) => ({ kind: 'exact' as const, value: `${host.value}.${domain}` }))];
  });
}

/** Our own flat words, with the hosts and the path of a tag. */
function over(flat: Settings, { hosts, path, rewrite, scheme, sticky }: Settings): Settings {
  const where = { hosts, scheme: scheme === 'http' ? flat.scheme : scheme, sticky: flat.sticky ?? sticky };
  return path === '/' && rewrite === undefined ? { ...flat, ...where } : { ...flat, ...where, path, rewrite };
}
