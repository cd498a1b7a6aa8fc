/**
 * `http-request use-service prometheus-exporter`: the metrics in-band, on a port that serves traffic.
 *
 * Reports are made one at a time, in slices. Who asks while one is being made waits for the next, and shares it with
 * everybody who asks for the same until it begins: so each tells of a moment after it was asked for, and however many
 * ask, there are as many reports to make as there are kinds of them.
 */

import { monotonic } from '../core/clock.ts';
import { errorReply } from '../http/replies.ts';
import type { Reply, Service } from '../proxy/types.ts';
import { exposition, type Scrape } from '../stats/exposition.ts';
import type { ProcessState } from '../stats/info.ts';
import { type OwnFacts, OwnMetrics } from '../stats/prometheus.ts';
import { inSlices } from '../stats/slices.ts';
import { parseScrape, wantsOpenMetrics } from './metrics-query.ts';

export interface MetricsEndpointOptions {
  readonly state: () => ProcessState;
  readonly facts: OwnFacts;
}

const EMPTY: Buffer = Buffer.alloc(0);
const TEXT = 'text/plain; version=0.0.4';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export class MetricsEndpoint implements Service {
  readonly name = '<PROMEX>';
  private readonly options: MetricsEndpointOptions;
  /** From `begin` on, or the first scrape. */
  private own: OwnMetrics | undefined;
  /** Reports that wait for their turn, by what they are about. */
  private readonly waiting = new Map<string, Promise<Reply['body']>>();
  /** The last one that was asked for. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: MetricsEndpointOptions) {
    this.options = options;
  }

  /** Somebody may ask: what has to be measured all the time is from now on. */
  begin(): OwnMetrics {
    this.own ??= new OwnMetrics(this.options.facts);
    return this.own;
  }

  answer({ request }: Parameters<Service['answer']>[0]): Reply | Promise<Reply> {
    const asked = parseScrape(request.target);
    if (asked === undefined) return refusal();
    const scrape = { ...asked, openMetrics: wantsOpenMetrics(request.values('accept').join()) };
    if (request.method === 'HEAD') return reply(scrape, EMPTY);
    return this.report(scrape).then((body) => reply(scrape, body));
  }

  private report(scrape: Scrape): Promise<Reply['body']> {
    const key = `${[...scrape.scopes].sort()} ${scrape.noMaint} ${scrape.openMetrics}`;
    const waiting = this.waiting.get(key);
    if (waiting !== undefined) return waiting;
    const report = this.last.then(() => {
      this.waiting.delete(key);
      return this.make(scrape);
    });
    this.waiting.set(key, report);
    this.last = report.catch(() => {});
    return report;
  }

  private async make(scrape: Scrape): Promise<Reply['body']> {
    const own = scrape.scopes.has('fairlead') ? await this.begin().families() : [];
    const state = this.options.state();
    const at = { now: monotonic(), legends: false, counts: false };
    return inSlices(exposition({ process: state, proxies: state.proxies, own, at }, scrape));
  }
}

function reply({ openMetrics }: Scrape, body: Reply['body']): Reply {
  const fieldLines = `cache-control: no-cache\r\ncontent-type: ${openMetrics ? OPEN_METRICS : TEXT}\r\n`;
  return { status: 200, reason: 'OK', fieldLines, body, framing: 'chunked' };
}

/** A scope that is none. */
function refusal(): Reply {
  const { status, reason, fieldLines, body } = errorReply(400);
  return { status, reason, fieldLines, body: Buffer.from(body), framing: 'own' };
}
