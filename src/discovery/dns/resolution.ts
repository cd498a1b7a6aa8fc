/**
 * One name, asked again and again.
 *
 *     answer        addresses, asked again after `valid`
 *     no such name  the last addresses for `hold`, then none; asked again after `retry`
 *     no answer     the last addresses, however long it takes; asked again after `retry`
 *
 * HAProxy drops the addresses after 30 s without an answer, too (`hold timeout`); a resolver that is away is no reason
 * to stop using servers that work, and health checks notice those that do not.
 */

import { monotonic } from '../../core/clock.ts';

/** Like `dns.promises.lookup(name, { all: true })`: /etc/hosts and Docker's resolver count. */
export type Lookup = (name: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** Milliseconds. */
export interface DnsTimings {
  readonly valid: number;
  readonly retry: number;
  readonly hold: number;
}

/** HAProxy's defaults for `hold valid`, `timeout retry` and `hold nx`. */
export const DNS_TIMINGS: DnsTimings = { valid: 10_000, retry: 1_000, hold: 30_000 };

/** The resolver said that there is no such name, or none with an address. */
const ABSENT: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** What became of all questions so far. */
export class ResolverCounts {
  sent = 0;
  valid = 0;
  /** Answers with other addresses than the one before. */
  update = 0;
  /** There is no such name. */
  nx = 0;
  /** No answer. */
  other = 0;
  /** Answers that nobody waited for any more. */
  outdated = 0;
}

export class Resolution {
  readonly name: string;
  /** Empty while unknown or gone. */
  addresses: readonly string[] = [];
  /** Why the last question brought nothing; empty when it did. */
  trouble = '';
  /** Asked at least once. */
  known = false;

  private readonly lookup: Lookup;
  private readonly timings: DnsTimings;
  private readonly counts: ResolverCounts;
  private readonly onChange: () => void;
  private timer: NodeJS.Timeout | undefined;
  private lastAnswer = Number.NEGATIVE_INFINITY;
  private stopped = false;

  /** `onChange` is called after the first question and whenever addresses or trouble differ. */
  constructor(name: string, lookup: Lookup, timings: DnsTimings, counts: ResolverCounts, onChange: () => void) {
    this.name = name;
    this.lookup = lookup;
    this.timings = timings;
    this.counts = counts;
    this.onChange = onChange;
  }

  start(): void {
    void this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    const before = `${this.known} ${this.trouble} ${this.addresses.join()}`;
    this.counts.sent++;
    try {
      this.answered(await this.lookup(this.name));
    } catch (error) {
      this.failed(error as { readonly code?: string; readonly message?: string });
    }
    if (this.stopped) {
      this.counts.outdated++;
      return;
    }
    this.known = true;
    // Jitter of a quarter, so that names do not stay in step.
    const pause = (this.trouble === '' ? this.timings.valid : this.timings.retry) * (0.875 + Math.random() / 4);
    this.timer = setTimeout(() => void this.ask(), pause);
    this.timer.unref();
    if (before !== `${this.known} ${this.trouble} ${this.addresses.join()}`) this.onChange();
  }

  /** One family only, or a host with both would look like two servers; IPv4 where there is any. Sorted: answers rotate. */
  private answered(answer: Awaited<ReturnType<Lookup>>): void {
    const family = answer.some((entry) => entry.family === 4) ? 4 : 6;
    const addresses = new Set(answer.filter((entry) => entry.family === family).map((entry) => entry.address));
    if (addresses.size === 0) {
      this.failed({ code: 'ENODATA' });
      return;
    }
    const sorted = [...addresses].sort();
    this.counts.valid++;
    if (this.known && sorted.join() !== this.addresses.join()) this.counts.update++;
    this.addresses = sorted;
    this.trouble = '';
    this.lastAnswer = monotonic();
  }

  private failed({ code = '', message = '' }: { readonly code?: string; readonly message?: string }): void {
    const absent = ABSENT.has(code);
    if (absent) this.counts.nx++;
    else this.counts.other++;
    this.trouble = absent ? `name ${this.name} does not resolve` : `name ${this.name} cannot be resolved: ${code || message}`;
    if (absent && monotonic() - this.lastAnswer >= this.timings.hold) this.addresses = [];
  }
}
