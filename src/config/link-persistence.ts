/** What binds clients to servers, checked with the whole text at hand: tables and servers that rules name, cookies without effect. */

import { textOf } from '../core/bytes.ts';
import { didYouMean } from '../core/suggest.ts';
import type { Reporter } from './diagnostics.ts';
import type { ProxyDraft, StickRuleDraft } from './draft.ts';
import type { CookieConfig, DockerServersConfig, StickRuleConfig } from './model.ts';

export function checkPersistence(proxy: ProxyDraft, proxies: readonly ProxyDraft[], reporter: Reporter): void {
  const tables = proxies.filter((other) => other.stickTable !== undefined).map((other) => other.name);
  for (const { place, table } of proxy.stickRules) {
    const name = table === '' ? proxy.name : textOf(table);
    // A table with a mistake has been reported: it is there.
    if (tables.includes(name) || proxies.some((other) => other.name === name && other.stickTableRefused)) continue;
    reporter.alert(place, `Proxy '${proxy.name}': unable to find stick-table '${name}'${didYouMean(name, tables) || '.'}`);
  }
  const servers = proxy.servers.map((server) => server.config.name);
  // Servers that discovery brings are known by their names only when they come.
  const all = proxy.serverTemplates.length + discoveringLines(proxy).length === 0;
  for (const { place, server } of proxy.useServers) {
    const name = textOf(server);
    if (name.includes('%[') || servers.includes(name) || !all) continue;
    const said = `${proxy.kind} '${proxy.name}' : unable to find server '${name}' referenced in a 'use-server' rule`;
    reporter.alert(place, `${said}${didYouMean(name, servers) || '.'}`);
  }
  if (proxy.cookie !== undefined && proxy.kind !== 'frontend' && proxy.mode?.name === 'tcp') {
    reporter.warning(proxy.cookie.place, `cookie will be ignored for ${proxy.kind} '${proxy.name}' (needs 'mode http').`);
  } else if (proxy.cookie !== undefined) {
    checkDiscovered(proxy, proxy.cookie, reporter);
  }
}

/** Lines that take servers from a source. */
function discoveringLines({ dockerServers, consulServers, fileServers }: ProxyDraft): readonly DiscoveringLine[] {
  return [...dockerServers, ...consulServers, ...fileServers];
}

type DiscoveringLine = Pick<DockerServersConfig, 'place' | 'template'>;

/** Servers that come in numbers have one line, and with it one value of the cookie, or none. */
function checkDiscovered(proxy: ProxyDraft, cookie: CookieConfig, reporter: Reporter): void {
  if (cookie.mode === undefined) return;
  const made = cookie.dynamic && proxy.dynamicCookieKey !== undefined;
  const several = proxy.serverTemplates.filter(({ from, to }) => to > from);
  for (const { place, template } of [...several, ...discoveringLines(proxy)]) {
    const remedy = `'cookie ${textOf(cookie.name)} ... dynamic' with a 'dynamic-cookie-key' gives each its own`;
    if (template.cookie !== undefined) {
      reporter.warning(
        place,
        `all these servers share the cookie '${textOf(template.cookie)}': clients do not stay with one of them; without it, ${remedy}.`,
      );
    } else if (!made) {
      reporter.warning(place, `these servers have no cookie: clients do not stay with them; ${remedy}.`);
    }
  }
}

/** A table that is missing has been reported. */
export function linkStick(rule: StickRuleDraft, proxy: ProxyDraft, proxies: readonly ProxyDraft[]): StickRuleConfig {
  const name = rule.table === '' ? proxy.name : textOf(rule.table);
  const table = proxies.find((other) => other.name === name && other.stickTable !== undefined)?.stickTable;
  return { ...rule, table: name, keyType: table?.type ?? 'string', keyLength: table?.length ?? 0 };
}
