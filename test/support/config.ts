/** Configurations made by hand: what a bare section and a bare `server` line come to, and what a test changes of it. */

import type { ProxyConfig, ServerCheckConfig, ServerConfig, StatsConfig } from '../../src/config/model.ts';

export const PLACE = { file: 'test.cfg', line: 1 } as const;

const NO_TIMEOUTS: ProxyConfig['timeouts'] = {
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

export type ProxyChanges = Partial<Omit<ProxyConfig, 'timeouts'>> & { readonly timeouts?: Partial<ProxyConfig['timeouts']> };

/** A backend, where the test does not say otherwise. */
export function proxyConfig(name: string, { timeouts, ...changes }: ProxyChanges = {}): ProxyConfig {
  return {
    place: PLACE,
    name,
    kind: 'backend',
    id: 1,
    disabled: false,
    mode: 'http',
    timeouts: { ...NO_TIMEOUTS, ...timeouts },
    logs: [],
    logFormat: 'none',
    logStyle: {
      format: undefined,
      structured: undefined,
      error: undefined,
      uniqueId: undefined,
      uniqueIdHeader: undefined,
      dontlogNormal: false,
      separateErrors: false,
      asap: false,
      tag: undefined,
    },
    captures: { request: [], response: [], cookie: undefined },
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
    redirects: [],
    stats: undefined,
    binds: [],
    maxconn: undefined,
    rateLimit: 0,
    useBackends: [],
    defaultBackend: undefined,
    dockerRoutes: [],
    consulRoutes: [],
    socketStats: false,
    explainErrors: false,
    clitcpka: false,
    srvtcpka: false,
    acceptInvalidRequest: false,
    balance: { algorithm: 'roundrobin', draws: 2 },
    fullconn: 1,
    retries: 3,
    redispatch: undefined,
    retryOn: {
      connFailure: true,
      emptyResponse: false,
      junkResponse: false,
      responseTimeout: false,
      zeroRttRejected: false,
      statuses: new Set(),
    },
    httpReuse: 'safe',
    acceptInvalidResponse: false,
    checkRules: undefined,
    logHealthChecks: false,
    allbackups: false,
    cookie: undefined,
    dynamicCookieKey: undefined,
    persist: false,
    forcePersist: [],
    ignorePersist: [],
    useServers: [],
    stickTable: undefined,
    stickRules: [],
    loadServerState: 'none',
    serverStateFileName: undefined,
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    consulServers: [],
    fileServers: [],
    ...changes,
  };
}

export function serverConfig(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name,
    identity: name,
    address: '192.0.2.1',
    port: 80,
    fqdn: undefined,
    maxconn: 0,
    maxqueue: 0,
    weight: 1,
    backup: false,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    disabled: false,
    cookie: undefined,
    minconn: 0,
    slowstart: 0,
    track: undefined,
    observe: undefined,
    errorLimit: 10,
    onError: 'fail-check',
    shutdownWhenDown: false,
    shutdownBackupsWhenUp: false,
    initAddr: [],
    nonStick: false,
    agent: undefined,
    check: undefined,
    origin: 'test.cfg:1',
    ...changes,
  };
}

/** `check`, with HAProxy's defaults. */
export const CHECK: ServerCheckConfig = {
  inter: 2000,
  fastinter: undefined,
  downinter: undefined,
  rise: 2,
  fall: 3,
  address: undefined,
  port: undefined,
};

/** `stats uri /admin?stats` and nothing else. */
export function statsConfig(changes: Partial<StatsConfig> = {}): StatsConfig {
  return {
    place: PLACE,
    uri: '/admin?stats',
    realm: 'HAProxy Statistics',
    auth: [],
    scope: [],
    hideVersion: false,
    refresh: undefined,
    showLegends: false,
    showNode: undefined,
    showDesc: undefined,
    admin: [],
    ...changes,
  };
}
