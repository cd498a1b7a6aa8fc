/** What has come of a thing that a source knows: its report, its conflicts with other sources, and its servers as they are. */

import type { ProxyConfig } from '../config/model.ts';
import { textOf } from '../core/bytes.ts';
import type { Route } from '../discovery/provider.ts';
import type { Report, RouteUse, Use } from '../discovery/report.ts';
import { routeText } from '../discovery/routes.ts';
import type { Member, Told, ToldUse, Verdict } from './explanation.ts';
import { memberFor } from './pool.ts';
import type { World } from './world.ts';

/** The digits that people know a container by. */
export function shortOf(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

export function tellAll(world: World): readonly Told[] {
  const holders = new Map([...world.state.routes].map(([frontend, routes]) => [frontend, byText(routes)]));
  const leading = new Map<string, readonly string[]>();
  const leadersOf = (backend: string): readonly string[] => {
    const known = leading.get(backend) ?? world.config.proxies.flatMap((proxy) => leads(proxy, backend));
    leading.set(backend, known);
    return known;
  };
  return world.reports.map((report) => tell(world, report, { holders, leadersOf }));
}

/** What is looked up for many. */
interface Lookups {
  /** Frontend -> text of a route -> who has it. */
  readonly holders: ReadonlyMap<string, ReadonlyMap<string, Route>>;
  leadersOf(backend: string): readonly string[];
}

function byText(routes: readonly Route[]): ReadonlyMap<string, Route> {
  return new Map(routes.map((route) => [routeText(route), route]));
}

function tell(world: World, report: Report, lookups: Lookups): Told {
  const uses = report.uses.map((use) => toldUse(world, use, lookups));
  const verdict = verdictOf(uses);
  return { ...report, uses, verdict, summary: summaryOf(report, uses, verdict) };
}

function toldUse(world: World, use: Use, { holders, leadersOf }: Lookups): ToldUse {
  const routes = use.routes.map((route) => merged(world, use, route, holders.get(route.frontend)?.get(route.text)));
  const reached = [
    ...routes.filter(({ lost }) => lost === '').map(({ text, frontend }) => `${text} in '${frontend}'`),
    ...leadersOf(use.backend),
  ];
  const member = memberFor(world, use.backend, use.server.identity) ?? missing(world, use);
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
function missing({ state }: World, { backend, server, reason }: Use): Member {
  const { name, address, port } = server;
  const note = state.notes.find(({ subject, message }) => subject === name && message.includes(`'${backend}'`));
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

const WEIGHTS = { error: 0, warning: 1, hint: 2, info: 3 } as const;

function summaryOf({ reasons, kind }: Report, uses: readonly ToldUse[], verdict: Verdict): string {
  const serving = uses.find(({ member, reached }) => reached.length > 0 && member.usable) ?? uses.find(({ reached }) => reached.length > 0);
  if (serving !== undefined) {
    const to = `${serving.reached.join(', ')} -> ${serving.backend}`;
    return verdict === 'routed' ? to : `${to}: ${stateText(serving.member)}`;
  }
  const [first] = uses;
  if (first !== undefined) return lostText(first);
  const [weightiest] = [...reasons].sort((one, other) => WEIGHTS[one.level] - WEIGHTS[other.level]);
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
