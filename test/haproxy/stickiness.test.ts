/**
 * Stickiness, side by side: each story (stickiness-cases.ts) is played to the real HAProxy and to ours, with the same servers
 * behind them, and everything that can be seen is compared: which server was asked, what cookies it got, what the client got,
 * what was logged with all four letters, and what stands in the table.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { writeDate } from '../../src/proxy/cookies.ts';
import { Balancer } from '../scenarios/balancer.ts';
import { parseStats } from '../support/stats.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';
import { type Ask, COOKIES, FULL, OUTAGES, REFUSALS, type Step, type Story, TABLES } from './stickiness-cases.ts';

const STORIES: readonly Story[] = [...COOKIES, ...REFUSALS, ...OUTAGES, ...TABLES, ...FULL];

/** What one request came to. */
interface Outcome {
  readonly asked: string;
  readonly status: string;
  readonly server: string;
  /** `Cookie` lines that the server got. */
  readonly got: readonly string[];
  /** Lines of the response that are about cookies. */
  readonly answered: readonly string[];
  /** server, status, termination, retries. */
  readonly logged: string;
}

/** One of the two. */
interface Subject {
  connect(story: number): Socket;
  set(story: number, server: string, state: string): Promise<void>;
  /** Lines of the log about that story so far. */
  logged(story: number): readonly string[];
  table(story: number): Promise<readonly string[]>;
  /** How many wait for s1. */
  queued(story: number): Promise<number>;
  stop(): Promise<void>;
}

let folder = '';
let servers: Upstream[] = [];

function configuration(bind: (story: number) => string): string {
  const address = (_: string, name: string): string =>
    name === 'gone' ? `unix@${folder}/gone` : (servers[Number(name[1]) - 1]?.address ?? '');
  return STORIES.map(({ backend, frontend = [], listen = false }, index) => {
    const lines = backend.filter((line) => line !== '').map((line) => ` ${line.replace(/<(\w+)>/, address)}`);
    const front = [`frontend f${index}`, ` bind ${bind(index)}`, ...frontend, ` default_backend b${index}`];
    if (listen) return [`listen f${index}`, ...front.slice(1, -1), ...lines, ''].join('\n');
    return [...front, `backend b${index}`, ...lines, ''].join('\n');
  }).join('\n');
}

async function startHaproxy(): Promise<Subject> {
  const file = join(folder, 'haproxy.cfg');
  const head = `global\n nbthread 1\n stats socket ${folder}/ctl level admin\n log stdout format raw local0\n`;
  const defaults = 'defaults\n mode http\n log global\n option httplog\n timeout connect 2s\n timeout client 10s\n timeout server 10s\n';
  const listening = await inherited(STORIES.filter((story) => story.tcp === true).length);
  const numbers = new Map(STORIES.flatMap((story, index) => (story.tcp === true ? [index] : [])).map((index, place) => [index, place]));
  const bind = (index: number): string => (numbers.has(index) ? `fd@${3 + (numbers.get(index) ?? 0)}` : `unix@${folder}/f${index}`);
  writeFileSync(file, head + defaults + configuration(bind));
  const descriptors = listening.map((one) => (one as unknown as { readonly _handle: { readonly fd: number } })._handle.fd);
  const haproxy: ChildProcess = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe', ...descriptors] });
  const ports = listening.map((one) => (one.address() as AddressInfo).port);
  // HAProxy has its own copies.
  for (const one of listening) one.close();
  let said = '';
  for (const stream of [haproxy.stdout, haproxy.stderr]) stream?.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
  await until('HAProxy listens', async () => haproxy.exitCode !== null || (await listens(`${folder}/ctl`)));
  assert.equal(haproxy.exitCode, null, said);
  return {
    connect: (story) => {
      const place = numbers.get(story);
      return place === undefined ? connect(`${folder}/f${story}`) : connect(ports[place] as number, '127.0.0.1');
    },
    async set(story, server, state) {
      const kind = state === 'up' || state === 'down' ? 'health' : 'state';
      assert.equal((await command(`set server b${story}/${server} ${kind} ${state}`)).trim(), '');
    },
    logged: (story) =>
      [...said.matchAll(new RegExp(` f${story} [bf]${story}/(\\S+) \\S+ (\\S+) \\d+ - - (\\S{4}) \\S+/(\\+?\\d+) \\d+/\\d+ `, 'g'))].map(
        (match) => match.slice(1).join(' '),
      ),
    async table(story) {
      const shown = await command(`show table b${story}`);
      const rows = [...shown.matchAll(/ key=(.*) use=0 exp=\d+ (?:shard=\d+ )?server_id=(\d+) server_key=(\S*)/g)];
      return rows.map(([, key = '', id, name]) => `${unescaped(key)} ${id} ${name}`).sort();
    },
    async queued(story) {
      const row = parseStats(await command('show stat')).find(({ pxname, svname }) => pxname === `b${story}` && svname === 's1');
      return Number(row?.qcur);
    },
    async stop() {
      haproxy.kill('SIGKILL');
      await once(haproxy, 'exit');
    },
  };
}

/** Sockets that listen, for HAProxy to inherit: their ports are the system's choice. */
function inherited(count: number): Promise<net.Server[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
}

/** `show table` puts a backslash before some characters, and writes others in hexadecimal. */
function unescaped(key: string): string {
  return key.replace(/\\(?:x([0-9A-F]{2})|(.))/g, (_, code: string | undefined, char: string) =>
    code === undefined ? char : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

async function command(line: string): Promise<string> {
  const socket = connect(`${folder}/ctl`);
  socket.end(`${line}\n`);
  let answer = '';
  for await (const bytes of socket) answer += bytes.toString('latin1');
  return answer;
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function startOurs(): Promise<Subject> {
  // Ports of this machine are used again and again: somebody else's check may come by, and be logged.
  const path = (story: number): string => `${folder}/ours${story}`;
  const tcp = (story: number): boolean => STORIES[story]?.tcp === true;
  const balancer = await Balancer.start(configuration((story) => (tcp(story) ? '127.0.0.1:0' : `unix@${path(story)}`)));
  return {
    connect: (story) => (tcp(story) ? connect(balancer.port(`f${story}`), '127.0.0.1') : connect(path(story))),
    async set(story, name, state) {
      const server = balancer.server(`b${story}`, name);
      if (state === 'up' || state === 'down') server.forceHealth(state, monotonic());
      else server.setAdmin(state as 'ready', monotonic());
    },
    logged: (story) =>
      balancer.logged
        .filter((line) => line.frontend === `f${story}`)
        .map(
          ({ server, status, termination, retries, redispatched }) =>
            `${server} ${status} ${termination} ${redispatched ? '+' : ''}${retries}`,
        ),
    async table(story) {
      const entries = balancer.backends.get(`b${story}`)?.stickTable?.entries() ?? [];
      return Array.from(entries, ({ key, serverId, serverName }) => `${key} ${serverId} ${serverName}`).sort();
    },
    queued: async (story) => balancer.server(`b${story}`, 's1').queue.length,
    stop: () => balancer.stop(),
  };
}

/** Dates of cookies as `<seconds from now>`, and back; four seconds are their grain. */
function dated(text: string): string {
  return text.replace(/@(-?\d+)/g, (_, seconds: string) => writeDate(Math.floor(Date.now() / 1000) + Number(seconds)));
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function undated(line: string): string {
  return line.replace(/\|([A-Za-z0-9+/]{5})/g, (_, date: string) => {
    const seconds = [...date].reduce((sum, digit) => sum * 64 + DIGITS.indexOf(digit), 0) * 4 - Date.now() / 1000;
    // Within a minute is when it was written; what came from the client was older.
    return Math.abs(seconds) < 16 ? '|<now>' : `|<${Math.round(seconds / 60)} min>`;
  });
}

async function ask(subject: Subject, story: number, one: Ask): Promise<Outcome> {
  const { method = 'GET', path = '/', fields = [], cookies = [], answer = [], status = 200 } = one;
  const orders = Buffer.from(JSON.stringify({ answer, status })).toString('base64');
  const lines = [
    ...fields,
    ...cookies.map((value) => `Cookie: ${dated(value)}`),
    `x-orders: ${orders}`,
    'Content-Length: 0',
    'Connection: close',
  ];
  const before = subject.logged(story).length;
  const socket = subject.connect(story);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  for await (const bytes of socket) text += bytes.toString('latin1');
  await until('it is logged', () => subject.logged(story).length > before);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const told = /^\{.*\}$/.test(body) ? (JSON.parse(body) as { server: string; got: string[] }) : { server: '', got: [] };
  const about = head.split('\r\n').filter((line) => /^(set-cookie2?|cache-control):/i.test(line));
  return {
    asked: JSON.stringify(one),
    status: head.slice(9, 12),
    server: told.server,
    got: told.got.map(undated),
    // Ours and HAProxy's error pages differ in that; it is not about cookies there.
    answered: told.server === '' ? [] : about.map((line) => undated(line.replace(/^[^:]*/, (name) => name.toLowerCase()))),
    logged: subject.logged(story).slice(before).join(', '),
  };
}

async function play(subject: Subject, story: number, steps: readonly Step[]): Promise<unknown> {
  const outcomes: unknown[] = [];
  for (const step of steps) {
    if ('set' in step) await subject.set(story, ...step.set);
    else {
      outcomes.push(await ask(subject, story, step));
      const table = await subject.table(story);
      if (table.length > 0) outcomes.push(table);
    }
  }
  return outcomes;
}

/** What servers were asked at `/hold`, and have not answered yet. */
const held: (() => void)[] = [];

/** Two of s1's clients hold it and its queue; then come the others. */
async function playFull(subject: Subject, story: number, steps: readonly Step[]): Promise<unknown> {
  const hold = { path: '/hold', cookies: ['SRV=one'] };
  const first = ask(subject, story, hold);
  await until('the server is held', () => held.length === 1);
  const second = ask(subject, story, hold);
  await until('somebody waits', async () => (await subject.queued(story)) === 1);
  const outcomes = await play(subject, story, steps);
  held.shift()?.();
  await until('the next one holds it', () => held.length === 1);
  held.shift()?.();
  const statuses = [await first, await second].map(({ status, server: name, answered }) => [status, name, answered]);
  return [outcomes, statuses];
}

/** Answers as it is told, and tells what it got. */
function server(name: string): Promise<Upstream> {
  return startRawUpstream((socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const answer = respond(name, text.slice(0, end));
        if (text.startsWith('GET /hold ')) held.push(() => socket.write(answer, 'latin1'));
        else socket.write(answer, 'latin1');
        text = text.slice(end + 4);
      }
    });
    socket.on('end', () => socket.end());
  });
}

function respond(name: string, head: string): string {
  const values = (field: RegExp): string[] => [...head.matchAll(field)].map((match) => (match[1] ?? '').trim());
  const [orders = ''] = values(/\r\nx-orders:(.*)/gi);
  const { answer, status } = JSON.parse(Buffer.from(orders, 'base64').toString()) as { answer: string[]; status: number };
  const body = JSON.stringify({ server: name, got: values(/\r\ncookie:(.*)/gi) });
  return `HTTP/1.1 ${status} Some\r\n${answer.map((line) => `${line}\r\n`).join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
}

describe('stickiness, side by side with HAProxy', { skip }, () => {
  let haproxy: Subject;
  let ours: Subject;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-sticky-'));
    servers = await Promise.all(['s1', 's2', 's3'].map(server));
    haproxy = await startHaproxy();
    ours = await startOurs();
  });
  after(async () => {
    await haproxy?.stop();
    await ours?.stop();
    for (const one of servers) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [index, { name, steps }] of STORIES.entries()) {
    test(name, async () => {
      const how = FULL.some((story) => story.name === name) ? playFull : play;
      assert.deepEqual(await how(ours, index, steps), await how(haproxy, index, steps));
    });
  }
});
