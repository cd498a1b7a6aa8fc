/**
 * What is counted, by the kind of row that shows it. Plain fields, incremented where the thing happens;
 * `stats/` alone knows what they are called outside. Names are the columns of HAProxy's CSV (management manual 9.1).
 */

import type { Latency } from './histogram.ts';
import { Rate, SlidingAverage } from './rate.ts';
import { TlsCounters } from './tls-counters.ts';

/** Responses by class, in the order hrsp_1xx .. hrsp_5xx, hrsp_other. */
export class ResponseClasses {
  one = 0;
  two = 0;
  three = 0;
  four = 0;
  five = 0;
  other = 0;

  count(status: number): void {
    if (status < 100) this.other++;
    else if (status < 200) this.one++;
    else if (status < 300) this.two++;
    else if (status < 400) this.three++;
    else if (status < 500) this.four++;
    else if (status < 600) this.five++;
    else this.other++;
  }
}

/** What every row has. */
export class RowCounters {
  /** Highest values; `clear counters` zeroes them alone. */
  clearMax(): void {
    this.smax = 0;
    for (const value of Object.values(this)) if (value instanceof Rate || value instanceof SlidingAverage) value.max = 0;
  }

  /** `clear counters all`: as at the start. What is going on now is not counted here, and stays. */
  clear(): void {
    this.clearMax();
    const fields = this as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(this)) {
      if (typeof value === 'number') fields[name] = 0;
      else if (value instanceof SlidingAverage) value.clear();
      else if (value instanceof ResponseClasses) Object.assign(value, new ResponseClasses());
    }
  }

  scur = 0;
  smax = 0;
  stot = 0;
  /** Bytes from the client, heads included. */
  bin = 0;
  /** Bytes to the client, heads included. */
  bout = 0;
  dreq = 0;
  dresp = 0;
  /** Header rewrites that failed. */
  wrew = 0;
  /** Faults of our own. */
  eint = 0;
}

/** One socket of a frontend. */
export class ListenerCounters extends RowCounters {
  ereq = 0;
  dcon = 0;
  dses = 0;
}

export class FrontendCounters extends RowCounters {
  ereq = 0;
  dcon = 0;
  dses = 0;
  intercepted = 0;
  reqTot = 0;
  connTot = 0;
  readonly hrsp: ResponseClasses = new ResponseClasses();
  readonly rate: Rate = new Rate();
  readonly connRate: Rate = new Rate();
  readonly reqRate: Rate = new Rate();
}

/** What servers and backends share. */
class TargetCounters extends RowCounters {
  qmax = 0;
  econ = 0;
  eresp = 0;
  wretr = 0;
  wredis = 0;
  chkdown = 0;
  lbtot = 0;
  connect = 0;
  reuse = 0;
  reqTot = 0;
  cliAbrt = 0;
  srvAbrt = 0;
  /** Monotonic ms of the last session, -1 if there was none. */
  lastsess = -1;
  readonly hrsp: ResponseClasses = new ResponseClasses();
  readonly rate: Rate = new Rate();
  readonly qtime: SlidingAverage = new SlidingAverage();
  readonly ctime: SlidingAverage = new SlidingAverage();
  readonly rtime: SlidingAverage = new SlidingAverage();
  readonly ttime: SlidingAverage = new SlidingAverage();

  override clearMax(): void {
    super.clearMax();
    this.qmax = 0;
  }

  override clear(): void {
    super.clear();
    this.lastsess = -1;
  }
}

export class ServerCounters extends TargetCounters {
  chkfail = 0;
  /** Connections on which something came behind a response, or unasked. No column: it is told in events. */
  surplus = 0;
}

export class BackendCounters extends TargetCounters {
  intercepted = 0;
  /** Undefined where nobody would read it. */
  latency: Latency | undefined = undefined;

  /** HAProxy does not take its chkdown for a counter. */
  override clear(): void {
    const { chkdown } = this;
    super.clear();
    this.latency?.clear();
    this.chkdown = chkdown;
  }
}

/** What the process counts of all frontends together. */
export class ProcessCounters {
  readonly connRate: Rate = new Rate();
  readonly sessRate: Rate = new Rate();
  readonly tls: TlsCounters = new TlsCounters();
  /** What `clear counters all` has taken from frontends: the process itself forgets nothing. */
  readonly carried = { connections: 0, requests: 0, bytesOut: 0 };

  clearMax(): void {
    this.connRate.max = 0;
    this.sessRate.max = 0;
    this.tls.clearMax();
  }
}
