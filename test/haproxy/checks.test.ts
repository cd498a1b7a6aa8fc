/** The same checks of the same scripted servers, by HAProxy and by ours: what each found, said and sent. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Backends } from '../../src/backend/backends.ts';
import { VERDICTS } from '../../src/backend/types.ts';
import { formatDiagnostic } from '../../src/config/diagnostics.ts';
import { loadText } from '../../src/config/load.ts';
import type { EventLog } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { desire, NOTHING } from '../../src/state/desired.ts';
import { diff } from '../../src/state/diff.ts';
import { AGENTS, agentActs, CHECKS, type CheckCase, Scripted } from '../scenarios/checks.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

/** What came of an agent. */
interface Heard {
  /** agent_status, agent_code, last_agt, agent_desc, agent_health, status, weight, slim. */
  readonly row: readonly string[];
  /** The line of `option log-health-checks`. */
  readonly line: string;
  readonly sent: string;
}

/** What came of a case. */
interface Result {
  /** check_status, check_code, last_chk, check_desc. */
  readonly row: readonly string[];
  /** The line of `option log-health-checks`. */
  readonly line: string;
  /** What the servers were sent, and how the connection was ended where they left that to the checker. */
  readonly seen: readonly string[];
}

interface Pair {
  readonly first: Scripted;
  readonly second: Scripted;
}

async function startPairs(): Promise<Pair[]> {
  return Promise.all(CHECKS.map(async ({ acts }) => ({ first: await Scripted.start(acts), second: await Scripted.start(acts) })));
}

async function stopPairs(pairs: readonly Pair[]): Promise<void> {
  for (const { first, second } of pairs) {
    await first.stop();
    await second.stop();
  }
}

function configuration(pairs: readonly Pair[]): string {
  const lines = ['defaults', ' mode http', ' log global', ' option log-health-checks', ' timeout connect 1s', ' timeout server 5s'];
  CHECKS.forEach((one, i) => {
    const { first, second } = pairs[i] as Pair;
    const put = (text: string) => text.replaceAll('%PORT%', String(first.port)).replaceAll('%PORT2%', String(second.port));
    lines.push(`backend c${i}`, ...one.backend.map((line) => ` ${put(line)}`));
    lines.push(` server s ${first.host}:${first.port} check inter ${INTERVAL} ${put(one.server ?? '')}`);
  });
  return `${lines.join('\n')}\n`;
}

const INTERVAL = 400;

/** Ports and times differ. */
function leveled(text: string, { first, second }: Pair): string {
  return text
    .replaceAll(String(first.port), 'PORT')
    .replaceAll(String(second.port), 'PORT2')
    .replace(/check duration: \d+ms/, 'check duration: -');
}

/** Whoever hangs sees the end of a check a little later than it is told. */
async function noticed(pairs: readonly Pair[]): Promise<void> {
  const hanging = pairs.filter((_, i) => CHECKS[i]?.acts?.at(-1) === 'hang').flatMap(({ first, second }) => [first, second]);
  await until('the servers have seen the ends', () => hanging.every(({ seen: [seen] }) => seen?.end !== 'open'));
}

function resultOf(index: number, row: readonly string[], lines: readonly string[], pairs: readonly Pair[]): Result {
  const { acts, more } = CHECKS[index] as CheckCase;
  const pair = pairs[index] as Pair;
  const line = lines.find((one) => one.includes(`Health check for server c${index}/`)) ?? '';
  const tell = ({ seen: [seen] }: Scripted): string => {
    if (seen === undefined || seen.bytes === '') return '';
    // An SSL hello tells the time.
    const bytes = seen.bytes.replace(/^(.{11}).{4}(?=HAPROXYSSLCHK)/s, '$1TIME');
    return acts?.at(-1) === 'hang' ? `${bytes} ${seen.end}` : bytes;
  };
  return {
    row: row.map((text) => leveled(text, pair)).map((text, at) => (at === 2 && more === true && row[0] === 'L7OK' ? '' : text)),
    line: leveled(line, pair),
    seen: [tell(pair.first), tell(pair.second)].map((text) => leveled(text, pair)),
  };
}

/** Its log goes to a file: what does not fit into a pipe it drops. */
function startHaproxy(file: string): ChildProcess {
  const log = openSync(`${file}.log`, 'a');
  const haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', log, 'ignore'] });
  closeSync(log);
  return haproxy;
}

function logOf(file: string): string[] {
  return readFileSync(`${file}.log`, 'latin1').split('\n');
}

async function askHaproxy(folder: string): Promise<Result[]> {
  const pairs = await startPairs();
  const control = join(folder, 'control');
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, `global\n stats socket ${control}\n node n\n log stdout format raw local0\n${configuration(pairs)}`);
  const haproxy = startHaproxy(file);
  try {
    const rows = new Map<number, readonly string[]>();
    await until('HAProxy has checked everything', async () => {
      for (const row of await showStat(control)) {
        const [, index] = /^c(\d+)$/.exec(row.pxname ?? '') ?? [];
        const { check_status: status = '*', check_code: code = '', last_chk: info = '', check_desc: words = '' } = row;
        // While one is under way, half of it belongs to the one before.
        if (index === undefined || row.svname !== 's' || status.startsWith('*') || status === 'INI') continue;
        if (!rows.has(Number(index))) rows.set(Number(index), [status, code, info, words]);
      }
      return rows.size === CHECKS.length;
    });
    await noticed(pairs);
    const lines = logOf(file);
    return CHECKS.map((_, i) => resultOf(i, rows.get(i) ?? [], lines, pairs));
  } finally {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
    await stopPairs(pairs);
  }
}

async function showStat(control: string): Promise<Record<string, string>[]> {
  const socket = connect(control);
  socket.write('show stat\n');
  let csv = '';
  for await (const bytes of socket) csv += bytes.toString('latin1');
  const [header = '', ...lines] = csv.trim().split('\n');
  const names = header.slice(2).split(',');
  return lines.map((line) => {
    const values = line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)?.map((text) => text.replace(/,$/, '').replace(/^"(.*)"$/s, '$1')) ?? [];
    return Object.fromEntries(names.map((name, i) => [name, (values[i] ?? '').replaceAll('""', '"')]));
  });
}

async function askOurs(): Promise<Result[]> {
  const pairs = await startPairs();
  const wheel = new Wheel();
  const lines: string[] = [];
  const events: EventLog = { event: (_level, message) => lines.push(message) };
  const { config, diagnostics } = loadText(`global\n node n\n${configuration(pairs)}`, 'test.cfg', { env: {}, cwd: '/' });
  assert.ok(config, diagnostics.map(formatDiagnostic).join('\n'));
  const backends = new Backends({ wheel, events, spreadChecks: 0 });
  try {
    backends.apply(diff(NOTHING, desire(config, new Map())));
    const servers = CHECKS.map((_, i) => backends.get(`c${i}`)?.servers[0]);
    await until('we have checked everything', () => servers.every((server) => server?.verdict !== undefined));
    await noticed(pairs);
    return servers.map((server, i) => {
      const { verdict } = server ?? {};
      assert.ok(verdict);
      const { code, status, info } = verdict;
      return resultOf(i, [code, status < 0 ? '' : String(status), info, VERDICTS[code].words], lines, pairs);
    });
  } finally {
    backends.stop();
    await stopPairs(pairs);
  }
}

/** Half of them are sent something first. */
function agentConfiguration(agents: readonly Scripted[]): string {
  const lines = ['defaults', ' mode http', ' log global', ' option log-health-checks', ' timeout connect 1s', ' timeout server 5s'];
  agents.forEach(({ host, port }, i) => {
    const send = i % 2 === 0 ? '' : 'agent-send hello\\n';
    lines.push(`backend a${i}`, ` server s ${host}:1 weight 8 agent-check agent-inter ${INTERVAL} agent-port ${port} ${send}`);
  });
  return `${lines.join('\n')}\n`;
}

async function withAgents(ask: (agents: readonly Scripted[]) => Promise<Omit<Heard, 'sent'>[]>): Promise<Heard[]> {
  const agents = await Promise.all(AGENTS.map((agent) => Scripted.start(agentActs(agent))));
  try {
    const heard = await ask(agents);
    return heard.map((one, i) => ({ ...one, sent: agents[i]?.seen[0]?.bytes ?? '' }));
  } finally {
    for (const agent of agents) await agent.stop();
  }
}

function agentLine(lines: readonly string[], index: number): string {
  const line = lines.find((one) => one.includes(`Agent check for server a${index}/`)) ?? '';
  return line.replace(/check duration: \d+ms/, 'check duration: -');
}

function askHaproxyOfAgents(folder: string): Promise<Heard[]> {
  return withAgents(async (agents) => {
    const control = join(folder, 'agents');
    const file = join(folder, 'agents.cfg');
    writeFileSync(file, `global\n stats socket ${control}\n log stdout format raw local0\n${agentConfiguration(agents)}`);
    const haproxy = startHaproxy(file);
    try {
      const rows = new Map<number, readonly string[]>();
      await until('HAProxy has asked every agent', async () => {
        for (const row of await showStat(control)) {
          const [, index] = /^a(\d+)$/.exec(row.pxname ?? '') ?? [];
          const { agent_status: status = '*' } = row;
          if (index === undefined || row.svname !== 's' || status.startsWith('*') || status === 'INI') continue;
          const names = ['agent_code', 'last_agt', 'agent_desc', 'agent_health', 'status', 'weight', 'slim'];
          if (!rows.has(Number(index))) rows.set(Number(index), [status, ...names.map((name) => row[name] ?? '')]);
        }
        return rows.size === AGENTS.length;
      });
      const lines = logOf(file);
      return AGENTS.map((_, i) => ({ row: rows.get(i) ?? [], line: agentLine(lines, i) }));
    } finally {
      haproxy.kill('SIGKILL');
      await once(haproxy, 'exit');
    }
  });
}

function askOursOfAgents(): Promise<Heard[]> {
  return withAgents(async (agents) => {
    const lines: string[] = [];
    const { config } = loadText(agentConfiguration(agents), 'test.cfg', { env: {}, cwd: '/' });
    assert.ok(config);
    const backends = new Backends({ wheel: new Wheel(), events: { event: (_level, message) => lines.push(message) }, spreadChecks: 0 });
    try {
      backends.apply(diff(NOTHING, desire(config, new Map())));
      const servers = AGENTS.map((_, i) => backends.get(`a${i}`)?.servers[0]);
      await until('we have asked every agent', () => servers.every((server) => server?.agentVerdict !== undefined));
      return servers.map((server, i) => {
        const verdict = server?.agentVerdict;
        assert.ok(server !== undefined && verdict !== undefined);
        const { code, status, info } = verdict;
        const health = [
          String(server.agentHealth),
          server.statusText(),
          String(server.weight),
          server.maxconn === 0 ? '' : String(server.maxconn),
        ];
        return { row: [code, status < 0 ? '' : String(status), info, VERDICTS[code].words, ...health], line: agentLine(lines, i) };
      });
    } finally {
      backends.stop();
    }
  });
}

describe('agents, side by side with HAProxy', { skip }, () => {
  let folder = '';
  let theirs: readonly Heard[] = [];
  let ours: readonly Heard[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-agents-'));
    theirs = await askHaproxyOfAgents(folder);
    ours = await askOursOfAgents();
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  AGENTS.forEach((agent, i) => {
    it(`${i}: ${JSON.stringify(agent)?.slice(0, 60) ?? 'nobody listens'}`, () => assert.deepEqual(ours[i], theirs[i]));
  });
});

describe('checks, side by side with HAProxy', { skip }, () => {
  let folder = '';
  let theirs: readonly Result[] = [];
  let ours: readonly Result[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-checks-'));
    theirs = await askHaproxy(folder);
    ours = await askOurs();
  });
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  CHECKS.forEach(({ name, backend }, i) => {
    it(`${name} (${backend.join('; ')})`, () => assert.deepEqual(ours[i], theirs[i]));
  });
});
