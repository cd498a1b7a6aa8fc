/**
 * `stats uri`: the statistics in-band, on a port that serves traffic (manual 4.2 "stats enable"). GET and HEAD read
 * them, POST changes servers where `stats admin` allows it, and answers with a redirect to the page.
 */

import { compatibleVersion } from '../config/condition.ts';
import type { ProxyConfig, StatsConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { withoutBreaks } from '../http/chars.ts';
import type { Head } from '../http/head.ts';
import { errorReply } from '../http/replies.ts';
import { rawTarget } from '../http/target.ts';
import type { Reply, StatsHandler } from '../proxy/types.ts';
import { csv } from '../stats/csv.ts';
import { type Reading, readingNow } from '../stats/field.ts';
import type { ExplainFacts } from '../stats/page/explain.ts';
import type { History } from '../stats/page/history.ts';
import { PAGE_FIELDS, type PageQuery, type ProcessFacts, page, readPageQuery } from '../stats/page.ts';
import { EVERYTHING, type Row, rowsIn, type Selection, type StatsProxy, selectProxies } from '../stats/rows.ts';
import { SCHEMA } from '../stats/schema.ts';
import { Slices } from '../stats/slices.ts';
import { json, typed } from '../stats/typed.ts';
import { isForeign } from './same-site.ts';
import { runForm } from './stats-actions.ts';
import { behindUri, parseQuery, type StatsFormat, type StatsQuery } from './stats-query.ts';
import { isAuthorized } from './users.ts';

type Asked = Parameters<StatsHandler['handle']>[0];
type Context = Parameters<StatsHandler['handle']>[1];

export interface StatsEndpointOptions {
  readonly facts: ProcessFacts;
  /** All proxies in the order of the configuration, as they are now. */
  readonly proxies: () => readonly StatsProxy[];
  /** Whether a `stats admin` rule of the proxy matches the request. */
  readonly admits: (config: ProxyConfig, context: Context) => boolean;
  /** The last two minutes of every row. */
  readonly history: History;
  /** What discovery knows, and why something is not routed. */
  readonly explain: (asked: string) => ExplainFacts;
}

/** One report, as it was asked for. */
interface Wanted {
  readonly config: ProxyConfig;
  readonly stats: StatsConfig;
  readonly query: StatsQuery;
  readonly asked: PageQuery;
  readonly context: Context;
}

const NO_CACHE = 'cache-control: no-cache\r\n';
const EMPTY: Buffer = Buffer.alloc(0);
const REFUSED: Buffer = Buffer.from(
  '<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n',
);

const TYPES: Readonly<Record<StatsFormat, string>> = {
  html: 'text/html',
  csv: 'text/plain',
  typed: 'text/plain',
  json: 'application/json',
  schema: 'application/json',
};

const WRITERS: Readonly<Record<'csv' | 'typed' | 'json', (rows: Iterable<Row>, at: Reading) => Iterable<string>>> = {
  csv,
  typed,
  json,
};

/** To posts of other sites. */
const FORBIDDEN: Reply = (() => {
  const { status, reason, fieldLines, body } = errorReply(403);
  return { status, reason, fieldLines, body: Buffer.from(body), framing: 'own' };
})();

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
    const rest = behind(stats, request) ?? '';
    const query = parseQuery(rest);
    if (request.method === 'POST') return this.change(config, stats, query, context, body);
    return this.report({ config, stats, query, asked: readPageQuery(rest), context });
  }

  private report(wanted: Wanted): Reply {
    const body = wanted.context.request.method === 'HEAD' ? EMPTY : this.body(wanted);
    return { status: 200, reason: 'OK', fieldLines: fieldLinesOf(wanted), body, framing: 'chunked' };
  }

  private body({ config, stats, query, asked, context }: Wanted): Reply['body'] {
    if (query.format === 'schema') return Buffer.from(SCHEMA);
    const { up, noMaint, scope } = query;
    const selection: Selection = { up, noMaint, scope: scope.toLowerCase(), names: stats.scope };
    const at = readingNow({ legends: stats.showLegends, counts: up || noMaint });
    const proxies = selectProxies(this.options.proxies(), selection);
    if (query.format === 'html') {
      const admin = stats.admin.length > 0 && this.options.admits(config, context);
      const { norefresh, result } = query;
      const { facts, history, explain } = this.options;
      return new Slices(
        page({ facts, spoken: compatibleVersion, stats, proxies, selection, at, admin, norefresh, result, asked, history, explain }),
      );
    }
    return new Slices(WRITERS[query.format](rowsIn(proxies, selection), at));
  }

  private change(config: ProxyConfig, stats: StatsConfig, query: StatsQuery, context: Context, body: Buffer | undefined): Reply {
    if (isForeign(context.request)) return FORBIDDEN;
    if (stats.admin.length === 0 || !this.options.admits(config, context)) return redirect(stats, query, 'DENY');
    if (body === undefined) return redirect(stats, query, 'EXCD');
    const visible = selectProxies(this.options.proxies(), { ...EVERYTHING, names: stats.scope });
    return redirect(stats, query, runForm(body.toString('utf8'), visible, monotonic()));
  }
}

/** Browsers get no `refresh` with the page: it renews itself, and says so to those that have no scripts. */
function fieldLinesOf({ stats, query, asked, context }: Wanted): string {
  const html = query.format === 'html';
  if (html && asked.live) return `${NO_CACHE}content-type: application/json\r\n`;
  const renews = html && (context.request.first('accept') ?? '').includes('text/html');
  const refresh = stats.refresh === undefined || query.norefresh || renews ? '' : `refresh: ${stats.refresh}\r\n`;
  return `${NO_CACHE}content-type: ${TYPES[query.format]}\r\n${refresh}${html ? PAGE_FIELDS : ''}`;
}

/** The side of the proxy whose `stats uri` the request is under, for the methods that statistics have. */
function findStats({ frontend, backend }: Asked, request: Head): ProxyConfig | undefined {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return undefined;
  if (isUnder(frontend.config, request)) return frontend.config;
  return backend !== undefined && isUnder(backend.config, request) ? backend.config : undefined;
}

function isUnder({ stats }: ProxyConfig, request: Head): boolean {
  return stats !== undefined && behind(stats, request) !== undefined;
}

/** What stands behind the uri. One that begins with a slash is a path, whatever form the target has. */
function behind({ uri }: StatsConfig, request: Head): string | undefined {
  return behindUri(uri, uri.startsWith('/') ? request.target : rawTarget(request));
}

function refuse({ realm }: StatsConfig): Reply {
  const quoted = withoutBreaks(realm).replace(/["\\]/g, '\\$&');
  const fieldLines = `${NO_CACHE}content-type: text/html\r\nwww-authenticate: Basic realm="${quoted}"\r\n`;
  return { status: 401, reason: 'Unauthorized', fieldLines, body: REFUSED };
}

/** HAProxy's has `?scope=`, also where the uri has a query: another scope would never end. */
function redirect({ uri, refresh }: StatsConfig, { up, noMaint, norefresh, scope }: StatsQuery, result: string): Reply {
  const kept = [up && ';up', noMaint && ';no-maint', norefresh && refresh !== undefined && ';norefresh', scope !== '' && `;scope=${scope}`];
  const location = withoutBreaks(`${uri};st=${result}${kept.filter((part) => part !== false).join('')}`);
  const fieldLines = `${NO_CACHE}content-type: text/plain\r\ncontent-length: 0\r\nlocation: ${location}\r\n`;
  return { status: 303, reason: 'See Other', fieldLines, body: EMPTY, framing: 'own' };
}
