/**
 * `stats uri`: the statistics in-band, on a port that serves traffic (manual 4.2 "stats enable"). GET and HEAD read
 * them, POST changes servers where `stats admin` allows it, and answers with a redirect to the page.
 */

import type { ProxyConfig, StatsConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { withoutBreaks } from '../http/chars.ts';
import type { Head } from '../http/head.ts';
import type { Reply, StatsHandler } from '../proxy/types.ts';
import { csv } from '../stats/csv.ts';
import type { Reading } from '../stats/field.ts';
import { type ProcessFacts, page } from '../stats/page.ts';
import { EVERYTHING, type Row, rowsOf, type Selection, type StatsProxy, selectProxies } from '../stats/rows.ts';
import { json, typed } from '../stats/typed.ts';
import { runForm } from './stats-actions.ts';
import { behindUri, parseQuery, type StatsQuery } from './stats-query.ts';
import { isAuthorized } from './users.ts';

type Asked = Parameters<StatsHandler['handle']>[0];
type Context = Parameters<StatsHandler['handle']>[1];

export interface StatsEndpointOptions {
  readonly facts: ProcessFacts;
  /** All proxies in the order of the configuration, as they are now. */
  readonly proxies: () => readonly StatsProxy[];
  /** Whether a `stats admin` rule of the proxy matches the request. */
  readonly admits: (config: ProxyConfig, context: Context) => boolean;
}

const NO_CACHE = 'cache-control: no-cache\r\n';
const EMPTY: Buffer = Buffer.alloc(0);
const REFUSED: Buffer = Buffer.from(
  '<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n',
);

export class StatsEndpoint implements StatsHandler {
  private readonly options: StatsEndpointOptions;

  constructor(options: StatsEndpointOptions) {
    this.options = options;
  }

  matches(proxy: Asked, request: Head): boolean {
    return findStats(proxy, request) !== undefined;
  }

  handle(proxy: Asked, context: Context, body: Buffer | undefined): Reply | undefined {
    const { request } = context;
    const config = findStats(proxy, request);
    const stats = config?.stats;
    if (config === undefined || stats === undefined) return undefined;
    if (stats.auth.length > 0 && !isAuthorized(stats.auth, request.first('authorization'))) return refuse(stats);
    const query = parseQuery(behindUri(stats.uri, request.target) ?? '');
    if (request.method === 'POST') return this.change(config, stats, query, context, body);
    return this.report(config, stats, query, context);
  }

  private report(config: ProxyConfig, stats: StatsConfig, query: StatsQuery, context: Context): Reply {
    const selection: Selection = { up: query.up, noMaint: query.noMaint, scope: query.scope, names: stats.scope };
    const at: Reading = { now: monotonic(), legends: stats.showLegends, counts: query.up || query.noMaint };
    const proxies = selectProxies(this.options.proxies(), selection);
    const refresh = stats.refresh === undefined || query.norefresh ? '' : `refresh: ${stats.refresh}\r\n`;
    if (query.format === 'html') {
      const admin = stats.admin.length > 0 && this.options.admits(config, context);
      const { norefresh, result } = query;
      const html = page({ facts: this.options.facts, stats, proxies, selection, at, admin, norefresh, result });
      return reply('text/html', refresh, html);
    }
    const rows = proxies.flatMap((proxy) => rowsOf(proxy, selection));
    return reply(query.format === 'json' ? 'application/json' : 'text/plain', refresh, write(query.format, rows, at));
  }

  private change(config: ProxyConfig, stats: StatsConfig, query: StatsQuery, context: Context, body: Buffer | undefined): Reply {
    if (!this.mayChange(config, stats, context)) return redirect(stats, query, 'DENY');
    if (body === undefined) return redirect(stats, query, 'EXCD');
    const visible = selectProxies(this.options.proxies(), { ...EVERYTHING, names: stats.scope });
    return redirect(stats, query, runForm(body.toString('utf8'), visible, monotonic()));
  }

  /** A browser sends its stored credentials along when a page of another site posts here: that is not the admin's will. */
  private mayChange(config: ProxyConfig, stats: StatsConfig, context: Context): boolean {
    if (context.request.first('sec-fetch-site') === 'cross-site') return false;
    return stats.admin.length > 0 && this.options.admits(config, context);
  }
}

/** The side of the proxy whose `stats uri` the request is under, for the methods that statistics have. */
function findStats({ frontend, backend }: Asked, request: Head): ProxyConfig | undefined {
  const { method, target } = request;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return undefined;
  if (isUnder(frontend.config, target)) return frontend.config;
  return backend !== undefined && isUnder(backend.config, target) ? backend.config : undefined;
}

function isUnder({ stats }: ProxyConfig, target: string): boolean {
  return stats !== undefined && behindUri(stats.uri, target) !== undefined;
}

function write(format: 'csv' | 'typed' | 'json', rows: readonly Row[], at: Reading): string {
  if (format === 'csv') return csv(rows, at);
  return format === 'json' ? json(rows, at) : typed(rows, at);
}

function reply(type: string, refresh: string, text: string): Reply {
  return { status: 200, reason: 'OK', fieldLines: `${NO_CACHE}content-type: ${type}\r\n${refresh}`, body: Buffer.from(text) };
}

function refuse({ realm }: StatsConfig): Reply {
  const quoted = withoutBreaks(realm).replace(/["\\]/g, '\\$&');
  const fieldLines = `${NO_CACHE}content-type: text/html\r\nwww-authenticate: Basic realm="${quoted}"\r\n`;
  return { status: 401, reason: 'Unauthorized', fieldLines, body: REFUSED };
}

function redirect({ uri }: StatsConfig, query: StatsQuery, result: string): Reply {
  const location = `${uri};st=${result}${query.up ? ';up' : ''}${query.norefresh ? ';norefresh' : ''}${query.scope && `;scope=${query.scope}`}`;
  const fieldLines = `${NO_CACHE}content-type: text/plain\r\nlocation: ${withoutBreaks(location)}\r\n`;
  return { status: 303, reason: 'See Other', fieldLines, body: EMPTY };
}
