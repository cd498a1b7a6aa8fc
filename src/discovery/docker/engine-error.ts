/** Why an engine did not answer, in words that a person can act on. */

import type { Endpoint } from './endpoint.ts';

/** An engine that refused or could not be reached. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** HTTP status, where the engine answered. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

const UNTRUSTED = "its certificate is not signed by an authority that we trust; tls-ca names the engine's own";

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket; is the engine running, and its socket mounted?',
  EACCES: 'no permission to open the socket; the user needs to be in the group that owns it',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'it closed the connection instead of answering',
  ENOTFOUND: 'its host name does not resolve',
  EHOSTUNREACH: 'there is no way to its host',
  ETIMEDOUT: 'its host does not answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  EPROTO: 'it does not speak TLS as we do',
};

/** What to tell of an error of the library's; `what` was asked for. */
export function explain(error: unknown, what: string, where: Endpoint): EngineError {
  const { code = '', statusCode, message = String(error) } = error as { code?: string; statusCode?: number; message?: string };
  if (statusCode !== undefined) return new EngineError(refusal(what, statusCode, message), statusCode);
  if (code === 'ECONNREFUSED' && where.kind === 'unix') {
    const hint = "if the socket was mounted into a container as a file, it is a former engine's: mount its directory instead";
    return new EngineError(`the socket is there but nobody listens behind it; ${hint}`, undefined);
  }
  if (where.kind === 'ssh') {
    if (message.includes('Host denied')) return new EngineError('the key of its SSH server is not in known_hosts', undefined);
    if (message.includes('authentication methods failed'))
      return new EngineError('no key of the SSH agent (SSH_AUTH_SOCK) opens it', undefined);
  }
  return new EngineError(ADVICE[code] ?? message, undefined);
}

function refusal(what: string, status: number, message: string): string {
  const words = message
    .replace(/^\(HTTP code \d+\) .*? - /s, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  const said = words === '' ? '' : `, saying '${words}'`;
  if (status !== 401 && status !== 403) return `it answers ${what} with ${status}${said}`;
  return `it denies ${what} with ${status}${said}; a proxy in front of the engine has to let that through`;
}
