/**
 * The certificates of one `bind` line, as connections meet them. What was built last counts from the next handshake on; who is
 * connected is not touched.
 */

import type { BindConfig, BindSslConfig } from '../config/model.ts';
import { listenerContext, type Material } from './contexts.ts';
import type { CrtListLine } from './crt-list.ts';
import type { DevelopmentListener } from './development-listener.ts';
import { kindOf, namesOf } from './names.ts';
import type { Bundle } from './pem.ts';
import { type Choice, Selection } from './selection.ts';
import type { ListenerTls, Presented } from './types.ts';

/** A certificate on the line, or on a line of one of its lists. */
export interface Entry {
  readonly bundle: Bundle;
  /** The `bind` line's words, those of the list's line over them. */
  readonly ssl: BindSslConfig;
  readonly material: Material;
  /** Empty: the certificate's own names. */
  readonly filters: readonly string[];
  /** Of the list that it stands on. */
  readonly line?: CrtListLine | undefined;
}

export class BindCertificates implements ListenerTls {
  /** Which frontend's line it is. */
  readonly frontend: string;
  readonly bind: BindConfig;
  readonly ssl: BindSslConfig;
  /** Where it has `self-signed`. */
  development: DevelopmentListener | undefined = undefined;
  entries: readonly Entry[] = [];
  private selection: Selection<Entry> = new Selection<Entry>([]);
  private first: Presented | undefined = undefined;
  private begun: Presented | undefined = undefined;
  only = false;
  alpnByName = false;
  private readonly made: PresentedCache;

  constructor(frontend: string, bind: BindConfig, ssl: BindSslConfig, made: PresentedCache) {
    this.frontend = frontend;
    this.bind = bind;
    this.ssl = ssl;
    this.made = made;
  }

  /** Throws OpenSSL's error, and then nothing has changed. */
  use(entries: readonly Entry[], material: Material): void {
    const [first] = entries.map((entry) => this.made.of(entry));
    const alone = entries.length === 1 && !this.ssl.strictSni && this.development === undefined;
    this.begun = alone && first !== undefined ? first : this.made.bare(beginning(this.ssl, entries), material);
    this.only = alone;
    this.alpnByName = !alone && entries.some((entry) => entry.ssl.alpn.join() !== this.ssl.alpn.join());
    this.entries = entries;
    this.first = first;
    this.selection = new Selection(entries.map((entry) => ({ value: entry, kind: kindOf(entry.bundle.key), names: namesFor(entry) })));
  }

  get usual(): Presented {
    if (this.begun === undefined) throw new Error('a line is asked for its certificates before it has any');
    return this.begun;
  }

  choose(name: string | undefined): Presented | undefined {
    const choice = name === undefined ? undefined : this.selection.find(name);
    if (choice !== undefined) return this.presentedFor(choice);
    const vouched = name === undefined ? undefined : this.development?.find(name);
    return vouched ?? (this.ssl.strictSni ? undefined : (this.first ?? this.development?.usual));
  }

  /** For people, what `choose` would show: `made` is one of the development authority, which is not made for this. */
  foresee(name: string | undefined): Entry | 'made' | 'none' {
    const choice = name === undefined ? undefined : this.selection.find(name);
    if (choice !== undefined) return (choice.ecdsa ?? choice.rsa ?? choice.other) as Entry;
    if (this.development !== undefined) return 'made';
    return (this.ssl.strictSni ? undefined : this.entries[0]) ?? 'none';
  }

  /** Of several kinds of key, OpenSSL takes what the client knows: ECDSA first, as HAProxy. */
  private presentedFor({ ecdsa, rsa, other }: Choice<Entry>): Presented {
    const second = rsa ?? other;
    if (ecdsa === undefined) return this.made.of(second as Entry);
    return second === undefined ? this.made.of(ecdsa) : this.made.pair(ecdsa, second);
  }
}

/**
 * The line's words without certificates. Where others are asked for a certificate than by the line itself, no session is resumed:
 * one that was made for a name without that question could go on for a name with it.
 */
function beginning(ssl: BindSslConfig, entries: readonly Entry[]): BindSslConfig {
  const askedOf = ({ verify, caFile, caVerifyFile, crlFile }: BindSslConfig) => JSON.stringify([verify, caFile, caVerifyFile, crlFile]);
  return entries.every((entry) => askedOf(entry.ssl) === askedOf(ssl)) ? ssl : { ...ssl, tickets: false };
}

/** What is asked of clients is asked by name: the certificate's own, where nothing else is said. */
function namesFor({ bundle, filters }: Entry): readonly string[] {
  return filters.length > 0 ? filters : namesOf(bundle.certificate);
}

/** Contexts are dear, about a millisecond each: what says the same of the same certificates shares one. */
export class PresentedCache {
  private readonly made = new WeakMap<Bundle, Map<string, Presented>>();
  private readonly pairs = new WeakMap<Presented, WeakMap<Presented, Presented>>();
  private readonly numbers = new WeakMap<object, number>();
  private last = 0;

  /** Throws OpenSSL's error. */
  of({ bundle, ssl, material }: Entry): Presented {
    const table = this.made.get(bundle) ?? new Map<string, Presented>();
    this.made.set(bundle, table);
    const words = this.wordsOf(ssl, material);
    const presented = table.get(words) ?? presentedOf(ssl, bundle, material);
    table.set(words, presented);
    return presented;
  }

  /** With a second certificate, of another kind of key. Throws as `of`. */
  pair(entry: Entry, second: Entry): Presented {
    const one = this.of(entry);
    const other = this.of(second);
    const table = this.pairs.get(one) ?? new WeakMap<Presented, Presented>();
    this.pairs.set(one, table);
    const pair = table.get(other) ?? { ...one, second: other.context };
    table.set(other, pair);
    return pair;
  }

  /** Without any certificate. */
  bare(ssl: BindSslConfig, material: Material): Presented {
    return presentedOf(ssl, undefined, material);
  }

  private wordsOf(ssl: BindSslConfig, { authorities, revocations, ticketKeys, dh, lifetime }: Material): string {
    const { minVersion, maxVersion, ciphers, ciphersuites, curves, tickets, verify, preferClientCiphers, alpn } = ssl;
    const words = [minVersion, maxVersion, ciphers, ciphersuites, curves, tickets, verify, preferClientCiphers, alpn];
    const files = [...authorities, revocations, ticketKeys].map((one) => (one === undefined ? 0 : this.numberOf(one)));
    return JSON.stringify([words, ssl.caIgnoreErrors, ssl.crtIgnoreErrors, files, dh, lifetime]);
  }

  private numberOf(thing: object): number {
    const number = this.numbers.get(thing) ?? ++this.last;
    this.numbers.set(thing, number);
    return number;
  }
}

function presentedOf(ssl: BindSslConfig, bundle: Bundle | undefined, material: Material): Presented {
  const { caIgnoreErrors, crtIgnoreErrors } = ssl;
  return {
    context: listenerContext(ssl, bundle, material),
    certificate: bundle?.certificate.raw ?? Buffer.alloc(0),
    verify: ssl.verify,
    trust: { authorities: material.authorities.flatMap(({ certificates }) => certificates), revoking: material.revocations !== undefined },
    alpn: offered(ssl.alpn),
    forgives: (error, above) => {
      const ignored = above ? caIgnoreErrors : crtIgnoreErrors;
      return ignored === 'all' || ignored.includes(error);
    },
  };
}

/** Who has no protocol in common is turned away by Node, where HAProxy goes on without any: those of HTTP/1.1 at least are not. */
function offered(alpn: readonly string[]): readonly string[] {
  return alpn.length === 0 || alpn.includes('http/1.1') ? alpn : [...alpn, 'http/1.1'];
}
