/** A balancer inside of a host: a Node server of each kind whose requests it serves. */

import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  type Balancer,
  type BalancerOptions,
  createBalancer,
  type NodeRequest,
  type NodeResponse,
  type StatsRow,
} from '../../src/embedding.ts';
import { tlsText } from '../support/tls.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const DEFAULTS = `
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
`;

/** `%1`, `%2`, ... are the addresses of `upstreams`. */
export function configuration(lines: string, upstreams: readonly Upstream[] = []): string {
  return DEFAULTS + upstreams.reduce((text, { address }, index) => text.replaceAll(`%${index + 1}`, address), lines);
}

/** One frontend, one backend with a server, and what `lines` says in the frontend. */
export function simple(upstream: Upstream, lines = ''): string {
  return configuration(`frontend www\n    ${lines}\n    default_backend app\nbackend app\n    server s1 %1\n`, [upstream]);
}

export type Kind = 'http' | 'https' | 'http2' | 'http2s';
export type Handler = (request: NodeRequest, response: NodeResponse, balancer: Balancer) => void;

const { createServer } = http;
/** It asks its clients for certificates, and lets everybody in. */
const secure = { cert: tlsText('server'), key: tlsText('server'), ca: tlsText('client-ca'), requestCert: true, rejectUnauthorized: false };

function serverOf(kind: Kind, handle: (request: NodeRequest, response: NodeResponse) => void): http.Server {
  const listener = handle as RequestListener;
  switch (kind) {
    case 'http':
      return createServer(listener);
    case 'https':
      return https.createServer(secure, listener);
    case 'http2':
      return http2.createServer(handle) as unknown as http.Server;
    case 'http2s':
      return http2.createSecureServer({ ...secure, allowHTTP1: true }, handle) as unknown as http.Server;
  }
}

export class Host {
  readonly balancer: Balancer;
  /** What it has said. */
  readonly lines: string[];
  private readonly server: http.Server;

  private constructor(balancer: Balancer, lines: string[], server: http.Server) {
    this.balancer = balancer;
    this.lines = lines;
    this.server = server;
  }

  /** `handle`: default `balancer.web`, and `balancer.ws` for upgrades. */
  static async start(config: string, kind: Kind = 'http', options: Partial<BalancerOptions> = {}, handle?: Handler): Promise<Host> {
    const lines: string[] = [];
    const balancer = await createBalancer({ ...options, config, log: (line) => lines.push(line) } as BalancerOptions);
    const server = serverOf(kind, (request, response) => {
      if (handle === undefined) balancer.web(request, response);
      else handle(request, response, balancer);
    });
    server.on('upgrade', balancer.ws);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Host(balancer, lines, server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  row(proxy: string, name: string): StatsRow {
    const found = this.balancer.stats().find(({ pxname, svname }) => pxname === proxy && svname === name);
    if (found === undefined) throw new Error(`no row ${proxy}/${name}`);
    return found;
  }

  /** Nothing is under way. */
  async idle(proxy = 'app'): Promise<void> {
    await until('every slot is given back', () => this.row(proxy, 'BACKEND').scur === 0);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections?.();
    this.server.close();
    await this.balancer.close({ drainMs: 0 });
  }
}

export async function withHost(
  upstream: { readonly handler?: RequestListener; readonly lines?: string; readonly config?: (upstream: Upstream) => string },
  kind: Kind,
  story: (host: Host, upstream: Upstream) => Promise<void>,
  options: Partial<BalancerOptions> = {},
  handle?: Handler,
): Promise<void> {
  const server = await startUpstream('s1', upstream.handler);
  try {
    const host = await Host.start((upstream.config ?? ((one) => simple(one, upstream.lines)))(server), kind, options, handle);
    try {
      await story(host, server);
    } finally {
      await host.stop();
    }
  } finally {
    await server.stop();
  }
}
