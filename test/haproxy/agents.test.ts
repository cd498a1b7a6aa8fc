/** Whom an agent's check asks and what it says, side by side: addresses, and what the Runtime API changes under it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askCli } from '../support/cli.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

const THEIRS = ['haproxy', '-db'];
const OURS = [process.execPath, program, '-db'];

const HOSTS = ['127.92.0.1', '127.92.0.2', '127.92.0.3'];

/** An agent on the same port of each host; `heard` is who was asked, and what. */
class Agents {
  readonly heard = new Set<string>();
  port = 0;
  private readonly servers: Server[] = [];

  async start(): Promise<void> {
    for (const host of HOSTS) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (bytes: Buffer) => {
          this.heard.add(`${host} ${bytes.toString()}`);
          socket.end('up\n');
        });
      });
      server.listen(this.port, host);
      await once(server, 'listening');
      this.port = (server.address() as AddressInfo).port;
      this.servers.push(server);
    }
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.close();
      await once(server, 'close');
    }
  }
}

/** What is heard of each line of a server, and after each command; `%PORT%` is the agents'. */
async function listen(command: readonly string[], line: string, commands: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-agents-'));
  const agents = new Agents();
  await agents.start();
  const file = join(folder, 'haproxy.cfg');
  const words = `agent-check agent-port ${agents.port} agent-inter 50ms agent-send one`;
  writeFileSync(
    file,
    `global
 stats socket ${folder}/admin level admin
defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
listen b
 bind unix@${folder}/b
 ${line.replace('server s', `server s ${HOSTS[0]}:9`)} ${words}
`,
  );
  const [name = '', ...args] = command;
  const child = spawn(name, [...args, '-f', file], { stdio: 'ignore' });
  const told: string[] = [];
  /** What was begun before a command may still come behind it. */
  const hear = async (what: string) => {
    await until(`an agent is asked: ${what}`, () => agents.heard.size > 0);
    agents.heard.clear();
    await until(`and again: ${what}`, () => agents.heard.size > 0);
    told.push([...agents.heard].join(', '));
  };
  try {
    await hear(line);
    for (const one of commands) {
      const answer = await askCli(join(folder, 'admin'), one);
      told.push(answer.trim());
      agents.heard.clear();
      await hear(one);
    }
    return told;
  } finally {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await agents.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, second = '', third = ''] = HOSTS;

const CASES: readonly (readonly [line: string, commands: readonly string[], heard: readonly string[]])[] = [
  ['server s', [], ['127.92.0.1 one']],
  [`server s addr ${second}`, [], ['127.92.0.2 one']],
  [`server s addr ${second}:1 check`, [], ['127.92.0.2 one']],
  [`server s agent-addr ${third} addr ${second}`, [], ['127.92.0.3 one']],
  [`server s addr ${second} agent-addr ${third}`, [], ['127.92.0.3 one']],
  [`default-server addr ${third}\n server s addr ${second}`, [], ['127.92.0.2 one']],
  ['server s', ['set server b/s agent-send two'], ['127.92.0.1 one', '', '127.92.0.1 two']],
  ['server s', [`set server b/s agent-addr ${second}`], ['127.92.0.1 one', '', '127.92.0.2 one']],
];

for (const [line, commands, heard] of CASES) {
  test([line, ...commands].join('; '), { skip }, async () => {
    const [theirs, ours] = await Promise.all([listen(THEIRS, line, commands), listen(OURS, line, commands)]);
    assert.deepEqual(ours, heard);
    assert.deepEqual(theirs, heard);
  });
}
