/**
 * The metrics as Prometheus reads them: HAProxy's families (those of its exporter, 2.6), then ours.
 *
 * What there are as many of as proxies and servers is written here, from the rows of `fields.ts`, byte by byte as HAProxy
 * does, in small pieces: ten megabytes for 2,000 servers must not be made at one go. What there is of the process alone
 * is kept by prom-client (`prometheus.ts`). prom-client's own exposition is not used: it makes one text of everything
 * at once, takes `_total` away from the names of its counters as soon as OpenMetrics was asked for once, and knows neither
 * HAProxy's order nor its NaN.
 *
 * Two formats, with the same names for the same series: text 0.0.4, and OpenMetrics 1.0, where a counter cannot be NaN
 * (there is no sample then) and one whose name does not end in `_total` is no counter.
 */

import type { ProxyConfig } from '../config/model.ts';
import { BOUNDS, type Histogram, type Latency } from '../core/histogram.ts';
import type { Field, Reading, Value } from './field.ts';
import { FIELDS } from './fields.ts';
import type { ProcessState } from './info.ts';
import type { Metric, Side, States } from './metric.ts';
import { processSamples } from './metric-process.ts';
import { EVERYTHING, type Row, rowsIn, type StatsProxy } from './rows.ts';

/** HAProxy's words for what a scrape may be limited to, in the order of the exposition; the last one is ours. */
export const SCOPES = ['global', 'frontend', 'listener', 'backend', 'server', 'sticktable', 'fairlead'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Scrape {
  readonly scopes: ReadonlySet<Scope>;
  /** No servers in maintenance. */
  readonly noMaint: boolean;
  readonly openMetrics: boolean;
}

/** Of the process alone: few samples, as they are. */
export interface OwnFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly OwnSample[];
}

interface OwnSample {
  /** Where it is not the family's: `x_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface MetricSources {
  readonly process: ProcessState;
  readonly proxies: readonly StatsProxy[];
  readonly own: readonly OwnFamily[];
  readonly at: Reading;
}

/** What has samples of a side, with the labels that say whose they are. */
interface Subject {
  readonly of: Row['of'];
  /** Its own configuration and its proxy's, which all of this is read from. */
  readonly config: Row['of']['config'];
  readonly settings: ProxyConfig;
  readonly labels: string;
  /** The labels with what ends them. */
  readonly closed: string;
  readonly tcp: boolean;
}

const SIDES: readonly (readonly [scope: Scope, side: Side])[] = [
  ['frontend', 'F'],
  ['listener', 'L'],
  ['backend', 'B'],
  ['server', 'S'],
];

/** Letters in a piece, about. */
const PIECE = 2048;

/** All of it, in pieces of a few lines. */
export function* exposition(sources: MetricSources, scrape: Scrape): Generator<string> {
  const { scopes, openMetrics } = scrape;
  if (scopes.has('global')) yield* processFamilies(sources.process, openMetrics);
  const subjects = yield* subjectsOf(sources.proxies, scrape.noMaint);
  for (const [scope, side] of SIDES) if (scopes.has(scope)) yield* sideFamilies(side, subjects.get(side) ?? [], sources.at, openMetrics);
  if (scopes.has('sticktable')) yield* stickTables(sources.proxies);
  if (scopes.has('fairlead')) {
    yield* latencies(sources.proxies);
    for (const family of sources.own) yield ownFamily(family, openMetrics);
  }
  if (openMetrics) yield '# EOF\n';
}

function header(name: string, help: string, type: string, openMetrics: boolean): string {
  let [family, kind] = [name, type];
  if (openMetrics && type === 'counter') {
    if (name.endsWith('_total')) family = name.slice(0, -'_total'.length);
    else kind = 'unknown';
  }
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${family} ${openMetrics ? escaped.replaceAll('"', '\\"') : escaped}\n# TYPE ${family} ${kind}\n`;
}

function label(name: string, value: string): string {
  return `${name}="${/[\\"\n]/.test(value) ? value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n') : value}"`;
}

// --- HAProxy's

function* processFamilies(state: ProcessState, openMetrics: boolean): Generator<string> {
  for (const { name, type, help, labels, value } of processSamples(state)) {
    yield `${header(name, help, type, openMetrics)}${name}${labels} ${value}\n`;
  }
}

/** A series must not stand twice: of several that have one name, the first that is not on its way out. */
function* subjectsOf(proxies: readonly StatsProxy[], noMaint: boolean): Generator<string, ReadonlyMap<Side, readonly Subject[]>> {
  const found = new Map(SIDES.map(([, side]) => [side, new Map<string, Subject>()]));
  for (const proxy of proxies) {
    const labels = label('proxy', proxy.name);
    for (const row of rowsIn([proxy], { ...EVERYTHING, noMaint })) {
      const subjects = found.get(row.side) as Map<string, Subject>;
      const subject = subjectOf(row, labels);
      const known = subjects.get(subject.labels);
      if (known === undefined || isLeaving(known)) subjects.set(subject.labels, subject);
    }
    yield '';
  }
  return new Map(Array.from(found, ([side, subjects]) => [side, [...subjects.values()]]));
}

/** A server that has been removed, and finishes what it has. */
function isLeaving({ of }: Subject): boolean {
  return 'removed' in of && of.removed;
}

/** As they were last told of: those of 2,000 servers are half a megabyte, too much to be made for each reader and kept while he reads. */
const SUBJECTS: WeakMap<Row['of'], Subject> = new WeakMap();

function subjectOf(row: Row, proxy: string): Subject {
  const { of } = row;
  const known = SUBJECTS.get(of);
  const settings = proxyConfigOf(row);
  if (known !== undefined && known.config === of.config && known.settings === settings) return known;
  const labels = labelsOf(row, proxy);
  const made = { of, config: of.config, settings, labels, closed: `${labels}} `, tcp: settings.mode === 'tcp' };
  SUBJECTS.set(of, made);
  return made;
}

function proxyConfigOf({ side, of }: Row): ProxyConfig {
  switch (side) {
    case 'F':
    case 'B':
      return of.config;
    case 'L':
      return of.frontend.config;
    case 'S':
      return of.backend.config;
  }
}

function labelsOf({ side, of }: Row, proxy: string): string {
  switch (side) {
    case 'F':
    case 'B':
      return proxy;
    case 'L':
      return `${proxy},${label('listener', of.config.name)}`;
    case 'S':
      return `${proxy},${label('server', of.config.name)}`;
  }
}

const PREFIXES: Readonly<Record<Side, string>> = {
  F: 'haproxy_frontend_',
  L: 'haproxy_listener_',
  B: 'haproxy_backend_',
  S: 'haproxy_server_',
};

/** As HAProxy, families have no header where nobody has a sample. */
function* sideFamilies(side: Side, subjects: readonly Subject[], at: Reading, openMetrics: boolean): Generator<string> {
  let last = '';
  for (const field of FIELDS) {
    const { metric } = field;
    if (metric === undefined || !metric.sides.includes(side)) continue;
    const name = PREFIXES[side] + metric.name;
    const counter = name.endsWith('_total');
    // Of several rows with one name, the first that has samples.
    let head = name === last ? '' : header(name, metric.help, counter ? 'counter' : 'gauge', openMetrics);
    for (const piece of samplesOf(
      field,
      side,
      { ...metric, name, sparse: metric.sparse === true || (openMetrics && counter) },
      subjects,
      at,
    )) {
      yield head + piece;
      head = '';
      last = name;
    }
  }
}

/** `metric` has its whole name here. */
function samplesOf(field: Field, side: Side, metric: Metric, subjects: readonly Subject[], at: Reading): Generator<string> {
  const states = metric.states?.[side] as States<Row['of']> | undefined;
  if (states !== undefined) return stateSamples(metric, states, subjects);
  // The side says whose it is.
  const read = (metric.read ?? field)[side] as ((of: Row['of'], at: Reading) => Value) | undefined;
  return samples(metric, subjects, (of) => read?.(of, at));
}

/*
 * Of 2,000 servers there are 140,000 lines: each is put together from as few strings as can be, most of which are there
 * already, because what they cost is to be joined.
 */

function* samples(metric: Metric, subjects: readonly Subject[], read: (of: Row['of']) => Value): Generator<string> {
  const { name, label: more, ms, http, sparse } = metric;
  const begin = `${name}{`;
  let text = '';
  for (const { of, labels, closed, tcp } of subjects) {
    if (tcp && http === true) continue;
    const value = read(of);
    if (value === undefined && sparse === true) continue;
    text += begin + (more === undefined ? closed : `${labels},${more}} `) + (ms === true ? seconds(value) : ending(value));
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function* stateSamples({ name }: Metric, { words, count }: States<Row['of']>, subjects: readonly Subject[]): Generator<string> {
  const ends = words.map((word) => `,state="${word}"} `);
  const none = ends.map((end) => `${end}0\n`);
  let text = '';
  for (const { of, labels } of subjects) {
    const counts = count(of);
    if (counts === undefined) continue;
    const begin = `${name}{${labels}`;
    for (let i = 0; i < ends.length; i++) text += begin + (counts[i] === 0 ? none[i] : `${ends[i]}${counts[i]}\n`);
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function ending(value: Value): string {
  if (value === 0) return '0\n';
  return value === undefined ? 'NaN\n' : `${value}\n`;
}

/** Of milliseconds. */
function seconds(ms: Value): string {
  return ms === 0 ? '0.000000\n' : `${(Number(ms ?? Number.NaN) / 1000).toFixed(6)}\n`;
}

/** HAProxy has the youngest first. */
function* stickTables(proxies: readonly StatsProxy[]): Generator<string> {
  const tables = proxies.flatMap(({ name, backend }) => {
    const table = backend?.stickTable;
    return table === undefined ? [] : [{ labels: `{${label('name', name)},${label('type', table.config.type)}}`, table }];
  });
  if (tables.length === 0) return;
  tables.reverse();
  yield header('haproxy_sticktable_size', 'Stick table size.', 'gauge', false);
  for (const { labels, table } of tables) yield `haproxy_sticktable_size${labels} ${table.size}\n`;
  yield header('haproxy_sticktable_used', 'Number of entries used in this stick table.', 'gauge', false);
  for (const { labels, table } of tables) yield `haproxy_sticktable_used${labels} ${table.used}\n`;
}

// --- ours

const LATENCIES: readonly { readonly name: string; readonly help: string; read(latency: Latency): Histogram }[] = [
  {
    name: 'fairlead_backend_request_duration_seconds',
    help: 'From the whole head of a request to the end of its response, however it ended; without tunnels.',
    read: ({ total }) => total,
  },
  {
    name: 'fairlead_backend_time_to_first_byte_seconds',
    help: "From the whole head of a request to its server's response: the wait for a slot and a connection included.",
    read: ({ firstByte }) => firstByte,
  },
];

/** Written the same in both formats: a bound is a label, and OpenMetrics wants `1.0`. */
const LIMITS: readonly string[] = [
  ...BOUNDS.map((ms) => ms / 1000).map((bound) => (Number.isInteger(bound) ? `${bound}.0` : `${bound}`)),
  '+Inf',
];

function* latencies(proxies: readonly StatsProxy[]): Generator<string> {
  for (const { name, help, read } of LATENCIES) {
    let text = header(name, help, 'histogram', false);
    for (const { name: proxy, backend } of proxies) {
      const latency = backend?.config.mode === 'http' ? backend.counters.latency : undefined;
      if (latency === undefined) continue;
      yield text + histogramLines(name, label('proxy', proxy), read(latency));
      text = '';
    }
  }
}

function histogramLines(name: string, labels: string, { counts, sum }: Histogram): string {
  let text = '';
  let count = 0;
  for (let i = 0; i < counts.length; i++) {
    count += counts[i] as number;
    text += `${name}_bucket{${labels},le="${LIMITS[i]}"} ${count}\n`;
  }
  return `${text}${name}_sum{${labels}} ${sum / 1000}\n${name}_count{${labels}} ${count}\n`;
}

function ownFamily({ name, help, type, samples }: OwnFamily, openMetrics: boolean): string {
  let text = header(name, help, type, openMetrics);
  for (const sample of samples) {
    const labels = Object.entries(sample.labels).map(([key, value]) => label(key, key === 'le' ? bound(value) : String(value)));
    text += `${sample.name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${numeral(sample.value)}\n`;
  }
  return text;
}

function bound(value: string | number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function numeral(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
