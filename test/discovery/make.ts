/** Configurations and servers made by hand, for rooms that take them as given. */

import type {
  Config,
  DockerEngineConfig,
  DockerRoutesConfig,
  DockerSelector,
  DockerServersConfig,
  ProxyConfig,
  ServerConfig,
  ServerTemplateConfig,
} from '../../src/config/model.ts';

export const place = { file: 'test.cfg', line: 1 };

export function server(name: string, more: Partial<ServerConfig> = {}): ServerConfig {
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
    disabled: false,
    check: undefined,
    origin: 'test.cfg:1',
    ...more,
  };
}

export function proxy(name: string, more: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    place,
    name,
    kind: 'backend',
    id: 1,
    disabled: false,
    timeouts: {
      connect: 5000,
      client: undefined,
      server: 50_000,
      queue: undefined,
      httpRequest: undefined,
      httpKeepAlive: undefined,
      tunnel: undefined,
      check: undefined,
      clientFin: undefined,
      serverFin: undefined,
    },
    logs: [],
    logFormat: 'none',
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
    maxconn: undefined,
    useBackends: [],
    defaultBackend: undefined,
    dockerRoutes: [],
    socketStats: false,
    balance: { algorithm: 'roundrobin', draws: 2 },
    fullconn: 200,
    retries: 3,
    redispatch: undefined,
    httpCheck: undefined,
    allbackups: false,
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    ...more,
  };
}

export function config(proxies: readonly ProxyConfig[], more: Partial<Config> = {}): Config {
  const global: Config['global'] = {
    maxconn: undefined,
    logs: [],
    logTag: 'haproxy',
    pidfile: undefined,
    node: undefined,
    description: undefined,
    hardStopAfter: undefined,
    bufsize: 16384,
    maxrewrite: 1024,
    maxhdr: 101,
    spreadChecks: 0,
  };
  return { global, proxies, userlists: new Map(), dockers: [], ...more };
}

/** The unnamed one. */
export const engineConfig: DockerEngineConfig = {
  place: undefined,
  name: '',
  endpoint: undefined,
  tlsCa: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
};

export function selector(more: Partial<DockerSelector> = {}): DockerSelector {
  const none = { image: undefined, labels: [], name: undefined, service: undefined, project: undefined, network: undefined };
  return { ...none, port: undefined, address: undefined, engine: undefined, ...more };
}

export function dockerServers(which: Partial<DockerSelector>, template: Partial<ServerConfig> = {}): DockerServersConfig {
  return { place, selector: selector(which), template: server('', template) };
}

export function dockerRoutes(more: Partial<DockerRoutesConfig> = {}): DockerRoutesConfig {
  return { place, domains: [], prefix: 'fairlead.', optIn: false, engine: undefined, network: undefined, template: server(''), ...more };
}

export function serverTemplate(prefix: string, from: number, to: number, fqdn: string, port = 80): ServerTemplateConfig {
  return { place, prefix, from, to, fqdn, port, template: server('', { address: undefined }) };
}
