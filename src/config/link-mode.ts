/**
 * `mode tcp` and `mode http` (manual 4.2, "mode"): which one each section has, who may lead to whom, and what of a section
 * in mode tcp has no effect there. HAProxy says so in the same words.
 *
 *     frontend | backends | what comes of it
 *     http     | tcp      | an error
 *     tcp      | http     | HTTP: HAProxy goes over to it with the backend
 *     tcp      | both     | refused: HAProxy goes over to HTTP for some of the connections
 */

import type { Reporter } from './diagnostics.ts';
import type { Draft, ProxyDraft } from './draft.ts';
import type { ProxyConfig } from './model.ts';

/** Gives every section its mode; where nothing is said it is tcp. */
export function settleModes({ proxies }: Draft, reporter: Reporter): void {
  for (const proxy of proxies) proxy.mode ??= { place: proxy.place, name: 'tcp' };
  for (const proxy of proxies) {
    if (proxy.disabled || proxy.kind === 'backend') continue;
    const ways = waysOf(proxy, proxies);
    if (isHttp(proxy)) refuseTcp(proxy, ways, reporter);
    else upgrade(proxy, ways, reporter);
  }
}

/** What of a section in mode tcp has no effect. */
export function checkMode(proxy: ProxyDraft, reporter: Reporter): void {
  if (isHttp(proxy)) return;
  const what = `${typeOf(proxy)} '${proxy.name}'`;
  const warn = (place: ProxyDraft['place'] | undefined, message: string): void => reporter.warning(place ?? proxy.place, message);
  const ignored = (given: boolean, place: ProxyDraft['place'] | undefined, name: string, requires: string): void => {
    if (given) warn(place, `${name} ignored for ${what} as ${requires} HTTP mode.`);
  };
  if (proxy.kind !== 'backend') {
    ignored(proxy.acceptInvalidRequest, undefined, "'option accept-invalid-http-request'", 'it requires');
    if (proxy.logFormat === 'httplog') {
      warn(proxy.logFormatAt, `'option httplog' not usable with ${what} (needs 'mode http'). Falling back to 'option tcplog'.`);
    }
    const [routes] = proxy.dockerRoutes;
    if (routes !== undefined) reporter.alert(routes.place, `'docker-routes' of ${what} routes by host and path: it needs 'mode http'.`);
  }
  if (proxy.kind !== 'frontend') {
    ignored(proxy.acceptInvalidResponse, undefined, "'option accept-invalid-http-response'", 'it requires');
    if (isLayer7(proxy.balance.algorithm)) {
      warn(undefined, `Layer 7 hash not possible for ${what} (needs 'mode http'). Falling back to round robin.`);
    }
    for (const { place, config } of proxy.servers) {
      if (config.cookie !== undefined)
        warn(place, `backend '${proxy.name}' : ignoring cookie for server '${config.name}' as HTTP mode is disabled.`);
      if (config.observe === 'layer7')
        reporter.alert(place, `'server ${proxy.name}/${config.name}' : 'layer7' can only be used in http proxies.`);
    }
  }
  ignored(proxy.stats !== undefined, proxy.stats?.place, "'stats' statement", 'it requires');
  ignored(proxy.httpRequest.length > 0, proxy.httpRequest[0]?.place, "'http-request' rules", 'they require');
  ignored(proxy.httpResponse.length > 0, proxy.httpResponse[0]?.place, "'http-response' rules", 'they require');
  ignored(proxy.redirects.length > 0, proxy.redirects[0]?.place, "'redirect' rules", 'they require');
  ignored(proxy.forwardfor !== undefined, undefined, "'option forwardfor'", 'it requires');
}

/** `proxy` without what `checkMode` has warned of. */
export function linkMode(proxy: ProxyConfig): ProxyConfig {
  if (proxy.mode === 'http') return proxy;
  return {
    ...proxy,
    logFormat: proxy.logFormat === 'httplog' ? 'tcplog' : proxy.logFormat,
    ...{ acceptInvalidRequest: false, acceptInvalidResponse: false, forwardfor: undefined, stats: undefined, cookie: undefined },
    ...{ httpRequest: [], httpResponse: [], redirects: [] },
    balance: isLayer7(proxy.balance.algorithm) ? { ...proxy.balance, algorithm: 'roundrobin' } : proxy.balance,
  };
}

function isHttp(proxy: ProxyDraft): boolean {
  return proxy.mode?.name === 'http';
}

interface Way {
  readonly keyword: 'default_backend' | 'use_backend';
  readonly place: ProxyDraft['place'];
  readonly to: ProxyDraft;
}

/** Backends that `proxy` names; a `listen` has itself where nothing else takes a connection. */
function waysOf(proxy: ProxyDraft, proxies: readonly ProxyDraft[]): readonly Way[] {
  const backends = new Map(proxies.filter(({ kind }) => kind !== 'frontend').map((one) => [one.name, one]));
  const way = (keyword: Way['keyword'], place: Way['place'], name: string): readonly Way[] => {
    const to = backends.get(name);
    return to === undefined ? [] : [{ keyword, place, to }];
  };
  const { defaultBackend, useBackends, kind } = proxy;
  const own =
    kind === 'listen' && defaultBackend === undefined ? [{ keyword: 'default_backend', place: proxy.place, to: proxy } as const] : [];
  const last = defaultBackend === undefined ? own : way('default_backend', defaultBackend.place, defaultBackend.name);
  return [...useBackends.flatMap(({ place, backend }) => way('use_backend', place, backend)), ...last];
}

function refuseTcp(proxy: ProxyDraft, ways: readonly Way[], reporter: Reporter): void {
  for (const { keyword, place, to } of ways) {
    if (isHttp(to)) continue;
    const how = keyword === 'default_backend' ? 'as its default backend' : "in a 'use_backend' rule";
    const where = `(${to.place.file}:${to.place.line})`;
    const message = `http ${typeOf(proxy)} '${proxy.name}' tries to use incompatible tcp ${typeOf(to)} '${to.name}' ${where} ${how} (see 'mode').`;
    reporter.alert(place, message);
  }
}

function upgrade(proxy: ProxyDraft, ways: readonly Way[], reporter: Reporter): void {
  const http = ways.filter(({ to }) => isHttp(to));
  const [first] = http;
  if (first === undefined) return;
  const what = `tcp ${typeOf(proxy)} '${proxy.name}'`;
  if (http.length < ways.length) {
    const message = `${what} leads to http backends, as '${first.to.name}', and to tcp ones: HAProxy goes over to HTTP where it has to; Fairlead does not do it yet.`;
    reporter.alert(first.place, message);
    return;
  }
  reporter.warning(proxy.place, `${what} leads to http backends alone: it is taken for 'mode http'.`);
  proxy.mode = { place: proxy.place, name: 'http' };
}

/** As HAProxy calls it. */
function typeOf({ kind }: ProxyDraft): string {
  return kind === 'listen' ? 'proxy' : kind;
}

function isLayer7(algorithm: ProxyConfig['balance']['algorithm']): boolean {
  return algorithm === 'uri' || algorithm === 'url_param' || algorithm === 'hdr';
}
