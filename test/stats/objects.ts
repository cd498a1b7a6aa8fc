/** Proxies to take statistics of: the runtime objects themselves, with nothing behind them that listens or connects. */

import { Backend } from '../../src/backend/backend.ts';
import type { BindConfig, LogTarget, ProxyConfig, ServerConfig } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import { ListenerCounters } from '../../src/core/counters.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Frontend } from '../../src/proxy/frontend.ts';
import type { Listener } from '../../src/proxy/listener.ts';
import { Program } from '../../src/proxy/program.ts';
import type { StatsProxy } from '../../src/stats/rows.ts';
import * as support from '../support/config.ts';
import { CHECK, PLACE, type ProxyChanges, statsConfig } from '../support/config.ts';

export { CHECK, PLACE, statsConfig };

export function proxyConfig(name: string, kind: ProxyConfig['kind'], changes: ProxyChanges = {}): ProxyConfig {
  return support.proxyConfig(name, { kind, logFormat: 'httplog', maxconn: 100, fullconn: 10, ...changes });
}

export function serverConfig(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  return support.serverConfig(name, { address: '127.0.0.1', port: 19001, ...changes });
}

export function logTarget(changes: Partial<LogTarget> = {}): LogTarget {
  return {
    place: PLACE,
    target: { kind: 'fd', fd: 1 },
    format: 'raw',
    sample: undefined,
    facility: 16,
    level: 7,
    minLevel: 0,
    length: 1024,
    ...changes,
  };
}

export function makeFrontend(config: ProxyConfig): Frontend {
  return new Frontend(
    new Program(config, { request: undefined, response: undefined, redirect: undefined, route: undefined, statsAdmin: undefined }, 15360),
  );
}

/** A listener's row needs these five. */
export function makeListener(frontend: Frontend, id: number, changes: Partial<BindConfig> = {}): Listener {
  const address = { kind: 'inet', host: '127.0.0.1', port: 18080, v6only: false } as const;
  const config: BindConfig = { place: PLACE, name: `sock-${id}`, address, maxconn: undefined, backlog: undefined, text: '', ...changes };
  return { frontend, id, config, counters: new ListenerCounters(), scur: 0 } as unknown as Listener;
}

export function makeBackend(config: ProxyConfig, servers: readonly ServerConfig[], now = monotonic()): Backend {
  const backend = new Backend({ shutdown: () => {}, name: config.name, config, wheel: new Wheel(), events: silent, origin: 'test.cfg:1' });
  for (const server of servers) backend.addServer(server, now);
  backend.refresh(now);
  return backend;
}

/** A `listen` with its two sides. */
export function makeListen(name: string, servers: readonly ServerConfig[], changes: ProxyChanges = {}): Required<StatsProxy> {
  const config = proxyConfig(name, 'listen', changes);
  return { name, frontend: makeFrontend(config), backend: makeBackend(config, servers) };
}
