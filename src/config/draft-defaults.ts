/** How drafts begin: what HAProxy's manual says of keywords that are not given, and what a section takes from its `defaults`. */

import type {
  CheckDraft,
  CheckRulesDraft,
  ConsulDraft,
  Draft,
  GlobalDraft,
  Inherited,
  Mutable,
  ProxyDraft,
  RetryOnDraft,
} from './draft.ts';
import { copyServer, newServer } from './draft-server.ts';
import type { LogStyle, Place, Timeouts } from './model.ts';
import type { TlsGlobals } from './tls-words.ts';

export function newDraft(env: Readonly<Record<string, string | undefined>>, tls: TlsGlobals): Draft {
  return { global: newGlobal(env, tls), proxies: [], defaults: [], userlists: new Map(), resolvers: new Map(), dockers: [], consuls: [] };
}

/** A `consul` section before its lines; without any section it is the agent that Consul's own command line would ask. */
export function newConsul(place: Place | undefined, name: string): ConsulDraft {
  const nothing = { endpoint: undefined, token: undefined, tokenFile: undefined, tlsCa: undefined, tlsCert: undefined, tlsKey: undefined };
  return { place, name, ...nothing, datacenter: undefined, stale: false, wait: 60_000 };
}

/** Manual 3.2 for the defaults of `tune.*`. */
function newGlobal(env: Readonly<Record<string, string | undefined>>, tls: TlsGlobals): GlobalDraft {
  return {
    maxconn: undefined,
    logs: [],
    variables: [],
    logTag: 'haproxy',
    logSendHostname: undefined,
    pidfile: undefined,
    node: undefined,
    description: undefined,
    hardStopAfter: undefined,
    bufsize: 16384,
    maxrewrite: 1024,
    maxhdr: 101,
    maxurilen: undefined,
    logurilen: 1024,
    cookielen: 63,
    rateLimits: { connections: 0, sessions: 0, sslSessions: 0, compression: 0 },
    spreadChecks: 0,
    serverStateFile: undefined,
    serverStateBase: undefined,
    statsSockets: [],
    statsTimeout: 10_000,
    statsMaxconn: 10,
    tls,
    tlsFiles: {
      extraFiles: new Set(['bundle', 'sctl', 'ocsp', 'issuer', 'key']),
      extraDelExt: false,
      issuersChainPath: undefined,
      skipSelfIssuedCa: false,
      dhParamFile: undefined,
      defaultDhParam: undefined,
    },
    maxsslconn: 0,
    h2: {},
    zeroWarning: false,
    env: new Map(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}

const NO_LOG_STYLE: LogStyle = {
  format: undefined,
  structured: undefined,
  error: undefined,
  uniqueId: undefined,
  uniqueIdHeader: undefined,
  dontlogNormal: false,
  separateErrors: false,
  asap: false,
  tag: undefined,
};

/** Manual 4.2 for the defaults of each keyword. */
function newInherited(): Inherited {
  return {
    mode: undefined,
    disabled: false,
    timeouts: noTimeouts(),
    logs: [],
    logFormat: 'none',
    logFormatAt: undefined,
    logOption: undefined,
    logStyle: NO_LOG_STYLE,
    dontlognull: false,
    disableH2Upgrade: false,
    ignoreProbes: false,
    connectionMode: 'keep-alive',
    abortonclose: false,
    forwardfor: undefined,
    errorfiles: new Map(),
    acls: [],
    httpRequest: [],
    httpResponse: [],
    stats: undefined,
    monitorUri: undefined,
    maxconn: undefined,
    rateLimit: 0,
    backlog: undefined,
    defaultBackend: undefined,
    socketStats: false,
    explainErrors: false,
    clitcpka: false,
    acceptInvalidRequest: false,
    balance: { algorithm: 'roundrobin', draws: 2 },
    fullconn: undefined,
    retries: 3,
    redispatch: undefined,
    retryOn: { ...noRetry(), connFailure: true },
    httpReuse: 'safe',
    srvtcpka: false,
    acceptInvalidResponse: false,
    check: newCheck(),
    logHealthChecks: false,
    allbackups: false,
    cookie: undefined,
    dynamicCookieKey: undefined,
    persist: false,
    loadServerState: 'none',
    defaultServer: newServer(),
  };
}

function noTimeouts(): Mutable<Timeouts> {
  return {
    connect: undefined,
    client: undefined,
    server: undefined,
    queue: undefined,
    httpRequest: undefined,
    httpKeepAlive: undefined,
    tarpit: undefined,
    tunnel: undefined,
    check: undefined,
    clientFin: undefined,
    serverFin: undefined,
  };
}

/** `retry-on none` */
export function noRetry(): RetryOnDraft {
  return {
    connFailure: false,
    emptyResponse: false,
    junkResponse: false,
    responseTimeout: false,
    zeroRttRejected: false,
    statuses: new Set(),
  };
}

function newCheck(): CheckDraft {
  return { protocol: undefined, tcp: newCheckRules(), http: newCheckRules(), disableOn404: false, sendState: false };
}

export function newCheckRules(): CheckRulesDraft {
  return { steps: [], at: undefined, own: false, option: {}, optionInherited: false, send: {}, optionLast: false };
}

function copyInherited(from: Inherited): Inherited {
  return {
    mode: from.mode,
    disabled: from.disabled,
    timeouts: { ...from.timeouts },
    logs: from.logs,
    logFormat: from.logFormat,
    logFormatAt: from.logFormatAt,
    logOption: from.logOption,
    logStyle: from.logStyle,
    dontlognull: from.dontlognull,
    disableH2Upgrade: from.disableH2Upgrade,
    ignoreProbes: from.ignoreProbes,
    connectionMode: from.connectionMode,
    abortonclose: from.abortonclose,
    forwardfor: from.forwardfor,
    errorfiles: from.errorfiles,
    acls: from.acls,
    httpRequest: from.httpRequest,
    httpResponse: from.httpResponse,
    stats: from.stats === undefined ? undefined : { ...from.stats },
    monitorUri: from.monitorUri,
    maxconn: from.maxconn,
    rateLimit: from.rateLimit,
    backlog: from.backlog,
    defaultBackend: from.defaultBackend,
    socketStats: from.socketStats,
    explainErrors: from.explainErrors,
    clitcpka: from.clitcpka,
    acceptInvalidRequest: from.acceptInvalidRequest,
    balance: from.balance,
    fullconn: from.fullconn,
    retries: from.retries,
    redispatch: from.redispatch,
    retryOn: from.retryOn,
    httpReuse: from.httpReuse,
    srvtcpka: from.srvtcpka,
    acceptInvalidResponse: from.acceptInvalidResponse,
    check: { ...from.check, tcp: { ...from.check.tcp, own: false }, http: { ...from.check.http, own: false } },
    logHealthChecks: from.logHealthChecks,
    allbackups: from.allbackups,
    cookie: from.cookie,
    dynamicCookieKey: from.dynamicCookieKey,
    persist: from.persist,
    loadServerState: from.loadServerState,
    defaultServer: copyServer(from.defaultServer),
  };
}

export function newProxy(place: Place, kind: ProxyDraft['kind'], name: string, from: ProxyDraft | undefined): ProxyDraft {
  return {
    ...(from === undefined ? newInherited() : copyInherited(from)),
    place,
    name,
    kind,
    id: undefined,
    idAt: undefined,
    description: undefined,
    redirects: [],
    captures: { request: [], response: [], cookie: undefined },
    monitorFail: [],
    binds: [],
    useBackends: [],
    dockerRoutes: [],
    consulRoutes: [],
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    consulServers: [],
    fileServers: [],
    forcePersist: [],
    ignorePersist: [],
    useServers: [],
    stickTable: undefined,
    stickTableRefused: false,
    stickRules: [],
    serverStateFileName: undefined,
    httpNotices: [],
    resolvers: [],
    seen: new Set(),
    rulesUsedBy: undefined,
  };
}
