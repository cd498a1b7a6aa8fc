/**
 * The proxies that are compared, each on one core and one event loop, with the same two servers in turn, connections to them
 * kept alive, and no log unless the scenario is about logs. Fairlead and HAProxy read the very same file.
 */

import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Certificate } from './certificate.ts';
import { descriptorLimit, installed, proxyCore, startPinned } from './process.ts';
import type { Wire } from './scenarios.ts';

export interface Setup {
  /** A folder of its own for this peer and scenario; it is there. */
  readonly folder: string;
  readonly port: number;
  readonly servers: readonly string[];
  /** Port that takes log lines over UDP; undefined without logs. */
  readonly logPort: number | undefined;
  /** Client connections that it will have at once, and on how many of them there will be a request at a time. */
  readonly connections: number;
  readonly active: number;
  readonly wire: Wire;
  /** What it shows to clients; undefined without TLS. */
  readonly certificate: Certificate | undefined;
  /** More of the environment for a proxy that is a Node program. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly version: () => string | undefined;
  /** Whether it can write a line per request to UDP. */
  readonly logs: boolean;
  readonly speaks: readonly Wire[];
  readonly start: (setup: Setup) => ChildProcess;
}

const embedded = fileURLToPath(new URL('peers-embedded.js', import.meta.url));

const ALL: readonly Wire[] = ['clear', 'tls', 'h2c', 'h2'];

/** The build that this benchmark belongs to, wherever it stands. */
const ownBuild = fileURLToPath(new URL('../src/main.js', import.meta.url));

export const peers: readonly Peer[] = [
  {
    name: 'fairlead',
    logs: true,
    speaks: ALL,
    version: () => (existsSync(ownBuild) ? `Fairlead on Node ${process.version}` : undefined),
    start: (setup) => run(setup, [process.execPath, ownBuild, '-db', '-f', write(setup, 'haproxy.cfg', haproxyConfig(setup))], setup.env),
  },
  {
    name: 'haproxy',
    logs: true,
    speaks: ALL,
    version: () => versionOf('haproxy', '-v'),
    start: (setup) => run(setup, ['haproxy', '-db', '-f', write(setup, 'haproxy.cfg', haproxyConfig(setup))]),
  },
  {
    name: 'nginx',
    logs: true,
    speaks: ['clear', 'tls', 'h2'],
    version: () => versionOf('nginx', '-v'),
    start: (setup) => run(setup, ['nginx', '-c', write(setup, 'nginx.conf', nginxConfig(setup)), '-p', setup.folder, '-e', logOf(setup)]),
  },
  {
    name: 'caddy',
    logs: false,
    speaks: ['clear', 'tls', 'h2'],
    version: () => (installed('caddy') ? `Caddy ${versionOf('caddy', 'version')}` : undefined),
    start: (setup) =>
      run(setup, ['caddy', 'run', '--adapter', 'caddyfile', '--config', write(setup, 'Caddyfile', caddyConfig(setup))], caddyEnv(setup)),
  },
  {
    name: 'embedded',
    logs: true,
    speaks: ['clear', 'h2c'],
    version: () => `Fairlead inside of a server of Node ${process.version}`,
    start: (setup) =>
      run(setup, [process.execPath, embedded, write(setup, 'haproxy.cfg', haproxyConfig(setup)), String(setup.port), setup.wire]),
  },
  {
    name: 'http-proxy',
    logs: false,
    speaks: ['clear'],
    version: () => `http-proxy on Node ${process.version}`,
    start: (setup) =>
      run(setup, [process.execPath, fileURLToPath(new URL('http-proxy.js', import.meta.url)), String(setup.port), ...setup.servers]),
  },
];

/** Where a peer's own words go. */
export function logOf(setup: Setup): string {
  return join(setup.folder, 'output.log');
}

function run(setup: Setup, command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return startPinned(proxyCore, logOf(setup), command, env);
}

function write(setup: Setup, name: string, text: string): string {
  const path = join(setup.folder, name);
  writeFileSync(path, text);
  return path;
}

/** First line that a program says about itself; some use standard error for it. */
function versionOf(program: string, option: string): string | undefined {
  if (!installed(program)) return undefined;
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' });
  return `${stdout}${stderr}`.split('\n')[0]?.trim();
}

/** Connections that a configuration allows: more than there will be, and what was always allowed. */
function maxconn({ connections }: Setup): number {
  return Math.max(4096, connections + 100);
}

/**
 * HAProxy sets two descriptors per connection aside and does not start where it may not have them, however few it will use:
 * then it is told to go on.
 */
function strictLimits(setup: Setup): string {
  return 2 * maxconn(setup) + 200 > descriptorLimit() ? '    no strict-limits\n' : '';
}

function haproxyConfig(setup: Setup): string {
  const { port, servers, logPort } = setup;
  return `global
    nbthread 1
    maxconn ${maxconn(setup)}
${strictLimits(setup)}${logPort === undefined ? '' : `    log 127.0.0.1:${logPort} local0\n`}
defaults
    mode http
    timeout connect 5s
    timeout client 5m
    timeout server 30s
${logPort === undefined ? '' : '    log global\n    option httplog\n'}
frontend www
    bind 127.0.0.1:${port}${bindWords(setup)}
    default_backend app

backend app
    balance roundrobin
    http-reuse always
${servers.map((address, at) => `    server s${at + 1} ${address}\n`).join('')}`;
}

/** Certificates are answered for by HTTP/1.1 too, so that it can be asked whether it is there. */
function bindWords({ wire, certificate }: Setup): string {
  if (wire === 'h2c') return ' proto h2';
  return certificate === undefined ? '' : ` ssl crt ${certificate.bundle} alpn ${wire === 'h2' ? 'h2,' : ''}http/1.1`;
}

function nginxConfig(setup: Setup): string {
  const { folder, certificate, wire, port, servers, logPort, active } = setup;
  const secured = certificate === undefined ? '' : ` ssl${wire === 'h2' ? ' http2' : ''}`;
  const shown = certificate === undefined ? '' : `ssl_certificate ${certificate.bundle}; ssl_certificate_key ${certificate.key};`;
  const accessLog = logPort === undefined ? 'off' : `syslog:server=127.0.0.1:${logPort}`;
  return `
daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/output.log;
events { worker_connections ${2 * maxconn(setup)}; }
http {
  access_log ${accessLog}; keepalive_timeout 5m; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; client_body_buffer_size 64k; proxy_temp_path ${folder}/proxy; proxy_max_temp_file_size 0;
  proxy_buffer_size 16k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k;
  upstream app { ${servers.map((address) => `server ${address};`).join(' ')} keepalive ${Math.max(128, 2 * active)}; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port}${secured} backlog=4096; ${shown}
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;
}

function caddyConfig({ port, servers, active, certificate }: Setup): string {
  const scheme = certificate === undefined ? 'http' : 'https';
  const shown = certificate === undefined ? '' : `  tls ${certificate.bundle} ${certificate.key}\n`;
  return `{
  admin off
  auto_https off
}
${scheme}://127.0.0.1:${port} {
${shown}  reverse_proxy ${servers.join(' ')} {
    lb_policy round_robin
    transport http {
      keepalive_idle_conns_per_host ${active}
    }
  }
}
`;
}

/** One core means one thread of Go code; its folders stay out of the user's home. */
function caddyEnv({ folder }: Setup): Readonly<Record<string, string>> {
  return { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
}
