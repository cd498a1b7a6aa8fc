/**
 * `http-request use-service prometheus-exporter`: the metrics in-band, on a port that serves traffic.
 *
 * A report is made while its client takes it, from what is there at that time: nobody waits for a report of somebody else's,
 * and none is kept.
 */

import { errorReply } from '../http/replies.ts';
import type { Reply, Service } from '../proxy/types.ts';
import { exposition, type OwnFamily, type Scrape } from '../stats/exposition.ts';
import { readingNow } from '../stats/field.ts';
import type { ProcessState } from '../stats/info.ts';
import { type OwnFacts, OwnMetrics } from '../stats/prometheus.ts';
import { Slices } from '../stats/slices.ts';
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
  /** Our own metrics as everybody sees them who asks in this turn of the event loop. */
  private families: Promise<readonly OwnFamily[]> | undefined = undefined;

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
    if (!scrape.scopes.has('fairlead')) return this.report(scrape, []);
    return this.ownFamilies().then((own) => this.report(scrape, own));
  }

  private ownFamilies(): Promise<readonly OwnFamily[]> {
    if (this.families === undefined) {
      this.families = this.begin().families();
      setImmediate(() => {
        this.families = undefined;
      });
    }
    return this.families;
  }

  private report(scrape: Scrape, own: readonly OwnFamily[]): Reply {
    const state = this.options.state();
    const at = readingNow({ legends: false, counts: false });
    return reply(scrape, new Slices(exposition({ process: state, proxies: state.proxies, own, at }, scrape)));
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
