/**
 * The checked, linked, frozen configuration: what the text of `haproxy.cfg` means, in HAProxy's words.
 *
 * Units: every time is milliseconds, every size bytes. `undefined` means "not configured"; defaults that
 * HAProxy documents are filled in by `link.ts`, so that a reader never repeats them.
 */

import type { AgentConfig, CheckRules, ServerCheckConfig } from './model-checks.ts';
import type { ConsulAgentConfig, ConsulRoutesConfig, ConsulServersConfig } from './model-consul.ts';
import type { ContainerOrigin, DockerEngineConfig, DockerRoutesConfig, DockerServersConfig, Generation } from './model-docker.ts';
import type { FileServersConfig } from './model-file.ts';
import type { CapturesConfig, LogStyle, LogTarget } from './model-logs.ts';
import type { BindSslConfig, GlobalTlsConfig, ServerSslConfig, TlsFilesConfig } from './model-tls.ts';

export type * from './model-checks.ts';
export type * from './model-consul.ts';
export type * from './model-docker.ts';
export type * from './model-file.ts';
export type * from './model-logs.ts';
export type * from './model-tls.ts';

/** Where a line stands: errors and `explain` quote it as `file:line`. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One rule or ACL line, lexed but not compiled: `rules/` owns the grammar of what stands in it. */
export interface RawRule {
  readonly place: Place;
  /** The words after the keyword, quotes and escapes removed: bytes, one character each, as in a head. */
  readonly words: readonly string[];
}

/** `acl <name> <criterion> [flags] [operator] <value>...`; the words begin with the criterion. */
export interface AclConfig extends RawRule {
  readonly name: string;
}

/** `use_backend <backend> [{if | unless} <condition>]`; the words are the condition with its `if` or `unless`. */
export interface UseBackendConfig extends RawRule {
  /** Bytes, like the words. */
  readonly backend: string;
}

export interface GlobalConfig {
  /** Which files belong to a certificate, `ssl-load-extra-files` and its kin; absent: HAProxy's defaults. */
  readonly tlsFiles?: TlsFilesConfig | undefined;
  /** `self-signed-dir`; undefined: where the process keeps its own. */
  readonly selfSignedDir?: string | undefined;
  readonly maxconn: number | undefined;
  readonly logs: readonly LogTarget[];
  readonly logTag: string;
  readonly pidfile: string | undefined;
  readonly node: string | undefined;
  readonly description: string | undefined;
  /** `hard-stop-after`: how long a soft stop may take. */
  readonly hardStopAfter: number | undefined;
  /** `tune.bufsize`, default 16384. */
  readonly bufsize: number;
  /** `tune.maxrewrite`, default 1024: a request head may fill bufsize - maxrewrite bytes. */
  readonly maxrewrite: number;
  /** `tune.http.maxhdr`, default 101 header fields. */
  readonly maxhdr: number;
  /** `tune.http.maxurilen`, default what a head may have: a request target that is longer gets 414. */
  readonly maxurilen: number;
  /** `tune.http.logurilen`, default 1024: so much of a request line is kept for logs, one byte less. */
  readonly logurilen: number;
  /** `tune.http.cookielen`, default 63: the longest captured cookie. */
  readonly cookielen: number;
  /** `log-send-hostname [<name>]`: the name in the header of each line; empty for the system's own. */
  readonly logSendHostname?: string | undefined;
  readonly rateLimits: RateLimits;
  /** `spread-checks` in percent, default 0. */
  readonly spreadChecks: number;
  /** `stats socket`: where the Runtime API listens. */
  readonly statsSockets: readonly StatsSocketConfig[];
  /** `stats timeout`: how long a connection to one of them may be idle, default 10 s. */
  readonly statsTimeout: number;
  /** `stats maxconn`: connections to them at once, default 10; further ones wait. */
  readonly statsMaxconn: number;
  /** `server-state-file`, `server-state-base`. */
  readonly serverStateFile: string | undefined;
  readonly serverStateBase: string | undefined;
  /** `set-var`, `set-var-fmt`, in their order. */
  readonly variables: readonly ProcessVariableConfig[];
  readonly tls: GlobalTlsConfig;
  /** `maxsslconn`: TLS connections of clients and to servers together; 0 is no limit. */
  readonly maxsslconn: number;
  readonly h2: H2Config;
}

/** `tune.h2.*`: what is announced to clients (RFC 9113 6.5.2). */
export interface H2Config {
  /** Bytes, default 4096. */
  readonly headerTableSize: number;
  /** Bytes of a stream, default 65535. */
  readonly initialWindowSize: number;
  /** Default 100; 0 is no limit. */
  readonly maxConcurrentStreams: number;
  /** Bytes, default `bufsize`, which it never exceeds; at least 16384. */
  readonly maxFrameSize: number;
  /** Whether WebSockets by HTTP/2 (RFC 8441) are announced: not with `h2-workaround-bogus-websocket-clients`. */
  readonly websockets: boolean;
}

export interface ProcessVariableConfig {
  readonly place: Place;
  readonly keyword: 'set-var' | 'set-var-fmt';
  readonly name: string;
  readonly text: string;
}

/** `maxconnrate`, `maxsessrate`, `maxsslrate`, `maxcomprate` (in kB): so many a second; 0 is no limit. */
export interface RateLimits {
  readonly connections: number;
  readonly sessions: number;
  readonly sslSessions: number;
  readonly compression: number;
}

/** Durations in ms; `undefined` is "no time-out", as in HAProxy. */
export interface Timeouts {
  readonly connect: number | undefined;
  readonly client: number | undefined;
  readonly server: number | undefined;
  readonly queue: number | undefined;
  readonly httpRequest: number | undefined;
  readonly httpKeepAlive: number | undefined;
  readonly tarpit: number | undefined;
  readonly tunnel: number | undefined;
  readonly check: number | undefined;
  readonly clientFin: number | undefined;
  readonly serverFin: number | undefined;
}

/** One socket to listen on; `bind :80,:81` and port ranges have become several. */
export interface BindConfig {
  readonly place: Place;
  /** `bind ... name X`; HAProxy numbers the others `sock-1`, `sock-2`. */
  readonly name: string;
  /** `bind ... id N`, else its place among the section's sockets: `sid` of the statistics. */
  readonly id?: number | undefined;
  readonly address:
    | {
        readonly kind: 'inet';
        /** A literal address; `::` for `:::80`, `0.0.0.0` for `*:80`. */
        readonly host: string;
        readonly port: number;
        /** `v6only`: an IPv6 socket that refuses IPv4. Without `v4v6`, HAProxy leaves it to the system. */
        readonly v6only: boolean;
      }
    | {
        readonly kind: 'unix';
        readonly path: string;
        readonly mode: number | undefined;
        readonly user: string | undefined;
        readonly group: string | undefined;
      }
    | { readonly kind: 'fd'; readonly fd: number };
  readonly maxconn: number | undefined;
  readonly backlog: number | undefined;
  /** `ssl`; absent is clear text. */
  readonly ssl?: BindSslConfig | undefined;
  /** `proto`: what is spoken whatever ALPN or the client's first bytes say; absent lets them decide. */
  readonly protocol?: 'h1' | 'h2' | undefined;
  /** Keywords of the line as written, for messages and `-vv`. */
  readonly text: string;
  /** An operator or a signal has closed it for a while; no text says so. */
  readonly paused?: true;
}

/** `stats socket <address> [<bind parameters>]` of `global`; several addresses have become several. */
export interface StatsSocketConfig extends Pick<BindConfig, 'place' | 'address' | 'backlog'> {
  /** What its users may do, default `operator`. */
  readonly level: 'user' | 'operator' | 'admin';
  /** `severity-output`: how severities stand in front of messages, default `none`. */
  readonly severity: 'none' | 'number' | 'string';
}

export type BalanceAlgorithm =
  | 'roundrobin'
  | 'static-rr'
  | 'leastconn'
  | 'first'
  | 'source'
  | 'uri'
  | 'url_param'
  | 'hdr'
  | 'hash'
  | 'random';

export type HashFunction = 'sdbm' | 'djb2' | 'wt6' | 'crc32';

/** `hash-type` and `hash-balance-factor` (manual 4.2). */
export interface HashConfig {
  readonly method: 'map-based' | 'consistent';
  readonly function: HashFunction;
  readonly avalanche: boolean;
  /** Percent of its share that a server may have in requests, above 100; 0 is no limit. */
  readonly balanceFactor: number;
}

/** `balance` with its arguments, each present where its algorithm takes it; texts are bytes, one character each. */
export interface BalanceConfig {
  readonly algorithm: BalanceAlgorithm;
  /** `random(<draws>)`, default 2. */
  readonly draws: number;
  /** `uri`: how many bytes and directories count at most (0: all), the query too, only from the path's slash on. */
  readonly uri?: { readonly length: number; readonly depth: number; readonly whole: boolean; readonly pathOnly: boolean };
  /** `url_param`; `checkPost`: in the body of a POST, too. */
  readonly parameter?: { readonly name: string; readonly checkPost: boolean };
  /** `hdr`, its name in lower case; `domainOnly`: of a host name, the domain below the top-level one. */
  readonly header?: { readonly name: string; readonly domainOnly: boolean };
  /** `hash`: a sample expression. */
  readonly expression?: string;
  /** Absent is map-based by sdbm without an avalanche, and no factor. */
  readonly hash?: HashConfig;
}

/**
 * One server as configured, whoever configured it: a `server` line, `default-server`, a template, a label.
 * Replaced under a living server when its configuration changes.
 */
export interface ServerConfig {
  /** Unique within its backend. */
  readonly name: string;
  /** What survives a change of everything else: the name of a configured server, the id of a container. */
  readonly identity: string;
  /** A literal IPv4 or IPv6 address, or a unix path; `undefined` while a name is unresolved or no address is reachable. */
  readonly address: string | undefined;
  /** 0 for a unix path, and for `server NAME ADDR` without a port (HAProxy: the port the client connected to). */
  readonly port: number;
  /** The host name as written, where `address` comes from the resolver. */
  readonly fqdn: string | undefined;
  /** 0 is unlimited, as in HAProxy. */
  readonly maxconn: number;
  /** 0 is unlimited. */
  readonly maxqueue: number;
  /** 0..256, default 1. */
  readonly weight: number;
  readonly backup: boolean;
  /** A backup server that also takes what the others have no free slot for: it is far from us (`near=`). */
  readonly spare?: boolean;
  /** `pool-max-conn`: idle connections that are kept; 0 keeps none, -1 (the default) leaves it to the limit of all servers together. */
  readonly poolMaxConn: number;
  /** `pool-purge-delay`: each time, half of the idle connections are closed; 0 keeps none, default 5000 ms. */
  readonly poolPurgeDelay: number;
  /** `max-reuse`: requests on a connection after its first; 0 is one request per connection, -1 (the default) unlimited. */
  readonly maxReuse: number;
  /** Starts in maintenance. */
  readonly disabled: boolean;
  /** `cookie <value>`: what binds a client to this server where the backend has `cookie`; bytes, one character each. */
  readonly cookie: string | undefined;
  /** `minconn`: the limit while the backend carries little; it grows to `maxconn` at `fullconn`. 0: `maxconn` always. */
  readonly minconn: number;
  /** `slowstart`: ms over which weight and maxconn grow after the server came up; 0 is none. */
  readonly slowstart: number;
  /** `track <backend>/<server>`: its state is that of another server; a bare name is one of the same backend. */
  readonly track: { readonly backend: string; readonly server: string } | undefined;
  /** `observe`: traffic that fails counts like checks that fail. */
  readonly observe: 'layer4' | 'layer7' | undefined;
  /** `error-limit`, default 10: so many errors in a row are `onError`. */
  readonly errorLimit: number;
  readonly onError: 'fastinter' | 'fail-check' | 'sudden-death' | 'mark-down';
  /** `on-marked-down shutdown-sessions` */
  readonly shutdownWhenDown: boolean;
  /** `on-marked-up shutdown-backup-sessions` */
  readonly shutdownBackupsWhenUp: boolean;
  /** `init-addr`: how the first address of a name is found, in order. */
  readonly initAddr: readonly string[];
  /** `non-stick`: never written into a stick table. */
  readonly nonStick: boolean;
  /** `ssl`: how it is spoken to; absent is clear text. */
  readonly ssl?: ServerSslConfig | undefined;
  /** The TLS words as given also where `ssl` is not: for `check-ssl`, and for a later `ssl` (a label's). */
  readonly sslWords?: ServerSslConfig | undefined;
  readonly agent: AgentConfig | undefined;
  /** The agent words as given also where `agent-check` is not. */
  readonly agentWords?: AgentConfig | undefined;
  readonly check: ServerCheckConfig | undefined;
  /** The check words as given also where `check` is not: what a later `check` (a label's) turns on. */
  readonly checkWords?: ServerCheckConfig | undefined;
  /** `id N`: `sid` of the statistics, instead of the place in the list. */
  readonly id?: number | undefined;
  /** `add server`: no text has it. Its checks wait until they are enabled, too. */
  readonly dynamic?: true;
  /** Where it came from, for people: `file:line`, or `container 3f2a... image eviking/mydockerapp`. */
  readonly origin: string;
  /** More of that, where a container is the server. */
  readonly container?: ContainerOrigin;
  /** Where its pool rolls out by generations. */
  readonly generation?: Generation;
  /** Once its source says that it is leaving, what is still under way is ended after so many ms; undefined: never. */
  readonly drain?: number | undefined;
}

/** `stats ...` of one proxy (manual 4.2). */
export interface StatsConfig {
  readonly place: Place;
  /** Prefix of path and query that is taken, default `/haproxy?stats`; bytes, one character each. */
  readonly uri: string;
  /** Bytes, one character each. */
  readonly realm: string;
  /** Clear-text users of `stats auth user:password`. */
  readonly auth: readonly { readonly user: string; readonly password: string }[];
  /** `.` has become the proxy's own name; empty shows everything. */
  readonly scope: readonly string[];
  readonly hideVersion: boolean;
  /** Seconds for the `Refresh` header, or undefined. */
  readonly refresh: number | undefined;
  readonly showLegends: boolean;
  readonly showNode: string | undefined;
  readonly showDesc: string | undefined;
  /** `stats admin if COND`: any rule that matches allows POST. */
  readonly admin: readonly RawRule[];
  /** `stats http-request`: who may see them; the first that matches counts. */
  readonly httpRequest?: readonly RawRule[] | undefined;
}

/** `monitor-uri` and `monitor fail`. */
export interface MonitorConfig {
  /** Bytes, one character each. */
  readonly uri: string;
  /** Any that matches makes it fail. */
  readonly fail: readonly RawRule[];
}

/** `server-template <prefix> <count> <fqdn>:<port> ...` */
export interface ServerTemplateConfig {
  readonly place: Place;
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
  readonly fqdn: string;
  readonly port: number;
  readonly template: ServerConfig;
}

export type HttpConnectionMode = 'keep-alive' | 'server-close' | 'close';

/** `http-reuse`: which idle connections to servers a request may be sent on (manual 4.2). */
export type HttpReuse = 'never' | 'safe' | 'aggressive' | 'always';

/** `retry-on`: after which failures a request is sent again, as often as `retries` allows. */
export interface RetryOn {
  /** No connection was made: nothing of the request has left. */
  readonly connFailure: boolean;
  /** The server closed after it got some of the request, and before it said anything. */
  readonly emptyResponse: boolean;
  /** What came is no whole response head. */
  readonly junkResponse: boolean;
  /** `timeout server` ended the wait for the response. */
  readonly responseTimeout: boolean;
  /** Early data of TLS was refused. */
  readonly zeroRttRejected: boolean;
  /** A response with one of these. */
  readonly statuses: ReadonlySet<number>;
}

/** `cookie <name> [rewrite|insert|prefix] ...` (manual 4.2); texts are bytes, one character each. */
export interface CookieConfig {
  readonly place: Place;
  readonly name: string;
  /** Undefined: the application sets the cookie; it is only read. */
  readonly mode: 'rewrite' | 'insert' | 'prefix' | undefined;
  readonly indirect: boolean;
  readonly nocache: boolean;
  readonly postonly: boolean;
  readonly preserve: boolean;
  readonly httponly: boolean;
  readonly secure: boolean;
  readonly domains: readonly string[];
  /** Ms; 0 is none. */
  readonly maxidle: number;
  readonly maxlife: number;
  readonly attributes: readonly string[];
  readonly dynamic: boolean;
}

/** `stick-table type <type> [len <n>] size <n> [expire <t>] [nopurge]` (manual 4.2). */
export interface StickTableConfig {
  readonly place: Place;
  readonly type: 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';
  /** Of a key, in bytes; longer ones are cut. */
  readonly length: number;
  readonly size: number;
  /** Ms since an entry was last used; undefined: never. */
  readonly expire: number | undefined;
  readonly nopurge: boolean;
}

/** `stick on|match|store-request|store-response <pattern> [table <table>] [{if|unless} <condition>]` */
export interface StickRuleConfig extends RawRule {
  /** `on` is `match` and `store-request`. The words are the pattern, then the condition with its `if` or `unless`. */
  readonly kind: 'on' | 'match' | 'store-request' | 'store-response';
  /** The backend whose table it is, and what keys it has. */
  readonly table: string;
  readonly keyType: StickTableConfig['type'];
  readonly keyLength: number;
}

/** `use-server <server> {if|unless} <condition>` */
export interface UseServerConfig extends RawRule {
  /** A name, or a format where it holds `%[`; bytes, one character each. */
  readonly server: string;
}

/** One `frontend`, `backend` or `listen` section with its `defaults` applied. */
export interface ProxyConfig {
  readonly place: Place;
  readonly name: string;
  readonly kind: 'frontend' | 'backend' | 'listen';
  /** `iid` of the statistics: order in the configuration from 1 (2 where a `stats socket` exists), or `id N`. */
  readonly id: number;
  readonly disabled: boolean;
  readonly mode: 'http' | 'tcp';
  readonly description?: string | undefined;
  readonly timeouts: Timeouts;
  readonly logs: readonly LogTarget[];
  /** `none` logs a line at accept, as HAProxy without `option httplog`. Only where `logs` is not empty. */
  readonly logFormat: 'httplog' | 'tcplog' | 'jsonlog' | 'custom' | 'none';
  readonly logStyle: LogStyle;
  readonly captures: CapturesConfig;
  readonly dontlognull: boolean;
  readonly ignoreProbes: boolean;
  readonly connectionMode: HttpConnectionMode;
  readonly abortonclose: boolean;
  readonly forwardfor: ForwardForConfig | undefined;
  /** Error replies by status, each the whole bytes of the reply as in the file. */
  readonly errorfiles: ReadonlyMap<number, Buffer>;
  readonly acls: readonly AclConfig[];
  readonly httpRequest: readonly RawRule[];
  readonly httpResponse: readonly RawRule[];
  /** `redirect ...`: evaluated after the http-request rules. */
  readonly redirects: readonly RawRule[];
  readonly stats: StatsConfig | undefined;
  readonly monitor?: MonitorConfig | undefined;

  // Frontend side (frontend, listen)
  readonly binds: readonly BindConfig[];
  readonly maxconn: number | undefined;
  /** `rate-limit sessions`: new connections in a second; 0 is no limit. */
  readonly rateLimit: number;
  readonly useBackends: readonly UseBackendConfig[];
  readonly defaultBackend: string | undefined;
  readonly dockerRoutes: readonly DockerRoutesConfig[];
  readonly consulRoutes: readonly ConsulRoutesConfig[];
  readonly socketStats: boolean;
  /** `option explain-errors`: 404 and 503 say why. */
  readonly explainErrors: boolean;
  /** `option clitcpka`, `option tcpka`: TCP keep-alive probes to clients. */
  readonly clitcpka: boolean;
  /** `option accept-invalid-http-request` */
  readonly acceptInvalidRequest: boolean;
  /** `option disable-h2-upgrade`: clear text that begins with the preface of HTTP/2 stays HTTP/1 unless `proto h2` says so. */
  readonly disableH2Upgrade: boolean;

  // Backend side (backend, listen)
  readonly balance: BalanceConfig;
  /** Of the backend itself: `fullconn`, default 10 % of the maxconn of the frontends that may reach it. */
  readonly fullconn: number;
  readonly retries: number;
  /** `option redispatch [n]`: undefined is off; -1 only at the last retry; n every n-th; 0 never. */
  readonly redispatch: number | undefined;
  readonly retryOn: RetryOn;
  readonly httpReuse: HttpReuse;
  /** `option srvtcpka`, `option tcpka`: TCP keep-alive probes to servers. */
  readonly srvtcpka: boolean;
  /** `option accept-invalid-http-response` */
  readonly acceptInvalidResponse: boolean;
  readonly checkRules: CheckRules | undefined;
  /** `option log-health-checks` */
  readonly logHealthChecks: boolean;
  readonly allbackups: boolean;
  readonly cookie: CookieConfig | undefined;
  /** `dynamic-cookie-key`: bytes; for `cookie ... dynamic`. */
  readonly dynamicCookieKey: string | undefined;
  /** `option persist`: a cookie's server is asked also while it is down. */
  readonly persist: boolean;
  /** `force-persist {if|unless} <condition>`: for such requests a cookie's server is asked also while it is down. */
  readonly forcePersist: readonly RawRule[];
  /** `ignore-persist {if|unless} <condition>`: such requests are balanced as if they had no cookie. */
  readonly ignorePersist: readonly RawRule[];
  /** `use-server`: before any cookie. */
  readonly useServers: readonly UseServerConfig[];
  readonly stickTable: StickTableConfig | undefined;
  readonly stickRules: readonly StickRuleConfig[];
  /** `load-server-state-from-file` */
  readonly loadServerState: 'none' | 'global' | 'local';
  /** `server-state-file-name`, default the proxy's name. */
  readonly serverStateFileName: string | undefined;
  readonly servers: readonly ServerConfig[];
  readonly serverTemplates: readonly ServerTemplateConfig[];
  readonly dockerServers: readonly DockerServersConfig[];
  readonly consulServers: readonly ConsulServersConfig[];
  readonly fileServers: readonly FileServersConfig[];
}

/** `option forwardfor [except <network>] [header <name>] [if-none]` */
export interface ForwardForConfig {
  readonly header: string;
  /** CIDR or address whose clients get no header. */
  readonly except: readonly string[];
  readonly ifNone: boolean;
}

/** `userlist`: for `http-request auth` and `http_auth()`. */
export interface Userlist {
  readonly name: string;
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly insecure: boolean;
    readonly groups: readonly string[];
  }[];
}

export interface Config {
  readonly global: GlobalConfig;
  /** frontend, backend and listen sections in the order of the text. */
  readonly proxies: readonly ProxyConfig[];
  readonly userlists: ReadonlyMap<string, Userlist>;
  readonly dockers: readonly DockerEngineConfig[];
  readonly consuls: readonly ConsulAgentConfig[];
}

export type Severity = 'alert' | 'warning' | 'notice';

/** One thing to tell about the text; `alert` makes the configuration invalid. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly place: Place | undefined;
  readonly message: string;
}
