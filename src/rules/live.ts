/** Proxies as they are now, for fetches that ask about them; `proxy/` answers. */

import type { Ends } from './log-facts.ts';

export interface Live {
  /** It is the first of its connection. */
  readonly firstRequest: boolean;
  readonly listener: { readonly id: number; readonly name: string };
  /** Without a name its own; undefined where there is none. */
  frontend(name: string | undefined): { readonly id: number; readonly connections: number } | undefined;
  backend(name: string | undefined): LiveBackend | undefined;
  /** Its own. */
  readonly server: LiveServer | undefined;
  /** Of the connection to that. */
  readonly ends: Ends | undefined;
}

export interface LiveBackend {
  readonly id: number;
  readonly connections: number;
  /** In its own queue and those of its servers. */
  readonly queued: number;
  /** Servers that take requests; backups where no other does. */
  readonly usable: number;
  server(name: string): LiveServer | undefined;
}

export interface LiveServer {
  readonly id: number;
  readonly connections: number;
  readonly queued: number;
  readonly up: boolean;
  readonly weight: number;
}
