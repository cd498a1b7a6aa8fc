/**
 * `ssl self-signed`: an authority for development, which people trust once, and a certificate by it for whatever host is asked for.
 * It is loaded and opened before the first such line listens; from there on a certificate is made in the handshake that wants it.
 *
 * One costs milliseconds of the event loop, so those that nobody can foresee are made at a bounded pace: a client may ask for any
 * name, and for another one each time.
 */

import { X509Certificate } from 'node:crypto';
import { type Authority, certificateFile, DAY, doubtsOfKeeping, type Opened, openAuthority, reopenAuthority } from './development-store.ts';
import type { Made, Maker, Period } from './development-x509.ts';
import type { Bundle } from './pem.ts';

/** What browsers put up with is 397 days; the authority counts for two years. */
const LIFE = 90 * DAY;
/** Before its end. */
const RENEWAL = 30 * DAY;
/** Certificates that are kept. */
const MOST = 1000;
/** Certificates for names that are not foreseen: so many at once, and then one in so many ms. */
const BURST = 100;
const PAUSE = 100;

/** Of a certificate and its key, with the time from which another one is to be made, ms since the epoch. */
export interface Vouched extends Bundle {
  readonly renewAt: number;
}

export interface AuthorityOptions {
  /** Of this machine, if it is known. */
  readonly hostname: string;
  /** Wall clock, ms. */
  readonly now: () => number;
}

export class DevelopmentAuthority {
  /** Where it is kept. */
  readonly folder: string;
  private readonly options: AuthorityOptions;
  private readonly maker: Maker;
  private opened: Opened;
  /** By their hosts; the one that was asked for last stands last. */
  private readonly kept = new Map<string, Vouched>();
  private credit = BURST;
  private creditAt: number;

  /** Never fails: one that cannot be kept is there for this run, and `trouble` says why. */
  static async open(folder: string, options: AuthorityOptions): Promise<DevelopmentAuthority> {
    return new DevelopmentAuthority(folder, options, await import('./development-x509.ts'));
  }

  private constructor(folder: string, options: AuthorityOptions, maker: Maker) {
    this.folder = folder;
    this.options = options;
    this.maker = maker;
    this.creditAt = options.now();
    this.opened = openAuthority(folder, options.hostname, options.now(), maker);
  }

  /** For people to trust; undefined where there is no file of it. */
  get file(): string | undefined {
    return this.trouble === undefined ? certificateFile(this.folder) : undefined;
  }

  /** Why the next run will have another authority. */
  get trouble(): string | undefined {
    return this.opened.trouble;
  }

  /** It was made by this process. */
  get made(): boolean {
    return this.opened.made;
  }

  /** Why others may vouch with what is kept, too; empty where all is well. */
  get doubts(): readonly string[] {
    return this.trouble === undefined ? doubtsOfKeeping(this.folder, this.opened.authority) : [];
  }

  /** Looks at what is kept now, at a reload. Answers whether there is something to be told. */
  reopen(): boolean {
    const { authority, trouble } = this.opened;
    this.opened = reopenAuthority(this.folder, this.opened, this.options.now());
    if (this.opened.authority.certificate !== authority.certificate) this.kept.clear();
    return this.opened.authority !== authority || this.opened.trouble !== trouble;
  }

  get hostname(): string {
    return this.options.hostname;
  }

  get name(): string {
    return this.authority.name;
  }

  /** ms since the epoch. */
  get until(): number {
    return this.authority.until;
  }

  /** PEM. */
  get certificate(): string {
    return this.authority.certificate;
  }

  /**
   * The certificate of these hosts (names and addresses), made where there is none yet.
   * @param foreseen they are as many as somebody has configured; others are undefined when too many were asked for of late
   */
  certificateFor(hosts: readonly string[], foreseen: boolean): Vouched | undefined {
    const now = this.options.now();
    const key = hosts.join(' ');
    const there = this.kept.get(key);
    if (there === undefined && !foreseen && !this.afford(now)) return undefined;
    const vouched = there === undefined || there.renewAt <= now ? this.make(hosts, now) : there;
    this.kept.delete(key);
    this.kept.set(key, vouched);
    if (this.kept.size > MOST) this.forgetOldest();
    return vouched;
  }

  private make(hosts: readonly string[], now: number): Vouched {
    const until = Math.min(now + LIFE, this.authority.until);
    // Clocks of other machines may be behind.
    const period: Period = [now - DAY, until];
    return bundleOf(this.maker.makeCertificate(this.authority, hosts, period), this.folder, Math.max(until - RENEWAL, now + DAY / 2));
  }

  /** Another one once it has expired. */
  private get authority(): Authority {
    const now = this.options.now();
    if (this.opened.authority.until - DAY <= now) this.opened = openAuthority(this.folder, this.options.hostname, now, this.maker);
    return this.opened.authority;
  }

  private afford(now: number): boolean {
    this.credit = Math.min(BURST, this.credit + Math.max(0, now - this.creditAt) / PAUSE);
    this.creditAt = now;
    if (this.credit < 1) return false;
    this.credit--;
    return true;
  }

  private forgetOldest(): void {
    for (const key of this.kept.keys()) {
      this.kept.delete(key);
      return;
    }
  }
}

function bundleOf({ certificate, key }: Made, folder: string, renewAt: number): Vouched {
  return { file: certificateFile(folder), certificate: new X509Certificate(certificate), chain: [], key, renewAt };
}
