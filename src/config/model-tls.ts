/**
 * The part of the configuration (model.ts) that is about TLS: what a `bind ... ssl` and a `server ... ssl` line say, with what
 * `ssl-default-bind-options` and its kin say for all of them. Paths are absolute, `crt-base` and `ca-base` have been laid under them.
 */

/** HAProxy's words. */
export type TlsVersion = 'SSLv3' | 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Directories where relative paths of later words begin: `crt-base` and `ca-base`, else where the process runs. */
export interface PathBases {
  readonly crt: string;
  readonly ca: string;
  /** Of lists and keys of tickets, which have no base. */
  readonly cwd: string;
}

/** What has been said of versions: `no-tlsv1x` counts only where no word gives a bound. */
export interface VersionWords {
  readonly disabled: readonly TlsVersion[];
  readonly min: TlsVersion | undefined;
  readonly max: TlsVersion | undefined;
}

/** `ssl-default-bind-*` or `ssl-default-server-*`: it is in every line's BindSslConfig or ServerSslConfig already. */
export interface TlsDefaults {
  readonly versions: VersionWords;
  readonly ciphers: string | undefined;
  readonly ciphersuites: string | undefined;
  readonly curves: string | undefined;
  readonly tickets: boolean | undefined;
  readonly preferClientCiphers: boolean;
  /** `ssl-server-verify` */
  readonly verify: 'none' | 'required';
}

/** What `global` says of TLS. */
export interface GlobalTlsConfig {
  /** At the end of the text: those of servers that no line has (`add server`). */
  readonly bases: PathBases;
  readonly bind: TlsDefaults;
  readonly server: TlsDefaults;
  /** `tune.ssl.lifetime`, ms: for how long a session may be resumed; default 300 s. */
  readonly lifetime: number;
}

/** What both ends may say (manual 5.1, 5.2). */
export interface TlsOptions {
  /** `ssl-min-ver`, `force-tlsv12`, `no-tlsv10`, ... as a range; HAProxy's default is TLSv1.2 and later for clients, all for servers. */
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's cipher list for TLSv1.2 and older; undefined is OpenSSL's default. */
  readonly ciphers: string | undefined;
  /** Cipher suites of TLSv1.3. */
  readonly ciphersuites: string | undefined;
  /** `curves`, or `ecdhe`: OpenSSL's list of groups. */
  readonly curves: string | undefined;
  /** In the order of preference; empty is none. */
  readonly alpn: readonly string[];
  /** Session tickets: `no-tls-tickets` is false. */
  readonly tickets: boolean;
}

/** Who is asked for a certificate, and what it must stand on. */
export interface TlsVerifyOptions {
  /** A file of authorities, or a directory of them; `@system-ca` is the system's own. */
  readonly caFile: string | undefined;
  readonly crlFile: string | undefined;
  /** Of a `crt-list`'s lines, and of a container's labels. */
  readonly bases: PathBases;
}

/** A `bind` line with `ssl`. */
export interface BindSslConfig extends TlsOptions, TlsVerifyOptions {
  /** Files and directories of `crt`, in their order: the first one's certificate is the default. */
  readonly crt: readonly string[];
  /** `crt-list` files. */
  readonly crtLists: readonly string[];
  /** In which order both stand on the line: the first certificate of all is the default. Absent: each `crt` before each `crt-list`. */
  readonly crtOrder?: readonly ('crt' | 'crt-list')[] | undefined;
  /** `self-signed` (Fairlead's): a certificate of an authority of our own for each host that is asked for and routed. */
  readonly selfSigned: boolean;
  /** `ca-verify-file`: authorities that are trusted as those of `caFile` are, and not named to clients. */
  readonly caVerifyFile: string | undefined;
  /** `no-ca-names` is false: whether clients are told which authorities they may have a certificate of. */
  readonly caNames: boolean;
  /** Whether clients are asked for a certificate. */
  readonly verify: 'none' | 'optional' | 'required';
  /** `ca-ignore-err`, `crt-ignore-err`: errors of verification, by number, above depth 0 and at it, that do not end the handshake. */
  readonly caIgnoreErrors: readonly number[] | 'all';
  readonly crtIgnoreErrors: readonly number[] | 'all';
  /** `strict-sni`: who names no host that a certificate is for gets none. */
  readonly strictSni: boolean;
  /** `prefer-client-ciphers` */
  readonly preferClientCiphers: boolean;
  /** `tls-ticket-keys` */
  readonly ticketKeys: string | undefined;
}

/** What may lie beside a certificate: `site.pem.key`, `site.pem.ocsp`; `bundle` is `site.pem.rsa` and its kin instead of it. */
export type ExtraFile = 'bundle' | 'sctl' | 'ocsp' | 'issuer' | 'key';

/** What `global` says of the files of certificates. */
export interface TlsFilesConfig {
  /** `ssl-load-extra-files`; all of them by default. */
  readonly extraFiles: ReadonlySet<ExtraFile>;
  /** `ssl-load-extra-del-ext`: `site.crt` has its key in `site.key`, not in `site.crt.key`. */
  readonly extraDelExt: boolean;
  /** `issuers-chain-path`: a directory of chains for certificates that come without one. */
  readonly issuersChainPath: string | undefined;
  /** `ssl-skip-self-issued-ca`: a chain that is an authority itself is not sent. */
  readonly skipSelfIssuedCa: boolean;
  /** `ssl-dh-param-file` */
  readonly dhParamFile: string | undefined;
  /** `tune.ssl.default-dh-param`, bits. */
  readonly defaultDhParam: number | undefined;
}

/** A server that is spoken to by TLS: `ssl` on its line. */
export interface ServerSslConfig extends TlsOptions, TlsVerifyOptions {
  /** Default `required`, or what `ssl-server-verify` says. */
  readonly verify: 'none' | 'required';
  /** The line or its `default-server` says so itself. */
  readonly verifySaid?: true;
  /** A bundle of our own certificate and its key, for servers that ask for one. */
  readonly crt: string | undefined;
  /** Sample expression that makes the name to ask for: bytes, one character each. */
  readonly sni: string | undefined;
  /** `verifyhost`: the name that its certificate must have, where no `sni` says one. */
  readonly verifyhost: string | undefined;
  /** `no-ssl-reuse` is false: whether sessions are resumed. */
  readonly reuse: boolean;
}
