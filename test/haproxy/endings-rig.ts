/**
 * HAProxy and Fairlead with the same configuration, and stories that are played to both: every way in which an exchange
 * can end, its line in the log and what is counted. A story has a frontend and a backend of its own, so all run at once.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWN_HOST, startDeaf } from '../support/faulty.ts';
import { Peer, type PeerServer, startPeers } from '../support/peer.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';

export interface Ending {
  readonly name: string;
  /** Lines of its frontend `f` and its backend `b`. */
  readonly front?: readonly string[];
  readonly back?: readonly string[];
  /** The one server `s1`: `refuses` has no listener, `deaf` does not accept; default `serves`. */
  readonly server?: 'serves' | 'refuses' | 'deaf' | 'none';
  /** `option abortonclose` in both of its proxies: HAProxy heeds it where the frontend has inherited it alone. */
  readonly aborts?: boolean;
  /** The frontend has no backend. */
  readonly lost?: boolean;
  /** What stands behind its address. */
  readonly words?: string;
  play(stage: Stage): Promise<unknown>;
  /** The termination state of each of its lines in HAProxy's log. */
  readonly states: readonly string[];
  /** What of it Fairlead does otherwise, and why. */
  readonly ours?: Partial<Outcome> & { readonly why: string };
}

/** Delays of stories, ms; what takes less than half of that was not delayed. */
export const LONG = 1000;
const FEW = 600;

/** What one story is played on. */
export class Stage {
  readonly index: number;
  private readonly side: Side;

  constructor(side: Side, index: number) {
    this.side = side;
    this.index = index;
  }

  client(): Promise<Peer> {
    return Peer.connect(this.side.portOf(this.index), OWN_HOST);
  }

  /** A client that has sent `text`. */
  async sent(text: string): Promise<Peer> {
    const client = await this.client();
    client.send(text);
    return client;
  }

  /** The next connection to its server. */
  server(): Promise<Peer> {
    return (this.side.servers.get(this.index) as PeerServer).next();
  }

  /** Its server's connection number `count`, unless so many lines are logged without it. */
  async serverUnless(count: number): Promise<Peer | undefined> {
    const server = this.side.servers.get(this.index) as PeerServer;
    await until('it is connected, or logged', () => server.connections() >= count || this.side.lines(this.index).length >= count);
    return server.connections() >= count ? server.next() : undefined;
  }

  /** A client and the server that has its whole request. */
  async asked(text: string): Promise<readonly [client: Peer, server: Peer]> {
    const client = await this.sent(text);
    const server = await this.server();
    await server.got('\r\n\r\n');
    return [client, server];
  }

  /** Asks the Runtime API; `$` is this story's number. */
  command(text: string): Promise<string> {
    return this.side.command(text.replaceAll('$', String(this.index)));
  }

  /** The one session of this story, as `show sess` calls it. */
  session(): Promise<string> {
    return until('it is listed', async () => {
      const line = (await this.command('show sess')).split('\n').find((one) => one.includes(` fe=f${this.index} `));
      return line?.split(':')[0];
    });
  }

  /** So many of its lines are logged. */
  async logged(count: number): Promise<void> {
    await until(`${count} lines of ${this.index} are logged`, () => this.side.lines(this.index).length >= count);
  }

  async reaches(row: 'FRONTEND' | 's1' | 'BACKEND', column: string, value: number): Promise<void> {
    await until(`${column} of ${row} is ${value}`, async () => Number((await this.side.rows(this.index)).get(row)?.[column]) === value);
  }
}

export interface Outcome {
  readonly log: readonly string[];
  readonly counters: Readonly<Record<string, string>>;
}

/** Plays them all, some at a time; `done` has the outcomes of one, by side. */
export function playAll(sides: readonly Side[], endings: readonly Ending[]): Promise<readonly Outcome[]>[] {
  const queue = [...endings.entries()];
  const outcomes = endings.map(() => new Deferred<readonly Outcome[]>());
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, ending] = next;
      const both = Promise.all(sides.map((side) => side.play(index, ending)));
      outcomes[index]?.settle(both);
      await both.catch(() => undefined);
    }
  };
  for (let i = 0; i < AT_A_TIME; i++) void work();
  return outcomes.map(({ promise }) => promise);
}

/** Plays one again, when all have been played: to tell a machine that stood still for a moment from a time that is wrong. */
export async function playAgain(sides: readonly Side[], index: number, ending: Ending): Promise<readonly Outcome[]> {
  for (const side of sides) await side.forget(index);
  return Promise.all(sides.map((side) => side.play(index, ending)));
}

/** More of them would make each other wait. */
const AT_A_TIME = 24;

class Deferred<T> {
  settle: (value: Promise<T>) => void = () => {};
  readonly promise: Promise<T>;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.settle = resolve;
    });
    // Who waits for it comes later.
    this.promise.catch(() => undefined);
  }
}

/** Columns in the order in which outcomes name them. */
const COUNTERS: readonly string[] = [
  ...['stot', 'bin', 'bout', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'wretr', 'wredis', 'lbtot', 'req_tot', 'cli_abrt', 'srv_abrt'],
  ...['conn_tot', 'connect', 'reuse', 'intercepted', 'dcon', 'dses', 'wrew', 'eint', 'qmax'],
  ...['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other'],
];
/** The highest of them: an average would tell no more of one request. */
const TIMES: readonly string[] = ['qtime_max', 'ctime_max', 'rtime_max', 'ttime_max'];

const DEFAULTS = `
 mode http
 log global
 log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r %Th/%Ti/%Tq/%Td/%Tt/%Tu %U"
 retries 0
 timeout connect 5s
 timeout client 5s
 timeout server 5s
`;

/** One of the two programs. */
export class Side {
  readonly servers = new Map<number, PeerServer>();
  private folder = '';
  private readonly name: string;
  private readonly firstPort: number;
  private readonly stops: (() => Promise<void>)[] = [];
  private deaf: ReturnType<typeof startDeaf> | undefined;
  private readonly make: (file: string) => ChildProcess;
  private process: ChildProcess | undefined;
  private text = '';
  /** Lines of stories that are played again. */
  private readonly former = new Map<number, number>();
  private said = '';

  private constructor(name: string, firstPort: number, make: (file: string) => ChildProcess) {
    this.name = name;
    this.firstPort = firstPort;
    this.make = make;
  }

  static haproxy(): Side {
    return new Side('HAProxy', 20_000, (file) => spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  static fairlead(): Side {
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    return new Side('Fairlead', 30_000, (file) => spawn(process.execPath, [main, '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async start(endings: readonly Ending[]): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'fairlead-endings-'));
    let sections = '';
    let aborting = `defaults${DEFAULTS} option abortonclose\n`;
    for (const [index, ending] of endings.entries()) {
      if (ending.aborts === true) aborting += await this.section(index, ending);
      else sections += await this.section(index, ending);
    }
    const file = join(this.folder, 'haproxy.cfg');
    const global = `global\n nbthread 1\n stats socket ${this.folder}/ctl level admin\n log stdout format raw local0\n`;
    writeFileSync(file, `${global}defaults${DEFAULTS}${sections}${aborting}`);
    this.process = this.make(file);
    this.process.stdout?.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    this.process.stderr?.on('data', (bytes: Buffer) => {
      this.said += bytes.toString('latin1');
    });
    await until('it answers', async () => {
      if (this.process?.exitCode !== null) throw new Error(this.said);
      return (await this.command('show info')).includes('Version');
    }).catch((error: unknown) => {
      throw new Error(`it does not start:\n${this.said}`, { cause: error });
    });
  }

  async stop(): Promise<void> {
    if (this.process !== undefined && this.process.exitCode === null) {
      this.process.kill('SIGKILL');
      await once(this.process, 'exit');
    }
    await Promise.all(this.stops.map((stop) => stop()));
    await (await this.deaf)?.stop();
    rmSync(this.folder, { recursive: true });
  }

  private async section(index: number, ending: Ending): Promise<string> {
    const lines = [...(ending.back ?? [])];
    const address = await this.address(index, ending.server ?? 'serves');
    if (address !== undefined) lines.push(`server s1 ${address} ${ending.words ?? ''}`);
    const front = (ending.front ?? []).map((line) => ` ${line}\n`).join('');
    const bind = `frontend f${index}\n bind ${OWN_HOST}:${this.portOf(index)}\n`;
    if (ending.lost === true) return `${bind}${front}backend b${index}\n`;
    return `${bind}${front} default_backend b${index}\nbackend b${index}\n${lines.map((line) => ` ${line}\n`).join('')}`;
  }

  private async address(index: number, kind: NonNullable<Ending['server']>): Promise<string | undefined> {
    switch (kind) {
      case 'none':
        return undefined;
      case 'refuses':
        return `${OWN_HOST}:1`;
      case 'deaf': {
        // One for all: nobody is ever connected to it.
        this.deaf ??= startDeaf();
        return `127.0.0.1:${(await this.deaf).port}`;
      }
      case 'serves': {
        const server = await startPeers();
        this.stops.push(() => server.stop());
        this.servers.set(index, server);
        return server.address;
      }
    }
  }

  portOf(index: number): number {
    return this.firstPort + index;
  }

  async command(text: string): Promise<string> {
    const socket = connect(join(this.folder, 'ctl')).setEncoding('latin1');
    socket.write(`${text}\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }

  /** What is logged of that story so far. */
  lines(index: number): string[] {
    const mark = ` f${index} `;
    const lines = this.text.split('\n').filter((line) => line.includes(mark) && line.includes('] '));
    return lines.slice(this.former.get(index) ?? 0);
  }

  /** From here on as if it had not been played yet; nothing else is. */
  async forget(index: number): Promise<void> {
    this.former.set(index, this.lines(index).length + (this.former.get(index) ?? 0));
    await this.command('clear counters all');
  }

  /** The rows of that story's proxies. */
  async rows(index: number): Promise<Map<string, StatsRow>> {
    const rows = parseStats(`${await this.command(`show stat f${index} -1 -1`)}`);
    const more = parseStats(`${await this.command(`show stat b${index} -1 -1`)}`);
    return new Map([...rows, ...more].map((row) => [row.svname ?? '', row]));
  }

  /** Plays it, and tells what came of it. */
  async play(index: number, ending: Ending): Promise<Outcome> {
    await ending.play(new Stage(this, index)).catch((error: unknown) => {
      throw new Error(`${this.name}: ${this.lines(index).join(' | ')}`, { cause: error });
    });
    await until(
      `its lines are logged; there is ${JSON.stringify(this.lines(index))}`,
      () => this.lines(index).length >= ending.states.length,
    );
    const rows = await until('all is over', async () => {
      const all = await this.rows(index);
      return [...all.values()].every(({ scur }) => scur === '0') && all;
    });
    return { log: this.lines(index).map(essence), counters: essentials(rows) };
  }
}

/**
 * `s1 200 154 ---- 0/0/0/0/0 0/0/0 0/0 GET / HTTP/1.1 0/0/0/0/0/0 38` of a line: server, status, bytes to the client, termination,
 * timers, connections and retries, queues, request, more timers, bytes from the client.
 */
function essence(line: string): string {
  const pattern = /\] \S+ \w+\/(\S+) (\S+) (-?\d+) (\+?\d+) - - (\S{4}) \d+\/\d+\/(\d+\/\d+\/\+?\d+) (\S+) "(.*)" (\S+) (\d+)$/;
  const [, server, times = '', status, sent, termination, counts, queues, request, more = '', received] = pattern.exec(line) ?? [];
  if (server === undefined) return line;
  const head = `${server} ${status} ${roughly(sent)} ${termination} ${classesOf(times)} ${counts} ${queues} ${request}`;
  return `${head} ${classesOf(more)} ${roughly(received)}`;
}

/** What a stalled transfer has come to depends on buffers of the system. */
function roughly(bytes = ''): string {
  return bytes.length > 6 ? 'many' : bytes;
}

/** Of such a text: `SC--`. */
export function stateOf(line: string): string {
  return line.split(' ')[3] ?? '';
}

/** The same, but for how long things took. */
export function timeless({ log, counters }: Outcome): Outcome {
  const lines = log.map((line) => line.replace(/(?<= )[-0+](?:\/[-0+])+(?= |$)/g, '*'));
  const counted = Object.entries(counters).map(([name, text]) => [name, text.replace(/ ?\b[qcrt]time_max\b/g, '').trim()]);
  return { log: lines, counters: Object.fromEntries(counted) };
}

function classesOf(times: string): string {
  return times.split('/').map(classOf).join('/');
}

function classOf(time: string): string {
  const ms = Number(time);
  if (ms < 0) return '-';
  return ms < FEW ? '0' : '+';
}

function essentials(rows: ReadonlyMap<string, StatsRow>): Record<string, string> {
  const counted = (row: StatsRow) => COUNTERS.flatMap((name) => ((row[name] ?? '0') > '0' ? [`${name} ${roughly(row[name])}`] : []));
  const long = (row: StatsRow) => TIMES.flatMap((name) => (Number(row[name] ?? 0) >= FEW ? [name] : []));
  return Object.fromEntries([...rows].map(([name, row]) => [name, [...counted(row), ...long(row)].join(' ')]));
}
