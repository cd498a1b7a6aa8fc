/** What labels have given to a pool: where its configuration differs from that of the frontend which it takes after. */

import { isDeepStrictEqual } from 'node:util';
import type { BalanceConfig, CookieConfig, ProxyConfig, StickRuleConfig, StickTableConfig } from '../config/model.ts';
import { writeLine, writeTime } from '../config/write.ts';
import { checkLines } from './check-lines.ts';

export function poolOptionLines(pool: ProxyConfig, frontend: ProxyConfig): readonly string[] {
  const differs = (key: 'balance' | 'checkRules') => !isDeepStrictEqual(pool[key], frontend[key]);
  const { check } = pool.timeouts;
  return [
    ...(differs('balance') ? [writeLine(balanceWords(pool.balance))] : []),
    ...(check === undefined || check === frontend.timeouts.check ? [] : [`timeout check ${writeTime(check)}`]),
    ...(pool.checkRules !== undefined && differs('checkRules') ? checkLines(pool.checkRules) : []),
    // Nothing takes back a cookie of `defaults`: each pool has its own line.
    ...(pool.cookie === undefined ? [] : [writeLine(cookieWords(pool.cookie))]),
    ...(pool.stickTable === undefined ? [] : [writeLine(tableWords(pool.stickTable))]),
    ...pool.stickRules.map((rule) => writeLine(stickWords(rule, pool.name))),
    ...pool.httpRequest.map(({ words }) => writeLine(['http-request', ...words.map(unrewritten)])),
  ];
}

/** HAProxy knows what a client asked for only where it is logged; the rules stand before those that change the path. */
function unrewritten(word: string): string {
  return word.replace('%[capture.req.uri]', '%[pathq]');
}

function balanceWords({ algorithm, draws, uri, parameter, header, expression }: BalanceConfig): readonly string[] {
  switch (algorithm) {
    case 'random':
      return ['balance', draws === 2 ? 'random' : `random(${draws})`];
    case 'uri':
      return ['balance', 'uri', ...(uri === undefined ? [] : uriWords(uri))];
    case 'url_param':
      return ['balance', 'url_param', parameter?.name ?? '', ...when(parameter?.checkPost, 'check_post')];
    case 'hdr':
      return ['balance', `hdr(${header?.name ?? ''})`, ...when(header?.domainOnly, 'use_domain_only')];
    case 'hash':
      return ['balance', 'hash', expression ?? ''];
    default:
      return ['balance', algorithm];
  }
}

function uriWords({ length, depth, whole, pathOnly }: NonNullable<BalanceConfig['uri']>): readonly string[] {
  const limits = [...when(length > 0, 'len', String(length)), ...when(depth > 0, 'depth', String(depth))];
  return [...when(whole, 'whole'), ...limits, ...when(pathOnly, 'path-only')];
}

function cookieWords(cookie: CookieConfig): readonly string[] {
  const { name, mode, domains, maxidle, maxlife, attributes } = cookie;
  const flags = (['indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure', 'dynamic'] as const).filter((flag) => cookie[flag]);
  const ages = [...when(maxidle > 0, 'maxidle', writeTime(maxidle)), ...when(maxlife > 0, 'maxlife', writeTime(maxlife))];
  const more = [...domains.flatMap((domain) => ['domain', domain]), ...attributes.flatMap((attribute) => ['attr', attribute])];
  return ['cookie', name, ...(mode === undefined ? [] : [mode]), ...flags, ...ages, ...more];
}

function tableWords({ type, length, size, expire, nopurge }: StickTableConfig): readonly string[] {
  const key = type === 'string' || type === 'binary' ? [type, 'len', String(length)] : [type];
  const until = expire === undefined ? [] : ['expire', writeTime(expire)];
  return ['stick-table', 'type', ...key, 'size', String(size), ...until, ...when(nopurge, 'nopurge')];
}

function stickWords({ kind, words, table }: StickRuleConfig, own: string): readonly string[] {
  const at = words.findIndex((word) => word === 'if' || word === 'unless');
  const [pattern, condition] = at < 0 ? [words, []] : [words.slice(0, at), words.slice(at)];
  return ['stick', kind, ...pattern, ...when(table !== own, 'table', table), ...condition];
}

function when(condition: boolean | undefined, ...words: readonly string[]): readonly string[] {
  return condition === true ? words : [];
}
