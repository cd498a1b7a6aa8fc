/** Which services of a Consul catalogue are servers and routes: Fairlead's own words in the configuration. */

import type { NearConfig, Place, ServerConfig } from './model.ts';

/** A `consul` section: one agent, and through it one data center. */
export interface ConsulAgentConfig {
  readonly place: Place | undefined;
  /** Empty for the unnamed agent: of a `consul` line without a name, or where there is no such section. */
  readonly name: string;
  /** `http://host:port`, `https://host:port`, `unix:///path`; undefined: CONSUL_HTTP_ADDR or http://127.0.0.1:8500. */
  readonly endpoint: string | undefined;
  readonly token: string | undefined;
  /** Path of a file that holds the token, read again for each request. */
  readonly tokenFile: string | undefined;
  readonly tlsCa: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Undefined: the agent's own. */
  readonly datacenter: string | undefined;
  /** Any server may answer, not the leader alone. */
  readonly stale: boolean;
  /** Milliseconds that a question may be held by the agent while nothing changes. */
  readonly wait: number;
}

/** What lines that ask a catalogue have in common. */
interface ConsulLine {
  readonly place: Place;
  /** Names of `consul` sections, the unnamed one's being empty; where the line names none, all there are. */
  readonly agents: readonly string[];
  /** Undefined: the section's. */
  readonly datacenter: string | undefined;
  /** `to` is `_agent` or a node's name: instances on the node that is nearest to it go before the others. */
  readonly near: NearConfig | undefined;
  /** An instance of which a check warns gets no traffic. */
  readonly passing: boolean;
  /** Server parameters of the line over `default-server`; name, identity and address come from the instance. */
  readonly template: ServerConfig;
}

/** `consul-servers service=NAME ...`: the instances of a service are this backend's servers. */
export interface ConsulServersConfig extends ConsulLine {
  readonly service: string;
  /** All must be there. */
  readonly tags: readonly string[];
}

/** `consul-routes ...` in a frontend or listen: every service becomes a pool. */
export interface ConsulRoutesConfig extends ConsulLine {
  /** Also routes `<service>`, with dots for underscores, alone and below each of these. */
  readonly domains: readonly string[];
  /** Of our own words among the tags, with its dot: `fairlead.`. */
  readonly prefix: string;
  /** Only instances with the tag `<prefix>enable=true`. */
  readonly optIn: boolean;
}
