/** Labels that speak of the whole pool (`PoolOptions`): how it balances, is checked, keeps and admits clients, and rolls out. */

import { readBalance as readBalanceWord } from '../../config/keywords/balance.ts';
import { forbiddenInName, readStatusRanges, readTime } from '../../config/values.ts';
import type { RedirectStatus } from '../provider.ts';
import type { Settings } from './settings.ts';
import { isAuthority, isTarget, isToken } from './words.ts';

/** Reads a value into the settings; answers what is wrong with it. */
export type KeyReader = (value: string, into: Settings, label: string) => string | undefined;

function readBalance(value: string, into: Settings): string | undefined {
  const read = readBalanceWord(value.trim());
  if ('error' in read) return `is refused: ${read.error}`;
  into.balance = read.value;
  return undefined;
}

/** `true`, `false`, or at once the path to ask for. */
function readCheck(value: string, into: Settings): string | undefined {
  const word = value.trim();
  if (word.startsWith('/')) {
    into.check = true;
    return readCheckPath(word, into);
  }
  const flag = word.toLowerCase();
  if (flag !== 'true' && flag !== 'false') return 'is neither true nor false, nor a path';
  into.check = flag === 'true';
  return undefined;
}

function readCheckPath(value: string, into: Settings): string | undefined {
  const path = value.trim();
  if (!isTarget(path)) return "is not a path (it begins with '/' and is visible ASCII without '#'; write other characters as %XX)";
  into.httpCheck = { ...into.httpCheck, path };
  return undefined;
}

function readCheckHost(value: string, into: Settings): string | undefined {
  const host = value.trim();
  if (!isAuthority(host)) return 'is not a host';
  into.httpCheck = { ...into.httpCheck, host };
  return undefined;
}

function readCheckStatus(value: string, into: Settings): string | undefined {
  const read = readStatusRanges(value.replaceAll(' ', ''));
  if ('error' in read) return `is refused: ${read.error}`;
  into.httpCheck = { ...into.httpCheck, statuses: read.value };
  return undefined;
}

function readCheckTimeout(value: string, into: Settings): string | undefined {
  const read = readTime(value.trim(), 'check.timeout');
  if ('error' in read) return `is refused: ${read.error}`;
  into.checkTimeout = read.value;
  return undefined;
}

/** HAProxy's manual calls it so. */
export const STICKY_COOKIE = 'SERVERID';

/** `cookie`, `cookie:NAME`, either with `httponly` and `secure` behind it; `source`. */
function readSticky(value: string, into: Settings): string | undefined {
  const [way = '', ...flags] = value.trim().split(/\s+/);
  if (way === 'source' && flags.length === 0) {
    into.sticky = { kind: 'source' };
    return undefined;
  }
  const colon = way.indexOf(':');
  if ((colon < 0 ? way : way.slice(0, colon)) !== 'cookie' || flags.some((flag) => flag !== 'httponly' && flag !== 'secure')) {
    return "is neither 'cookie', 'cookie:NAME' (behind them perhaps 'httponly' and 'secure') nor 'source'";
  }
  const name = colon < 0 ? STICKY_COOKIE : way.slice(colon + 1);
  if (!isToken(name)) return `names a cookie '${name}', which is no name of one`;
  into.sticky = { kind: 'cookie', name, httponly: flags.includes('httponly'), secure: flags.includes('secure') };
  return undefined;
}

const REDIRECTS: readonly RedirectStatus[] = [301, 302, 303, 307, 308];

/** `https`, `https:301`; without a status 302, as HAProxy has it. */
function readRedirect(value: string, into: Settings): string | undefined {
  const [, code = '302'] = /^https(?::(\d+))?$/.exec(value.trim().toLowerCase()) ?? [undefined, ''];
  const status = REDIRECTS.find((one) => String(one) === code);
  if (status === undefined) return `is neither 'https' nor 'https:STATUS' with one of ${REDIRECTS.join(', ')}`;
  into.redirect = status;
  return undefined;
}

function readAuth(value: string, into: Settings): string | undefined {
  const name = value.trim();
  const bad = name === '' ? ' ' : forbiddenInName(name);
  if (bad !== undefined) return `is not the name of a userlist: '${bad}' cannot stand in one here`;
  into.auth = name;
  return undefined;
}

function readRollout(value: string, into: Settings): string | undefined {
  const word = value.trim().toLowerCase();
  if (word !== 'config' && word !== 'image' && word !== 'off') return "is neither 'config' nor 'image' nor 'off'";
  into.rollout = word;
  return undefined;
}

export const poolRows: readonly (readonly [key: string, read: KeyReader])[] = [
  ['balance', readBalance],
  ['check', readCheck],
  ['check.path', readCheckPath],
  ['check.host', readCheckHost],
  ['check.status', readCheckStatus],
  ['check.timeout', readCheckTimeout],
  ['sticky', readSticky],
  ['redirect', readRedirect],
  ['auth', readAuth],
  ['rollout', readRollout],
];
