/** The balancer inside the test's process, from a configuration's text: what scenarios talk to and look into. */

import assert from 'node:assert/strict';
import { Backends } from '../../src/backend/backends.ts';
import type { Server } from '../../src/backend/server.ts';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { readSslWords } from '../../src/config/keywords/bind-ssl.ts';
import { loadText } from '../../src/config/load.ts';
import type { BindConfig, Config, Diagnostic } from '../../src/config/model.ts';
import { monotonic } from '../../src/core/clock.ts';
import type { EventLog } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Snapshot } from '../../src/discovery/provider.ts';
import { PoolPrograms } from '../../src/pool-programs.ts';
import { DataPlane } from '../../src/proxy/data-plane.ts';
import type { AccessRecord, Service } from '../../src/proxy/types.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { Store } from '../../src/state/store.ts';
import { connectLine, failedLine, tcpLine } from '../../src/stats/access-log.ts';
import { csv } from '../../src/stats/csv.ts';
import { EVERYTHING, rowsOf } from '../../src/stats/rows.ts';
import { Certificates } from '../../src/tls/certificates.ts';
import { RawClient } from '../support/client.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';

/** What the access log was told, copied. */
export type Logged = Pick<
  AccessRecord,
  | 'status'
  | 'termination'
  | 'bytesToClient'
  | 'bytesFromClient'
  | 'requestLine'
  | 'retries'
  | 'redispatched'
  | 'serverQueue'
  | 'backendQueue'
> & {
  readonly frontend: string;
  readonly server: string;
};

export class Balancer {
  readonly wheel = new Wheel();
  readonly events: string[] = [];
  readonly logged: Logged[] = [];
  /** Lines of frontends with `option tcplog`, and those at accept. */
  readonly lines: string[] = [];
  /** Lets the access log throw. */
  failLog = false;
  readonly backends: Backends;
  readonly plane: DataPlane;
  private readonly pools = new PoolPrograms(({ message }) => assert.fail(message));
  private config: Config | undefined;
  private store: Store | undefined;
  private clients: RawClient[] = [];

  private constructor(services: readonly Service[]) {
    const events: EventLog = { event: (_level, message) => this.events.push(message) };
    this.backends = new Backends({ wheel: this.wheel, events, spreadChecks: 0 });
    this.plane = new DataPlane({
      wheel: this.wheel,
      backends: this.backends,
      events,
      accessLog: {
        exchange: (record) => {
          if (this.failLog) throw new Error('the log is broken');
          this.logged.push(copy(record));
          if (record.frontend.config.logFormat === 'tcplog') this.lines.push(tcpLine(record));
        },
        connect: (record) => this.lines.push(connectLine(record)),
        failed: ({ program }, context) => this.lines.push(program.rules.log?.error?.(context) ?? failedLine(context)),
      },
      stats: { matches: () => false, handle: () => undefined },
      named: new Map(services.map((service) => [service.name, service])),
    });
    this.backends.tlsCounters = this.plane.counters.tls;
    this.backends.onShutdown = (server, cause) => this.plane.shutdown(server, cause);
    this.backends.onForsaken = (servers) => this.plane.abandon(servers);
  }

  /** Starts with `text`; `defaults` with sane time-outs stand before it. `services` are for `use-service`, by name. */
  static async start(text: string, services: readonly Service[] = []): Promise<Balancer> {
    const balancer = new Balancer(services);
    await balancer.configure(text);
    return balancer;
  }

  async configure(text: string): Promise<void> {
    const { config, diagnostics } = loadText(DEFAULTS + text, 'test.cfg', { env: {} });
    const found: Diagnostic[] = [...diagnostics];
    const rules = new Map(
      (config?.proxies ?? []).map((proxy) => [proxy.id, compileRules(proxy, (one) => found.push(one), undefined, config)]),
    );
    const certificates = new Certificates(config, readSslWords, (one) => found.push(one));
    const alerts = found.filter((one) => one.severity === 'alert').map(formatDiagnostic);
    assert.deepEqual(alerts, []);
    assert.ok(config);
    const compiled = { rules, tls: (bind: BindConfig) => certificates.of(bind) };
    const failures = await this.plane.configure(config, compiled, () => {
      this.config = config;
      this.store ??= new Store(config, (changes, state) => {
        this.plane.setPools(this.pools.of(state, this.config ?? config));
        this.backends.apply(changes);
      });
      this.store.configure(config);
      this.store.flush();
      this.plane.setPools(this.pools.of(this.store.state, config));
    });
    assert.deepEqual(failures, []);
  }

  /** A source speaks. */
  publish(snapshot: Snapshot): void {
    this.store?.publish(snapshot);
    this.store?.flush();
  }

  /** What counts now. */
  get configuration(): Config {
    assert.ok(this.config);
    return this.config;
  }

  port(frontend: string): number {
    return Number(/:(\d+)$/.exec(this.plane.frontends.get(frontend)?.listeners[0]?.text ?? '')?.[1]);
  }

  /** A raw connection that `stop` closes. */
  async client(frontend = 'www'): Promise<RawClient> {
    const client = await RawClient.connect(this.port(frontend));
    this.clients.push(client);
    return client;
  }

  /** The statistics of a frontend and of a backend, as a reader of them gets them. */
  rows(frontend: string, backend: string): readonly StatsRow[] {
    const proxies = [
      { name: frontend, frontend: this.plane.frontends.get(frontend), backend: undefined },
      { name: backend, frontend: undefined, backend: this.backends.get(backend) },
    ];
    const at = { now: monotonic(), legends: true, counts: false };
    const rows = proxies.flatMap((proxy) => rowsOf(proxy, EVERYTHING));
    return parseStats([...csv(rows, at)].join(''));
  }

  server(backend: string, name: string): Server {
    const server = this.backends.get(backend)?.servers.find((one) => one.config.name === name);
    assert.ok(server, `${backend}/${name}`);
    return server;
  }

  /** Closes all clients and waits until nothing is left: no connection, slot, waiter or timer. */
  async stop(): Promise<void> {
    // A reset, because a FIN alone leaves the request under way (HAProxy without abortonclose).
    for (const client of this.clients) client.socket.resetAndDestroy();
    this.plane.drain(false);
    await until('every connection is gone', () => this.plane.connections === 0);
    for (const backend of this.backends.all) {
      assert.equal(backend.scur, 0, `${backend.name} has no exchange left`);
      assert.equal(backend.waiting, 0, `${backend.name} has nobody waiting`);
      for (const server of backend.servers) assert.equal(server.scur, 0, `${server.config.name} has its slots back`);
    }
    this.backends.stop();
    assert.equal(this.wheel.size, 0, 'no timer is armed');
    this.plane.destroy();
  }
}

const DEFAULTS = `
defaults
    mode http
    log 127.0.0.1:514 local0
    option httplog
    timeout connect 2s
    timeout client 10s
    timeout server 10s
`;

function copy(record: AccessRecord): Logged {
  const { status, termination, bytesToClient, bytesFromClient, requestLine, retries, redispatched, serverQueue, backendQueue } = record;
  const server = record.serverName;
  return {
    status,
    termination,
    bytesToClient,
    bytesFromClient,
    requestLine,
    retries,
    redispatched,
    serverQueue,
    backendQueue,
    server,
    frontend: record.frontend.name,
  };
}

/** Runs `story` with a balancer and stops it afterwards, whatever happens. */
export async function withBalancer(
  text: string,
  story: (balancer: Balancer) => Promise<void>,
  services: readonly Service[] = [],
): Promise<void> {
  const balancer = await Balancer.start(text, services);
  try {
    await story(balancer);
  } catch (error) {
    balancer.plane.destroy();
    balancer.backends.stop();
    throw error;
  }
  await balancer.stop();
}
