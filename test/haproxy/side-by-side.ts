/**
 * HAProxy and Fairlead with one configuration, each before the same servers, for tests that do the same to both and compare
 * what they tell. Everybody listens on unix sockets in a folder of his own (`%DIR%` in the configuration), so no port is taken.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIELDS } from '../../src/stats/fields.ts';
import { askCli } from '../support/cli.ts';
import { program } from '../support/paths.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const found = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
export const skip = /version 2\.6\./.test(found.stdout ?? '') ? false : 'HAProxy 2.6 is not installed (Debian 12: apt-get install haproxy)';

const COMMANDS = { haproxy: ['haproxy', '-db'], fairlead: [process.execPath, program, '-db'] } as const;

/** One connection of a client. */
export class Client {
  readonly socket: Socket;
  received = '';
  ended = false;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
    });
    for (const event of ['end', 'close', 'error']) {
      this.socket.on(event, () => {
        this.ended = true;
      });
    }
  }

  /** Sends, and waits for so many responses in all, or for the end. What answers HEAD has no body. */
  async say(text: string, responses = 1): Promise<string> {
    this.socket.write(text, 'latin1');
    const bodiless = text.startsWith('HEAD ');
    await until(`${responses} responses; have ${this.received}`, () => this.ended || countOf(this.received, bodiless) >= responses);
    return this.received;
  }

  /** All there is until the other side closes. */
  async rest(): Promise<string> {
    await until(`the connection ends; have ${this.received}`, () => this.ended);
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Whole final responses, by their framing. */
function countOf(text: string, bodiless: boolean): number {
  let count = 0;
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n\r\n', at) + 4;
    if (end < 4) return count;
    const head = text.slice(at, end);
    const length = bodiless ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const last = text.indexOf('\r\n0\r\n\r\n', end - 2);
      if (last < 0) return count;
      at = last + 7;
    } else if (text.length < end + length) return count;
    else at = end + length;
    if (!head.startsWith('HTTP/1.1 1')) count++;
  }
}

export class Side {
  readonly name: keyof typeof COMMANDS;
  readonly folder: string;
  private readonly process: ChildProcess;
  output = '';

  private constructor(name: keyof typeof COMMANDS, folder: string) {
    this.name = name;
    this.folder = folder;
    const [command, ...args] = COMMANDS[name];
    this.process = spawn(command, [...args, '-f', join(folder, 'cfg')], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes.toString('latin1');
      });
    }
  }

  /** `config` has a `stats socket %DIR%/ctl`; `files` stand beside it. */
  static async start(name: keyof typeof COMMANDS, config: string, files: Readonly<Record<string, string>> = {}): Promise<Side> {
    const folder = mkdtempSync(join(tmpdir(), `side-${name}-`));
    for (const [file, text] of Object.entries({ ...files, cfg: `${config}\n` })) {
      writeFileSync(join(folder, file), text.replaceAll('%DIR%', folder));
    }
    const side = new Side(name, folder);
    try {
      await until(`${name} answers`, async () => {
        if (side.process.exitCode !== null) throw new Error(`${name} ended: ${side.output}`);
        return (await side.cli('show info')).includes('Version');
      });
    } catch (error) {
      await side.stop();
      throw new Error(`${name} does not start: ${side.output}`, { cause: error });
    }
    return side;
  }

  /** Of the Runtime API, answered so far. */
  commands = 0;

  async cli(command: string, socket = 'ctl'): Promise<string> {
    const answer = await askCli(join(this.folder, socket), command);
    this.commands++;
    return answer;
  }

  async rows(): Promise<readonly StatsRow[]> {
    return parseStats((await this.cli('show stat')).trimEnd());
  }

  client(name: string): Client {
    return new Client(join(this.folder, name));
  }

  /** Requests over one connection, which is ended when all are answered, and waited for until the other side has closed it. */
  async ask(name: string, ...requests: readonly string[]): Promise<string> {
    const client = this.client(name);
    for (const [index, request] of requests.entries()) await client.say(request, index + 1);
    client.socket.end();
    await client.rest();
    client.close();
    return client.received;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGKILL');
      await once(this.process, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** For configurations in which nothing takes long. */
export const DEFAULTS = `defaults
 mode http
 timeout connect 1s
 timeout client 5s
 timeout server 5s`;

export type Sides = readonly [haproxy: Side, fairlead: Side];

export async function startSides(config: string, files: Readonly<Record<string, string>> = {}): Promise<Sides> {
  const starting = [Side.start('haproxy', config, files), Side.start('fairlead', config, files)] as const;
  try {
    return await Promise.all(starting);
  } catch (error) {
    // The one that did start would keep the tests from ending.
    for (const side of starting) await side.then((started) => started.stop()).catch(() => {});
    throw error;
  }
}

export async function stopSides(sides: Sides | undefined): Promise<void> {
  await Promise.all(sides?.map((side) => side.stop()) ?? []);
}

/** What each of them gives. */
export function both<T>([haproxy, fairlead]: Sides, ask: (side: Side) => Promise<T>): Promise<readonly [theirs: T, ours: T]> {
  return Promise.all([ask(haproxy), ask(fairlead)]);
}

/** The Runtime API of both answers a line with the same, or with what `comparable` makes the same. */
export async function answerAlike(
  sides: Sides,
  line: string,
  comparable: (answer: string) => unknown = (answer) => answer,
  socket = 'ctl',
): Promise<void> {
  const [theirs, ours] = await both(sides, (side) => side.cli(line, socket));
  assert.deepEqual([line, comparable(ours)], [line, comparable(theirs)]);
}

/** `app/s1` of both, where nobody listens, is known to be down. */
export async function firstCheck(sides: Sides): Promise<void> {
  for (const side of sides) {
    await until('the first check is over', async () => /^app,s1,.*,DOWN,/m.test(await side.cli('show stat app 4 1')));
  }
}

/** A row of statistics by the columns that are documented, but for these. */
export function columnsBut(names: readonly string[], row: StatsRow): object {
  return Object.fromEntries(FIELDS.map(({ name }) => [name, row[name]]).filter(([name]) => !names.includes(name ?? '')));
}

/** What a server of these tests does with a request is in its path. */
export interface Servers extends Upstream {
  /** Where an agent says `maxconn:7` to whoever connects, and nothing else. */
  readonly agent: string;
  /** Answers what is held under this name, once it is there. */
  release(name: string): Promise<void>;
  /** So many requests have come for `/hold/<name>`. */
  held(name: string): boolean;
}

const ok = (body: string, status = '200 OK'): string => `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

export async function startServers(): Promise<Servers> {
  const agent = await startRawUpstream((socket) => socket.end('75% maxconn:7\n'));
  const held = new Map<string, Socket>();
  const upstream = await startRawUpstream((socket) => {
    let received = '';
    socket.on('end', () => socket.end());
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n') + 4;
        if (end < 4) return;
        const whole = endOfBody(received, end);
        if (whole < 0 || received.length < whole) return;
        const path = received.split(' ', 2)[1] ?? '';
        received = received.slice(whole);
        answer(socket, path, held);
      }
    });
  });
  return {
    ...upstream,
    agent: agent.address,
    async stop() {
      await Promise.all([upstream.stop(), agent.stop()]);
    },
    held: (name) => held.has(name),
    async release(name) {
      const socket = await until(`${name} is held`, () => held.get(name));
      held.delete(name);
      socket.write(ok('held'));
    },
  };
}

/** Behind the body of the request whose head ends at `end`; -1 where that is not to be seen yet. */
function endOfBody(text: string, end: number): number {
  const head = text.slice(0, end);
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return end + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const last = text.indexOf('0\r\n\r\n', end);
  return last < 0 ? -1 : last + 5;
}

function answer(socket: Socket, path: string, held: Map<string, Socket>): void {
  const [, what = '', more = ''] = path.split('/');
  if (/^[2-5]\d\d$/.test(what) && what !== '204') socket.write(ok('status', `${what} Status`));
  else if (what === 'hold') held.set(more, socket);
  else if (what === 'close') socket.end();
  else if (what === 'junk') socket.end('SSH-2.0-OpenSSH\r\n\r\n');
  else if (what === 'cut') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
  else if (what === 'interim') socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('ok')}`);
  else if (what === 'chunks') socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n');
  else if (what === '204') socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  else if (what === 'last') socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end`);
  else if (what !== 'silent') socket.write(ok('ok'));
}
