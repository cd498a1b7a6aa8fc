/** What fetches may ask about proxies as they are now (manual 7.3.2, 7.3.3): of this exchange's own, or of others by name. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { Live, LiveBackend, LiveServer } from '../rules/live.ts';
import type { Listener } from './listener.ts';
import { Phase } from './phases.ts';
import type { Reach } from './reach.ts';
import type { Services } from './services.ts';

/** An exchange or a TCP session. */
export interface Subject {
  readonly listener: Listener;
  readonly services: Services;
  readonly reach: Reach;
  /** Requests that its connection has had before. */
  readonly before: number;
}

export function liveOf({ listener, services, reach, before }: Subject): Live {
  const { frontend } = listener;
  // Its slot goes back when its log line is written.
  const left = reach.phase === Phase.Idle ? reach.server : undefined;
  return {
    firstRequest: before === 0,
    listener: { id: listener.id, name: listener.config.name },
    frontend: (name) => {
      const found = name === undefined ? frontend : services.frontends().get(name);
      return found === undefined ? undefined : { id: found.config.id, connections: found.scur };
    },
    backend: (name) => {
      const found = name === undefined ? reach.backend : services.backends.get(name);
      return found === undefined ? undefined : liveBackend(found, left);
    },
    server: reach.concerned === undefined ? undefined : liveServer(reach.concerned, left),
    ends: reach.carried,
  };
}

function liveBackend(backend: Backend, left: Server | undefined): LiveBackend {
  return {
    id: backend.config.id,
    connections: backend.scur,
    queued: backend.waiting,
    usable: usableOf(backend),
    server: (name) => {
      const server = backend.servers.find(({ config }) => config.name === name);
      return server === undefined ? undefined : liveServer(server, left);
    },
  };
}

/** Without `option allbackups` one backup serves at a time. */
function usableOf(backend: Backend): number {
  const active = backend.activeCount();
  if (active > 0) return active;
  return backend.config.allbackups ? backend.backupCount() : Math.min(1, backend.backupCount());
}

function liveServer(server: Server, left: Server | undefined): LiveServer {
  const connections = server.scur - Number(server === left);
  return { id: server.id, connections, queued: server.queue.length, up: server.usable, weight: server.weight };
}
