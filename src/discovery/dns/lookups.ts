/**
 * Host names that a source gives as addresses of its servers: each is asked for as long as the source has it, as often as that of
 * a `server` line. One address of it is used; a `server-template` is for those who want a server for each.
 */

import { lookup } from 'node:dns/promises';
import { DNS_TIMINGS, type DnsTimings, type Lookup, Resolution, ResolverCounts } from './resolution.ts';

/** An IP address, or the reason why there is none now. */
export type Resolved = { readonly address: string } | { readonly problem: string };

export class Lookups {
  private readonly onChange: () => void;
  private readonly lookup: Lookup;
  private readonly timings: DnsTimings;
  private readonly counts = new ResolverCounts();
  private readonly resolutions = new Map<string, Resolution>();

  /** `onChange` is called when a name has got another address, or none. */
  constructor(onChange: () => void, ask: Lookup = (name) => lookup(name, { all: true }), timings: DnsTimings = DNS_TIMINGS) {
    this.onChange = onChange;
    this.lookup = ask;
    this.timings = timings;
  }

  resolve(name: string): Resolved {
    const resolution = this.resolutions.get(name.toLowerCase());
    const [address] = resolution?.addresses ?? [];
    if (address !== undefined) return { address };
    return { problem: resolution?.trouble || `name ${name} is not resolved yet` };
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
