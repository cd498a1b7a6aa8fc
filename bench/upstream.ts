/** Two cheap servers behind every proxy: nginx where it is installed, else Node writing prepared bytes. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descriptorLimit, freePort, installed, loadCore, startPinned, untilListening } from './process.ts';
import { bodySizes } from './scenarios.ts';

export interface Upstreams {
  readonly kind: 'nginx' | 'node';
  /** `127.0.0.1:PORT` of each. */
  readonly addresses: readonly string[];
  readonly processes: readonly ChildProcess[];
}

export async function startUpstreams(folder: string): Promise<Upstreams> {
  const ports = [await freePort(), await freePort()];
  const kind = installed('nginx') ? 'nginx' : 'node';
  const processes = kind === 'nginx' ? [startNginx(folder, ports)] : ports.map((port) => startNode(folder, port));
  for (const port of ports) await untilListening(port);
  return { kind, addresses: ports.map((port) => `127.0.0.1:${port}`), processes };
}

function startNginx(folder: string, ports: readonly number[]): ChildProcess {
  const files = join(folder, 'files');
  mkdirSync(files);
  for (const [name, bytes] of Object.entries(bodySizes)) writeFileSync(join(files, name), Buffer.alloc(bytes, 'x'));
  const config = join(folder, 'upstream.conf');
  writeFileSync(config, nginxConfig(folder, files, ports));
  return startPinned(loadCore, join(folder, 'upstream.log'), ['nginx', '-c', config, '-p', folder, '-e', join(folder, 'upstream.log')]);
}

function nginxConfig(folder: string, files: string, ports: readonly number[]): string {
  // nginx would send a client that posts to a file a 405, so `/` is made up and only the large bodies are files.
  // Every proxy may keep a connection for each of its clients; those of all proxies of a scenario add up.
  const connections = Math.min(16384, descriptorLimit() - 200);
  return `
daemon off; user root; worker_processes 1; pid ${folder}/upstream.pid; error_log ${folder}/upstream.log;
events { worker_connections ${connections}; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10; client_body_temp_path ${folder}/body;
  server {
${ports.map((port) => `    listen 127.0.0.1:${port} backlog=4096;`).join('\n')}
    default_type text/plain; client_max_body_size 0;
    location = / { return 200 "Hello, world\\n"; }
    location / { root ${files}; }
  }
}
`;
}

function startNode(folder: string, port: number): ChildProcess {
  const program = fileURLToPath(new URL('upstream-node.js', import.meta.url));
  return startPinned(loadCore, join(folder, 'upstream.log'), [process.execPath, program, String(port)]);
}
