/**
 * Stories about who waits for which server, and where (queue.txt). The same are played to Fairlead (queue.test.ts) and to
 * the real HAProxy (test/haproxy/queue.test.ts). Servers hold every request until the script lets them answer, so the
 * script alone decides what happens in which order.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { OWN_HOST, refusingAddress } from '../support/faulty.ts';
import { root } from '../support/paths.ts';
import { serve } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

export interface Story {
  readonly name: string;
  /** Of the backend. */
  readonly lines: readonly string[];
  readonly steps: readonly string[];
  readonly outcome: Outcome;
  /** Where it is not HAProxy's. */
  readonly ours: Outcome;
}

export interface Outcome {
  /** By step: who is with which server, and qcur of the backend and of each server: `s1=a,b s2=c q=1/0/2`. */
  readonly after: readonly string[];
  /** By request that is over: `<server> <status> <termination> <retries> <srv_queue>/<backend_queue>`. */
  readonly log: Readonly<Record<string, string>>;
  /** By server, and of the backend (`be`): those of COLUMNS that are not 0. */
  readonly counters: Readonly<Record<string, string>>;
}

export type Columns = Readonly<Record<string, string>>;

/** Of all stories: nobody is given up but where a story wants it. `option abortonclose` works in HAProxy where the frontend inherits it. */
export const DEFAULTS = `
defaults
 mode http
 option httplog
 option abortonclose
 timeout connect 20s
 timeout client 20s
 timeout server 20s
`;

/** A balancer with a frontend and the backend `be`. */
export interface Balancing {
  /** Of OWN_HOST: nobody else's clients go there. */
  readonly port: number;
  /** Rows of `be`, by svname. */
  rows(): Promise<ReadonlyMap<string, Columns>>;
  run(command: string): Promise<void>;
  /** By request, in the words of `Outcome.log`. */
  logged(): Readonly<Record<string, string>>;
}

const COLUMNS: readonly string[] = ['qmax', 'smax', 'stot', 'lbtot', 'econ', 'wretr', 'wredis', 'cli_abrt', 'hrsp_2xx', 'hrsp_5xx'];

/** Answers a request when it is told to. */
class HoldingServer {
  readonly name: string;
  readonly held = new Map<string, Socket>();

  constructor(name: string) {
    this.name = name;
  }

  readonly take = (socket: Socket): void => {
    let received = '';
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      const request = /^GET \/(\w+) [\s\S]*?\r\n\r\n$/.exec(received)?.[1];
      if (request === undefined) return;
      received = '';
      this.held.set(request, socket);
      socket.once('close', () => this.held.delete(request));
    });
    socket.on('end', () => socket.end());
  };

  answer(request: string): boolean {
    const socket = this.held.get(request);
    if (socket === undefined) return false;
    this.held.delete(request);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${this.name.length}\r\n\r\n${this.name}`);
    return true;
  }
}

/** Reads queue.txt, which says how it is written. */
export function readStories(): readonly Story[] {
  const text = readFileSync(join(root, 'test/scenarios/queue.txt'), 'utf8').replace(/^#.*\n/gm, '');
  return text
    .split(/^==(?!=) /m)
    .slice(1)
    .map(readStory);
}

function readStory(text: string): Story {
  const [name = '', ...rows] = text.split('\n').map((row) => row.trim());
  const lines: string[] = [];
  const steps: string[] = [];
  const [theirs, ours] = [new Telling(), new Telling()];
  for (const row of rows) {
    const [, mark = '', rest = ''] = /^(>|log|count|ours log|ours count)(?: (.*))?$/.exec(row) ?? [];
    if (mark === '>') {
      const [step = '', after = '', otherwise = after] = rest.split('|').map((part) => part.trim());
      steps.push(step);
      theirs.after.push(after);
      ours.after.push(otherwise);
    } else if (mark !== '') {
      if (!mark.startsWith('ours')) theirs.tell(mark, rest);
      ours.tell(mark, rest);
    } else if (row !== '' && !row.startsWith('===')) lines.push(row);
  }
  return { name, lines, steps, outcome: { ...theirs }, ours: { ...ours } };
}

class Telling {
  readonly after: string[] = [];
  readonly log: Record<string, string> = {};
  readonly counters: Record<string, string> = {};

  tell(mark: string, row: string): void {
    const [, name = '', value = ''] = /^(\S+) ?(.*)$/.exec(row) ?? [];
    (mark.endsWith('log') ? this.log : this.counters)[name] = value;
  }
}

/** Plays a story through the balancer that `start` makes of the lines of its backend, and waits for what is `expected`. */
export async function play(
  { lines, steps }: Story,
  expected: Outcome,
  start: (backend: string, story: (balancing: Balancing) => Promise<void>) => Promise<void>,
): Promise<Outcome> {
  const names = [...lines.join('\n').matchAll(/^server (\w+)/gm)].map((match) => match[1] ?? '');
  const servers = names.map((name) => new HoldingServer(name));
  const upstreams = await Promise.all(servers.map((server) => serve(createServer({ allowHalfOpen: true }, server.take))));
  const { address: refusing } = await refusingAddress();
  const address = (name: string) => upstreams[names.indexOf(name)]?.address;
  const backend = lines.map((line) =>
    line.replace(/^(server (\w+))( refuses)?/, (_, server, name, refuses) => `${server} ${refuses ? refusing : address(name)}`),
  );
  let outcome: Outcome | undefined;
  try {
    await start(backend.map((line) => ` ${line}\n`).join(''), async (balancing) => {
      const script = new Script(servers, balancing);
      const after: string[] = [];
      for (const [i, step] of steps.entries()) {
        await script.step(step);
        after.push(await script.state(expected.after[i] ?? ''));
      }
      outcome = { after, ...(await script.end(expected)) };
    });
  } finally {
    for (const upstream of upstreams) await upstream.stop();
  }
  return outcome ?? assert.fail();
}

class Script {
  private readonly servers: readonly HoldingServer[];
  private readonly balancing: Balancing;
  private readonly clients = new Map<string, Socket>();
  private asked = 0;

  constructor(servers: readonly HoldingServer[], balancing: Balancing) {
    this.servers = servers;
    this.balancing = balancing;
  }

  async step(step: string): Promise<void> {
    for (const part of step.split('; ')) await this.part(part);
  }

  private async part(step: string): Promise<void> {
    const [verb = '', ...words] = step.split(' ');
    if (verb === 'ask') for (const word of words) await this.ask(word);
    else if (verb === 'done') for (const word of words) await this.done(word);
    else if (verb === 'cut') for (const word of words) await this.cut(word);
    else if (verb === 'leave') for (const word of words) this.clients.get(word)?.resetAndDestroy();
    else if (verb === 'run') await this.balancing.run(words.join(' '));
    else if (verb === 'served') for (const word of words) await this.served(word);
    else if (verb === 'over') for (const word of words) await until(`${word} is logged`, () => word in this.balancing.logged());
    else throw new Error(`no step '${step}'`);
  }

  private async ask(word: string): Promise<void> {
    const [, name = '', host = '1', cookie] = /^(\w+)(?:@(\d+))?(?:#(\w+))?$/.exec(word) ?? [];
    const socket = connect({ port: this.balancing.port, host: OWN_HOST, localAddress: `127.0.0.${host}` });
    this.clients.set(name, socket);
    socket.on('error', () => {});
    socket.resume();
    const cookies = cookie === undefined ? '' : `Cookie: S=${cookie}\r\n`;
    socket.write(`GET /${name} HTTP/1.1\r\nHost: a\r\n${cookies}\r\n`);
    this.asked++;
    await until(`${name} has arrived`, async () => Number((await this.balancing.rows()).get('BACKEND')?.stot) === this.asked);
  }

  private async served(name: string): Promise<void> {
    await until(`a server has ${name}`, () => this.servers.some((server) => server.held.has(name)));
  }

  private async done(name: string): Promise<void> {
    await until(`a server has ${name}`, () => this.servers.some((server) => server.answer(name)));
  }

  private async cut(name: string): Promise<void> {
    await this.served(name);
    for (const { held } of this.servers) held.get(name)?.end();
  }

  /** What holds when it is as `expected` and stays so for a while, or what holds instead. */
  async state(expected: string): Promise<string> {
    let last = '';
    let same = 0;
    const stays = async () => {
      last = await this.look();
      same = last === expected ? same + 1 : 0;
      return same > 3;
    };
    await until('it is as expected', stays, 5000).catch(() => undefined);
    return last;
  }

  private async look(): Promise<string> {
    const rows = await this.balancing.rows();
    const places = this.servers.map(({ name, held }) => `${name}=${[...held.keys()].sort().join(',')} `);
    const queues = ['BACKEND', ...this.servers.map(({ name }) => name)].map((name) => rows.get(name)?.qcur);
    return `${places.join('')}q=${queues.join('/')}`;
  }

  /** What was counted and logged, once it is what was expected or does not become so; then lets everybody go. */
  async end(expected: Outcome): Promise<Pick<Outcome, 'log' | 'counters'>> {
    let found = await this.totals();
    const complete = async () => {
      found = await this.totals();
      return isDeepStrictEqual(found, { log: expected.log, counters: expected.counters });
    };
    await until('all is logged and counted', complete, 5000).catch(() => undefined);
    for (const client of this.clients.values()) client.resetAndDestroy();
    return found;
  }

  private async totals(): Promise<Pick<Outcome, 'log' | 'counters'>> {
    const counters = [...(await this.balancing.rows())].map(([name, row]) => {
      const told = COLUMNS.filter((column) => row[column] !== '' && row[column] !== '0').map((column) => `${column} ${row[column]}`);
      return [name === 'BACKEND' ? 'be' : name, told.join(' ')] as const;
    });
    return { log: { ...this.balancing.logged() }, counters: Object.fromEntries(counters) };
  }
}
