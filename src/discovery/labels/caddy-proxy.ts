/** caddy's `reverse_proxy`: which port of the container, and how it is checked and balanced over. */

import { readBalance } from '../../config/keywords/balance.ts';
import { readInteger } from '../../config/values.ts';
import type { Directive } from './caddy-directives.ts';
import { type Findings, plainPort, readDuration } from './findings.ts';
import { STICKY_COOKIE } from './own-pool.ts';
import { noSettings, type Settings, type Subject } from './settings.ts';
import { isTarget, isToken } from './words.ts';

const DEFAULT_INTERVAL = '30s';
const DEFAULT_TIMEOUT = '5s';

type Row = (args: readonly string[], into: Settings, label: string) => string | undefined;

/** What stands below `reverse_proxy`; each answers what is wrong with it. */
const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['lb_policy', readPolicy],
  ['health_uri', readCheckPath],
  ['health_path', readCheckPath],
  ['health_method', readCheckMethod],
  ['health_status', readCheckStatus],
  ['health_interval', ([time = ''], into, label) => timeWord(time, 'inter', into, label)],
  ['health_timeout', readCheckTimeout],
  ['health_port', ([port = ''], into, label) => serverWord(['port', port], into, label)],
  ['health_passes', ([count = ''], into, label) => serverWord(['rise', count], into, label)],
  ['health_fails', ([count = ''], into, label) => serverWord(['fall', count], into, label)],
  ['transport', readTransport],
]);

/** `upstreams` are the words behind the matcher. Undefined where none of them is this container. */
export function readProxy(proxy: Directive, upstreams: readonly string[], { exposed }: Subject, findings: Findings): Settings | undefined {
  const to = [...upstreams, ...proxy.inner.filter(({ name }) => name === 'to').flatMap(({ args }) => args)];
  const own = to.filter((word) => word.startsWith('upstreams'));
  const others = to.filter((word) => !word.startsWith('upstreams'));
  if (others.length > 0) findings.unread(`label ${proxy.label}: ${others.join(' ')}`, 'a container speaks for itself alone');
  const [first] = own;
  if (first === undefined) return undefined;
  const settings: Settings = { ...noSettings(), port: plainPort(exposed) };
  for (const word of first.split(/\s+/).slice(1)) {
    const port = /^\d+$/.test(word) ? readInteger(word, 'port', 1, 65535) : undefined;
    if (port !== undefined && 'value' in port) settings.port = port.value;
    else if (word === 'http' || word === 'https') settings.scheme = word;
    else findings.errors.push(`label ${proxy.label} holds '${word}': ports, http and https are understood`);
  }
  readOptions(proxy.inner, settings, findings);
  return settings;
}

function readOptions(options: readonly Directive[], settings: Settings, findings: Findings): void {
  const names = options.map(({ name }) => name);
  const checked = names.includes('health_uri') || names.includes('health_path');
  if (checked) {
    settings.check = true;
    if (!names.includes('health_interval')) timeWord(DEFAULT_INTERVAL, 'inter', settings, 'health_interval');
    if (!names.includes('health_timeout')) readCheckTimeout([DEFAULT_TIMEOUT], settings);
    if (!names.includes('health_status')) readCheckStatus(['2xx'], settings);
  }
  for (const { name, label, args, inner } of options) {
    const row = ROWS.get(name);
    if (name === 'to') continue;
    if (row === undefined) findings.unread(`label ${label}`, 'Fairlead has nothing like it');
    else if (name.startsWith('health_') && !checked) findings.unread(`label ${label}`, 'without health_uri there is no check');
    else {
      const problem = row([...args, ...inner.map((option) => option.name)], settings, label);
      if (problem !== undefined) findings.errors.push(`label ${label} ${problem}`);
    }
  }
}

const POLICIES: ReadonlyMap<string, string> = new Map([
  ['random', 'random(1)'],
  ['random_choose', 'random'],
  ['first', 'first'],
  ['round_robin', 'roundrobin'],
  ['weighted_round_robin', 'roundrobin'],
  ['least_conn', 'leastconn'],
  ['ip_hash', 'source'],
  ['client_ip_hash', 'source'],
  ['uri_hash', 'uri'],
]);

function readPolicy([policy = '', ...args]: readonly string[], into: Settings): string | undefined {
  if (policy === 'cookie') {
    const name = args[0] ?? STICKY_COOKIE;
    if (!isToken(name)) return `names a cookie '${name}', which is no name of one`;
    into.sticky = { kind: 'cookie', name, secure: false, httponly: false };
    return undefined;
  }
  const word = policy === 'header' ? `hdr(${args[0] ?? ''})` : policy === 'query' ? `url_param ${args[0] ?? ''}` : POLICIES.get(policy);
  const balance = word === undefined ? undefined : readBalance(word);
  if (balance === undefined || 'error' in balance) return `holds '${policy}', which Fairlead does not balance by`;
  into.balance = balance.value;
  return undefined;
}

function httpCheck(more: Settings['httpCheck'], into: Settings): undefined {
  into.httpCheck = { ...into.httpCheck, ...more };
}

function readCheckMethod([method = '']: readonly string[], into: Settings): string | undefined {
  if (!isToken(method)) return `holds '${method}', which is not a method`;
  return httpCheck({ method: method.toUpperCase() }, into);
}

function readCheckPath([path = '']: readonly string[], into: Settings): string | undefined {
  if (!isTarget(path)) return `holds '${path}', which is not a path`;
  return httpCheck({ path }, into);
}

/** `200` or `2xx`. */
function readCheckStatus([status = '']: readonly string[], into: Settings): string | undefined {
  if (/^[1-5]xx$/i.test(status)) return httpCheck({ statuses: [[Number(status[0]) * 100, Number(status[0]) * 100 + 99]] }, into);
  if (!/^[1-5]\d\d$/.test(status)) return `holds '${status}', which is not a status`;
  return httpCheck({ statuses: [[Number(status), Number(status)]] }, into);
}

function readCheckTimeout([text = '']: readonly string[], into: Settings): string | undefined {
  const time = readDuration(text);
  if (time === undefined) return `holds '${text}', which is not a time`;
  into.checkTimeout = time;
  return undefined;
}

function timeWord(text: string, keyword: string, into: Settings, label: string): string | undefined {
  const time = readDuration(text);
  return time === undefined ? `holds '${text}', which is not a time` : serverWord([keyword, String(time)], into, label);
}

function serverWord(words: readonly string[], into: Settings, label: string): undefined {
  into.server = [...into.server, { label, words }];
}

/** `transport http { tls }` */
function readTransport([protocol = '', ...options]: readonly string[], into: Settings): string | undefined {
  if (protocol !== 'http') return `holds '${protocol}': servers are spoken to by http and https alone`;
  if (options.some((option) => option.startsWith('tls'))) into.scheme = 'https';
  return undefined;
}
