/**
 * The configuration while it is read: what the rows write into, as `draft-defaults.ts` begins it. `link.ts` turns drafts into the
 * frozen Config.
 *
 * A `defaults` section is a ProxyDraft too, and a proxy begins as a copy of its defaults' inherited part.
 */

import type {
  AclConfig,
  AgentConfig,
  BalanceConfig,
  BindConfig,
  CapturesConfig,
  CheckExpect,
  CheckService,
  CheckStep,
  ConsulAgentConfig,
  ConsulRoutesConfig,
  ConsulServersConfig,
  CookieConfig,
  DockerEngineConfig,
  DockerRoutesConfig,
  DockerServersConfig,
  FileServersConfig,
  ForwardForConfig,
  GlobalConfig,
  H2Config,
  HttpConnectionMode,
  HttpReuse,
  LogStyle,
  LogTarget,
  Place,
  ProcessVariableConfig,
  ProxyConfig,
  RawRule,
  RetryOn,
  ServerCheckConfig,
  ServerConfig,
  ServerTemplateConfig,
  StatsSocketConfig,
  StickRuleConfig,
  StickTableConfig,
  Timeouts,
  TlsFilesConfig,
  UseBackendConfig,
  UseServerConfig,
} from './model.ts';
import type { BindSslWords, ServerSslWords, TlsGlobals } from './tls-words.ts';

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A `log` line; without `format` the global section decides. */
export interface LogDraft extends Omit<LogTarget, 'format'> {
  readonly format: LogTarget['format'] | undefined;
}

/** An `expect` step without any option, before it is known what it matches. */
export const BARE_EXPECT: Omit<CheckExpect, 'match' | 'number'> = {
  kind: 'expect',
  comment: '',
  negate: false,
  minRecv: -1,
  okStatus: undefined,
  errorStatus: undefined,
  toutStatus: undefined,
  onSuccess: undefined,
  onError: undefined,
  statusCode: undefined,
};

/** A server whose words of checks and of TLS are kept also while `check` and `ssl` are not given. */
export interface ServerDraft extends Mutable<Omit<ServerConfig, 'ssl' | 'sslWords' | 'check' | 'checkWords' | 'agent' | 'agentWords'>> {
  /** `ssl` */
  secured: boolean;
  /** Replaced, never changed. */
  sslWords: ServerSslWords;
  checked: boolean;
  checkWords: Mutable<ServerCheckConfig>;
  agentChecked: boolean;
  agentWords: Mutable<AgentConfig>;
}

/** Parts of a request that a line gives; what none gives has HAProxy's defaults. */
export interface RequestWords {
  readonly method?: string;
  readonly uri?: string;
  readonly version?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export type CheckStepDraft = CheckStep | { readonly kind: 'comment'; readonly number: number; readonly comment: string };

/** The lines of `http-check` or `tcp-check`. A section with lines of its own has nothing of its defaults'. */
export interface CheckRulesDraft {
  steps: readonly CheckStepDraft[];
  /** The first line: without its option it does nothing. */
  at: Place | undefined;
  /** The section has begun its own. */
  own: boolean;
  /** Of the first request: what `option httpchk` says, what `http-check send` says, and which of them came last. */
  option: RequestWords;
  /** `option` is the defaults'. */
  optionInherited: boolean;
  send: RequestWords;
  optionLast: boolean;
}

export interface CheckDraft {
  /** `option httpchk`, `option tcp-check` or that of a service, whichever came last. */
  protocol: 'tcp' | 'http' | CheckService | undefined;
  readonly tcp: CheckRulesDraft;
  readonly http: CheckRulesDraft;
  disableOn404: boolean;
  sendState: boolean;
}

export interface StatsDraft {
  readonly place: Place;
  uri: string;
  /** Undefined where no line says it. */
  realm: string | undefined;
  auth: readonly { readonly user: string; readonly password: string }[];
  scope: readonly string[];
  hideVersion: boolean;
  refresh: number | undefined;
  showLegends: boolean;
  /** Empty: the node's name of the global section. */
  showNode: string | undefined;
  /** Empty: the description of the proxy or of the global section. */
  showDesc: string | undefined;
  admin: readonly RawRule[];
  httpRequest: readonly RawRule[];
}

/** A bind line's socket before its number is known. */
export type BindDraft = Omit<BindConfig, 'name' | 'ssl'> & {
  readonly name: string | undefined;
  /** Of a line with `ssl`: the same for all of its sockets. */
  readonly tls: BindSslWords | undefined;
};

export interface RetryOnDraft extends Mutable<Omit<RetryOn, 'statuses'>> {
  readonly statuses: Set<number>;
}

/** A stick rule before its table is known. */
export type StickRuleDraft = Omit<StickRuleConfig, 'keyType' | 'keyLength'>;

export interface Reference {
  readonly place: Place;
  readonly name: string;
}

/** What a proxy takes from its defaults. Arrays and maps are replaced, never changed, so that copies can share them. */
export interface Inherited {
  mode: { readonly place: Place; readonly name: string } | undefined;
  disabled: boolean;
  timeouts: Mutable<Timeouts>;
  logs: readonly ('global' | LogDraft)[];
  logFormat: ProxyConfig['logFormat'];
  logFormatAt: Place | undefined;
  /** The option that `logFormat` comes from. */
  logOption: string | undefined;
  logStyle: LogStyle;
  dontlognull: boolean;
  disableH2Upgrade: boolean;
  ignoreProbes: boolean;
  connectionMode: HttpConnectionMode;
  abortonclose: boolean;
  forwardfor: ForwardForConfig | undefined;
  errorfiles: ReadonlyMap<number, Buffer>;
  acls: readonly AclConfig[];
  httpRequest: readonly RawRule[];
  httpResponse: readonly RawRule[];
  stats: StatsDraft | undefined;
  monitorUri: string | undefined;
  maxconn: number | undefined;
  rateLimit: number;
  backlog: number | undefined;
  defaultBackend: Reference | undefined;
  socketStats: boolean;
  explainErrors: boolean;
  clitcpka: boolean;
  acceptInvalidRequest: boolean;
  balance: BalanceConfig;
  fullconn: number | undefined;
  retries: number;
  redispatch: number | undefined;
  retryOn: RetryOn;
  httpReuse: HttpReuse;
  srvtcpka: boolean;
  acceptInvalidResponse: boolean;
  check: CheckDraft;
  logHealthChecks: boolean;
  allbackups: boolean;
  cookie: CookieConfig | undefined;
  dynamicCookieKey: string | undefined;
  persist: boolean;
  loadServerState: ProxyConfig['loadServerState'];
  defaultServer: ServerDraft;
}

export interface ProxyDraft extends Inherited {
  readonly place: Place;
  readonly name: string;
  readonly kind: ProxyConfig['kind'] | 'defaults';
  id: number | undefined;
  idAt: Place | undefined;
  description: string | undefined;
  redirects: readonly RawRule[];
  captures: CapturesConfig;
  readonly monitorFail: RawRule[];
  readonly binds: BindDraft[];
  readonly useBackends: UseBackendConfig[];
  readonly dockerRoutes: DockerRoutesConfig[];
  readonly consulRoutes: ConsulRoutesConfig[];
  readonly servers: { readonly place: Place; readonly config: ServerConfig }[];
  readonly serverTemplates: ServerTemplateConfig[];
  readonly dockerServers: DockerServersConfig[];
  readonly consulServers: ConsulServersConfig[];
  readonly fileServers: FileServersConfig[];
  readonly forcePersist: RawRule[];
  readonly ignorePersist: RawRule[];
  readonly useServers: UseServerConfig[];
  stickTable: StickTableConfig | undefined;
  /** Something was wrong with its line. */
  stickTableRefused: boolean;
  /** `table` is empty for the backend's own. */
  readonly stickRules: StickRuleDraft[];
  serverStateFileName: string | undefined;
  /** What is told of servers where the section is in mode http. */
  readonly httpNotices: { readonly place: Place; readonly message: string }[];
  /** References of `server ... resolvers NAME`. */
  readonly resolvers: Reference[];
  /** What this very section has set, for warnings about setting it twice. */
  readonly seen: Set<string>;
  /** Of a defaults section: who inherits rules from it; frontends and backends cannot share them. */
  rulesUsedBy: 'frontend' | 'backend' | undefined;
}

export interface GlobalDraft
  extends Mutable<Omit<GlobalConfig, 'logs' | 'maxurilen' | 'statsSockets' | 'variables' | 'tls' | 'tlsFiles' | 'h2'>> {
  logs: LogDraft[];
  statsSockets: StatsSocketConfig[];
  readonly variables: ProcessVariableConfig[];
  /** Undefined: as much as a head may have, which is known at the end of the text. */
  maxurilen: number | undefined;
  readonly tls: TlsGlobals;
  tlsFiles: TlsFilesConfig;
  /** Without what no line says. */
  h2: Partial<H2Config>;
  zeroWarning: boolean;
  /** `setenv` and its kin change what later lines expand. */
  readonly env: Map<string, string>;
}

export interface UserlistDraft {
  readonly place: Place;
  readonly name: string;
  readonly users: Map<
    string,
    { readonly place: Place; readonly password: string; readonly insecure: boolean; readonly groups: readonly string[] }
  >;
  readonly groups: Map<string, { readonly place: Place; readonly users: readonly string[] }>;
}

export type DockerDraft = Mutable<DockerEngineConfig>;

export type ConsulDraft = Mutable<ConsulAgentConfig>;

export interface ResolversDraft {
  readonly place: Place;
  readonly name: string;
}

/** Everything that was read. */
export interface Draft {
  readonly global: GlobalDraft;
  readonly proxies: ProxyDraft[];
  readonly defaults: ProxyDraft[];
  readonly userlists: Map<string, UserlistDraft>;
  readonly resolvers: Map<string, ResolversDraft>;
  readonly dockers: DockerDraft[];
  readonly consuls: ConsulDraft[];
}
