/** The real program `consul`, where the PATH has it: an agent in development mode, and services of nodes that have no agent. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { until } from '../../support/wait.ts';
import type { Registration } from './fake-consul.ts';

export function hasConsul(): boolean {
  return spawnSync('consul', ['version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

export class RealConsul {
  private readonly program: ChildProcess;
  private readonly http: number;

  private constructor(program: ChildProcess, http: number) {
    this.program = program;
    this.http = http;
  }

  static async start(): Promise<RealConsul> {
    const [http = 0, server = 0, lan = 0] = await freePorts(3);
    const ports = [`-http-port=${http}`, `-server-port=${server}`, `-serf-lan-port=${lan}`, '-serf-wan-port=-1', '-dns-port=-1'];
    const words = ['agent', '-dev', '-node=agent', '-bind=127.0.0.1', '-client=127.0.0.1', '-grpc-port=-1', '-grpc-tls-port=-1', ...ports];
    const consul = new RealConsul(spawn('consul', words, { stdio: 'ignore' }), http);
    await until('consul has a leader', async () => (await consul.get('/v1/status/leader')) !== '""');
    return consul;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.http}`;
  }

  async register(service: string, { node = 'node-1', id = service, address = '', port = 80, tags = [] }: Registration = {}): Promise<void> {
    const at = { Node: node, Address: '10.0.0.1', Service: { ID: id, Service: service, Address: address, Port: port, Tags: tags } };
    await this.put('/v1/catalog/register', { ...at, Check: checkOf(node, id, 'passing', '') });
  }

  async deregister(id: string, node = 'node-1'): Promise<void> {
    await this.put('/v1/catalog/deregister', { Node: node, ServiceID: id });
  }

  async status(id: string, status: string, output = '', node = 'node-1'): Promise<void> {
    await this.put('/v1/catalog/register', { Node: node, Address: '10.0.0.1', Check: checkOf(node, id, status, output) });
  }

  async close(): Promise<void> {
    const exit = once(this.program, 'exit');
    this.program.kill('SIGKILL');
    await exit;
  }

  private async get(path: string): Promise<string> {
    return (await fetch(this.endpoint + path)).text();
  }

  private async put(path: string, body: unknown): Promise<void> {
    const answer = await fetch(this.endpoint + path, { method: 'PUT', body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
}

function checkOf(node: string, id: string, status: string, output: string) {
  return { Node: node, CheckID: `service:${id}`, Name: `Service '${id}' check`, Status: status, Output: output, ServiceID: id };
}

/** That nobody has now: the program takes no port 0. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
