/** What the data plane asks of a `bind ... ssl` line's certificates. `certificates.ts` makes it, `proxy/` uses it. */

import type { SecureContext } from 'node:tls';

/** How clients that ask for one name are met: what a line of a `crt-list` says for it alone, else what the `bind` line says. */
export interface Presented {
  readonly context: SecureContext;
  /** Its certificate in DER form. */
  readonly certificate: Buffer;
  /** Whether clients are asked for a certificate. */
  readonly verify: 'none' | 'optional' | 'required';
  /** What is offered by ALPN, in order; empty is none. */
  readonly alpn: readonly string[];
  /** Whether the handshake goes on although the client's certificate has OpenSSL's `error`; `above`: at the authority's, not its own. */
  forgives(error: number, above: boolean): boolean;
}

export interface ListenerTls {
  /** For who names no host, and for unknown names where `strict-sni` does not forbid it. */
  readonly usual: Presented;
  /** It alone can be presented: nobody has to be asked for a name. */
  readonly only: boolean;
  /** By the name that a client asks for (SNI), in lower case; undefined: nothing may be presented (`strict-sni`). */
  choose(name: string | undefined): Presented | undefined | Promise<Presented | undefined>;
}
