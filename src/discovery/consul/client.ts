/**
 * Questions to a Consul agent: GET over HTTP or https, by TCP or a unix socket, with connections that are kept.
 *
 * A question with an index is held by the agent until its answer has another one, or `wait` is over ("blocking query").
 */

import { readFile } from 'node:fs/promises';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as overHttp, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as overHttps } from 'node:https';
import type { ConsulAgentConfig } from '../../config/model.ts';
import type { Environment } from '../docker/endpoint.ts';
import { addressText, resolveConsul, tokenOf } from './endpoint.ts';

export interface Query {
  /** Below `/v1`, its names written for an URL. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  /** The answer's last index; 0 asks for an answer at once. */
  readonly index: number;
  /** Milliseconds that the agent may hold a question that has an index. */
  readonly wait: number;
}

export interface Answer {
  readonly body: unknown;
  /** `X-Consul-Index` */
  readonly index: number;
  /** `X-Consul-KnownLeader`: false only where any server may answer (`stale`). */
  readonly leader: boolean;
  /** The token sees a part of it only. */
  readonly filtered: boolean;
}

/** An agent that refused, could not be reached, or answered nonsense. */
export class ConsulError extends Error {
  override readonly name = 'ConsulError';
  /** HTTP status, where the agent answered. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Beyond what the agent may take: a hung one is as bad as none. */
const PATIENCE = 10_000;
/** An answer that is longer is none of a catalogue's. */
const LONGEST = 64 * 1_048_576;
/** Between probes of a connection over which nothing comes: a balancer in between may have dropped it. */
const PROBE = 15_000;

export class ConsulClient {
  private readonly agent: ConsulAgentConfig;
  private readonly env: Environment;
  private readonly patience: number;
  private readonly http = new HttpAgent({ keepAlive: true, keepAliveMsecs: PROBE });
  private readonly https = new HttpsAgent({ keepAlive: true, keepAliveMsecs: PROBE });

  /** `env` gives CONSUL_HTTP_ADDR and its companions for what the section does not say; `patience` is ms beyond `wait`. */
  constructor(agent: ConsulAgentConfig, env: Environment, patience: number = PATIENCE) {
    this.agent = agent;
    this.env = env;
    this.patience = patience;
  }

  get label(): string {
    const name = this.agent.name === '' ? 'Consul agent' : `Consul agent '${this.agent.name}'`;
    return `${name} at ${addressText(this.agent, this.env)}`;
  }

  /** Rejects with a ConsulError; with the signal's reason when that aborts. */
  async ask(query: Query, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.attempt(query, signal);
    } catch (error) {
      signal.throwIfAborted();
      // A kept connection that the agent had closed meanwhile says nothing about the agent.
      if (!(error instanceof StaleConnection)) throw explain(error);
    }
    return await this.attempt(query, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw explain(error);
    });
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private async attempt(query: Query, signal: AbortSignal): Promise<Answer> {
    const { tls, where } = await this.options();
    // The agent adds up to a sixteenth, so that not everybody who waits comes back at once.
    const held = query.index > 0 ? query.wait * (17 / 16) : 0;
    const limit = held + this.patience;
    const request = (tls ? overHttps : overHttp)({ ...where, path: pathOf(query), agent: tls ? this.https : this.http });
    let late: ConsulError | undefined;
    const timer = setTimeout(() => {
      late = new ConsulError(`no answer within ${Math.round(limit)} ms`);
      request.destroy(late);
    }, limit);
    const stop = () => request.destroy(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await answerOf(request);
    } catch (error) {
      if (late !== undefined) throw late;
      throw request.reusedSocket && (error as { code?: string }).code === 'ECONNRESET' ? new StaleConnection() : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Files are read for each question, so that renewed certificates and tokens are used. */
  private async options(): Promise<{ readonly tls: boolean; readonly where: RequestOptions }> {
    const { endpoint, tls } = resolveConsul(this.agent, this.env);
    const { token, file } = tokenOf(this.agent, this.env);
    const secret = file === undefined ? token : (await readFile(file, 'utf8')).trim();
    const headers = { accept: 'application/json', ...(secret === undefined ? {} : { 'x-consul-token': secret }) };
    if (endpoint.kind === 'unix') return { tls: false, where: { socketPath: endpoint.path, headers } };
    const { host, port } = endpoint;
    if (!endpoint.tls) return { tls: false, where: { host, port, headers } };
    const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(pem));
    const files = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    const verified = !/^(0|false)$/i.test(this.env.CONSUL_HTTP_SSL_VERIFY ?? '');
    return { tls: true, where: { host, port, headers, rejectUnauthorized: verified, ...files } as RequestOptions };
  }
}

/** The agent had closed the connection that was to be used again. */
class StaleConnection extends Error {}

async function pem(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? undefined : readFile(path);
}

function pathOf({ path, parameters, index, wait }: Query): string {
  const query = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [value === '' ? name : `${name}=${encodeURIComponent(value)}`];
  });
  if (index > 0) query.push(`index=${index}`, `wait=${Math.ceil(wait)}ms`);
  return `/v1${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function answerOf(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      readBody(response)
        .then((text) => resolve(readAnswer(response, text)), reject)
        .catch(reject);
    });
    request.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LONGEST) throw new ConsulError('its answer has more than 64 MiB');
      chunks.push(chunk);
    }
  } catch (error) {
    throw (error as { code?: string }).code === 'ECONNRESET' ? new ConsulError('its answer was cut in the middle') : error;
  }
  return Buffer.concat(chunks).toString();
}

function readAnswer({ statusCode = 0, headers }: IncomingMessage, text: string): Answer {
  if (statusCode !== 200) throw new ConsulError(refusalOf(statusCode, text), statusCode);
  const index = Number(headers['x-consul-index'] ?? Number.NaN);
  if (!Number.isInteger(index)) throw new ConsulError('what answers is not a Consul agent');
  return {
    body: parse(text),
    index,
    leader: headers['x-consul-knownleader'] !== 'false',
    filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConsulError('its answer is not JSON');
  }
}

/** Consul's own words are a line of plain text. */
function refusalOf(status: number, text: string): string {
  const words = text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  const said = `it answers ${status}${words === '' ? '' : `: ${words}`}`;
  if (status === 403) return `${said} (the token needs service:read and node:read)`;
  if (status === 429) return `${said} (see limits.http_max_conns_per_client of the agent)`;
  return said;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the agent running, and its socket mounted?',
  EACCES: 'no permission to open the socket or a file',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
};

function explain(error: unknown): ConsulError {
  if (error instanceof ConsulError) return error;
  const { code, message, path, syscall } = error as { code?: string; message?: string; path?: string; syscall?: string };
  if (syscall === 'open') return new ConsulError(`cannot read ${path}: ${code}`);
  return new ConsulError((code === undefined ? undefined : ADVICE[code]) ?? message ?? String(error));
}
