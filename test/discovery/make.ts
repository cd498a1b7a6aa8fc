/** Configurations and servers made by hand, for rooms that take them as given. */

import type {
  Config,
  ConsulAgentConfig,
  ConsulRoutesConfig,
  ConsulServersConfig,
  DockerEngineConfig,
  DockerRoutesConfig,
  DockerSelector,
  DockerServersConfig,
  ProxyConfig,
  ServerConfig,
  ServerTemplateConfig,
} from '../../src/config/model.ts';
import { newTlsGlobals } from '../../src/config/tls-words.ts';
import type { Route, Snapshot } from '../../src/discovery/provider.ts';
import { PLACE, proxyConfig, serverConfig } from '../support/config.ts';

export { PLACE as place, proxyConfig as proxy, serverConfig as server };

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
    maxurilen: 15360,
    logurilen: 1024,
    cookielen: 63,
    rateLimits: { connections: 0, sessions: 0, sslSessions: 0, compression: 0 },
    spreadChecks: 0,
    statsSockets: [],
    statsTimeout: 10_000,
    statsMaxconn: 10,
    serverStateFile: undefined,
    serverStateBase: undefined,
    variables: [],
    tls: newTlsGlobals('/'),
    maxsslconn: 0,
    h2: { headerTableSize: 4096, initialWindowSize: 65535, maxConcurrentStreams: 100, maxFrameSize: 16384, websockets: true },
  };
  return { global, proxies, userlists: new Map(), dockers: [], consuls: [], ...more };
}

/** What a source tells that has found nothing, but for `more`. */
export function snapshot(source: string, more: Partial<Snapshot> = {}): Snapshot {
  return { source, pools: new Map(), poolOptions: new Map(), routes: [], notes: [], ...more };
}

/** The host alone leads to the pool, behind the frontend `www`. */
export function route(host: string, pool: string, more: Partial<Route> = {}): Route {
  return {
    frontend: 'www',
    host: { kind: 'exact', value: host },
    path: '/',
    exact: false,
    rewrite: undefined,
    priority: 0,
    pool,
    origin: `container ${pool}`,
    ...more,
  };
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
  return { ...none, members: undefined, port: undefined, address: undefined, engines: [''], ...more };
}

export function dockerServers(
  which: Partial<DockerSelector>,
  template: Partial<ServerConfig> = {},
  near?: DockerServersConfig['near'],
): DockerServersConfig {
  return { place: PLACE, selector: selector(which), near, template: serverConfig('', template), parameters: [] };
}

export function dockerRoutes(more: Partial<DockerRoutesConfig> = {}): DockerRoutesConfig {
  return {
    place: PLACE,
    domains: [],
    prefix: 'fairlead.',
    optIn: false,
    compat: [],
    engines: [''],
    network: undefined,
    near: undefined,
    template: serverConfig(''),
    ...more,
  };
}

/** The unnamed one. */
export const agentConfig: ConsulAgentConfig = {
  place: undefined,
  name: '',
  endpoint: undefined,
  token: undefined,
  tokenFile: undefined,
  tlsCa: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  datacenter: undefined,
  stale: false,
  wait: 60_000,
};

const consulLine = { place: PLACE, agents: [''], datacenter: undefined, near: undefined, passing: false, template: serverConfig('') };

export function consulServers(service: string, more: Partial<ConsulServersConfig> = {}): ConsulServersConfig {
  return { ...consulLine, service, tags: [], ...more };
}

export function consulRoutes(more: Partial<ConsulRoutesConfig> = {}): ConsulRoutesConfig {
  return { ...consulLine, domains: [], prefix: 'fairlead.', optIn: false, ...more };
}

export function serverTemplate(prefix: string, from: number, to: number, fqdn: string, port = 80): ServerTemplateConfig {
  return { place: PLACE, prefix, from, to, fqdn, port, template: serverConfig('', { address: undefined }) };
}
