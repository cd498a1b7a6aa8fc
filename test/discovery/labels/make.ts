/** Containers as readers of labels see them, and what they make of them as short texts. */

import type { Reader, Settings, Subject } from '../../../src/discovery/labels/settings.ts';
import { routeText } from '../../../src/discovery/routes.ts';

export interface SubjectTraits {
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly exposed?: readonly number[];
  readonly published?: readonly number[];
  readonly image?: string;
}

/** The service `web` of the project `shop`. */
export function subject({ labels = {}, env = {}, exposed = [80], published = [], image = 'shop/web:1' }: SubjectTraits): Subject {
  return {
    labels: new Map(Object.entries(labels)),
    env: new Map(Object.entries(env)),
    exposed,
    published,
    name: 'shop-web-1',
    image,
    service: 'web',
    pool: 'web.shop',
  };
}

/** What a reader says, without what was not said. */
export interface Said {
  readonly enabled?: boolean;
  readonly network?: string;
  /** `host/path host/path -> pool:port`, and whatever else there is after that. */
  readonly routes?: readonly string[];
  readonly warnings?: readonly string[];
  readonly errors?: readonly string[];
}

/** Undefined where the reader finds nothing of its. */
export function said(read: Reader, traits: SubjectTraits, domains: readonly string[] = []): Said | undefined {
  const labels = read(subject(traits), { domains });
  if (labels === undefined) return undefined;
  const { flat, routes, warnings, errors } = labels;
  const flatText = routeLine({ ...flat, enabled: undefined, network: undefined });
  const texts = [...(flatText === '' ? [] : [flatText]), ...[...routes.values()].map(routeLine)];
  return {
    ...(flat.enabled === undefined ? {} : { enabled: flat.enabled }),
    ...(flat.network === undefined ? {} : { network: flat.network }),
    ...(texts.length === 0 ? {} : { routes: texts }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(errors.length === 0 ? {} : { errors }),
  };
}

/** `www.a.test/api -> web:8080 rewrite=/ prio=5 https check=... sticky=...` */
function routeLine(settings: Settings): string {
  const { hosts, path, exact, service, port, httpCheck: http, sticky } = settings;
  const words = [
    hosts?.map((host) => routeText({ host, path, exact })).join(' '),
    service === undefined && port === undefined ? undefined : `-> ${service ?? ''}:${port ?? ''}`,
    // What a tool does unasked is no word of the container's.
    settings.secure === undefined || settings.secure.unasked ? undefined : `secure=${settings.secure.status}`,
    settings.rewrite === undefined ? undefined : `rewrite=${settings.rewrite}`,
    settings.priority === 0 ? undefined : `prio=${settings.priority}`,
    settings.scheme === 'http' ? undefined : settings.scheme,
    settings.frontends === undefined ? undefined : `in=${settings.frontends.join(',')}`,
    settings.balance === undefined ? undefined : `balance=${settings.balance.algorithm}`,
    settings.check === true ? 'check' : undefined,
    http === undefined ? undefined : `http=${http.method ?? ''}${http.host ?? ''}${http.path ?? ''}${http.statuses?.join('|') ?? ''}`,
    settings.checkTimeout === undefined ? undefined : `timeout=${settings.checkTimeout}`,
    ...settings.server.map(({ words }) => words.join(' ')),
    sticky === undefined ? undefined : sticky.kind === 'source' ? 'sticky=source' : `sticky=${sticky.name}`,
    settings.redirect === undefined ? undefined : `redirect=${settings.redirect}`,
    settings.allow === undefined ? undefined : `allow=${settings.allow.join(',')}`,
  ];
  return words.filter((word) => word !== undefined).join(' ');
}
