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
import { withoutH2 } from './draft-server.ts';
import type { Place, ProxyConfig, ServerConfig } from './model.ts';

/** Gives every section its mode; where nothing is said it is tcp, but for one that a source routes by host. */
export function settleModes({ proxies }: Draft, reporter: Reporter): void {
  for (const proxy of proxies) proxy.mode ??= { place: proxy.place, name: routeLineOf(proxy) === undefined ? 'tcp' : 'http' };
  for (const proxy of proxies) {
    if (proxy.disabled || proxy.kind === 'backend') continue;
    const ways = waysOf(proxy, proxies);
    if (isHttp(proxy)) refuseTcp(proxy, ways, reporter);
    else upgrade(proxy, ways, reporter);
  }
}

/** Says what of a section has no effect in its mode. */
export function checkMode(proxy: ProxyDraft, reporter: Reporter): void {
  if (isHttp(proxy)) {
    for (const { place, message } of proxy.httpNotices) reporter.notice(place, message);
    return;
  }
  if (proxy.kind !== 'backend') checkFront(proxy, reporter);
  if (proxy.kind !== 'frontend') checkBack(proxy, reporter);
  const ignored = (given: boolean, place: Place | undefined, name: string, requires = 'it requires'): void => {
    if (given) reporter.warning(place ?? proxy.place, `${name} ignored for ${calledOf(proxy)} as ${requires} HTTP mode.`);
  };
  const { stats, httpRequest, httpResponse, redirects, captures, forwardfor, kind } = proxy;
  ignored(stats !== undefined, stats?.place, "'stats' statement");
  ignored(httpRequest.length > 0, httpRequest[0]?.place, "'http-request' rules", 'they require');
  ignored(httpResponse.length > 0, httpResponse[0]?.place, "'http-response' rules", 'they require');
  ignored(redirects.length > 0, redirects[0]?.place, "'redirect' rules", 'they require');
  ignored(captures.cookie !== undefined, captures.cookie?.place, "'capture' statement");
  ignored(forwardfor !== undefined, undefined, "'option forwardfor'");
  ignored(proxy.acceptInvalidRequest && kind !== 'backend', undefined, "'option accept-invalid-http-request'");
  ignored(proxy.acceptInvalidResponse && kind !== 'frontend', undefined, "'option accept-invalid-http-response'");
}

function checkFront(proxy: ProxyDraft, reporter: Reporter): void {
  const what = calledOf(proxy);
  if (HTTP_OPTIONS.has(proxy.logOption)) {
    const message = `'${proxy.logOption}' not usable with ${what} (needs 'mode http'). Falling back to 'option tcplog'.`;
    reporter.warning(proxy.logFormatAt, message);
  }
  if (proxy.monitorUri !== undefined) reporter.warning(proxy.place, `monitor-uri will be ignored for ${what} (needs 'mode http').`);
  const routes = routeLineOf(proxy);
  if (routes !== undefined) reporter.alert(routes.place, `'${routes.keyword}' of ${what} routes by host and path: it needs 'mode http'.`);
}

/** The first line that lets a source route. */
function routeLineOf({ dockerRoutes, consulRoutes }: ProxyDraft): { readonly keyword: string; readonly place: Place } | undefined {
  const [docker] = dockerRoutes;
  const [consul] = consulRoutes;
  if (docker !== undefined) return { keyword: 'docker-routes', place: docker.place };
  return consul === undefined ? undefined : { keyword: 'consul-routes', place: consul.place };
}

function checkBack(proxy: ProxyDraft, reporter: Reporter): void {
  const { name, servers, balance } = proxy;
  if (isLayer7(balance.algorithm)) {
    const message = `Layer 7 hash not possible for ${calledOf(proxy)} (needs 'mode http'). Falling back to round robin.`;
    reporter.warning(proxy.place, message);
  }
  for (const { place, config } of servers) {
    const { name: server, cookie, observe } = config;
    if (cookie !== undefined)
      reporter.warning(place, `backend '${name}' : ignoring cookie for server '${server}' as HTTP mode is disabled.`);
    // HAProxy calls it an alert, and starts all the same.
    if (observe === 'layer7') reporter.warning(place, `'server ${name}/${server}' : 'layer7' can only be used in http proxies.`);
  }
}

const HTTP_OPTIONS: ReadonlySet<string | undefined> = new Set(['option httplog', 'option httpslog']);

/** What is said of requests falls back to `option tcplog` in mode tcp. */
export function linkLogFormat({ mode, logOption, logFormat, logStyle }: ProxyDraft): Pick<ProxyConfig, 'logFormat' | 'logStyle'> {
  if (mode?.name !== 'tcp' || !HTTP_OPTIONS.has(logOption)) return { logFormat, logStyle };
  return { logFormat: 'tcplog', logStyle: { ...logStyle, format: undefined } };
}

/** `proxy` without what `checkMode` has warned of. */
export function linkMode(proxy: ProxyConfig): ProxyConfig {
  if (proxy.mode === 'http') return linkAlpn(proxy);
  return {
    ...proxy,
    ...{
      acceptInvalidRequest: false,
      acceptInvalidResponse: false,
      forwardfor: undefined,
      stats: undefined,
      monitor: undefined,
      cookie: undefined,
    },
    ...{ httpRequest: [], httpResponse: [], redirects: [] },
    servers: proxy.servers.map((server) => (server.observe === 'layer7' ? { ...server, observe: undefined } : server)),
    balance: isLayer7(proxy.balance.algorithm) ? { ...proxy.balance, algorithm: 'roundrobin' } : proxy.balance,
  };
}

function linkAlpn(proxy: ProxyConfig): ProxyConfig {
  const linked = <Line extends { readonly template: ServerConfig }>(line: Line): Line => {
    const template = withoutH2(line.template);
    return template === line.template ? line : { ...line, template };
  };
  return {
    ...proxy,
    servers: proxy.servers.map(withoutH2),
    serverTemplates: proxy.serverTemplates.map(linked),
    dockerServers: proxy.dockerServers.map(linked),
    dockerRoutes: proxy.dockerRoutes.map(linked),
    consulServers: proxy.consulServers.map(linked),
    consulRoutes: proxy.consulRoutes.map(linked),
    fileServers: proxy.fileServers.map(linked),
  };
}

function isHttp(proxy: ProxyDraft): boolean {
  return proxy.mode?.name === 'http';
}

interface Way {
  readonly keyword: 'default_backend' | 'use_backend';
  readonly place: Place;
  readonly to: ProxyDraft;
}

/** Backends that `proxy` names; a `listen` has itself where nothing else takes a connection. */
function waysOf(proxy: ProxyDraft, proxies: readonly ProxyDraft[]): readonly Way[] {
  const backends = new Map(proxies.filter(({ kind }) => kind !== 'frontend').map((one) => [one.name, one]));
  const way = (keyword: Way['keyword'], place: Place, name: string): readonly Way[] => {
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
    const message = `http ${calledOf(proxy)} tries to use incompatible tcp ${calledOf(to)} ${where} ${how} (see 'mode').`;
    reporter.alert(place, message);
  }
}

function upgrade(proxy: ProxyDraft, ways: readonly Way[], reporter: Reporter): void {
  const http = ways.filter(({ to }) => isHttp(to));
  const [first] = http;
  if (first === undefined) return;
  const what = `tcp ${calledOf(proxy)}`;
  if (http.length < ways.length) {
    const message = `${what} leads to http backends, as '${first.to.name}', and to tcp ones: HAProxy goes over to HTTP where it has to; Fairlead does not do it yet.`;
    reporter.alert(first.place, message);
    return;
  }
  reporter.warning(proxy.place, `${what} leads to http backends alone: it is taken for 'mode http'.`);
  proxy.mode = { place: proxy.place, name: 'http' };
}

/** `frontend 'www'` */
function calledOf(proxy: ProxyDraft): string {
  return `${typeOf(proxy)} '${proxy.name}'`;
}

/** HAProxy's word. */
function typeOf({ kind }: ProxyDraft): string {
  return kind === 'listen' ? 'proxy' : kind;
}

function isLayer7(algorithm: ProxyConfig['balance']['algorithm']): boolean {
  return algorithm === 'uri' || algorithm === 'url_param' || algorithm === 'hdr';
}
