/**
 * "Why is it not routed?": every source of servers with its state, what it has to tell of single containers and names,
 * and which host leads where. One part for each question, so that there is room for more of them.
 */

import type { Backend } from '../../backend/backend.ts';
import type { StatsProxy } from '../rows.ts';
import { keyOf } from './shape.ts';
import { detailsAddress, type Place } from './tables.ts';
import { duration, html } from './text.ts';
import { containerRows, type ExplainAnswer, type ExplainContainer, question } from './verdicts.ts';

export interface ExplainNote {
  readonly level: 'info' | 'warning' | 'error';
  /** A container, a name. */
  readonly subject: string;
  readonly message: string;
}

export interface ExplainSource {
  readonly name: string;
  /** Monotonic ms of the last news, undefined while it has not spoken. */
  readonly spokenAt: number | undefined;
  /** Why it is away, or empty. */
  readonly trouble: string;
  readonly servers: number;
  readonly pools: number;
  readonly routes: number;
  readonly notes: readonly ExplainNote[];
}

export interface ExplainRoute {
  readonly frontend: string;
  /** `www.example.test/api` */
  readonly host: string;
  readonly pool: string;
  readonly priority: number;
  readonly rewrite: string | undefined;
  readonly origin: string;
}

/** What discovery knows. */
export interface ExplainFacts {
  readonly sources: readonly ExplainSource[];
  /** What came up when the sources and the configuration were merged. */
  readonly conflicts: readonly ExplainNote[];
  readonly routes: readonly ExplainRoute[];
  readonly containers: readonly ExplainContainer[];
  /** To what was asked, if anything was. */
  readonly answer: ExplainAnswer | undefined;
  /** Frontends with a source that has not spoken. */
  readonly unsettled: readonly string[];
}

/** A part of the page as it is made: its markup piece by piece, so that a large one can be made in slices. */
export interface DrawnPart {
  readonly id: string;
  readonly pieces: Iterable<string>;
}

/** To whom containers are nobody's business. A page of some proxies alone does not tell of others. */
export const EXPLAIN_REFUSED =
  'This view tells of containers and names. It is there with <code>stats auth</code>, <code>stats http-request</code> ' +
  'or <code>stats admin</code>, and not with <code>stats scope</code>.';

export function explainParts(facts: ExplainFacts, proxies: readonly StatsProxy[], place: Place, now: number): readonly DrawnPart[] {
  return [
    { id: 'question', pieces: question(facts.answer, place) },
    { id: 'sources', pieces: sources(facts, now) },
    { id: 'containers', pieces: containerRows(facts.containers, place) },
    { id: 'notes', pieces: notes(facts) },
    { id: 'routes', pieces: routes(facts, proxies, place) },
  ];
}

function* sources({ sources, unsettled }: ExplainFacts, now: number): Generator<string> {
  yield '<h2>Sources of servers</h2>';
  for (const name of unsettled) {
    yield `<p class="told">Frontend <b>${html(name)}</b>: a host without a route gets 503 until every source of its routes has spoken.</p>`;
  }
  yield tableOpening(['Source', 'State', 'Last news'], ['Servers', 'Pools', 'Routes', 'Notes']);
  for (const source of sources) {
    const { name, servers, pools, routes, notes } = source;
    const numbers = [servers, pools, routes, notes.length].map((count) => `<td class="number">${count}</td>`).join('');
    yield `<tr data-text><th scope="row">${html(name)}</th><td>${stateOf(source)}</td><td>${age(source, now)}</td>${numbers}</tr>`;
  }
  yield TABLE_CLOSING;
}

function stateOf({ spokenAt, trouble }: ExplainSource): string {
  if (trouble !== '') return `<span class="badge down">away</span><small>${html(trouble)}</small>`;
  if (spokenAt === undefined) return '<span class="badge going">silent</span><small>it has not answered yet</small>';
  return '<span class="badge up">speaks</span>';
}

function age({ spokenAt }: ExplainSource, now: number): string {
  return spokenAt === undefined ? 'none yet' : `${duration(Math.max(0, Math.floor((now - spokenAt) / 1000)))} ago`;
}

const WEIGHTS = { error: 0, warning: 1, info: 2 } as const;
const BADGES = { error: 'down', warning: 'going', info: 'plain' } as const;

/** The worst first. */
function* notes({ sources, conflicts }: ExplainFacts): Generator<string> {
  const all = [
    ...sources.flatMap(({ name, notes }) => notes.map((note) => ({ ...note, from: name }))),
    ...conflicts.map((note) => ({ ...note, from: 'merged' })),
  ].sort((a, b) => WEIGHTS[a.level] - WEIGHTS[b.level]);
  yield '<h2>What else there is to tell</h2>';
  if (all.length === 0) {
    yield '<p class="soft">Nothing: no name is unknown, and no two sources claim the same.</p>';
    return;
  }
  yield tableOpening(['Level', 'Of', 'What', 'Source']);
  for (const { level, subject, message, from } of all) {
    yield `<tr data-text><td><span class="badge ${BADGES[level]}">${level}</span></td><th scope="row">${html(subject)}</th>` +
      `<td class="wide">${html(message)}</td><td>${html(from)}</td></tr>`;
  }
  yield TABLE_CLOSING;
}

function* routes({ routes }: ExplainFacts, proxies: readonly StatsProxy[], place: Place): Generator<string> {
  yield '<h2>Discovered routes</h2>';
  if (routes.length === 0) {
    yield '<p class="soft">None. Lines <code>docker-routes</code> and <code>consul-routes</code> in a frontend make them, from labels of containers and tags of services.</p>';
    return;
  }
  const backends = new Map(proxies.flatMap(({ name, backend }) => (backend === undefined ? [] : [[name, backend] as const])));
  // Thousands of routes may lead to one pool of thousands.
  const states = new Map<string, string>();
  yield tableOpening(['Host and path', 'Frontend', 'Pool', 'Usable servers', 'How', 'From']);
  for (const { frontend, host, pool, priority, rewrite, origin } of routes) {
    let state = states.get(pool);
    if (state === undefined) {
      state = served(backends.get(pool));
      states.set(pool, state);
    }
    const to = `<a class="open" href="${html(detailsAddress(place, keyOf(pool, BACKEND)))}">${html(pool)}</a>`;
    const more = [priority === 0 ? '' : `priority ${priority}`, rewrite === undefined ? '' : `rewritten to '${rewrite}'`];
    yield `<tr data-text><th scope="row">${html(host)}</th><td>${html(frontend)}</td><td>${to}</td><td>${state}</td>` +
      `<td>${html(more.filter((text) => text !== '').join(', '))}</td><td>${html(origin)}</td></tr>`;
  }
  yield TABLE_CLOSING;
}

const BACKEND = { side: 'B', name: 'BACKEND' } as const;

function served(backend: Backend | undefined): string {
  if (backend === undefined) return '<span class="soft">not shown here</span>';
  const { servers } = backend;
  const usable = servers.filter((server) => server.usable).length;
  const badge = usable > 0 ? '<span class="badge up">served</span>' : '<span class="badge down">nobody</span>';
  return `${badge} ${usable} of ${servers.length}`;
}

const TABLE_CLOSING = '</tbody></table>';

function tableOpening(labels: readonly string[], numbers: readonly string[] = []): string {
  const cells = [
    ...labels.map((label) => `<th scope="col">${label}</th>`),
    ...numbers.map((label) => `<th scope="col" class="number">${label}</th>`),
  ];
  return `<table><thead><tr>${cells.join('')}</tr></thead><tbody>`;
}
