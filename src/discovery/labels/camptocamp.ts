/**
 * camptocamp's haproxy-consul: what registrator registers has hosts by its name and its tags.
 *
 *     name www_hello, domain a.test     www.hello and www.hello.a.test
 *     tag server_alias=HOST             HOST as well; server_aliases= is read, too
 *     tag sticky_session                one client, one server
 *     tag urlprefix-host/path           fabio's, a route of its own beside those
 */

import { isUrlPrefix, readUrlPrefix } from './fabio.ts';
import type { Findings } from './findings.ts';
import { STICKY_COOKIE } from './own-pool.ts';
import { readRegistrations } from './registration.ts';
import { readChecks } from './registrator.ts';
import { type Labels, noSettings, type ReaderContext, type Settings, type Subject } from './settings.ts';
import { readHost } from './words.ts';

export function readCamptocamp(subject: Subject, context: ReaderContext): Labels | undefined {
  const found = readRegistrations(subject);
  if (found === undefined) return undefined;
  const { services, findings } = found;
  for (const service of services) {
    for (const settings of serviceRoutes(service, context, findings)) {
      settings.port = service.port;
      readChecks(service, settings, findings);
      findings.add(service.name, settings);
    }
  }
  return findings.labels('camptocamp');
}

/**
 * The routes that a registered service's name and tags come to, all to the pool of its name; fabio's tags alone where `domains` is
 * undefined. What is wrong goes to `findings`.
 */
export function serviceRoutes(
  service: { readonly name: string; readonly tags: readonly string[] },
  { domains }: { readonly domains: readonly string[] | undefined },
  findings: Pick<Findings, 'warnings' | 'errors'>,
): readonly Settings[] {
  const { name, tags } = service;
  const sticky = tags.includes('sticky_session') ? cookie() : undefined;
  const routes: Settings[] = [];
  const hosts = domains === undefined ? [] : hostsOf(name, tags, domains, findings);
  if (hosts.length > 0) routes.push({ ...noSettings(), service: name, sticky, hosts });
  for (const tag of tags.filter(isUrlPrefix)) {
    const read = readUrlPrefix(tag);
    if (typeof read === 'string') {
      findings.errors.push(read);
      continue;
    }
    const { host, path, rewrite, scheme, warnings } = read;
    findings.warnings.push(...warnings);
    routes.push({ ...noSettings(), service: name, sticky, hosts: [host], path, rewrite, scheme });
  }
  return routes;
}

function cookie(): Settings['sticky'] {
  return { kind: 'cookie', name: STICKY_COOKIE, secure: false, httponly: false };
}

/** Of the name, alone and with each domain, and of the aliases, each once. */
function hostsOf(
  name: string,
  tags: readonly string[],
  domains: readonly string[],
  findings: Pick<Findings, 'errors'>,
): NonNullable<Settings['hosts']> {
  const short = name.replaceAll('_', '.');
  const found = new Map<string, NonNullable<Settings['hosts']>[number]>();
  const take = (text: string, origin: string) => {
    const host = readHost(text);
    if (typeof host === 'string') findings.errors.push(`${origin} ${host}`);
    else found.set(`${host.kind} ${host.value}`, host);
  };
  for (const text of [short, ...domains.map((domain) => `${short}.${domain}`)]) take(text, `service name '${name}'`);
  for (const tag of tags) {
    const aliases = /^server_alias(?:es)?=(.*)$/s.exec(tag)?.[1];
    for (const alias of aliases?.split(/[,;\s]+/) ?? []) if (alias !== '') take(alias, `tag ${tag}`);
  }
  return [...found.values()];
}
