/**
 * Stories about the states of servers, told to any program that reads haproxy.cfg: scripted servers, commands of the
 * Runtime API, and what the statistics and the log say after each step.
 *
 * Both are compared whole. After each step a server of its own (`mark/m`) is drained and made ready: its line in the log
 * comes behind all that the step has brought.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';

/** A story that begins a section of its own repeats them, because the last `defaults` counts. */
export const DEFAULTS = `defaults
 mode http
 log global
 timeout connect 1s
 timeout check 5s
 timeout client 10s
 timeout server 10s`;

export interface Step {
  readonly name: string;
  act(stage: Stage): void | Promise<void>;
  /** Cells to wait for: `be/s1 status=DOWN`. */
  readonly until?: readonly string[];
}

export interface Story {
  readonly name: string;
  /** What each server says at first; `%NAME%` in the configuration is its address, `%NAME.port%` its port. */
  readonly servers: Readonly<Record<string, string>>;
  /** Everything below `defaults`. */
  readonly config: string;
  /** Lines of `global`. `%DIR%` is the folder of the files. */
  readonly global?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Columns that are not compared: what a story cannot hold still. */
  readonly without?: readonly string[];
  /** Further columns. */
  readonly also?: readonly string[];
  /** How many sessions a line counts is not compared: HAProxy now and then counts the one that it has just ended. */
  readonly sessionsVary?: boolean;
  readonly steps: readonly Step[];
}

export interface Told {
  readonly step: string;
  readonly rows: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  readonly said: readonly string[];
  /** What its start said of state files. */
  readonly warned?: readonly string[];
}

/** All that is about states, without times. */
const COLUMNS =
  `status weight uweight act bck chkfail chkdown check_status check_code check_health check_rise check_fall check_desc last_chk
  agent_status agent_code agent_health agent_rise agent_fall agent_desc last_agt hanafail throttle tracked slim`.split(/\s+/);

/** A server that says one thing at a time, to checks, requests and agents alike. */
class Scripted {
  says: string;
  port = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(says: string) {
    this.says = says;
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      this.serve(socket);
    });
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private serve(socket: Socket): void {
    if (this.says.startsWith('agent:')) {
      socket.end(`${this.says.slice(6)}\n`);
      return;
    }
    socket.on('data', (bytes) => {
      // Requests for it are never answered: they are under way for as long as a story wants.
      if (bytes.toString('latin1').includes('/hold ')) return;
      const [status, reason] = /^\d/.test(this.says) ? this.says.split(' ', 2) : ['200', 'OK'];
      socket.end(`HTTP/1.1 ${status} ${reason ?? 'X'}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`);
    });
  }
}

export class Stage {
  readonly servers: Readonly<Record<string, Scripted>>;
  /** What a story has heard by itself: answers of the Runtime API, statuses. */
  readonly said: string[] = [];
  private readonly folder: string;

  constructor(folder: string, servers: Readonly<Record<string, Scripted>>) {
    this.folder = folder;
    this.servers = servers;
  }

  says(name: string, what: string): void {
    const server = this.servers[name];
    if (server === undefined) throw new Error(`no server ${name}`);
    server.says = what;
  }

  async cli(command: string): Promise<string> {
    const socket = connect(join(this.folder, 'ctl'));
    socket.end(`${command}\n`);
    let answer = '';
    for await (const bytes of socket) answer += bytes.toString();
    return answer;
  }

  private readonly held: Promise<string>[] = [];

  /** So many requests that are never answered come to be under way on `be/s1`. */
  async hold(path: string, where: string, count: number): Promise<void> {
    for (let n = 0; n < count; n++) this.held.push(this.get(path));
    await until(`${count} are under way on ${where}`, async () => holds(await this.rows(), `${where} scur=${count}`));
  }

  /** They all have ended. */
  async ended(): Promise<void> {
    this.said.push(...(await Promise.all(this.held.splice(0))));
  }

  /** Commands one after the other; answers that are no bare success are remembered. */
  async run(...commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      const answer = (await this.cli(command)).trim();
      if (answer !== '') this.said.push(`${command}: ${answer}`);
    }
  }

  /** The answer's status line, or empty when there is none. */
  async get(path: string): Promise<string> {
    return (await this.ask(`GET ${path} HTTP/1.1\r\n`)).split('\r\n', 1)[0] ?? '';
  }

  /** Posts a form to the statistics page, and remembers what became of it. */
  async post(form: string): Promise<void> {
    const head = `POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n`;
    const answer = await this.ask(head, form);
    this.said.push(/;st=(\w+)/.exec(answer)?.[1] ?? answer);
  }

  /** `show servers state` while no check is under way, with names instead of ports and without times. */
  async dump(): Promise<void> {
    let text = await until('no check is under way', async () => {
      const state = await this.cli('show servers state');
      const checking = (line: string) => (Number(line.split(' ')[CHECK_STATE]) & CHECKING) !== 0;
      return !state.split('\n').slice(2).some(checking) && state;
    });
    for (const [name, { port }] of Object.entries(this.servers)) text = text.replaceAll(new RegExp(` ${port}\\b`, 'g'), ` ${name}`);
    this.said.push(...text.split('\n').map((line) => line.replace(/^((?:\S+ ){9})-?\d+ /, '$1T ')));
  }

  private async ask(head: string, body = ''): Promise<string> {
    const socket = connect(join(this.folder, 'www'));
    socket.write(`${head}Host: x\r\nConnection: close\r\n\r\n${body}`);
    let answer = '';
    for await (const bytes of socket) answer += bytes.toString('latin1');
    return answer;
  }

  async rows(): Promise<readonly StatsRow[]> {
    return readCsv(await this.cli('show stat'));
  }
}

/** The column srv_check_state, and its bit of a check that has begun (management manual, "show servers state"). */
const CHECK_STATE = 13;
const CHECKING = 1;

/** Plays the story with `command`, which is followed by `-f <file>`. */
export async function play(story: Story, command: readonly string[]): Promise<readonly Told[]> {
  const folder = mkdtempSync(join(tmpdir(), 'states-'));
  const servers = Object.fromEntries(Object.entries(story.servers).map(([name, says]) => [name, new Scripted(says)]));
  let program: ChildProcess | undefined;
  try {
    await Promise.all(Object.values(servers).map((server) => server.listen()));
    const fill = (text: string) =>
      text
        .replaceAll('%DIR%', folder)
        .replaceAll(/%(\w+)\.port%/g, (_all, name: string) => String(servers[name]?.port))
        .replaceAll(/%(\w+)%/g, (_all, name: string) => `127.0.0.1:${servers[name]?.port}`);
    for (const [name, text] of Object.entries(story.files ?? {})) writeFileSync(join(folder, name), fill(text));
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, fill(text(story, folder)));
    const [name = '', ...args] = command;
    program = spawn(name, [...args, '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = new Log(program);
    const stage = new Stage(folder, servers);
    await until('the program answers', async () => (await stage.rows()).length > 0).catch((error: unknown) => {
      throw new Error(`no answer:\n${log.errors}`, { cause: error });
    });
    const told: Told[] = [];
    for (const step of story.steps) told.push(await take(step, stage, log, story));
    return [{ step: 'before', rows: {}, lines: [], said: [], warned: log.warnings(folder) }, ...told];
  } finally {
    for (const server of Object.values(servers)) server.close();
    if (program !== undefined && program.exitCode === null) {
      program.kill('SIGKILL');
      await once(program, 'exit');
    }
    rmSync(folder, { recursive: true });
  }
}

function text(story: Story, folder: string): string {
  return `
global
 nbthread 1
 stats socket ${folder}/ctl level admin
 log stdout format short local0
${story.global ?? ''}
${DEFAULTS}
${story.config}
backend mark
 server m 127.0.0.1:1
`;
}

class Log {
  errors = '';
  private lines: string[] = [];
  private rest = '';

  constructor(program: ChildProcess) {
    program.stdout?.on('data', (bytes: Buffer) => {
      const lines = (this.rest + bytes.toString('latin1')).split('\n');
      this.rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    program.stderr?.on('data', (bytes: Buffer) => {
      this.errors += bytes.toString('latin1');
    });
  }

  /**
   * What the start has said of state files, but for numbers that are others now (nobody goes by them), and then of what
   * they have made of servers.
   */
  warnings(folder: string): readonly string[] {
    const found = [...this.errors.matchAll(/^\[WARNING\] +\(\d+\) : config : (.*)$/gm)].map(([, message = '']) => message);
    const wrong = found.filter((message) => /server-state|server state file/.test(message) && !/^Server |ID mismatch/.test(message));
    const done = found.filter((message) => /^(Backup )?Server /.test(message));
    // HAProxy gives the reason of a check that there was not.
    return [...wrong.sort(), ...done].map((message) =>
      message.replaceAll(folder, '%DIR%').replace(', reason: Unknown, check duration: 0ms', ''),
    );
  }

  /** Severity and text of the lines up to the mark, which is forgotten with them. */
  async upTo(mark: string): Promise<string[]> {
    const at = await until(`the log says ${mark}`, () => {
      const found = this.lines.findIndex((line) => line.includes(mark));
      return found < 0 ? undefined : { found };
    });
    const lines = this.lines.slice(0, at.found);
    this.lines = this.lines.slice(at.found + 1);
    return lines.flatMap((line) => {
      const [, priority, message] = /^<(\d+)>(.*)$/.exec(line) ?? [];
      if (message === undefined || !/^(Backup )?(Server|backend|Health|Agent) /.test(message) || / mark(\/m)? /.test(message)) return [];
      return [`${Number(priority) % 8} ${message.replaceAll(/check duration: \d+ms/g, 'check duration: Nms')}`];
    });
  }
}

async function take(step: Step, stage: Stage, log: Log, { without = [], also = [], sessionsVary = false }: Story): Promise<Told> {
  await step.act(stage);
  const rows = await until(`${step.name}: ${(step.until ?? []).join(', ')}`, async () => {
    const found = await stage.rows();
    // A check that is under way hides what the last one found.
    const running = found.some((row) => row.check_status?.startsWith('* ') || row.agent_status?.startsWith('* '));
    const met = (step.until ?? []).every((condition) => holds(found, condition));
    return !running && met ? found : undefined;
  });
  await stage.run('set server mark/m state drain', 'set server mark/m state ready');
  const lines = await log.upTo('mark/m is UP (leaving forced drain)');
  const shown = rows.filter(({ pxname, svname }) => pxname !== 'mark' && svname !== 'FRONTEND');
  return {
    step: step.name,
    rows: Object.fromEntries(
      shown.map((row) => [
        `${row.pxname}/${row.svname}`,
        essence(
          row,
          [...COLUMNS, ...also].filter((column) => !without.includes(column)),
        ),
      ]),
    ),
    lines: sessionsVary ? lines.map((line) => line.replace(/\d+ sessions active/, 'N sessions active')) : lines,
    said: stage.said.splice(0),
  };
}

/** With quotes: what checks and agents hear has commas, and HAProxy lets line feeds into a cell. */
function readCsv(csv: string): readonly StatsRow[] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.replace(/^# /, '').matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    lines.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\n') lines.push([]);
  }
  const [names = [], ...rows] = lines.filter((cells) => cells.length > 1);
  return rows.map((cells) => Object.fromEntries(cells.map((cell, at) => [names[at] ?? '', cell])));
}

function holds(rows: readonly StatsRow[], condition: string): boolean {
  const [, proxy, server, column = '', value] = /^(\w+)\/(\w+) (\w+)=(.*)$/.exec(condition) ?? [];
  const row = rows.find(({ pxname, svname }) => pxname === proxy && svname === server);
  return row?.[column] === value;
}

function essence(row: StatsRow, columns: readonly string[]): string {
  return columns
    .filter((column) => row[column] !== '')
    .map((column) => `${column}=${row[column]}`)
    .join(' ');
}
