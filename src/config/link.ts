/** Draft to Config: references are followed, documented defaults filled in, numbers given, and the whole is frozen. */

import { hostname } from 'node:os';
import type { Reporter } from './diagnostics.ts';
import type { Draft, GlobalDraft, LogDraft, ProxyDraft, StatsDraft, UserlistDraft } from './draft.ts';
import { freeze } from './freeze.ts';
import { frontendLimit, fullconn, type LimitOptions, processLimit } from './limits.ts';
import { linkCheck } from './link-check.ts';
import { linkConsuls } from './link-consul.ts';
import { hasFarBackups, linkDockers } from './link-docker.ts';
import { linkLogFormat, linkMode } from './link-mode.ts';
import { linkStick } from './link-persistence.ts';
import { checkProxies } from './link-proxies.ts';
import type {
  BindConfig,
  CapturesConfig,
  Config,
  GlobalConfig,
  H2Config,
  LogTarget,
  MonitorConfig,
  ProxyConfig,
  StatsConfig,
  Timeouts,
  Userlist,
} from './model.ts';
import { finishBindSsl } from './tls-words.ts';

/** While `reporter` has seen an alert, the result is good for finding more mistakes alone. */
export function link(draft: Draft, reporter: Reporter, limits: LimitOptions): Config {
  checkProxies(draft, reporter);
  const dockers = linkDockers(draft, reporter);
  const consuls = linkConsuls(draft, reporter);
  const logs = draft.global.logs.map((log) => linkLog(log, draft.global));
  const ids = proxyIds(draft, reporter);
  const maxconn = processLimit(draft.global.maxconn, limits);
  const limitOf = (proxy: ProxyDraft) => frontendLimit(proxy.maxconn, maxconn, limits);
  const whole: Whole = { draft, logs, enginesOf: dockers.namesOf, agentsOf: consuls.namesOf, limitOf };
  const proxies = draft.proxies.map((proxy, index) => linkMode(linkProxy(proxy, ids[index] ?? 0, whole)));
  return freeze({
    global: { ...linkGlobal(draft.global, logs), maxconn },
    proxies,
    userlists: linkUserlists(draft.userlists, reporter),
    dockers: dockers.sections,
    consuls: consuls.sections,
  });
}

function linkGlobal(global: GlobalDraft, logs: readonly LogTarget[]): GlobalConfig {
  const { zeroWarning: _zero, env: _env, ...rest } = global;
  // As HAProxy: rewriting may never take more than half of the buffer.
  const maxrewrite = Math.min(global.maxrewrite, Math.floor(global.bufsize / 2));
  return { ...rest, logs, maxrewrite, maxurilen: global.maxurilen ?? global.bufsize - maxrewrite, h2: linkH2(global) };
}

/** RFC 9113 4.2: nobody may be forbidden frames of 16384 bytes. */
const LEAST_FRAME = 16384;

function linkH2({ h2, bufsize }: GlobalDraft): H2Config {
  const most = Math.max(LEAST_FRAME, bufsize);
  const defaults = { headerTableSize: 4096, initialWindowSize: 65535, maxConcurrentStreams: 100, websockets: true };
  return { ...defaults, ...h2, maxFrameSize: Math.min(h2.maxFrameSize ?? most, most) };
}

function linkLog(log: LogDraft, global: GlobalDraft): LogTarget {
  return { ...log, format: log.format ?? (global.logSendHostname === undefined ? 'local' : 'rfc3164') };
}

/** `iid`: 1 belongs to the Runtime API where it has a socket; the others take the numbers that `id` lines leave. */
function proxyIds(draft: Draft, reporter: Reporter): readonly number[] {
  const owners = new Map<number, ProxyDraft>();
  for (const proxy of draft.proxies) {
    if (proxy.id === undefined) continue;
    const owner = owners.get(proxy.id);
    if (owner === undefined) owners.set(proxy.id, proxy);
    else {
      const declared = `${owner.place.file}:${owner.place.line}`;
      reporter.alert(
        proxy.idAt,
        `${proxy.kind} ${proxy.name} reuses same custom id as ${owner.kind} ${owner.name} (declared at ${declared}).`,
      );
    }
  }
  let next = draft.global.statsSockets.length > 0 ? 2 : 1;
  return draft.proxies.map((proxy) => {
    if (proxy.id !== undefined) return proxy.id;
    while (owners.has(next)) next++;
    return next++;
  });
}

/** What a proxy takes from the rest of the text. */
interface Whole {
  readonly draft: Draft;
  readonly logs: readonly LogTarget[];
  readonly enginesOf: (named: readonly string[]) => readonly string[];
  readonly agentsOf: (named: readonly string[]) => readonly string[];
  readonly limitOf: (proxy: ProxyDraft) => number | undefined;
}

function linkProxy(proxy: ProxyDraft, id: number, { draft, logs, enginesOf, agentsOf, limitOf }: Whole): ProxyConfig {
  const { place, name } = proxy;
  return {
    place,
    name,
    kind: proxy.kind === 'defaults' ? 'listen' : proxy.kind,
    id,
    disabled: proxy.disabled,
    mode: proxy.mode?.name === 'tcp' ? 'tcp' : 'http',
    description: proxy.description,
    timeouts: linkTimeouts(proxy.timeouts),
    logs: proxy.logs.flatMap((log) => (log === 'global' ? logs : [linkLog(log, draft.global)])),
    ...linkLogFormat(proxy),
    captures: linkCaptures(proxy, draft.global),
    dontlognull: proxy.dontlognull,
    disableH2Upgrade: proxy.disableH2Upgrade,
    ignoreProbes: proxy.ignoreProbes,
    connectionMode: proxy.connectionMode,
    abortonclose: proxy.abortonclose,
    forwardfor: proxy.forwardfor,
    errorfiles: proxy.errorfiles,
    acls: proxy.acls,
    httpRequest: proxy.httpRequest,
    httpResponse: proxy.httpResponse,
    redirects: proxy.redirects,
    stats: proxy.stats === undefined ? undefined : linkStats(proxy.stats, proxy, draft.global),
    monitor: linkMonitor(proxy),
    binds: linkBinds(proxy),
    maxconn: limitOf(proxy),
    rateLimit: proxy.rateLimit,
    useBackends: proxy.useBackends,
    defaultBackend: proxy.kind === 'backend' ? undefined : proxy.defaultBackend?.name,
    dockerRoutes: proxy.dockerRoutes.map((routes) => ({ ...routes, engines: enginesOf(routes.engines) })),
    consulRoutes: proxy.consulRoutes.map((routes) => ({ ...routes, agents: agentsOf(routes.agents) })),
    socketStats: proxy.socketStats,
    explainErrors: proxy.explainErrors,
    clitcpka: proxy.clitcpka,
    acceptInvalidRequest: proxy.acceptInvalidRequest,
    balance: proxy.balance,
    fullconn: proxy.fullconn ?? fullconn(proxy, draft.proxies, limitOf),
    retries: proxy.retries,
    redispatch: proxy.redispatch,
    retryOn: proxy.retryOn,
    httpReuse: proxy.httpReuse,
    srvtcpka: proxy.srvtcpka,
    acceptInvalidResponse: proxy.acceptInvalidResponse,
    checkRules: linkCheck(proxy, draft.global.node ?? hostname(), draft.global.bufsize),
    logHealthChecks: proxy.logHealthChecks,
    allbackups: proxy.allbackups || hasFarBackups(proxy),
    cookie: proxy.cookie,
    dynamicCookieKey: proxy.dynamicCookieKey,
    persist: proxy.persist,
    forcePersist: proxy.forcePersist,
    ignorePersist: proxy.ignorePersist,
    useServers: proxy.useServers,
    stickTable: proxy.stickTable,
    stickRules: proxy.stickRules.map((rule) => linkStick(rule, proxy, draft.proxies)),
    loadServerState: proxy.loadServerState,
    serverStateFileName: proxy.serverStateFileName,
    servers: proxy.servers.map((server) => server.config),
    serverTemplates: proxy.serverTemplates,
    dockerServers: proxy.dockerServers.map((servers) => ({
      ...servers,
      selector: { ...servers.selector, engines: enginesOf(servers.selector.engines) },
    })),
    consulServers: proxy.consulServers.map((servers) => ({ ...servers, agents: agentsOf(servers.agents) })),
    fileServers: proxy.fileServers,
  };
}

function linkCaptures({ captures }: ProxyDraft, { cookielen }: GlobalDraft): CapturesConfig {
  const { cookie } = captures;
  return cookie === undefined ? captures : { ...captures, cookie: { ...cookie, length: Math.min(cookie.length, cookielen) } };
}

/** Manual 4.2: what each time-out takes its value from when it is not set. */
function linkTimeouts(timeouts: Timeouts): Timeouts {
  return {
    ...timeouts,
    queue: timeouts.queue ?? timeouts.connect,
    httpKeepAlive: timeouts.httpKeepAlive ?? timeouts.httpRequest ?? timeouts.client,
  };
}

function linkMonitor({ kind, monitorUri, monitorFail }: ProxyDraft): MonitorConfig | undefined {
  return monitorUri === undefined || kind === 'backend' ? undefined : { uri: monitorUri, fail: monitorFail };
}

function linkStats(stats: StatsDraft, proxy: ProxyDraft, global: GlobalDraft): StatsConfig {
  const description = proxy.description ?? global.description;
  return {
    ...stats,
    realm: stats.realm ?? 'HAProxy Statistics',
    scope: stats.scope.map((name) => (name === '.' ? proxy.name : name)),
    showNode: stats.showNode === '' ? (global.node ?? hostname()) : stats.showNode,
    showDesc: stats.showDesc === '' ? description : stats.showDesc,
  };
}

/** Sockets without a name are called by their number, which `id` may set. */
function linkBinds(proxy: ProxyDraft): readonly BindConfig[] {
  const taken = new Set(proxy.binds.map((bind) => bind.id));
  let next = 1;
  return proxy.binds.map(({ tls, ...bind }) => {
    while (bind.id === undefined && taken.has(next)) next++;
    const id = bind.id ?? next++;
    const ssl = tls === undefined ? undefined : finishBindSsl(tls);
    return { ...bind, ssl, id, name: bind.name ?? `sock-${id}`, backlog: bind.backlog ?? proxy.backlog ?? proxy.maxconn };
  });
}

function linkUserlists(drafts: ReadonlyMap<string, UserlistDraft>, reporter: Reporter): ReadonlyMap<string, Userlist> {
  return new Map([...drafts].map(([name, draft]) => [name, linkUserlist(draft, reporter)]));
}

/** Users name their groups and groups their users: both ways mean the same. */
function linkUserlist(draft: UserlistDraft, reporter: Reporter): Userlist {
  for (const [group, { place, users }] of draft.groups) {
    const missing = users.find((user) => !draft.users.has(user));
    if (missing !== undefined) reporter.alert(place, `userlist '${draft.name}': no such user '${missing}' specified in group '${group}'`);
  }
  const users = [...draft.users].map(([name, user]) => {
    const missing = user.groups.find((group) => !draft.groups.has(group));
    if (missing !== undefined)
      reporter.alert(user.place, `userlist '${draft.name}': no such group '${missing}' specified in user '${name}'`);
    const named = [...draft.groups].filter(([, group]) => group.users.includes(name)).map(([group]) => group);
    return { name, password: user.password, insecure: user.insecure, groups: [...new Set([...user.groups, ...named])] };
  });
  return { name: draft.name, users };
}
