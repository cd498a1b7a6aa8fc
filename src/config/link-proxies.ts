/** Checks that need the whole text: references among proxies, names, time-outs, what has no effect. */

import { textOf } from '../core/bytes.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Reporter } from './diagnostics.ts';
import type { Draft, ProxyDraft } from './draft.ts';
import { checkChecks } from './link-check.ts';
import { checkMode, settleModes } from './link-mode.ts';
import { checkPersistence } from './link-persistence.ts';
import { checkBinds } from './link-tls.ts';
import { checkTracking } from './link-track.ts';
import type { Place, Timeouts } from './model.ts';

export function checkProxies(draft: Draft, reporter: Reporter): void {
  settleModes(draft, reporter);
  const backends = draft.proxies.filter((proxy) => proxy.kind !== 'frontend').map((proxy) => proxy.name);
  for (const proxy of draft.proxies) {
    checkBinds(proxy, reporter);
    if (proxy.disabled) continue;
    checkMode(proxy, reporter);
    checkReferences(proxy, backends, reporter);
    checkResolvers(proxy, draft, reporter);
    checkServers(proxy, reporter);
    checkChecks(proxy, reporter);
    checkPersistence(proxy, draft.proxies, reporter);
    checkBindIds(proxy, reporter);
    checkTimeouts(proxy, reporter);
    checkStats(proxy, reporter);
    warnWithoutEffect(proxy, draft, reporter);
    checkCaptures(proxy, draft, reporter);
  }
  checkTracking(draft.proxies, reporter);
}

function checkCaptures({ captures, kind, name }: ProxyDraft, { global }: Draft, reporter: Reporter): void {
  const { cookie } = captures;
  if (cookie === undefined || cookie.length <= global.cookielen) return;
  const what = kind === 'listen' ? 'proxy' : kind;
  reporter.warning(cookie.place, `truncating capture length to ${global.cookielen} bytes for ${what} '${name}'.`);
}

/** A name with `%[` is known only with the request. */
function isDynamic(name: string): boolean {
  return name.includes('%[');
}

function checkReferences(proxy: ProxyDraft, backends: readonly string[], reporter: Reporter): void {
  if (proxy.kind === 'backend') return;
  const missing = (place: Place, keyword: string, name: string): void => {
    if (isDynamic(name) || backends.includes(name)) return;
    reporter.alert(
      place,
      `proxy '${proxy.name}': unable to find required ${keyword}: '${textOf(name)}'${didYouMean(name, backends) || '.'}`,
    );
  };
  if (proxy.defaultBackend !== undefined) missing(proxy.defaultBackend.place, 'default_backend', proxy.defaultBackend.name);
  for (const rule of proxy.useBackends) missing(rule.place, 'use_backend', rule.backend);
}

function checkResolvers(proxy: ProxyDraft, draft: Draft, reporter: Reporter): void {
  for (const { place, name } of proxy.resolvers) {
    if (draft.resolvers.has(name)) continue;
    reporter.alert(
      place,
      `proxy '${proxy.name}': unable to find required resolvers '${name}'${didYouMean(name, draft.resolvers.keys()) || '.'}`,
    );
  }
}

function checkServers(proxy: ProxyDraft, reporter: Reporter): void {
  const names = new Map<string, Place>();
  const ids = new Map<number, string>();
  for (const { place, config } of proxy.servers) {
    const other = names.get(config.name);
    if (other !== undefined) {
      reporter.alert(
        place,
        `proxy '${proxy.name}', another server named '${config.name}' was already defined at line ${other.line}, please use distinct names.`,
      );
    }
    names.set(config.name, place);
    if (config.id === undefined) continue;
    const holder = ids.get(config.id);
    if (holder !== undefined)
      reporter.alert(place, `'server ${proxy.name}/${config.name}' : 'id' : custom id ${config.id} already used by 'server ${holder}'.`);
    ids.set(config.id, config.name);
  }
}

function checkBindIds(proxy: ProxyDraft, reporter: Reporter): void {
  const ids = new Set<number>();
  for (const { place, id, text } of proxy.binds) {
    if (id === undefined) continue;
    if (ids.has(id)) reporter.alert(place, `'bind ${text}' in section '${proxy.kind}' : 'id' : custom id ${id} already used.`);
    ids.add(id);
  }
}

/** HAProxy warns too: without these, connections of peers that vanish stay for ever. */
function checkTimeouts(proxy: ProxyDraft, reporter: Reporter): void {
  const needed: (keyof Timeouts)[] = [];
  if (proxy.kind !== 'backend') needed.push('client');
  if (hasServers(proxy)) needed.push('connect', 'server');
  const missing = needed.filter((name) => proxy.timeouts[name] === undefined);
  if (missing.length === 0) return;
  const list = missing.map((name) => `'timeout ${name}'`).join(', ');
  reporter.warning(
    proxy.place,
    `missing timeouts for ${proxy.kind} '${proxy.name}': set ${list}, or connections of peers that vanish stay for ever.`,
  );
}

function hasServers(proxy: ProxyDraft): boolean {
  const { servers, serverTemplates, dockerServers, consulServers, fileServers, dockerRoutes, consulRoutes } = proxy;
  return [servers, serverTemplates, dockerServers, consulServers, fileServers, dockerRoutes, consulRoutes].some(
    (lines) => lines.length > 0,
  );
}

function checkStats({ kind, name, stats }: ProxyDraft, reporter: Reporter): void {
  if (stats === undefined || stats.httpRequest.length === 0 || (stats.auth.length === 0 && stats.realm === undefined)) return;
  reporter.alert(stats.place, `${kind} '${name}': stats 'auth'/'realm' and 'http-request' can't be used at the same time.`);
}

/** The warning that a proxy does not listen: none inside of a program that does so for it (unbound.ts). */
export function withoutBind({ kind, name }: Pick<ProxyDraft, 'kind' | 'name'>): string {
  return `${kind} '${name}' has no 'bind' directive. Please declare it as a backend if this was intended.`;
}

function warnWithoutEffect(proxy: ProxyDraft, draft: Draft, reporter: Reporter): void {
  const { kind, name, place } = proxy;
  if (kind !== 'backend' && proxy.binds.length === 0) {
    reporter.warning(place, withoutBind(proxy));
  }
  const logs = proxy.logs.some((log) => log !== 'global' || draft.global.logs.length > 0);
  if (kind !== 'backend' && proxy.logFormat !== 'none' && !logs) {
    reporter.warning(proxy.logFormatAt, `log format ignored for ${kind} '${name}' since it has no log address.`);
  }
  if (proxy.stats?.showDesc === '' && proxy.description === undefined && draft.global.description === undefined) {
    reporter.warning(
      proxy.stats.place,
      `'stats show-desc' of ${kind} '${name}' needs a text, or a 'description' in the section or in 'global'.`,
    );
  }
}
