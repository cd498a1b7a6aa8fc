/** Host names that somebody needs the addresses of: each is asked again and again for as long as it is needed. */

import { lookup } from 'node:dns/promises';
import { DNS_TIMINGS, type DnsTimings, type Lookup, Resolution, ResolverCounts } from './resolution.ts';

/** Milliseconds that the first names have. */
const PATIENCE = 1000;

/** An IP address, or the reason why there is none now. */
export type Resolved = { readonly address: string } | { readonly problem: string };

export class Lookups {
  private readonly onChange: () => void;
  private readonly lookup: Lookup;
  private readonly timings: DnsTimings;
  private readonly counts: ResolverCounts;
  private readonly resolutions = new Map<string, Resolution>();
  private timer: NodeJS.Timeout | undefined;
  /** The first names have had their time. */
  private late = false;

  /** `onChange` is called when a name has been asked for the first time, and when it has got other addresses or none. */
  constructor(
    onChange: () => void,
    ask: Lookup = systemLookup,
    timings: DnsTimings = DNS_TIMINGS,
    counts: ResolverCounts = new ResolverCounts(),
  ) {
    this.onChange = onChange;
    this.lookup = ask;
    this.timings = timings;
    this.counts = counts;
  }

  get all(): readonly Resolution[] {
    return [...this.resolutions.values()];
  }

  get(name: string): Resolution | undefined {
    return this.resolutions.get(name.toLowerCase());
  }

  /** One address for who needs one. */
  resolve(name: string): Resolved {
    const resolution = this.get(name);
    const [address] = resolution?.addresses ?? [];
    if (address !== undefined) return { address };
    return { problem: resolution?.trouble || `name ${name} is not resolved yet` };
  }

  /** Every name has been asked once, or has had its time: one that nobody answers must not keep others waiting. */
  get settled(): boolean {
    return this.late || this.all.every(({ known }) => known);
  }

  /** The names that `read` wants resolved are asked from now on, and no others. */
  follow<T>(read: (resolve: (name: string) => Resolved) => T): T {
    const names = new Set<string>();
    const result = read((name) => {
      names.add(name);
      return this.resolve(name);
    });
    this.keep(names);
    if (!this.settled) this.timer ??= setTimeout(() => this.expire(), PATIENCE).unref();
    return result;
  }

  private expire(): void {
    this.late = true;
    this.onChange();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.keep([]);
  }

  /** These are asked from now on, and no others. */
  keep(names: Iterable<string>): void {
    const wanted = new Set([...names].map((name) => name.toLowerCase()));
    for (const [name, resolution] of this.resolutions) {
      if (wanted.has(name)) continue;
      resolution.stop();
      this.resolutions.delete(name);
    }
    for (const name of wanted) {
      if (this.resolutions.has(name)) continue;
      const resolution = new Resolution(name, this.lookup, this.timings, this.counts, this.onChange);
      this.resolutions.set(name, resolution);
      resolution.start();
    }
  }
}

const systemLookup: Lookup = (name) => lookup(name, { all: true });
