/** Answers what somebody asks: for everything, for a container by name or id, for a host with or without a path. */

import type { Report } from '../discovery/report.ts';
import type { Explanation, Path, Told } from './explanation.ts';
import { claimants, hintsForHost, hintsForName, isAt, isHeard, namesakes } from './near.ts';
import { bindsOf, isByDefault, pathThrough } from './path.ts';
import { readWanted, type Wanted } from './request.ts';
import { type Teller, teller } from './told.ts';
import type { World } from './world.ts';

/**
 * @param asked a container's name or the beginning of its id, `host`, `host/path`, or a URL; empty: everything
 * @param tell of the world
 */
export function explain(world: World, asked: string, tell: Teller = teller(world)): Explanation {
  const { reports, live, sources } = world;
  const common = { asked, running: live !== undefined, sources };
  if (asked === '') return { ...common, containers: reports.map(tell), paths: [], hints: [], routed: true };
  const meant = reports.filter((one) => isMeant(one, asked)).map(tell);
  const wanted = readWanted(asked);
  const all = wanted === undefined ? [] : pathsOf(world, wanted);
  const isHost = /[./:]/.test(asked) || all.some((path) => path.outcome.routed && !isByDefault(path));
  const paths = isHost ? all : [];
  const claims = wanted === undefined || !isHost ? [] : claimants(reports, wanted.host).map(tell);
  const isRouted = wanted !== undefined && isHost && leadsToServer(world, wanted, paths, claims);
  const answer = { ...common, containers: meant, routed: isRouted || meant.some(({ verdict }) => verdict === 'routed') };
  // A host may be called like a container: then both are told of.
  if (meant.length > 0) return { ...answer, paths: paths.filter(({ outcome }) => outcome.routed), hints: [] };
  if (wanted === undefined) return { ...answer, paths, hints: [`'${asked}' is neither a container nor a host`] };
  if (!isHost) return { ...answer, paths, hints: hintsForName(asked, reports) };
  const called = namesakes(reports, wanted.host).map(tell);
  return { ...answer, paths, hints: hintsForHost(world, wanted, { claims, called }, paths) };
}

/**
 * Whether a server gets the request, and not by a default that takes any: where somebody claims the host in vain, or a frontend
 * with routes turns it away, that another section would take it is no answer.
 */
function leadsToServer({ config }: World, { port }: Wanted, paths: readonly Path[], claims: readonly Told[]): boolean {
  if (port !== undefined && !isHeard(paths, port)) return false;
  const frontends = new Map(config.proxies.map((proxy) => [proxy.name, proxy]));
  const http = paths.filter(({ frontend }) => frontends.get(frontend)?.mode !== 'tcp');
  if (http.some((path) => path.outcome.routed && !isByDefault(path))) return true;
  if (claims.some(({ verdict }) => verdict !== 'routed')) return false;
  const turned = http.some(({ frontend, outcome }) => {
    const { dockerRoutes = [], consulRoutes = [] } = frontends.get(frontend) ?? {};
    return !outcome.routed && dockerRoutes.length + consulRoutes.length > 0;
  });
  return !turned && http.some(({ outcome }) => outcome.routed);
}

function isMeant({ name, id, what, kind }: Report, asked: string): boolean {
  if (name === asked || id === asked) return true;
  return (/^[0-9a-f]{4,}$/.test(asked) && id.startsWith(asked)) || (kind !== 'container' && what === asked);
}

/** Through every frontend that the port allows; where none has it, those that speak TLS or do not, as the scheme wants; else all of them. */
function pathsOf(world: World, wanted: Wanted): readonly Path[] {
  const frontends = world.config.proxies.filter(({ kind }) => kind !== 'backend');
  const { port, secure } = wanted;
  const there = port === undefined ? frontends : frontends.filter((proxy) => bindsOf(world, proxy).some((bind) => isAt(bind, port)));
  const speaking = frontends.filter(({ binds }) => binds.some(({ ssl }) => (ssl !== undefined) === secure));
  const fitting = [there, speaking, frontends].find(({ length }) => length > 0) ?? [];
  return fitting.map((proxy) => pathThrough(world, proxy, wanted));
}
