/** What the data plane asks of a `bind ... ssl` line's certificates. `certificates.ts` makes it, `proxy/` uses it. */

import type { SecureContext } from 'node:tls';

/** How clients that ask for one name are met: what a line of a `crt-list` says for it alone, else what the `bind` line says. */
export interface Presented {
  readonly context: SecureContext;
  /** With a certificate for the same name and another kind of key: a client gets the one that it can use. */
  readonly second?: SecureContext | undefined;
  /** Its certificate in DER form; empty where it has none. */
  readonly certificate: Buffer;
  /** Whether clients are asked for a certificate. */
  readonly verify: 'none' | 'optional' | 'required';
  /** What clients' certificates are looked at with; authorities as PEM, each one by itself. `revoking`: lists of revoked ones count. */
  readonly trust: { readonly authorities: readonly string[]; readonly revoking: boolean };
  /** What is offered by ALPN, in order; empty is none. */
  readonly alpn: readonly string[];
  /** Whether the handshake goes on although the client's certificate has OpenSSL's `error`; `above`: at the authority's, not its own. */
  forgives(error: number, above: boolean): boolean;
}

export interface ListenerTls {
  /**
   * What a connection begins with: the only certificate, or a context without any, on which Node lays the chosen one. Node adds a
   * certificate to those of other kinds of keys, so one that is there from the beginning might be shown instead of the chosen one.
   */
  readonly usual: Presented;
  /** It alone can be presented: nobody has to be asked for a name. */
  readonly only: boolean;
  /** Other protocols are offered for some names than for others. */
  readonly alpnByName: boolean;
  /**
   * By the name that a client asks for (SNI), in lower case. For none, and for unknown ones, the first certificate; undefined: nothing
   * may be presented (`strict-sni`).
   */
  choose(name: string | undefined): Presented | undefined | Promise<Presented | undefined>;
}
