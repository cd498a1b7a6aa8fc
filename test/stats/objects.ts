/** Proxies to take statistics of: the runtime objects themselves, with nothing behind them that listens or connects. */

import { Backend } from '../../src/backend/backend.ts';
import type { BindConfig, LogTarget, ProxyConfig, ServerConfig, StatsConfig } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import { ListenerCounters } from '../../src/core/counters.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Frontend } from '../../src/proxy/frontend.ts';
import type { Listener } from '../../src/proxy/listener.ts';
import { Program } from '../../src/proxy/program.ts';
import type { StatsProxy } from '../../src/stats/rows.ts';

export const PLACE = { file: 'test.cfg', line: 1 };

export function proxyConfig(name: string, kind: ProxyConfig['kind'], changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    place: PLACE,
    name,
    kind,
    id: 1,
    disabled: false,
    timeouts: {
      connect: 1000,
      client: 1000,
      server: 1000,
      queue: undefined,
      httpRequest: undefined,
      httpKeepAlive: undefined,
      tunnel: undefined,
      check: undefined,
      clientFin: undefined,
      serverFin: undefined,
    },
    logs: [],
    logFormat: 'httplog',
    dontlognull: false,
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
    maxconn: 100,
    useBackends: [],
    defaultBackend: undefined,
    dockerRoutes: [],
    socketStats: false,
    balance: { algorithm: 'roundrobin', draws: 2 },
    fullconn: 10,
    retries: 3,
    redispatch: undefined,
    httpCheck: undefined,
    allbackups: false,
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    ...changes,
  };
}

export function serverConfig(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name,
    identity: name,
    address: '127.0.0.1',
    port: 19001,
    fqdn: undefined,
    maxconn: 0,
    maxqueue: 0,
    weight: 1,
    backup: false,
    disabled: false,
    check: undefined,
    origin: 'test.cfg:2',
    ...changes,
  };
}

export const CHECK: NonNullable<ServerConfig['check']> = {
  inter: 2000,
  fastinter: undefined,
  downinter: undefined,
  rise: 2,
  fall: 3,
  address: undefined,
  port: undefined,
};

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

export function logTarget(changes: Partial<LogTarget> = {}): LogTarget {
  return {
    place: PLACE,
    target: { kind: 'fd', fd: 1 },
    format: 'raw',
    facility: 16,
    level: 7,
    minLevel: 0,
    length: 1024,
    ...changes,
  };
}

export function makeFrontend(config: ProxyConfig): Frontend {
  return new Frontend(
    new Program(config, { request: undefined, response: undefined, redirect: undefined, route: undefined, statsAdmin: undefined }),
  );
}

/** A listener's row needs these five. */
export function makeListener(frontend: Frontend, id: number, changes: Partial<BindConfig> = {}): Listener {
  const address = { kind: 'inet', host: '127.0.0.1', port: 18080, v6only: false } as const;
  const config: BindConfig = { place: PLACE, name: `sock-${id}`, address, maxconn: undefined, backlog: undefined, text: '', ...changes };
  return { frontend, id, config, counters: new ListenerCounters(), scur: 0 } as unknown as Listener;
}

export function makeBackend(config: ProxyConfig, servers: readonly ServerConfig[], now = monotonic()): Backend {
  const backend = new Backend({ name: config.name, config, wheel: new Wheel(), events: silent, origin: 'test.cfg:1' });
  for (const server of servers) backend.addServer(server, now);
  backend.refresh(now);
  return backend;
}

/** A `listen` with its two sides. */
export function makeListen(name: string, servers: readonly ServerConfig[], changes: Partial<ProxyConfig> = {}): Required<StatsProxy> {
  const config = proxyConfig(name, 'listen', changes);
  return { name, frontend: makeFrontend(config), backend: makeBackend(config, servers) };
}
