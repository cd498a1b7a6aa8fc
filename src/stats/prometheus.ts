/**
 * Metrics of the process itself, kept by prom-client: of discovery, logs, the event loop and the heap, and what prom-client
 * tells of any Node process. Nothing here is touched by requests: values are read where they are kept, when somebody asks.
 *
 * Of prom-client's default metrics those are left out that walk over every open descriptor, handle or request: with
 * 10,000 connections each scrape would hold up the traffic. Its `nodejs_gc_duration_seconds` counts one collection for each
 * turn of the event loop, however many there were; ours, of the same name, counts all.
 */

import { constants, PerformanceObserver, performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { monotonic } from '../core/clock.ts';
import { connectionErrorText } from '../core/connection-errors.ts';
import type { Handshakes, TlsCounters } from '../core/tls-counters.ts';
import type { OwnFamily } from './exposition.ts';

/** What is told of one source of servers. */
export interface SourceFacts {
  readonly name: string;
  /** It has spoken, and nothing keeps it from speaking again. */
  readonly up: boolean;
  readonly snapshots: number;
  /** Monotonic ms of the last one. */
  readonly at: number | undefined;
  /** What it was told: events of an engine, answers that a resolver was asked for. */
  readonly events: number;
  readonly failures: number;
  readonly servers: number;
  /** Containers, instances and entries that cannot be used for what they ask. */
  readonly refused: number;
  readonly routes: number;
}

export interface OwnFacts {
  readonly version: string;
  sources(): readonly SourceFacts[];
  /** Lines that log targets could not take. */
  droppedLogs(): Iterable<readonly [target: string, lines: number]>;
  reloads(): { readonly done: number; readonly failed: number };
  readonly tls: TlsCounters;
  /** Certificates of listeners and servers, with the Unix time of their end, seconds. */
  certificates(): Iterable<readonly [file: string, expiry: number]>;
}

/** They look at all descriptors, handles and requests one by one. */
const TOO_DEAR: readonly string[] = [
  'process_open_fds',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];
/** Of the loop's delays since the last scrape; without any they are odd numbers. */
const DELAYS = /^nodejs_eventloop_lag_(?:min|max|mean|stddev|p\d\d)_seconds$/;
const MEAN_DELAY = 'nodejs_eventloop_lag_mean_seconds';
const GC = 'nodejs_gc_duration_seconds';

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

type BySource = readonly [name: string, help: string, read: (source: SourceFacts) => number];

const SOURCE_GAUGES: readonly BySource[] = [
  ['source_up', 'Whether the source has spoken and can be reached.', ({ up }) => Number(up)],
  [
    'last_snapshot_age_seconds',
    'Seconds since the source last said what it knows; -1 if it has not spoken yet.',
    ({ at }) => (at === undefined ? -1 : Math.max(0, (monotonic() - at) / 1000)),
  ],
  ['servers', 'Servers that the source knows.', ({ servers }) => servers],
  ['routes', 'Routes that its containers or services ask for.', ({ routes }) => routes],
  [
    'refused_containers',
    'Containers, instances of services and entries of lists that cannot be used for what they ask.',
    ({ refused }) => refused,
  ],
];

const SOURCE_COUNTERS: readonly BySource[] = [
  ['snapshots_total', 'How often the source has said what it knows.', ({ snapshots }) => snapshots],
  ['events_total', 'Events of a Docker engine; news of a Consul agent or a file; questions to the resolver.', ({ events }) => events],
  ['errors_total', 'Failures to reach the source or to get an answer.', ({ failures }) => failures],
];

/**
 * What prom-client tells of any Node process, and collections: kept once for all balancers of a process, and from the first one on to its
 * end, because prom-client lets go of nothing that it has begun to measure.
 */
let ofProcess: Registry | undefined;

function processRegistry(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  for (const name of [...TOO_DEAR, GC]) ofProcess.removeSingleMetric(name);
  observeCollections(ofProcess);
  return ofProcess;
}

function observeCollections(registry: Registry): void {
  const durations = new Histogram({
    name: GC,
    help: 'Duration of garbage collections, by kind: major, minor, incremental or weakcb.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { duration, detail } = entry as typeof entry & { readonly detail: { readonly kind: number } };
      durations.observe({ kind: KINDS.get(detail.kind) ?? 'other' }, duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
}

export class OwnMetrics {
  private readonly shared = processRegistry();
  private readonly registry = new Registry();
  private readonly facts: OwnFacts;
  /** Of this moment. */
  private sources: readonly SourceFacts[] = [];

  constructor(facts: OwnFacts) {
    this.facts = facts;
    this.addDiscovery();
    this.addProcess(facts);
    this.addTls(facts);
    this.addCertificates(facts);
  }

  async families(): Promise<readonly OwnFamily[]> {
    this.sources = this.facts.sources();
    const metrics = [...(await this.shared.getMetricsAsJSON()), ...(await this.registry.getMetricsAsJSON())];
    const delayed = metrics.some(({ name, values }) => name === MEAN_DELAY && values.every(({ value }) => !Number.isNaN(value)));
    const told = delayed ? metrics : metrics.filter(({ name }) => !DELAYS.test(name));
    return told.map(({ name, help, type, values }) => ({
      name,
      help,
      type: String(type),
      samples: values.map((sample) => {
        const { metricName = name, value, labels } = sample as typeof sample & { readonly metricName?: string };
        return { name: metricName, value, labels: labels as Readonly<Record<string, string | number>> };
      }),
    }));
  }

  private addDiscovery(): void {
    for (const [name, help, read] of SOURCE_GAUGES) {
      this.gauge(`fairlead_discovery_${name}`, help, ['source'], (gauge) => {
        for (const source of this.sources) gauge.set({ source: source.name }, read(source));
      });
    }
    for (const [name, help, read] of SOURCE_COUNTERS) {
      this.counter(`fairlead_discovery_${name}`, help, ['source'], (counter) => {
        for (const source of this.sources) counter.inc({ source: source.name }, read(source));
      });
    }
  }

  private addProcess(facts: OwnFacts): void {
    this.gauge('fairlead_build_info', 'The version of Fairlead.', ['version'], (gauge) => gauge.set({ version: facts.version }, 1));
    this.counter('fairlead_reloads_total', 'Configurations taken over while running.', [], (counter) => counter.inc(facts.reloads().done));
    this.gauge('fairlead_reloads_failed', 'Configurations refused since the last one that was taken over.', [], (gauge) =>
      gauge.set(facts.reloads().failed),
    );
    this.counter('fairlead_log_dropped_total', 'Log lines that a target could not take.', ['target'], (counter) => {
      for (const [target, lines] of facts.droppedLogs()) counter.inc({ target }, lines);
    });
    this.counter('fairlead_event_loop_active_seconds_total', 'Time that the event loop was busy.', [], (counter) =>
      counter.inc(performance.eventLoopUtilization().active / 1000),
    );
    this.counter('fairlead_event_loop_idle_seconds_total', 'Time that the event loop waited for something to happen.', [], (counter) =>
      counter.inc(performance.eventLoopUtilization().idle / 1000),
    );
  }

  private addTls(facts: OwnFacts): void {
    const sides = (): readonly (readonly [side: string, handshakes: Handshakes])[] => [
      ['client', facts.tls.clients],
      ['server', facts.tls.servers],
    ];
    const help = 'TLS handshakes with clients and servers that have succeeded: whether they made keys, or resumed a session.';
    this.counter('fairlead_tls_handshakes_total', help, ['side', 'protocol', 'keys'], (counter) => {
      for (const [side, { fresh, resumed }] of sides()) {
        for (const [protocol, count] of fresh) counter.inc({ side, protocol, keys: 'new' }, count);
        for (const [protocol, count] of resumed) counter.inc({ side, protocol, keys: 'resumed' }, count);
      }
    });
    this.counter('fairlead_tls_handshake_failures_total', 'TLS handshakes that have failed.', ['side', 'reason'], (counter) => {
      for (const [side, { failed }] of sides()) {
        for (const [error, count] of failed) counter.inc({ side, reason: connectionErrorText(error) }, count);
      }
    });
  }

  private addCertificates(facts: OwnFacts): void {
    const help = 'When the certificate of a file stops being valid, Unix time.';
    this.gauge('fairlead_certificate_expiry_timestamp_seconds', help, ['file'], (gauge) => {
      for (const [file, expiry] of facts.certificates()) gauge.set({ file }, expiry);
    });
  }

  private gauge(name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({ name, help, labelNames, registers: [this.registry], collect: () => refill(gauge, read) });
  }

  private counter(name: string, help: string, labelNames: string[], read: (counter: Counter) => void): void {
    const counter: Counter = new Counter({ name, help, labelNames, registers: [this.registry], collect: () => refill(counter, read) });
  }
}

/** What is not told of any more has no sample any more. */
function refill<Metric extends Gauge | Counter>(metric: Metric, read: (metric: Metric) => void): void {
  metric.reset();
  read(metric);
}
