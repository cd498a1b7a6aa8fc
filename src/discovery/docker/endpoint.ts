/**
 * Where an engine is and how to speak to it: the `docker` section's words, else what the docker command line would use
 * (DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH), else the local socket.
 */

import { isIP } from 'node:net';
import { join } from 'node:path';
import type { DockerEngineConfig } from '../../config/model.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Paths of PEM files. Client certificate and key come together or not at all. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsFiles | undefined; readonly text: string }
  | {
      readonly kind: 'ssh';
      readonly host: string;
      readonly port: number;
      readonly user: string | undefined;
      readonly agent: string | undefined;
      readonly text: string;
    };

const DEFAULT_SOCKET = '/var/run/docker.sock';
const PORTS = { tcp: 2375, tls: 2376, ssh: 22 } as const;

/** Throws Error with a sentence for people when the endpoint makes no sense. */
export function resolveEndpoint(engine: DockerEngineConfig, env: Environment): Endpoint {
  const host = env.DOCKER_HOST;
  const text = engine.endpoint ?? (host === undefined || host === '' ? `unix://${DEFAULT_SOCKET}` : host);
  if (text.startsWith('/')) return { kind: 'unix', path: text, text: `unix://${text}` };
  if (text.startsWith('unix://')) return { kind: 'unix', path: text.slice('unix://'.length) || DEFAULT_SOCKET, text };
  const url = parse(text);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  if (name === '') throw new Error(`'${text}' names no host`);
  if (url.protocol === 'ssh:') {
    const user = decodeURIComponent(url.username) || undefined;
    return { kind: 'ssh', host: name, port: Number(url.port) || PORTS.ssh, user, agent: env.SSH_AUTH_SOCK, text };
  }
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol)) {
    throw new Error(`'${text}' is not a Docker endpoint: unix://, tcp:// and ssh:// are understood`);
  }
  const tls = tlsFiles(engine, env) ?? (url.protocol === 'https:' ? { ca: undefined, cert: undefined, key: undefined } : undefined);
  return { kind: 'tcp', host: name, port: Number(url.port) || (tls === undefined ? PORTS.tcp : PORTS.tls), tls, text };
}

function parse(text: string): URL {
  try {
    return new URL(text.includes('://') ? text : `tcp://${text}`);
  } catch {
    throw new Error(`'${text}' is not a Docker endpoint`);
  }
}

/** The section's own files; the environment's only where the endpoint is the environment's, too. */
function tlsFiles(engine: DockerEngineConfig, env: Environment): TlsFiles | undefined {
  if (engine.tlsCa !== undefined || engine.tlsCert !== undefined || engine.tlsKey !== undefined) {
    return { ca: engine.tlsCa, cert: engine.tlsCert, key: engine.tlsKey };
  }
  const directory = env.DOCKER_CERT_PATH;
  if (engine.endpoint !== undefined || !env.DOCKER_TLS_VERIFY) return undefined;
  if (!directory) return { ca: undefined, cert: undefined, key: undefined };
  return { ca: join(directory, 'ca.pem'), cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
}

/** Whether the engine runs on this machine, as far as its endpoint tells. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return true;
  return endpoint.host === 'localhost' || endpoint.host === '::1' || (isIP(endpoint.host) === 4 && endpoint.host.startsWith('127.'));
}
