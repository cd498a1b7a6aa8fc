/** What fetches may ask about proxies as they are now (manual 7.3.2, 7.3.3): of this exchange's own, or of others by name. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { Live, LiveBackend, LiveServer } from '../rules/live.ts';
import type { Ends } from '../rules/log-facts.ts';
import type { Listener } from './listener.ts';
import { Phase } from './phases.ts';
import type { Reach } from './reach.ts';
import { Roster } from './roster.ts';
import type { Services } from './services.ts';

/** A way to a server, as it is told of. */
export type Journey = Pick<
  Reach,
  | 'backend'
  | 'server'
  | 'concerned'
  | 'carried'
  | 'phase'
  | 'retries'
  | 'redispatched'
  | 'serverQueue'
  | 'backendQueue'
  | 'queuedAt'
  | 'assignedAt'
  | 'connectedAt'
>;

/** An exchange, a TCP session, or a connection that has not become either. */
export interface Subject {
  readonly listener: Listener;
  readonly services: Services;
  readonly reach: Journey;
  /** Requests that its connection has had before. */
  readonly before: number;
}

/** Looks at what is asked for, when it is asked for: conditions of many requests go by it. */
export class LiveView implements Live {
  private readonly subject: Subject;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  get firstRequest(): boolean {
    return this.subject.before === 0;
  }
  get listener(): Live['listener'] {
    const { id, config } = this.subject.listener;
    return { id, name: config.name };
  }
  frontend(name: string | undefined): ReturnType<Live['frontend']> {
    const { listener, services } = this.subject;
    const found = name === undefined ? listener.frontend : services.frontends().get(name);
    return found === undefined ? undefined : { id: found.config.id, connections: found.scur };
  }
  backend(name: string | undefined): LiveBackend | undefined {
    const { reach, services } = this.subject;
    const found = name === undefined ? reach.backend : services.backends.get(name);
    return found === undefined ? undefined : liveBackend(found, this.left);
  }
  get server(): LiveServer | undefined {
    const { concerned } = this.subject.reach;
    return concerned === undefined ? undefined : liveServer(concerned, this.left);
  }
  get ends(): Ends | undefined {
    return this.subject.reach.carried;
  }

  /** Its slot goes back when its log line is written. */
  private get left(): Server | undefined {
    const { phase, server } = this.subject.reach;
    return phase === Phase.Idle ? server : undefined;
  }
}

/** `left`: a server whose slot goes back just now. */
export function liveBackend(backend: Backend, left: Server | undefined): LiveBackend {
  return new BackendView(backend, left);
}

class BackendView implements LiveBackend {
  private readonly of: Backend;
  private readonly left: Server | undefined;

  constructor(backend: Backend, left: Server | undefined) {
    this.of = backend;
    this.left = left;
  }

  get id(): number {
    return this.of.config.id;
  }
  get connections(): number {
    return this.of.scur;
  }
  get queued(): number {
    return this.of.waiting;
  }
  /** Without `option allbackups` one backup serves at a time. */
  get usable(): number {
    const active = this.of.activeCount();
    if (active > 0) return active;
    return this.of.config.allbackups ? this.of.backupCount() : Math.min(1, this.of.backupCount());
  }
  server(name: string): LiveServer | undefined {
    const server = rosterOf(this.of).named(this.of, name);
    return server === undefined ? undefined : liveServer(server, this.left);
  }
}

const rosters = new WeakMap<Backend, Roster>();

function rosterOf(backend: Backend): Roster {
  const known = rosters.get(backend);
  if (known !== undefined) return known;
  const roster = new Roster(() => undefined);
  rosters.set(backend, roster);
  return roster;
}

function liveServer(server: Server, left: Server | undefined): LiveServer {
  const connections = server.scur - Number(server === left);
  return { id: server.id, connections, queued: server.queue.length, up: server.usable, weight: server.weight };
}
