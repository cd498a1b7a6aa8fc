/**
 * A socket proxy as people put before their engine: it lets those GETs through that docs/docker.md names, refuses everything
 * else, and cuts what has been quiet for a while without a word to anybody.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutOff } from './sockets.ts';

const ALLOWED = /^(\/v\d+\.\d+)?\/(_ping|version|events|containers\/json|containers\/[0-9a-f]+\/json|services|tasks|nodes|networks)(\?|$)/;

export interface SocketProxy {
  /** For `DOCKER_HOST`. */
  readonly host: string;
  /** What it has let through, without version and query: `GET /events`. */
  readonly asked: ReadonlySet<string>;
  readonly refused: readonly string[];
  /** Streams that it has cut. */
  readonly cuts: () => number;
  stop(): Promise<void>;
}

export async function startSocketProxy(engineSocket: string, quietMs: number): Promise<SocketProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-proxy-'));
  const path = join(folder, 'docker.sock');
  const asked = new Set<string>();
  const refused: string[] = [];
  let cuts = 0;
  const server = createServer((incoming, response) => {
    const url = incoming.url ?? '';
    const line = `${incoming.method} ${url}`;
    if (incoming.method !== 'GET' || !ALLOWED.test(url)) {
      refused.push(line);
      response.writeHead(403).end();
      return;
    }
    asked.add(
      line
        .replace(/\/v\d+\.\d+/, '')
        .replace(/\?.*/, '')
        .replace(/[0-9a-f]{64}/, '{id}'),
    );
    const outgoing = request({ socketPath: engineSocket, path: url, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      // The engine has gone in the middle of it.
      answer.on('error', () => response.destroy());
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    response.setTimeout(quietMs, () => {
      cuts++;
      response.destroy();
    });
    outgoing.end();
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    host: `unix://${path}`,
    asked,
    refused,
    cuts: () => cuts,
    async stop() {
      await cutOff(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
