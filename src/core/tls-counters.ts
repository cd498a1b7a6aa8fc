/** What is counted of TLS, of all listeners and servers together. */

import type { ConnectionError } from './connection-errors.ts';
import { Rate } from './rate.ts';

/** Handshakes of one side that are over. */
export class Handshakes {
  /** By protocol, `TLSv1.3`: those that made keys, and those that went on with the session of an earlier connection. */
  readonly fresh: Map<string, number> = new Map();
  readonly resumed: Map<string, number> = new Map();
  readonly failed: Map<ConnectionError, number> = new Map();
  /** Keys made. */
  readonly keys: Rate = new Rate();

  /** One has succeeded, at `now` in ms of the monotonic clock. */
  done(protocol: string, resumed: boolean, now: number): void {
    count(resumed ? this.resumed : this.fresh, protocol);
    if (!resumed) this.keys.add(now);
  }

  fail(error: ConnectionError): void {
    count(this.failed, error);
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export class TlsCounters {
  /** Connections of clients and to servers now, those in their handshake included, and all since the start. */
  current = 0;
  total = 0;
  /** Connections of clients that are to be encrypted. */
  readonly rate: Rate = new Rate();
  readonly clients: Handshakes = new Handshakes();
  readonly servers: Handshakes = new Handshakes();
  /** Sessions that clients have named by an id, and those of them that nobody knew. */
  lookups = 0;
  misses = 0;

  clearMax(): void {
    for (const rate of [this.rate, this.clients.keys, this.servers.keys]) rate.max = 0;
  }
}
