/**
 * The configuration while it is read: what the rows write into. `link.ts` turns drafts into the frozen Config.
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
  CookieConfig,
  DockerEngineConfig,
  DockerRoutesConfig,
  DockerServersConfig,
  ForwardForConfig,
  GlobalConfig,
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
  UseBackendConfig,
  UseServerConfig,
} from './model.ts';

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

/** A server whose check words are kept also while `check` is not given. */
export interface ServerDraft extends Mutable<Omit<ServerConfig, 'check' | 'checkWords' | 'agent' | 'agentWords'>> {
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
export type BindDraft = Omit<BindConfig, 'name'> & { readonly name: string | undefined };

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
interface Inherited {
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
  readonly servers: { readonly place: Place; readonly config: ServerConfig }[];
  readonly serverTemplates: ServerTemplateConfig[];
  readonly dockerServers: DockerServersConfig[];
  readonly forcePersist: RawRule[];
  readonly ignorePersist: RawRule[];
  readonly useServers: UseServerConfig[];
  stickTable: StickTableConfig | undefined;
  /** Something was wrong with its line. */
  stickTableRefused: boolean;
  /** `table` is empty for the backend's own. */
  readonly stickRules: StickRuleDraft[];
  serverStateFileName: string | undefined;
  /** References of `server ... resolvers NAME`. */
  readonly resolvers: Reference[];
  /** What this very section has set, for warnings about setting it twice. */
  readonly seen: Set<string>;
  /** Of a defaults section: who inherits rules from it; frontends and backends cannot share them. */
  rulesUsedBy: 'frontend' | 'backend' | undefined;
}

export interface GlobalDraft extends Mutable<Omit<GlobalConfig, 'logs' | 'maxurilen' | 'statsSockets' | 'variables'>> {
  logs: LogDraft[];
  statsSockets: StatsSocketConfig[];
  readonly variables: ProcessVariableConfig[];
  /** Undefined: as much as a head may have, which is known at the end of the text. */
  maxurilen: number | undefined;
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
}

export function newDraft(env: Readonly<Record<string, string | undefined>>): Draft {
  return { global: newGlobal(env), proxies: [], defaults: [], userlists: new Map(), resolvers: new Map(), dockers: [] };
}

/** Manual 3.2 for the defaults of `tune.*`. */
function newGlobal(env: Readonly<Record<string, string | undefined>>): GlobalDraft {
  return {
    maxconn: undefined,
    logs: [],
    variables: [],
    logTag: 'haproxy',
    logSendHostname: undefined,
    pidfile: undefined,
    node: undefined,
    description: undefined,
    hardStopAfter: undefined,
    bufsize: 16384,
    maxrewrite: 1024,
    maxhdr: 101,
    maxurilen: undefined,
    logurilen: 1024,
    cookielen: 63,
    rateLimits: { connections: 0, sessions: 0, sslSessions: 0, compression: 0 },
    spreadChecks: 0,
    serverStateFile: undefined,
    serverStateBase: undefined,
    statsSockets: [],
    statsTimeout: 10_000,
    statsMaxconn: 10,
    zeroWarning: false,
    env: new Map(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}

export function newServer(): ServerDraft {
  return {
    name: '',
    identity: '',
    address: undefined,
    port: 0,
    fqdn: undefined,
    maxconn: 0,
    maxqueue: 0,
    weight: 1,
    backup: false,
    poolMaxConn: -1,
    poolPurgeDelay: 5000,
    maxReuse: -1,
    disabled: false,
    cookie: undefined,
    minconn: 0,
    slowstart: 0,
    track: undefined,
    observe: undefined,
    errorLimit: 10,
    onError: 'fail-check',
    shutdownWhenDown: false,
    shutdownBackupsWhenUp: false,
    initAddr: [],
    nonStick: false,
    agentChecked: false,
    agentWords: { inter: 2000, address: undefined, port: undefined, send: '' },
    checked: false,
    checkWords: { inter: 2000, fastinter: undefined, downinter: undefined, rise: 2, fall: 3, address: undefined, port: undefined },
    origin: '',
  };
}

export function copyServer(server: ServerDraft): ServerDraft {
  return { ...server, checkWords: { ...server.checkWords }, agentWords: { ...server.agentWords } };
}

const NO_LOG_STYLE: LogStyle = {
  format: undefined,
  structured: undefined,
  error: undefined,
  uniqueId: undefined,
  uniqueIdHeader: undefined,
  dontlogNormal: false,
  separateErrors: false,
  asap: false,
  tag: undefined,
};

/** Manual 4.2 for the defaults of each keyword. */
function newInherited(): Inherited {
  return {
    mode: undefined,
    disabled: false,
    timeouts: noTimeouts(),
    logs: [],
    logFormat: 'none',
    logFormatAt: undefined,
    logOption: undefined,
    logStyle: NO_LOG_STYLE,
    dontlognull: false,
    ignoreProbes: false,
    connectionMode: 'keep-alive',
    abortonclose: false,
    forwardfor: undefined,
    errorfiles: new Map(),
    acls: [],
    httpRequest: [],
    httpResponse: [],
    stats: undefined,
    monitorUri: undefined,
    maxconn: undefined,
    rateLimit: 0,
    backlog: undefined,
    defaultBackend: undefined,
    socketStats: false,
    clitcpka: false,
    acceptInvalidRequest: false,
    balance: { algorithm: 'roundrobin', draws: 2 },
    fullconn: undefined,
    retries: 3,
    redispatch: undefined,
    retryOn: { ...noRetry(), connFailure: true },
    httpReuse: 'safe',
    srvtcpka: false,
    acceptInvalidResponse: false,
    check: newCheck(),
    logHealthChecks: false,
    allbackups: false,
    cookie: undefined,
    dynamicCookieKey: undefined,
    persist: false,
    loadServerState: 'none',
    defaultServer: newServer(),
  };
}

function noTimeouts(): Mutable<Timeouts> {
  return {
    connect: undefined,
    client: undefined,
    server: undefined,
    queue: undefined,
    httpRequest: undefined,
    httpKeepAlive: undefined,
    tarpit: undefined,
    tunnel: undefined,
    check: undefined,
    clientFin: undefined,
    serverFin: undefined,
  };
}

/** `retry-on none` */
export function noRetry(): RetryOnDraft {
  return {
    connFailure: false,
    emptyResponse: false,
    junkResponse: false,
    responseTimeout: false,
    zeroRttRejected: false,
    statuses: new Set(),
  };
}

function newCheck(): CheckDraft {
  return { protocol: undefined, tcp: newCheckRules(), http: newCheckRules(), disableOn404: false, sendState: false };
}

export function newCheckRules(): CheckRulesDraft {
  return { steps: [], at: undefined, own: false, option: {}, optionInherited: false, send: {}, optionLast: false };
}

function copyInherited(from: Inherited): Inherited {
  return {
    mode: from.mode,
    disabled: from.disabled,
    timeouts: { ...from.timeouts },
    logs: from.logs,
    logFormat: from.logFormat,
    logFormatAt: from.logFormatAt,
    logOption: from.logOption,
    logStyle: from.logStyle,
    dontlognull: from.dontlognull,
    ignoreProbes: from.ignoreProbes,
    connectionMode: from.connectionMode,
    abortonclose: from.abortonclose,
    forwardfor: from.forwardfor,
    errorfiles: from.errorfiles,
    acls: from.acls,
    httpRequest: from.httpRequest,
    httpResponse: from.httpResponse,
    stats: from.stats === undefined ? undefined : { ...from.stats },
    monitorUri: from.monitorUri,
    maxconn: from.maxconn,
    rateLimit: from.rateLimit,
    backlog: from.backlog,
    defaultBackend: from.defaultBackend,
    socketStats: from.socketStats,
    clitcpka: from.clitcpka,
    acceptInvalidRequest: from.acceptInvalidRequest,
    balance: from.balance,
    fullconn: from.fullconn,
    retries: from.retries,
    redispatch: from.redispatch,
    retryOn: from.retryOn,
    httpReuse: from.httpReuse,
    srvtcpka: from.srvtcpka,
    acceptInvalidResponse: from.acceptInvalidResponse,
    check: { ...from.check, tcp: { ...from.check.tcp, own: false }, http: { ...from.check.http, own: false } },
    logHealthChecks: from.logHealthChecks,
    allbackups: from.allbackups,
    cookie: from.cookie,
    dynamicCookieKey: from.dynamicCookieKey,
    persist: from.persist,
    loadServerState: from.loadServerState,
    defaultServer: copyServer(from.defaultServer),
  };
}

export function newProxy(place: Place, kind: ProxyDraft['kind'], name: string, from: ProxyDraft | undefined): ProxyDraft {
  return {
    ...(from === undefined ? newInherited() : copyInherited(from)),
    place,
    name,
    kind,
    id: undefined,
    idAt: undefined,
    description: undefined,
    redirects: [],
    captures: { request: [], response: [], cookie: undefined },
    monitorFail: [],
    binds: [],
    useBackends: [],
    dockerRoutes: [],
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    forcePersist: [],
    ignorePersist: [],
    useServers: [],
    stickTable: undefined,
    stickTableRefused: false,
    stickRules: [],
    serverStateFileName: undefined,
    resolvers: [],
    seen: new Set(),
    rulesUsedBy: undefined,
  };
}

/** The whole of a server, its check words decided by `check`, those of the agent by `agent-check`. */
export function finishServer(draft: ServerDraft): ServerConfig {
  const { checked, checkWords, agentChecked, agentWords, ...given } = draft;
  // HAProxy: `minconn` alone, or above `maxconn`, is one.
  const rest = { ...given, maxconn: Math.max(given.maxconn, given.minconn) };
  const words = { ...checkWords };
  // HAProxy: `addr` is the agent's, too, unless it has one of its own.
  const agent = { ...agentWords, address: agentWords.address ?? checkWords.address };
  return {
    ...rest,
    check: checked ? words : undefined,
    checkWords: words,
    agent: agentChecked && agent.port !== undefined ? agent : undefined,
    agentWords: { ...agentWords },
  };
}

/** The way back, for parameters that are laid over a finished server. */
export function reopenServer(server: ServerConfig): ServerDraft {
  const { check, checkWords, agent, agentWords, ...rest } = server;
  const fresh = newServer();
  return {
    ...rest,
    checked: check !== undefined,
    checkWords: { ...(checkWords ?? check ?? fresh.checkWords) },
    agentChecked: agent !== undefined,
    agentWords: { ...(agentWords ?? agent ?? fresh.agentWords) },
  };
}
