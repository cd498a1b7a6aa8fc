/**
 * HAProxy as the comparisons of balancing see it: sections of a configuration, servers that answer with their names or
 * hold what they got. Everything is on unix sockets, so no port is taken; the PROXY protocol gives any client address.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/wait.ts';

export interface Asked {
  readonly client?: string;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request that a server has and does not answer yet. */
export interface Held {
  /** Undefined where it waits in a queue. */
  readonly server: string | undefined;
  /** Lets it be answered; resolves when HAProxy has given back the slot. */
  end(): Promise<void>;
}

const HOLD = 'x-hold';

export class Haproxy {
  private readonly folder = mkdtempSync(join(tmpdir(), 'fairlead-balance-'));
  private readonly servers: Server[] = [];
  private readonly held = new Map<string, { readonly server: string; readonly socket: Socket }>();
  private process: ChildProcess | undefined;
  private said = '';
  private holds = 0;

  /** `sections`: what stands in `listen <name>` besides its `bind`; `@1` in it is the address of server 1. */
  async start(sections: ReadonlyMap<string, string>, names: readonly string[]): Promise<void> {
    for (const name of names) {
      const server = createServer((socket) => this.serve(name, socket)).listen(join(this.folder, `s${name}`));
      await once(server, 'listening');
      this.servers.push(server);
    }
    const file = join(this.folder, 'haproxy.cfg');
    writeFileSync(file, this.configuration(sections));
    this.process = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.on('data', (bytes) => (this.said += bytes));
    await until('HAProxy answers', async () => {
      if (this.process?.exitCode !== null) throw new Error(`HAProxy ended: ${this.said}`);
      return (await this.command('show info')).includes('Version');
    });
  }

  async stop(): Promise<void> {
    for (const { socket } of this.held.values()) socket.destroy();
    for (const server of this.servers) server.close();
    const { process } = this;
    if (process !== undefined && process.exitCode === null) {
      process.kill('SIGKILL');
      await once(process, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the stats socket. */
  async command(text: string): Promise<string> {
    const socket = connect(join(this.folder, 'ctl')).setEncoding('latin1');
    socket.end(`${text}\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer.trim();
  }

  /** The name of the server that answered. */
  async ask(section: string, asked: Asked = {}): Promise<string> {
    const answer = await this.send(section, asked, []);
    const name = /\r\n\r\n(.*)$/.exec(answer)?.[1];
    if (name === undefined || !answer.startsWith('HTTP/1.1 200')) throw new Error(`no server's name in ${JSON.stringify(answer)}`);
    return name;
  }

  /** Sends a request that is not answered before it is told to end. */
  async hold(section: string, asked: Asked = {}): Promise<Held> {
    const id = String(++this.holds);
    const queued = await this.queued(section);
    const answer = this.send(section, asked, [`${HOLD}: ${id}`]);
    const server = await until('the request is somewhere', async () => {
      const held = this.held.get(id);
      if (held !== undefined) return held.server;
      return (await this.queued(section)) > queued ? '' : undefined;
    });
    const end = async (): Promise<void> => {
      const held = await until('a server has it', () => this.held.get(id));
      held.socket.end(reply(held.server));
      await answer;
    };
    return { server: server === '' ? undefined : server, end };
  }

  /** Who waits where, of a section: `BACKEND` and its servers by name. */
  async queues(section: string): Promise<Map<string, number>> {
    const lines = (await this.command(`show stat`)).split('\n').map((line) => line.split(','));
    return new Map(
      lines.filter(([proxy, name]) => proxy === section && name !== 'FRONTEND').map((line) => [line[1] ?? '', Number(line[2])]),
    );
  }

  private async queued(section: string): Promise<number> {
    return [...(await this.queues(section)).values()].reduce((sum, length) => sum + length, 0);
  }

  private async send(section: string, asked: Asked, more: readonly string[]): Promise<string> {
    const { client = '10.0.0.1', method = 'GET', target = '/', headers = ['host: x'], body = '' } = asked;
    const [family, own] = client.includes(':') ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
    const lines = [`${method} ${target} HTTP/1.1`, ...headers, ...more, 'connection: close'];
    if (body !== '') lines.push(`content-length: ${body.length}`);
    const socket = connect(join(this.folder, section)).setEncoding('latin1');
    socket.write(`PROXY ${family} ${client} ${own} 1234 80\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }

  private serve(name: string, socket: Socket): void {
    let got = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk) => {
      got += chunk;
      const end = got.indexOf('\r\n\r\n');
      if (end < 0) return;
      const id = new RegExp(`\r\n${HOLD}: (\\d+)\r\n`).exec(got.slice(0, end + 2))?.[1];
      if (id === undefined) socket.end(reply(name));
      else this.held.set(id, { server: name, socket });
    });
  }

  private configuration(sections: ReadonlyMap<string, string>): string {
    const lines = [
      'global',
      '  nbthread 1',
      `  stats socket ${this.folder}/ctl level admin`,
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 20s',
      '  timeout server 20s',
    ];
    for (const [name, text] of sections) {
      lines.push(
        `listen ${name}`,
        `  bind unix@${this.folder}/${name} accept-proxy`,
        text.replace(/@(?=\w+( |$))/gm, `unix@${this.folder}/s`),
      );
    }
    return `${lines.join('\n')}\n`;
  }
}

function reply(name: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\nconnection: close\r\n\r\n${name}`;
}
