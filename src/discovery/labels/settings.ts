/**
 * What labels come to, whoever's they are: settings of one way into a container, and the contract of those who read them.
 *
 * Our own labels (`own.ts`) win; else one of the compatible readers that the line names, which are asked in the order of
 * `readers.ts`. One reader alone is heard for a container.
 */

import type { CompatName } from '../../config/model.ts';
import type { PoolOptions, Route } from '../provider.ts';
import type { ReaderName } from '../report.ts';
import type { Secure } from './secure.ts';

/** What a reader is told of a container or a service. */
export interface Subject {
  readonly labels: ReadonlyMap<string, string>;
  /** Of the container's environment. */
  readonly env: ReadonlyMap<string, string>;
  /** TCP ports that it exposes, ascending; those of them that are published. */
  readonly exposed: readonly number[];
  readonly published: readonly number[];
  readonly name: string;
  /** As it was given to `docker run`. */
  readonly image: string;
  /** The service's short name, and the pool that it is in when no label says: of a container in neither compose nor Swarm, its name. */
  readonly service: string;
  readonly pool: string;
}

/** How a line of the configuration wants labels to be read. */
export interface Reading {
  readonly prefix: string;
  readonly compat: readonly CompatName[];
  readonly domains: readonly string[];
}

/** What the line of the configuration says that readers heed. */
export interface ReaderContext {
  /** `domain=`, in lower case. */
  readonly domains: readonly string[];
}

/** Reads the labels (or environment) of another tool; undefined where there are none of its. Never throws. */
export type Reader = (subject: Subject, context: ReaderContext) => Labels | undefined;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What labels say about one way into a container, and about its pool. Undefined: no label says it. */
export interface Settings extends Mutable<PoolOptions> {
  /** `enable` */
  enabled: boolean | undefined;
  /** `host`; a bare word is a short host, to which `docker-routes domain=` is appended. */
  hosts: readonly Route['host'][] | undefined;
  path: string;
  /** Only `path` itself, not what is below it. */
  exact: boolean;
  /** `rewrite`, or the empty string of `strip=true`. */
  rewrite: string | undefined;
  priority: number;
  /** Pool name. */
  service: string | undefined;
  port: number | undefined;
  network: string | undefined;
  /** Names of the frontends that may route to it (Traefik's entry points); undefined: every one that reads its labels. */
  frontends: readonly string[] | undefined;
  /** Clients are to come by TLS. */
  secure: Secure | undefined;
  /** `scheme`: what the server speaks. */
  scheme: 'http' | 'https';
  /** `drain`: how long it may finish its exchanges once it was told to stop, ms. */
  drain: number | undefined;
  /** `check.docker`: whether Docker's own HEALTHCHECK decides, too. */
  gate: boolean;
  /** `check`: undefined leaves it to the template. */
  check: boolean | undefined;
  /** Words of a `server` line, with the label that gave them. */
  server: readonly ServerWords[];
}

export interface ServerWords {
  readonly label: string;
  readonly words: readonly string[];
}

/** What one reader has made of everything that stands on one container or service. */
export interface Labels {
  /** Whose words they were. */
  readonly reader: ReaderName;
  /** No named route and no key of its own: nothing was said. */
  readonly silent: boolean;
  readonly flat: Settings;
  /** By name. */
  readonly routes: ReadonlyMap<string, Settings>;
  /** What was not understood: keys that do not exist, words of another tool that have no meaning here. Changes nothing. */
  readonly warnings: readonly string[];
  /** Why the container is refused. */
  readonly errors: readonly string[];
}

/** Hosts with a path, of one container: every one is looked up, compared and told of. */
export const MOST_CLAIMS = 1000;
export const TOO_MANY = `its labels claim more than ${MOST_CLAIMS} hosts and paths`;

/** How many hosts want this path; without any host the default one does. */
export function claimsOf({ hosts }: Settings): number {
  return hosts?.length ?? 1;
}

/** Nothing was said. */
export function noSettings(): Settings {
  return {
    enabled: undefined,
    hosts: undefined,
    path: '/',
    exact: false,
    rewrite: undefined,
    priority: 0,
    service: undefined,
    port: undefined,
    network: undefined,
    frontends: undefined,
    secure: undefined,
    scheme: 'http',
    drain: undefined,
    gate: true,
    check: undefined,
    server: [],
  };
}
