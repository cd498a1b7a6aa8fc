/**
 * The states of servers as text: what `show servers state` says and `server-state-file` reads (management manual 9.3),
 * format version 1. A line is a server; its fields stand in the order of COLUMNS, `-` for those without a value.
 */

import type { Backend } from './backend.ts';
import type { Health } from './health.ts';
import type { Server } from './server.ts';
import { Admin, OpState, VERDICTS, type Verdict, type VerdictCode } from './types.ts';

type Column = (server: Server, now: number) => string | number;

const VERSION = '1';

/** `srv_check_result` */
const Result = { Unknown: 0, Neutral: 1, Failed: 2, Passed: 3, Conditionally: 4 } as const;

/** `srv_check_state`, `srv_agent_state` */
const CheckBit = { InProgress: 0x01, Configured: 0x02, Enabled: 0x04, Paused: 0x08, Agent: 0x10 } as const;

/** Before the first check. */
const INITIAL = 1;

const COLUMNS = {
  be_id: ({ backend }) => backend.config.id,
  be_name: ({ backend }) => backend.name,
  srv_id: ({ id }) => id,
  srv_name: ({ config }) => config.name,
  srv_addr: ({ config }) => addressOf(config.address),
  srv_op_state: ({ op }) => op,
  srv_admin_state: adminBits,
  srv_uweight: ({ weight }) => weight,
  srv_iweight: ({ config }) => config.weight,
  srv_time_since_last_change: ({ lastChange }, now) => Math.max(0, Math.floor((now - lastChange) / 1000)),
  srv_check_status: ({ verdict }) => (verdict === undefined ? INITIAL : VERDICTS[verdict.code].number),
  srv_check_result: ({ verdict, checking }) => resultOf(checking ? undefined : verdict),
  srv_check_health: ({ health }) => health,
  srv_check_state: (server) => stateOf(server.config.check, server.check, server.checking) | (isPaused(server) ? CheckBit.Paused : 0),
  srv_agent_state: ({ config, agent, agentChecking }) => {
    const state = stateOf(config.agent, agent, agentChecking);
    return state === 0 ? 0 : state | CheckBit.Agent;
  },
  bk_f_forced_id: () => 0,
  srv_f_forced_id: ({ config }) => (config.id === undefined ? 0 : 1),
  srv_fqdn: ({ config }) => config.fqdn ?? '-',
  srv_port: ({ config }) => config.port,
  srvrecord: () => '-',
  srv_use_ssl: ({ config }) => (config.ssl === undefined ? 0 : 1),
  srv_check_port: ({ config }) => config.check?.port ?? 0,
  srv_check_addr: ({ config }) => config.check?.address ?? '-',
  srv_agent_addr: ({ config }) => config.agent?.address ?? '-',
  srv_agent_port: ({ config }) => config.agent?.port ?? 0,
} satisfies Readonly<Record<string, Column>>;

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** Lines of older writers end behind it. */
const REQUIRED: number = NAMES.indexOf('srvrecord') + 1;

/** The answer to `show servers state`, each line with its end. */
export function serversState(backends: Iterable<Backend>, now: number): string {
  const lines = [VERSION, `# ${NAMES.join(' ')}`];
  for (const { servers } of backends) for (const server of servers) lines.push(lineOf(server, now));
  return `${lines.join('\n')}\n`;
}

function lineOf(server: Server, now: number): string {
  return NAMES.map((name) => COLUMNS[name](server, now)).join(' ');
}

function addressOf(address: string | undefined): string {
  return address === undefined || address.startsWith('/') ? '-' : address;
}

/** HAProxy has no bits for these. */
const OUR_DRAIN: number = Admin.SourceDrain | Admin.RolloutDrain;

function adminBits({ admin }: Server): number {
  return (admin & ~OUR_DRAIN) | ((admin & OUR_DRAIN) === 0 ? 0 : Admin.InheritedDrain);
}

function resultOf(verdict: Verdict | undefined): number {
  if (verdict === undefined) return Result.Unknown;
  if (verdict.code === 'CHECKED') return Result.Neutral;
  if (verdict.code === 'L7OKC') return Result.Conditionally;
  return verdict.passed ? Result.Passed : Result.Failed;
}

function stateOf(config: object | undefined, { enabled }: Health, running: boolean): number {
  if (config === undefined) return 0;
  return CheckBit.Configured | (enabled ? CheckBit.Enabled : 0) | (running ? CheckBit.InProgress : 0);
}

/** `disabled` pauses a check that there is not, too, and nothing ever resumes it. */
function isPaused({ config, checkEnabled, inMaintenance }: Server): boolean {
  return config.check === undefined ? config.disabled && config.dynamic !== true : checkEnabled && inMaintenance;
}

// --- and back -------------------------------------------------------------------------------------------------------

/** One line of a state file, as far as a start takes it over. */
export interface SavedServer {
  readonly address: string | undefined;
  readonly op: OpState;
  readonly admin: number;
  readonly weight: number;
  readonly configuredWeight: number;
  /** Ms. */
  readonly since: number;
  readonly verdict: Verdict | undefined;
  readonly checkDisabled: boolean;
  readonly agentDisabled: boolean;
  readonly port: number;
  /** Its traffic was encrypted; undefined where the line does not say. */
  readonly ssl: boolean | undefined;
  readonly checkPort: number;
  /** What is wrong with a field that the rest of the line can do without. */
  readonly omitted: string | undefined;
}

/** `<backend> <server>` -> its line, or what is wrong with it. */
export type SavedServers = ReadonlyMap<string, SavedServer | { readonly error: string }>;

export function savedKey(backend: string, server: string): string {
  return `${backend} ${server}`;
}

/**
 * A line that was cut makes the whole file void, be it a comment: `corrupted` is its number. Of two lines for one server
 * the first one counts.
 */
export function readServersState(
  text: string,
): { readonly servers: SavedServers } | { readonly error: 'version' } | { readonly error: 'corrupted'; readonly line: number } {
  const [version, ...lines] = text.split('\n');
  // Nothing, behind the last line's end.
  const rest = lines.pop();
  if (version !== VERSION || rest === undefined) return { error: 'version' };
  const servers = new Map<string, SavedServer | { readonly error: string }>();
  for (const [index, line] of lines.entries()) {
    const fields = line.split(/[ \t]+/).filter((field) => field !== '');
    if (fields[0] === undefined || fields[0].startsWith('#')) continue;
    if (fields.length < REQUIRED) return { error: 'corrupted', line: index + 1 };
    const get = (name: keyof typeof COLUMNS): string => fields[NAMES.indexOf(name)] ?? '';
    const key = savedKey(get('be_name'), get('srv_name'));
    if (!servers.has(key)) servers.set(key, readLine(get));
  }
  return rest === '' ? { servers } : { error: 'corrupted', line: lines.length + 1 };
}

/** Which numbers a field may have. */
const RANGES: Partial<Readonly<Record<keyof typeof COLUMNS, (value: number) => boolean>>> = {
  srv_op_state: (value) => value <= OpState.Stopping,
  srv_admin_state: (value) => ADMIN_STATES.has(value & RESTORED),
  srv_uweight: (value) => value <= 256,
  srv_iweight: (value) => value <= 256,
  srv_check_status: (value) => value <= 20,
  srv_check_result: (value) => value <= Result.Conditionally,
  srv_check_health: () => true,
  srv_check_state: (value) => value < 2 * CheckBit.Agent,
  srv_agent_state: (value) => value < 2 * CheckBit.Agent,
  srv_port: (value) => value <= MAX_PORT,
};

const MAX_PORT = 65535;
/** HAProxy's statistics have no more bits for seconds. */
const MAX_SECONDS = 2 ** 32 - 1;

/** What is inherited or depends on names is found anew. */
const RESTORED: number = ~(Admin.InheritedMaint | Admin.InheritedDrain | Admin.ResolutionMaint | 0x40);
const ADMIN_STATES: ReadonlySet<number> = new Set([
  0,
  Admin.ForcedMaint,
  Admin.ConfigMaint,
  Admin.ConfigMaint | Admin.ForcedMaint,
  Admin.ConfigMaint | Admin.ForcedDrain,
  Admin.ForcedDrain,
]);

function readLine(get: (name: keyof typeof COLUMNS) => string): SavedServer | { readonly error: string } {
  const seconds = get('srv_time_since_last_change');
  // HAProxy's name for it.
  if (!/^-?\d{1,18}$/.test(seconds)) return { error: `, invalid srv_last_time_change value '${seconds}'` };
  for (const [name, fits] of Object.entries(RANGES) as [keyof typeof COLUMNS, (value: number) => boolean][]) {
    const word = get(name);
    if (!/^\d{1,10}$/.test(word) || !fits(Number(word))) return { error: `, invalid ${name} value '${word}'` };
  }
  const number = (name: keyof typeof COLUMNS): number => Number(get(name));
  const address = get('srv_addr');
  const checkPort = readCheckPort(get('srv_check_port'));
  return {
    address: address === '-' ? undefined : address,
    op: number('srv_op_state') as OpState,
    admin: number('srv_admin_state') & RESTORED,
    weight: number('srv_uweight'),
    configuredWeight: number('srv_iweight'),
    // A clock may have been set back, or never have been set.
    since: Math.min(MAX_SECONDS, Math.max(0, Number(seconds))) * 1000,
    verdict: readVerdict(number('srv_check_status'), number('srv_check_result')),
    checkDisabled: isDisabled(number('srv_check_state')),
    agentDisabled: isDisabled(number('srv_agent_state')),
    port: number('srv_port'),
    ssl: readSsl(get('srv_use_ssl')),
    ...(typeof checkPort === 'number' ? { checkPort, omitted: undefined } : { checkPort: 0, omitted: checkPort }),
  };
}

/** Lines of older writers have none. */
function readSsl(word: string): boolean | undefined {
  return /^\d+$/.test(word) ? Number(word) !== 0 : undefined;
}

/** Text is what is wrong with it. Lines of older writers have none. */
function readCheckPort(word: string): number | string {
  if (word === '') return 0;
  if (!/^-?\d+$/.test(word)) return ', provided port is not an integer';
  const port = Number(word);
  return port < 0 || port > MAX_PORT ? ', provided port is invalid' : port;
}

function isDisabled(state: number): boolean {
  return (state & CheckBit.Configured) !== 0 && (state & CheckBit.Enabled) === 0;
}

function readVerdict(status: number, result: number): Verdict | undefined {
  const found = Object.entries(VERDICTS).find(([, { number }]) => number === status);
  if (found === undefined) return undefined;
  return { code: found[0] as VerdictCode, passed: result >= Result.Passed, status: -1, info: '', duration: 0 };
}
