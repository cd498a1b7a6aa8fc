/**
 * "Why is it not routed?": every source of servers with its state, what it has to tell of single containers and names,
 * and which host leads where. One part for each question, so that there is room for more of them.
 */

import type { Backend } from '../../backend/backend.ts';
import type { StatsProxy } from '../rows.ts';
import type { Part } from './shape.ts';
import type { Place } from './tables.ts';
import { detailsAddress } from './tables.ts';
import { duration, html } from './text.ts';

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
  /** Frontends with a source that has not spoken. */
  readonly unsettled: readonly string[];
}

/** To whom containers are nobody's business. A page of some proxies alone does not tell of others. */
export const EXPLAIN_REFUSED =
  'This view tells of containers and names. It is there with <code>stats auth</code>, <code>stats http-request</code>, ' +
  '<code>stats show-legends</code> or <code>stats admin</code>, and not with <code>stats scope</code>.';

export function explainParts(facts: ExplainFacts, proxies: readonly StatsProxy[], place: Place, now: number): readonly Part[] {
  return [
    { id: 'sources', markup: sources(facts, now) },
    { id: 'notes', markup: notes(facts) },
    { id: 'routes', markup: routes(facts, proxies, place) },
  ];
}

function sources({ sources, unsettled }: ExplainFacts, now: number): string {
  const rows = sources.map((source) => {
    const { name, servers, pools, routes, notes } = source;
    const numbers = [servers, pools, routes, notes.length].map((count) => `<td class="number">${count}</td>`).join('');
    return `<tr data-text><th scope="row">${html(name)}</th><td>${stateOf(source)}</td><td>${age(source, now)}</td>${numbers}</tr>`;
  });
  const waiting = unsettled.map(
    (name) =>
      `<p class="told">Frontend <b>${html(name)}</b>: a host without a route gets 503 until every source of its routes has spoken.</p>`,
  );
  const head = headings(['Source', 'State', 'Last news'], ['Servers', 'Pools', 'Routes', 'Notes']);
  return `<h2>Sources of servers</h2>${waiting.join('')}<table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table>`;
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
function notes({ sources, conflicts }: ExplainFacts): string {
  const all = [
    ...sources.flatMap(({ name, notes }) => notes.map((note) => ({ ...note, from: name }))),
    ...conflicts.map((note) => ({ ...note, from: 'merged' })),
  ].sort((a, b) => WEIGHTS[a.level] - WEIGHTS[b.level]);
  const heading = '<h2>What is not as it could be</h2>';
  if (all.length === 0) return `${heading}<p class="soft">No source has anything to tell: whatever it knows is routed as asked for.</p>`;
  const rows = all.map(
    ({ level, subject, message, from }) =>
      `<tr data-text><td><span class="badge ${BADGES[level]}">${level}</span></td><th scope="row">${html(subject)}</th>` +
      `<td class="wide">${html(message)}</td><td>${html(from)}</td></tr>`,
  );
  return `${heading}<table><thead>${headings(['Level', 'Of', 'What', 'Source'])}</thead><tbody>${rows.join('')}</tbody></table>`;
}

function routes({ routes }: ExplainFacts, proxies: readonly StatsProxy[], place: Place): string {
  const heading = '<h2>Discovered routes</h2>';
  if (routes.length === 0) {
    return `${heading}<p class="soft">None. Lines <code>docker-routes</code> in a frontend make them, from labels of containers.</p>`;
  }
  const backends = new Map(proxies.flatMap(({ name, backend }) => (backend === undefined ? [] : [[name, backend] as const])));
  const rows = routes.map(({ frontend, host, pool, priority, rewrite, origin }) => {
    const backend = backends.get(pool);
    const state = backend === undefined ? '<span class="soft">not shown here</span>' : served(backend.servers);
    const to = `<a class="open" href="${html(detailsAddress(place, `${pool}/Backend`))}">${html(pool)}</a>`;
    const more = [priority === 0 ? '' : `priority ${priority}`, rewrite === undefined ? '' : `rewritten to '${rewrite}'`];
    return (
      `<tr data-text><th scope="row">${html(host)}</th><td>${html(frontend)}</td><td>${to}</td><td>${state}</td>` +
      `<td>${html(more.filter((text) => text !== '').join(', '))}</td><td>${html(origin)}</td></tr>`
    );
  });
  const head = headings(['Host and path', 'Frontend', 'Pool', 'Usable servers', 'How', 'From']);
  return `${heading}<table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table>`;
}

function served(servers: Backend['servers']): string {
  const usable = servers.filter((server) => server.usable).length;
  const badge = usable > 0 ? '<span class="badge up">served</span>' : '<span class="badge down">nobody</span>';
  return `${badge} ${usable} of ${servers.length}`;
}

function headings(labels: readonly string[], numbers: readonly string[] = []): string {
  const cells = [
    ...labels.map((label) => `<th scope="col">${label}</th>`),
    ...numbers.map((label) => `<th scope="col" class="number">${label}</th>`),
  ];
  return `<tr>${cells.join('')}</tr>`;
}
