/** What the tests of this room build from: configurations, a backend with a clock of its own, waiters that remember. */

import assert from 'node:assert/strict';
import { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { Verdict, VerdictCode, Waiter } from '../../src/backend/types.ts';
import { loadText } from '../../src/config/load.ts';
import type { CheckRules, ServerConfig } from '../../src/config/model.ts';
import type { EventLog, Level } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import * as support from '../support/config.ts';
import { CHECK, type ProxyChanges, proxyConfig } from '../support/config.ts';

export { CHECK, proxyConfig };

/** A server of this machine: these tests check and ask it. */
export function serverConfig(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  return support.serverConfig(name, { address: '127.0.0.1', origin: 'test:1', ...changes });
}

/** `option httpchk` alone. */
export const HTTP_CHECK: CheckRules = checkRules('option httpchk');

/** What these lines of a backend mean. */
export function checkRules(...lines: readonly string[]): CheckRules {
  const text = `backend b\n mode http\n timeout connect 1s\n timeout server 1s\n ${lines.join('\n ')}\n server s 127.0.0.1:1 check\n`;
  const rules = loadText(text, 'test.cfg', { env: {}, cwd: '/' }).config?.proxies[0]?.checkRules;
  assert.ok(rules);
  return rules;
}

export class Events implements EventLog {
  readonly lines: { readonly level: Level; readonly message: string }[] = [];
  event(level: Level, message: string): void {
    this.lines.push({ level, message });
  }
  /** `<level> <message>`, and forgets them. */
  take(): string[] {
    return this.lines.splice(0).map(({ level, message }) => `${level} ${message}`);
  }
}

export function makeBackend(
  servers: readonly ServerConfig[],
  more: ProxyChanges & { readonly wheel?: Wheel } = {},
): { backend: Backend; events: Events; servers: Server[] } {
  const { wheel = new Wheel(), ...config } = more;
  const events = new Events();
  const backend = new Backend({ shutdown: () => {}, name: 'app', config: proxyConfig('app', config), wheel, events, origin: 'test:1' });
  const made = servers.map((server) => backend.addServer(server, 0));
  backend.refresh(0);
  return { backend, events, servers: made };
}

/** Remembers what it was told. */
export class Client implements Waiter {
  readonly name: string;
  server: Server | undefined = undefined;
  timedOut = false;
  awaited: Server | undefined = undefined;
  serverQueue = 0;
  backendQueue = 0;
  /** The server that it waited for before it had to ask again. */
  redistributed: Server | undefined = undefined;
  private readonly onTold: (client: Client) => void;
  constructor(name = '', onTold: (client: Client) => void = () => {}) {
    this.name = name;
    this.onTold = onTold;
  }
  onSlot(server: Server): void {
    this.server = server;
    this.onTold(this);
  }
  onQueueTimeout(): void {
    this.timedOut = true;
    this.onTold(this);
  }
  onRedistributed(server: Server): void {
    this.redistributed = server;
    this.onTold(this);
  }
}

export function verdict(code: VerdictCode, status = -1, info = ''): Verdict {
  return { code, passed: code === 'L4OK' || code === 'L7OK', status, info, duration: 0.4 };
}

/** The names of the servers that `count` requests get, each ended before the next. */
export function sequence(backend: Backend, count: number, key: (i: number) => number = () => 0): string {
  let names = '';
  for (let i = 0; i < count; i++) {
    const server = backend.assign(new Client(), key(i), undefined);
    if (typeof server === 'string') names += `(${server})`;
    else {
      names += server.config.name;
      backend.release(server);
    }
  }
  return names;
}
