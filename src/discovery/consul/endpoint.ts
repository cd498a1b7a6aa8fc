/**
 * Where an agent is, and who we are to it: the `consul` section's words, else what Consul's own command line would use
 * (CONSUL_HTTP_ADDR, CONSUL_HTTP_SSL, CONSUL_CACERT, CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY), else the agent of this machine.
 */

import { type ConsulEndpoint, readConsulEndpoint } from '../../config/consul-endpoint.ts';
import type { ConsulAgentConfig } from '../../config/model.ts';
import type { Environment, TlsFiles } from '../docker/endpoint.ts';

const DEFAULT = 'http://127.0.0.1:8500';

export interface ConsulAddress {
  readonly endpoint: ConsulEndpoint;
  /** As it was written. */
  readonly text: string;
  /** For https. */
  readonly tls: TlsFiles;
}

/** Throws Error with a sentence for people when the environment's address makes no sense. */
export function resolveConsul(agent: ConsulAgentConfig, env: Environment): ConsulAddress {
  const text = addressText(agent, env);
  const read = readConsulEndpoint(text);
  if ('error' in read) throw new Error(`CONSUL_HTTP_ADDR ${read.error}`);
  const endpoint = read.value;
  const { tlsCa, tlsCert, tlsKey } = agent;
  const own = { ca: tlsCa, cert: tlsCert, key: tlsKey };
  // The environment's files only where the address is the environment's, too.
  if (agent.endpoint !== undefined || Object.values(own).some((file) => file !== undefined)) return { endpoint, text, tls: own };
  const tls = { ca: given(env.CONSUL_CACERT), cert: given(env.CONSUL_CLIENT_CERT), key: given(env.CONSUL_CLIENT_KEY) };
  const secure = endpoint.kind === 'tcp' && !text.includes('://') && /^(1|true)$/i.test(env.CONSUL_HTTP_SSL ?? '');
  return { endpoint: secure ? { ...endpoint, tls: true } : endpoint, text: secure ? `https://${text}` : text, tls };
}

/** How messages call the agent's place, also where it makes no sense. */
export function addressText(agent: ConsulAgentConfig, env: Environment): string {
  return agent.endpoint ?? given(env.CONSUL_HTTP_ADDR) ?? DEFAULT;
}

/** The ACL token that the section or the environment gives, or the file that holds it. */
export function tokenOf(agent: ConsulAgentConfig, env: Environment): { readonly token?: string; readonly file?: string } {
  if (agent.token !== undefined) return { token: agent.token };
  if (agent.tokenFile !== undefined) return { file: agent.tokenFile };
  const [token, file] = [given(env.CONSUL_HTTP_TOKEN), given(env.CONSUL_HTTP_TOKEN_FILE)];
  // As Consul's own client has it: the file may have been renewed since the variable was set.
  if (file !== undefined) return { file };
  return token === undefined ? {} : { token };
}

/** An empty variable is none. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
