/** Traefik's services: how a container is reached, checked and balanced over. */

import { readBalance } from '../../config/keywords/balance.ts';
import { readInteger } from '../../config/values.ts';
import { type Findings, readDuration } from './findings.ts';
import { STICKY_COOKIE } from './own-pool.ts';
import { noSettings, type Settings, type Subject } from './settings.ts';
import { isAuthority, isTarget, isToken } from './words.ts';

/** A label's own name, and its value. */
export interface Word {
  readonly label: string;
  readonly value: string;
}

/** Labels below one name, by the rest of theirs in lower case. */
export type Words = ReadonlyMap<string, Word>;

const DEFAULT_INTERVAL = 30_000;
const DEFAULT_TIMEOUT = 5_000;

type Row = (value: string, into: Settings, label: string) => string | undefined;

/** What `loadbalancer.` may be followed by; each answers what is wrong with its value. */
const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['server.port', readPort],
  ['server.scheme', readScheme],
  ['server.weight', (value, into, label) => serverWord(['weight', value], into, label)],
  ['strategy', readStrategy],
  ['healthcheck.path', readCheckPath],
  ['healthcheck.interval', (value, into, label) => timeWord('inter', value, into, label)],
  ['healthcheck.unhealthyinterval', (value, into, label) => timeWord('downinter', value, into, label)],
  ['healthcheck.timeout', readCheckTimeout],
  ['healthcheck.method', (value, into) => (isToken(value) ? httpCheck({ method: value.toUpperCase() }, into) : 'is not a method')],
  ['healthcheck.hostname', (value, into) => (isAuthority(value) ? httpCheck({ host: value }, into) : 'is not a host')],
  ['healthcheck.status', readCheckStatus],
  ['healthcheck.scheme', readCheckScheme],
  ['healthcheck.port', (value, into, label) => serverWord(['port', value], into, label)],
  ['sticky', (value, into) => sticky(isTrue(value), {}, into)],
  ['sticky.cookie', (value, into) => sticky(isTrue(value), {}, into)],
  ['sticky.cookie.name', readCookieName],
  ['sticky.cookie.secure', (value, into) => sticky(true, { secure: isTrue(value) }, into)],
  ['sticky.cookie.httponly', (value, into) => sticky(true, { httponly: isTrue(value) }, into)],
]);

/** Values that say what is done anyway. */
const SURE: ReadonlyMap<string, string> = new Map([
  ['passhostheader', 'true'],
  ['healthcheck.mode', 'http'],
]);

/** `words` are what stands below the service's name. */
export function readService(words: Words, { exposed }: Subject, findings: Findings): Settings {
  const settings: Settings = { ...noSettings(), port: exposed[0] };
  const checked = (words.get('loadbalancer.healthcheck.path')?.value.trim() ?? '') !== '';
  if (checked) {
    settings.check = true;
    settings.checkTimeout = DEFAULT_TIMEOUT;
    if (!words.has('loadbalancer.healthcheck.interval')) serverWord(['inter', String(DEFAULT_INTERVAL)], settings, 'healthcheck.interval');
  }
  for (const [key, { label, value }] of words) {
    const known = key.startsWith('loadbalancer.') ? key.slice('loadbalancer.'.length) : '';
    const row = ROWS.get(known);
    const idle = known.startsWith('healthcheck.') && !checked;
    if (row !== undefined && !idle) {
      const problem = row(value.trim(), settings, label);
      if (problem !== undefined) findings.errors.push(`label ${label}=${value} ${problem}`);
    } else if (row !== undefined) findings.unread(`label ${label}`, 'without healthcheck.path there is no check');
    else if (known === 'serverstransport')
      findings.unread(`label ${label}`, 'how servers are spoken to by TLS stands on the line of the configuration (ca-file, sni)');
    else if (SURE.get(known) !== value.trim().toLowerCase()) findings.unread(`label ${label}`, 'Fairlead has nothing like it');
  }
  return settings;
}

/** As Go reads a boolean. */
export function isTrue(value: string): boolean {
  return /^(1|t|true)$/i.test(value.trim());
}

function readPort(value: string, into: Settings, label: string): string | undefined {
  const read = readInteger(value, label, 1, 65535);
  if ('error' in read) return 'is not a whole number from 1 to 65535';
  into.port = read.value;
  return undefined;
}

function readScheme(value: string, into: Settings): string | undefined {
  if (value !== 'http' && value !== 'https') return 'is not done: servers are spoken to by http and https alone';
  into.scheme = value;
  return undefined;
}

function readCheckScheme(value: string, into: Settings, label: string): string | undefined {
  if (value === 'https') return serverWord(['check-ssl'], into, label);
  return value === 'http' || value === '' ? undefined : 'is neither http nor https';
}

const STRATEGIES: ReadonlyMap<string, string> = new Map([
  ['wrr', 'roundrobin'],
  ['p2c', 'random(2)'],
  ['hrw', 'source'],
  ['leasttime', 'leastconn'],
]);

function readStrategy(value: string, into: Settings): string | undefined {
  const balance = readBalance(STRATEGIES.get(value.toLowerCase()) ?? '');
  if ('error' in balance) return `is none of ${[...STRATEGIES.keys()].join(', ')}`;
  into.balance = balance.value;
  return undefined;
}

function serverWord(words: readonly string[], into: Settings, label: string): undefined {
  into.server = [...into.server, { label, words }];
}

function timeWord(keyword: string, value: string, into: Settings, label: string): string | undefined {
  const time = readDuration(value);
  if (time === undefined) return 'is not a time';
  return serverWord([keyword, String(time)], into, label);
}

function httpCheck(more: Settings['httpCheck'], into: Settings): undefined {
  into.httpCheck = { ...into.httpCheck, ...more };
}

function readCheckPath(value: string, into: Settings): string | undefined {
  if (!isTarget(value)) return 'is not a path';
  return httpCheck({ path: value }, into);
}

function readCheckTimeout(value: string, into: Settings): string | undefined {
  const time = readDuration(value);
  if (time === undefined) return 'is not a time';
  into.checkTimeout = time;
  return undefined;
}

function readCheckStatus(value: string, into: Settings, label: string): string | undefined {
  const status = readInteger(value, label, 100, 599);
  if ('error' in status) return 'is not a status';
  return httpCheck({ statuses: [[status.value, status.value]] }, into);
}

function readCookieName(value: string, into: Settings): string | undefined {
  if (!isToken(value)) return 'is not the name of a cookie';
  return sticky(true, { name: value }, into);
}

function sticky(
  on: boolean,
  more: { readonly name?: string; readonly secure?: boolean; readonly httponly?: boolean },
  into: Settings,
): undefined {
  if (!on) return;
  const known = into.sticky?.kind === 'cookie' ? into.sticky : { name: STICKY_COOKIE, secure: false, httponly: false };
  into.sticky = { ...known, kind: 'cookie', ...more };
}
