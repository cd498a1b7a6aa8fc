/** What has come of a thing that a source knows: its report, its conflicts with other sources, and its servers as they are. */

import type { ProxyConfig } from '../config/model.ts';
import { textOf } from '../core/bytes.ts';
import type { Note, Route } from '../discovery/provider.ts';
import type { Reason, Report, RouteUse, Use } from '../discovery/report.ts';
import { routeText } from '../discovery/routes.ts';
import type { Member, Told, ToldUse, Verdict } from './explanation.ts';
import { type MemberFinder, memberFinder } from './pool.ts';
import type { World } from './world.ts';

/** The digits that people know a container by. */
export function shortOf(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

/** What is looked up for many is gathered once: one teller is for all that is told of one moment. */
export type Teller = (report: Report) => Told;

export function teller(world: World): Teller {
  const holders = new Map([...world.state.routes].map(([frontend, routes]) => [frontend, byText(routes)]));
  const notes = new Map<string, Note[]>();
  for (const note of world.state.notes) {
    const known = notes.get(note.subject);
    if (known === undefined) notes.set(note.subject, [note]);
    else known.push(note);
  }
  const leading = new Map<string, readonly string[]>();
  const leadersOf = (backend: string): readonly string[] => {
    const known = leading.get(backend) ?? world.config.proxies.flatMap((proxy) => leads(proxy, backend));
    leading.set(backend, known);
    return known;
  };
  const lookups = { holders, notes, leadersOf, memberOf: memberFinder(world) };
  return (report) => tell(world, report, lookups);
}

/** What is looked up for many. */
interface Lookups {
  /** Frontend -> text of a route -> who has it. */
  readonly holders: ReadonlyMap<string, ReadonlyMap<string, Route>>;
  /** By their subject. */
  readonly notes: ReadonlyMap<string, readonly Note[]>;
  leadersOf(backend: string): readonly string[];
  readonly memberOf: MemberFinder;
}

function byText(routes: readonly Route[]): ReadonlyMap<string, Route> {
  return new Map(routes.map((route) => [routeText(route), route]));
}

function tell(world: World, report: Report, lookups: Lookups): Told {
  const uses = report.uses.map((use) => toldUse(world, use, lookups));
  const verdict = verdictOf(uses);
  return { ...report, uses, verdict, summary: summaryOf(report, uses, verdict) };
}

function toldUse(world: World, use: Use, { holders, leadersOf, memberOf, notes }: Lookups): ToldUse {
  const routes = use.routes.map((route) => merged(world, use, route, holders.get(route.frontend)?.get(route.text)));
  const reached = [
    ...routes.filter(({ lost }) => lost === '').map(({ text, frontend }) => `${text} in '${frontend}'`),
    ...leadersOf(use.backend),
  ];
  const member = memberOf(use.backend, use.server.identity) ?? missing(use, notes.get(use.server.name));
  return { ...use, routes, reached, member };
}

/** Sources settle their own conflicts; what one of them lost to another or to the configuration is known here alone. */
function merged({ state }: World, { backend }: Use, route: RouteUse, holder: Route | undefined): RouteUse {
  if (route.lost !== '') return route;
  if (holder?.pool === backend) return route;
  const section = state.backends.get(backend);
  if (section !== undefined && !section.routed) {
    return { ...route, lost: `a section named '${backend}' is configured at ${section.origin}` };
  }
  return { ...route, lost: holder === undefined ? 'it is not known yet' : `pool '${holder.pool}' serves it (${holder.origin})` };
}

/** Its source would have it be a server, and it is none. */
function missing({ backend, server, reason }: Use, notes: readonly Note[] = []): Member {
  const { name, address, port } = server;
  const note = notes.find(({ message }) => message.includes(`'${backend}'`));
  const why = note?.message ?? (reason === '' ? 'its backend does not know it' : reason);
  return {
    name,
    container: '',
    address: address === undefined ? '' : `${address}:${port}`,
    status: 'none',
    why,
    usable: false,
    next: false,
  };
}

/** The words of a frontend that may lead to a backend. */
function leads(proxy: ProxyConfig, backend: string): readonly string[] {
  const { name, kind, disabled, defaultBackend, useBackends } = proxy;
  if (kind === 'backend' || disabled) return [];
  const found = kind === 'listen' && name === backend ? [`listen ${name}`] : [];
  if (defaultBackend === backend) found.push(`default_backend of '${name}'`);
  for (const rule of useBackends) {
    const wanted = textOf(rule.backend);
    if (wanted === backend) found.push(`use_backend of '${name}' at ${rule.place.file}:${rule.place.line}`);
    else if (wanted.includes('%[')) found.push(`perhaps use_backend ${wanted} of '${name}' at ${rule.place.file}:${rule.place.line}`);
  }
  return found;
}

function verdictOf(uses: readonly ToldUse[]): Verdict {
  const reached = uses.filter((use) => use.reached.length > 0);
  if (reached.some(({ member }) => member.usable)) return 'routed';
  return uses.length > 0 && (reached.length > 0 || uses.every(({ routes }) => routes.length === 0)) ? 'waiting' : 'refused';
}

const WEIGHTS = { error: 0, warning: 1, hint: 3, info: 4 } as const;
/** That a line wants it, and why it is not there. */
const MEANT = 2;

function weightOf({ level, meant = false }: Reason): number {
  return Math.min(WEIGHTS[level], meant ? MEANT : WEIGHTS.info);
}

function summaryOf({ reasons, kind }: Report, uses: readonly ToldUse[], verdict: Verdict): string {
  const serving = uses.find(({ member, reached }) => reached.length > 0 && member.usable) ?? uses.find(({ reached }) => reached.length > 0);
  if (serving !== undefined) {
    const to = `${serving.reached.join(', ')} -> ${serving.backend}`;
    return verdict === 'routed' ? to : `${to}: ${stateText(serving.member)}`;
  }
  const [first] = uses;
  if (first !== undefined) return lostText(first);
  const [weightiest] = [...reasons].sort((one, other) => weightOf(one) - weightOf(other));
  return weightiest?.message ?? `no line of the configuration asks for this ${kind}`;
}

/** `DOWN: container is paused` */
export function stateText({ status, why }: Member): string {
  return why === '' ? status : `${status}: ${why}`;
}

function lostText({ backend, routes }: ToldUse): string {
  const [lost] = routes;
  if (lost === undefined) return `server of backend '${backend}', to which no frontend leads`;
  return `${lost.text} in '${lost.frontend}' is not given to it: ${lost.lost}`;
}
