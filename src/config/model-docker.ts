/** Which containers are servers and routes: Fairlead's own words in the configuration, and what a container is known by. */

import type { Place, ServerConfig } from './model.ts';

/** What does not change about the container that is a server. */
export interface ContainerOrigin {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** Wall-clock ms. */
  readonly created: number;
  readonly labels: ReadonlyMap<string, string>;
}

/** `near=`, `far=`: servers that are close to us go before the others. */
export interface NearConfig {
  /** `engine`: run by the engine that runs us; `node`: by our node of a Swarm; else by the engine of this `docker` section. */
  readonly to: string;
  /** Percent of its weight that any other server gets; undefined: it is a backup server. */
  readonly share: number | undefined;
}

/** `docker-servers <selectors> <server parameters>`: which containers are this backend's servers. */
export interface DockerServersConfig {
  readonly place: Place;
  readonly selector: DockerSelector;
  readonly near: NearConfig | undefined;
  /** The server parameters of the line over `default-server`; name, identity and address come from the container. */
  readonly template: ServerConfig;
  /** Those parameters as they are written. */
  readonly parameters: readonly string[];
}

/** All that are given must match. */
export interface DockerSelector {
  readonly image: string | undefined;
  readonly labels: readonly { readonly key: string; readonly value: string | undefined }[];
  /** Container name, `*` matches any run of characters. */
  readonly name: string | undefined;
  /** Compose service. */
  readonly service: string | undefined;
  /** Compose project. */
  readonly project: string | undefined;
  readonly network: string | undefined;
  /** A file that lists them (`discovery/docker/members.ts`), absolute. */
  readonly members: string | undefined;
  /** Container port to send traffic to. */
  readonly port: number | undefined;
  readonly address: 'container' | 'published' | undefined;
  /** Names of `docker` sections, the unnamed one's being empty; where the line names none, all there are. */
  readonly engines: readonly string[];
  /** As in docker-routes. */
  readonly rollout?: RolloutMode | undefined;
}

/**
 * Only the newest generation of a pool's containers that has a usable server gets traffic. A generation is what has the same
 * configuration (docker-compose's `com.docker.compose.config-hash`) or the same image.
 */
export type RolloutMode = 'config' | 'image' | 'off';

/** What was deployed together with other servers of its pool. */
export interface Generation {
  /** Equal within a generation. */
  readonly key: string;
  /** Wall-clock ms at which the server was made: a generation is as new as its newest server. */
  readonly created: number;
}

/** Other tools whose labels and environment `docker-routes compat` reads. */
export type CompatName = 'registrator' | 'camptocamp' | 'nginx-proxy' | 'traefik' | 'caddy' | 'easyhaproxy';

/** `docker-routes [domain=D] [prefix=P] [opt-in] [engine=E[,...]] [network=N]` in a frontend or listen. */
export interface DockerRoutesConfig {
  readonly place: Place;
  /** Also routes `<service>.<domain>` and appends the domain to short hosts. */
  readonly domains: readonly string[];
  /** Label prefix, default `fairlead.`. */
  readonly prefix: string;
  /** Only containers with `<prefix>enable=true`. */
  readonly optIn: boolean;
  /** `compat`: the other tools whose words count where a container has none of ours. */
  readonly compat: readonly CompatName[];
  /** As in a selector. */
  readonly engines: readonly string[];
  readonly network: string | undefined;
  readonly near: NearConfig | undefined;
  /** For pools whose containers do not say. */
  readonly rollout?: RolloutMode | undefined;
  /** Server parameters for every routed server: `default-server` of the proxy under the line's own words. */
  readonly template: ServerConfig;
}

/** A `docker` section: one engine. */
export interface DockerEngineConfig {
  readonly place: Place | undefined;
  /** Empty for the unnamed engine: of a `docker` line without a name, or where there is no such section. */
  readonly name: string;
  /** `unix:///path`, `tcp://host:port`, `ssh://user@host`; undefined: DOCKER_HOST or /var/run/docker.sock. */
  readonly endpoint: string | undefined;
  readonly tlsCa: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}
