/**
 * The states of servers as text: what `show servers state` says and `server-state-file` reads (management manual 9.3),
 * format version 1. A line is a server; its fields stand in the order of COLUMNS, `-` for those without a value.
 */

import type { Backend } from './backend.ts';
import type { Health } from './health.ts';
import type { Server } from './server.ts';
import { Admin, VERDICTS, type Verdict } from './types.ts';

type Column = (server: Server, now: number) => string | number;

const VERSION = '1';

/** `srv_check_result` */
const Result = { Unknown: 0, Neutral: 1, Failed: 2, Passed: 3, Conditionally: 4 } as const;

/** `srv_check_state`, `srv_agent_state` */
const CheckBit = { InProgress: 0x01, Configured: 0x02, Enabled: 0x04, Paused: 0x08, Agent: 0x10 } as const;

/** Before the first check. */
const INITIAL = 1;

const COLUMNS: Readonly<Record<string, Column>> = {
  be_id: ({ backend }) => backend.config.id,
  be_name: ({ backend }) => backend.name,
  srv_id: ({ id }) => id,
  srv_name: ({ config }) => config.name,
  srv_addr: ({ config }) => config.address ?? '-',
  srv_op_state: ({ op }) => op,
  srv_admin_state: adminBits,
  srv_uweight: ({ weight }) => weight,
  srv_iweight: ({ config }) => config.weight,
  srv_time_since_last_change: ({ lastChange }, now) => Math.max(0, Math.floor((now - lastChange) / 1000)),
  srv_check_status: ({ verdict }) => (verdict === undefined ? INITIAL : VERDICTS[verdict.code].number),
  srv_check_result: ({ verdict, checking }) => resultOf(checking ? undefined : verdict),
  srv_check_health: ({ health }) => health,
  srv_check_state: (server) =>
    stateOf(server.config.check, server.check, server.checking) | (server.checkEnabled && server.inMaintenance ? CheckBit.Paused : 0),
  srv_agent_state: ({ config, agent, agentChecking }) => {
    const state = stateOf(config.agent, agent, agentChecking);
    return state === 0 ? 0 : state | CheckBit.Agent;
  },
  bk_f_forced_id: () => 0,
  srv_f_forced_id: ({ config }) => (config.id === undefined ? 0 : 1),
  srv_fqdn: ({ config }) => config.fqdn ?? '-',
  srv_port: ({ config }) => config.port,
  srvrecord: () => '-',
  srv_use_ssl: () => 0,
  srv_check_port: ({ config }) => config.check?.port ?? 0,
  srv_check_addr: ({ config }) => config.check?.address ?? '-',
  srv_agent_addr: ({ config }) => config.agent?.address ?? '-',
  srv_agent_port: ({ config }) => config.agent?.port ?? 0,
};

/** The answer to `show servers state`, each line with its end. */
export function serversState(backends: Iterable<Backend>, now: number): string {
  const lines = [VERSION, `# ${Object.keys(COLUMNS).join(' ')}`];
  for (const { servers } of backends) for (const server of servers) lines.push(lineOf(server, now));
  return `${lines.join('\n')}\n`;
}

function lineOf(server: Server, now: number): string {
  return Object.values(COLUMNS)
    .map((column) => column(server, now))
    .join(' ');
}

function adminBits({ admin }: Server): number {
  return (admin & ~Admin.SourceDrain) | ((admin & Admin.SourceDrain) === 0 ? 0 : Admin.InheritedDrain);
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
