/** Answers what somebody asks: for everything, for a container by name or id, for a host with or without a path. */

import type { Explanation, Path, Told } from './explanation.ts';
import { hintsForHost, hintsForName, isAt } from './near.ts';
import { bindsOf, isByDefault, pathThrough } from './path.ts';
import { readWanted, type Wanted } from './request.ts';
import { tellAll } from './told.ts';
import type { World } from './world.ts';

/** @param asked a container's name or the beginning of its id, `host`, `host/path`, or a URL; empty: everything */
export function explain(world: World, asked: string): Explanation {
  const told = tellAll(world);
  const common = { asked, running: world.live !== undefined, sources: world.sources };
  if (asked === '') return { ...common, containers: told, paths: [], hints: [], routed: true };
  const meant = told.filter((one) => isMeant(one, asked));
  const wanted = readWanted(asked);
  const all = wanted === undefined ? [] : pathsOf(world, wanted);
  const isHost = /[./:]/.test(asked) || all.some((path) => path.outcome.routed && !isByDefault(path));
  const paths = isHost ? all : [];
  const routed = meant.some(({ verdict }) => verdict === 'routed') || paths.some(({ outcome }) => outcome.routed);
  const answer = { ...common, containers: meant, routed };
  // A host may be called like a container: then both are told of.
  if (meant.length > 0) return { ...answer, paths: paths.filter(({ outcome }) => outcome.routed), hints: [] };
  if (wanted === undefined) return { ...answer, paths, hints: [`'${asked}' is neither a container nor a host`] };
  return { ...answer, paths, hints: isHost ? hintsForHost(world, wanted, told, paths) : hintsForName(asked, told) };
}

function isMeant({ name, id, what, kind }: Told, asked: string): boolean {
  if (name === asked || id === asked) return true;
  return (/^[0-9a-f]{4,}$/.test(asked) && id.startsWith(asked)) || (kind !== 'container' && what === asked);
}

/** Through every frontend that the port allows; all of them where none has it. */
function pathsOf(world: World, wanted: Wanted): readonly Path[] {
  const frontends = world.config.proxies.filter(({ kind }) => kind !== 'backend');
  const { port } = wanted;
  const fitting = port === undefined ? frontends : frontends.filter((proxy) => bindsOf(world, proxy).some((bind) => isAt(bind, port)));
  return (fitting.length === 0 ? frontends : fitting).map((proxy) => pathThrough(world, proxy, wanted));
}
