/** A `bind ... ssl self-signed` line: which certificate of the development authority whom is shown. */

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { BindConfig, Place } from '../config/model.ts';
import type { DevelopmentAuthority } from './development.ts';
import type { Bundle } from './pem.ts';
import type { Presented } from './types.ts';

/**
 * What a frontend does with a host: it is `named` in its routes, its routes or rules may take it (`possible`: any other one as well),
 * or nothing of it leads anywhere.
 */
export type Routed = 'named' | 'possible' | 'no';

/** Names that are kept. */
const MOST = 500;
/** Addresses in the certificate for who names no host. */
const MOST_ADDRESSES = 50;

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/;

interface Shown {
  readonly presented: Presented;
  readonly renewAt: number;
}

/** What it takes to vouch for hosts; nothing is shown before. */
interface Means {
  readonly authority: DevelopmentAuthority;
  readonly routed: (host: string) => Routed;
  readonly now: () => number;
}

export class DevelopmentListener {
  /** Whose bind line it is. */
  readonly frontend: string;
  readonly place: Place;
  private readonly present: (bundle: Bundle) => Presented;
  private readonly hosts: readonly string[];
  private means: Means | undefined;
  private byDefault: Shown | undefined;
  /** The one that was asked for last stands last. */
  private readonly shown = new Map<string, Shown>();

  /** @param present what the line says besides, of a certificate */
  constructor(frontend: string, bind: BindConfig, present: (bundle: Bundle) => Presented) {
    this.frontend = frontend;
    this.place = bind.place;
    this.present = present;
    this.hosts = ['localhost', ...addressesOf(bind)];
  }

  use(authority: DevelopmentAuthority, routed: (host: string) => Routed, now: () => number): void {
    this.means = { authority, routed, now };
    this.byDefault = undefined;
    this.shown.clear();
  }

  /** For who names no host, or one that leads nowhere: of `localhost`, and of the addresses that the line listens on. */
  get usual(): Presented {
    const { authority, now } = this.ready;
    if (this.byDefault === undefined || this.byDefault.renewAt <= now()) {
      const machine = authority.hostname.toLowerCase();
      const vouched = authority.certificateFor([...this.hosts, ...(NAME.test(machine) ? [machine] : [])], true);
      if (vouched === undefined) throw new Error('what is foreseen is always made');
      this.byDefault = { presented: this.present(vouched), renewAt: vouched.renewAt };
    }
    return this.byDefault.presented;
  }

  /** `name` in lower case; undefined: there is no certificate of its own for it. */
  find(name: string): Presented | undefined {
    const { authority, routed, now } = this.ready;
    const there = this.shown.get(name);
    if (there !== undefined && there.renewAt > now()) {
      this.shown.delete(name);
      this.shown.set(name, there);
      return there.presented;
    }
    if (!NAME.test(name) || isIP(name) !== 0) return undefined;
    const how = routed(name);
    const vouched = how === 'no' ? undefined : authority.certificateFor([name], how === 'named');
    if (vouched === undefined) return undefined;
    const presented = this.present(vouched);
    this.shown.delete(name);
    this.shown.set(name, { presented, renewAt: vouched.renewAt });
    for (const oldest of this.shown.keys()) {
      if (this.shown.size <= MOST) break;
      this.shown.delete(oldest);
    }
    return presented;
  }

  private get ready(): Means {
    if (this.means === undefined) throw new Error('a line with `self-signed` listens before its authority is there');
    return this.means;
  }
}

/** Its own, and those of the machine: several sockets of a line share it. */
function addressesOf({ address }: BindConfig): readonly string[] {
  if (address.kind !== 'inet') return [];
  // Those of a link are written with its name, which certificates have no place for.
  const isOwn = isIP(address.host) !== 0 && !address.host.includes('%') && address.host !== '0.0.0.0' && address.host !== '::';
  const own = isOwn ? [address.host] : [];
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const addresses = all.map((one) => one.address).filter((one) => !one.startsWith('fe80:'));
  return [...new Set([...own, '127.0.0.1', '::1', ...addresses])].slice(0, MOST_ADDRESSES);
}
