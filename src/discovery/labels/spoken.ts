/** Which labels and variables of an environment are whose: what people are shown of a container's words. */

import type { CompatName } from '../../config/model.ts';
import { nearest } from '../../core/suggest.ts';
import type { ReadWord } from '../report.ts';
import { LABEL_KEYS } from './own.ts';
import type { Subject } from './settings.ts';

/** Whose words are wanted; `prefix` of our own labels. */
export type Spoken = { readonly reader: 'fairlead'; readonly prefix: string } | { readonly reader: CompatName };

interface Names {
  readonly label: RegExp | undefined;
  readonly environment: RegExp | undefined;
}

const VIRTUAL = 'VIRTUAL_|(NETWORK_ACCESS|HTTPS_METHOD|CERT_NAME|HSTS|SSL_POLICY|LETSENCRYPT_HOST|ACME_HOST)$';

/** What each tool's names look like. */
const NAMES: Readonly<Record<CompatName, Names>> = {
  registrator: { label: /^SERVICE_/, environment: /^SERVICE_/ },
  camptocamp: { label: /^SERVICE_/, environment: /^SERVICE_/ },
  'nginx-proxy': {
    label: new RegExp(`^(com\\.github\\.(nginx-proxy|jrcs)\\.|${VIRTUAL})`),
    environment: new RegExp(`^(${VIRTUAL})`),
  },
  traefik: { label: /^traefik\./i, environment: undefined },
  caddy: { label: /^caddy((_\d+)?(\.|$)|_ingress_network$)/, environment: undefined },
  easyhaproxy: { label: /^easyhaproxy\./, environment: undefined },
};

export function isSpoken(name: string, from: ReadWord['from'], spoken: Spoken): boolean {
  if (spoken.reader === 'fairlead') return from === 'label' && name.startsWith(spoken.prefix);
  return NAMES[spoken.reader][from]?.test(name) === true;
}

/** The subject's words that are `spoken` to one reader, by name. */
export function spokenWords({ labels, env }: Subject, spoken: Spoken): readonly ReadWord[] {
  const { reader } = spoken;
  const words: ReadWord[] = [];
  for (const [name, value] of labels)
    if (isSpoken(name, 'label', spoken)) words.push({ reader, from: 'label', name, value: shown(name, value, spoken) });
  for (const [name, value] of env)
    if (isSpoken(name, 'environment', spoken)) words.push({ reader, from: 'environment', name, value: shown(name, value, spoken) });
  return words.sort((one, other) => (one.name < other.name ? -1 : 1));
}

const TRAEFIK_SERVICE =
  'server\\.(port|scheme|weight)|strategy|passhostheader|sticky(\\.cookie(\\.(name|secure|httponly))?)?|' +
  'healthcheck\\.(path|(unhealthy)?interval|timeout|method|hostname|status|port|scheme|mode)';
const TRAEFIK_MIDDLEWARE =
  'chain\\.middlewares|redirectscheme\\.(scheme|permanent)|stripprefix\\.prefixes|addprefix\\.prefix|ip(allow|white)list\\.sourcerange';
const CADDY_DIRECTIVE =
  '(\\d+_)?(@[^.]*|handle|handle_path|route|rewrite|uri|reverse_proxy|tls|to|path|host|lb_policy|' +
  'health_(uri|path|method|status|interval|timeout|port|passes|fails))(_\\d+)?';

/** Names that a reader makes something of. What it only knows to leave out may be anything: `SERVICE_API_KEY`, a password for Traefik. */
const READ: Readonly<Record<CompatName, RegExp>> = {
  registrator: /^SERVICE_(\d+_)?(NAME|IGNORE|CHECK_(HTTP|HTTPS|TCP|HTTP_METHOD|INTERVAL|TIMEOUT))$/i,
  camptocamp: /^SERVICE_(\d+_)?(NAME|TAGS|IGNORE|CHECK_(HTTP|HTTPS|TCP|HTTP_METHOD|INTERVAL|TIMEOUT))$/i,
  'nginx-proxy':
    /^(VIRTUAL_(HOST|HOST_MULTIPORTS|PATH|DEST|PORT|PROTO)|NETWORK_ACCESS|HTTPS_METHOD|CERT_NAME|com\.github\.nginx-proxy\.nginx-proxy\.loadbalance)$/,
  traefik: new RegExp(
    '^traefik\\.(enable|(docker|swarm)\\.network|http\\.(routers\\.[^.]+\\.(rule|service|priority|entrypoints|middlewares|tls(\\.options)?)|' +
      `services\\.[^.]+\\.loadbalancer\\.(${TRAEFIK_SERVICE})|middlewares\\.[^.]+\\.(${TRAEFIK_MIDDLEWARE})))$`,
    'i',
  ),
  caddy: new RegExp(`^(caddy(_\\d+)?(\\.${CADDY_DIRECTIVE})*|caddy_ingress_network)$`),
  easyhaproxy: /^easyhaproxy\.[^.]+\.(host|localport|port|mode|balance|redirect_ssl|proto|ssl|clone_to_ssl)$/i,
};

/** Parts of values that may hold what clients have to know to be let in, and users with their passwords in URLs. */
const SECRETS: readonly (readonly [part: RegExp, instead: string])[] = [
  [/\b(Header|HeaderRegexp|Headers|HeadersRegexp|Query|QueryRegexp)\(.*/gis, '$1(***'],
];
/** Tags that camptocamp's reader knows. */
const TAG = /^(server_alias(es)?=|sticky_session$|urlprefix-)/;

/** The value as people are shown it: only of names that are read. People who may ask why need not be those who may know passwords. */
function shown(name: string, value: string, spoken: Spoken): string {
  if (!isRead(name, spoken)) return HIDDEN;
  if (/^SERVICE_(\d+_)?TAGS$/i.test(name))
    return value
      .split(',')
      .map((tag) => (TAG.test(tag.trim()) ? tag : HIDDEN))
      .join(',');
  // `@x: header Authorization ...` is a matcher, too.
  if (/\.@[^.]*$/.test(name) && !/^\s*((path|host)\s|$)/.test(value)) return HIDDEN;
  return SECRETS.reduce((text, [part, instead]) => text.replace(part, instead), withoutUsers(value));
}

const HIDDEN = '***';

/** Without the users and passwords of URLs. */
export function withoutUsers(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`);
}

function isRead(name: string, spoken: Spoken): boolean {
  if (spoken.reader !== 'fairlead') return READ[spoken.reader].test(name);
  const key = name.slice(spoken.prefix.length).replace(/^routes\.[^.]+\./, '');
  return key !== 'auth' && LABEL_KEYS.includes(key);
}

/** A label that was meant to begin with `prefix` and has a typing mistake there. */
export function nearPrefix(labels: ReadonlyMap<string, string>, prefix: string): string | undefined {
  const dots = prefix.split('.').length - 1;
  for (const label of labels.keys()) {
    const parts = label.split('.');
    if (parts.length <= dots) continue;
    const beginning = `${parts.slice(0, dots).join('.')}.`;
    if (beginning !== prefix && nearest(beginning, [prefix]) !== undefined) return label;
  }
  return undefined;
}
