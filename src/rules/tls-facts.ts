/** What is known of a TLS connection (manual 7.3.4): that of a client, or that to a server. `proxy/` implements it. */

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** OpenSSL's name: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The name that was asked for; undefined without one. */
  readonly sni: string | undefined;
  /** The protocol that was agreed upon; undefined without ALPN. */
  readonly alpn: string | undefined;
  /** The session of an earlier connection went on. */
  readonly resumed: boolean;
  /** Of the peer's certificate: OpenSSL's number of the first error, 0 for none. */
  readonly verifyResult: number;
  /** The peer's certificate in DER form, and those above it that it has sent; empty where it has none. */
  readonly peerChain: readonly Buffer[];
  /** Ours, in DER form; undefined where we have shown none. */
  readonly ownCertificate: Buffer | undefined;
  /** The session's id; empty where there is none. */
  readonly sessionId: Buffer;
}
