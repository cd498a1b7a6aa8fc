/** What may have been meant, or be missing, where nothing was found: hosts and containers that are nearly called so. */

import { nearest } from '../core/suggest.ts';
import type { Route } from '../discovery/provider.ts';
import type { Report } from '../discovery/report.ts';
import { routeText } from '../discovery/routes.ts';
import { pathOf } from '../http/target.ts';
import type { Path, Told } from './explanation.ts';
import { isByDefault } from './path.ts';
import type { Wanted } from './request.ts';
import { shortOf } from './told.ts';
import type { World } from './world.ts';

/** So many of a kind are told. */
const MOST = 5;

/** Why no frontend has a server for the request, as far as names tell. */
export function hintsForHost(
  { state }: World,
  { host, port, target }: Wanted,
  told: { readonly claims: readonly Told[]; readonly called: readonly Told[] },
  paths: readonly Path[],
): readonly string[] {
  const heard = port === undefined || isHeard(paths, port);
  const unheard = `no frontend listens on port ${port}; one that Docker publishes leads to another, of the container`;
  const hints = heard ? [] : [`${unheard}: without a scheme and a port every frontend is asked`];
  if (paths.some((path) => path.outcome.routed && !isByDefault(path))) return hints;
  const routes = [...state.routes.values()].flat();
  const claims = claimTexts(told);
  return [...hints, ...otherPaths(routes, host, pathOf(target)), ...claims, ...(claims.length > 0 ? [] : otherHosts(routes, host))];
}

/** One of the frontends is there. */
export function isHeard(paths: readonly Path[], port: number): boolean {
  return paths.some(({ binds }) => binds.some((bind) => isAt(bind, port)));
}

/** `0.0.0.0:80` is at 80; the ports of a host that a balancer is embedded in are the host's to know. */
export function isAt(bind: string, port: number): boolean {
  return bind === 'embedded' || bind.endsWith(`:${port}`);
}

function otherPaths(routes: readonly Route[], host: string, path: string): readonly string[] {
  const same = routes.filter(({ host: { kind, value }, path: of }) => kind === 'exact' && value === host && !path.startsWith(of));
  if (same.length === 0) return [];
  return [`${host} is known with other paths: ${listed(same.map(routeText))}`];
}

function otherHosts(routes: readonly Route[], host: string): readonly string[] {
  const known = [...new Set(routes.filter(({ host: { kind } }) => kind === 'exact').map(({ host: { value } }) => value))];
  if (known.includes(host)) return [];
  const alike = [`www.${host}`, host.replace(/^www\./, '')].find((name) => name !== host && known.includes(name)) ?? nearest(host, known);
  // Somebody says `hello` and means `hello.example.test`.
  const longer = known.filter((name) => name.startsWith(`${host}.`));
  const names = [...new Set([...(alike === undefined ? [] : [alike]), ...longer])];
  return names.length === 0 ? [] : [`'${host}' is not known as a host; did you mean ${listed(names.map((name) => `'${name}'`))}?`];
}

/** Whoever names the host. */
export function claimants(reports: readonly Report[], host: string): readonly Report[] {
  return reports.filter(({ words }) => words.some(({ value }) => names(value, host)));
}

/** Whoever is called like the host's first part, and does not name it. */
export function namesakes(reports: readonly Report[], host: string): readonly Report[] {
  const [label = ''] = host.split('.');
  const called = reports.filter((one) => one.name === label || namesOf(one).includes(label));
  return called.filter(({ words }) => !words.some(({ value }) => names(value, host)));
}

function claimTexts({ claims, called }: Parameters<typeof hintsForHost>[2]): readonly string[] {
  const all = [...claims.filter(({ verdict }) => verdict !== 'routed'), ...called.filter(({ verdict }) => verdict === 'refused')];
  return all.slice(0, MOST).map(({ kind, name, id, summary }) => `${kind} ${name} (${shortOf(id)}): ${summary}`);
}

/** A word of `value` is the host, with or without a path. */
function names(value: string, host: string): boolean {
  return value
    .toLowerCase()
    .split(/[\s,;`'"()=]+/)
    .some((word) => word === host || word.startsWith(`${host}/`));
}

/** Compose and Swarm give their containers names with numbers: `shop-web-1`. */
function namesOf({ name }: Report): readonly string[] {
  return name.split(/[-_.]/);
}

function listed(names: readonly string[]): string {
  return names.length > MOST ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more` : names.join(', ');
}

export function hintsForName(name: string, told: readonly Report[]): readonly string[] {
  const near = nearest(
    name,
    told.map((one) => one.name),
  );
  const called = `no container is called '${name}', and it is no host's name`;
  const known = told.length === 0 ? 'no source knows of any container' : `${told.length} are known`;
  return [
    `${called}${near === undefined ? ` (${known}; a container that had stopped before Fairlead was started is not)` : `; did you mean '${near}'?`}`,
  ];
}
