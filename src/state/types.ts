/** What should be true: configuration and every source's last word, merged. */

import type { ProxyConfig } from '../config/model.ts';
import type { DiscoveredServer, Note, Route } from '../discovery/provider.ts';

export type { DiscoveredServer, Route };

export interface DesiredBackend {
  readonly name: string;
  /** The section, or for a pool of `docker-routes` the frontend's defaults with the pool's options. */
  readonly config: ProxyConfig;
  /** Configured ones first, in the order of the text; then discovered ones in their source's order. */
  readonly servers: readonly DiscoveredServer[];
  /** `file:line` of the section or the source that made the pool. */
  readonly origin: string;
  /** Made by routes: no section of the configuration has this name. */
  readonly routed: boolean;
}

export interface DesiredState {
  /** In the order of the statistics: the configuration's, then routed pools by name. */
  readonly backends: ReadonlyMap<string, DesiredBackend>;
  /** Frontend name -> its discovered routes, conflicts resolved, best first. */
  readonly routes: ReadonlyMap<string, readonly Route[]>;
  /** Frontend name -> routes that stood until a moment ago and whose hosts nobody claims now: 503, also where their pools have servers that serve others. */
  readonly gone: ReadonlyMap<string, readonly Route[]>;
  /** Frontends that a source which routes for them has not spoken about yet: a host without a route may be one of its. */
  readonly unsettled: ReadonlySet<string>;
  readonly notes: readonly Note[];
}

/** One step from one desired state to another. */
export type Change =
  | { readonly kind: 'add-backend'; readonly backend: DesiredBackend }
  /** Its settings or what made it; what differs in its servers comes as changes of its own. */
  | { readonly kind: 'change-backend'; readonly backend: DesiredBackend }
  | { readonly kind: 'remove-backend'; readonly name: string }
  | { readonly kind: 'add-server'; readonly backend: string; readonly server: DiscoveredServer }
  | { readonly kind: 'change-server'; readonly backend: string; readonly server: DiscoveredServer }
  /** The server drains and disappears at zero slots. */
  | { readonly kind: 'remove-server'; readonly backend: string; readonly identity: string; readonly reason: string }
  | { readonly kind: 'order'; readonly backend: string; readonly identities: readonly string[] }
  | {
      readonly kind: 'set-routes';
      readonly frontend: string;
      readonly routes: readonly Route[];
      readonly gone: readonly Route[];
      readonly settled: boolean;
    };
