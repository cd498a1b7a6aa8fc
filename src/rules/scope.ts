/** Where a rule stands decides what it can see: a request rule has no response yet, a frontend no backend. */

import type { ProxyConfig, Userlist } from '../config/model.ts';

/** What a fetch must have; `answer` is what a log still knows of a response, `message` is whichever head the rule is about, `connection` that to the server. */
export type Needs = 'nothing' | 'request' | 'response' | 'answer' | 'message' | 'backend' | 'server' | 'connection';

export interface Scope {
  /** `log`: when all is over, and the heads have gone. */
  readonly phase: 'request' | 'response' | 'log';
  readonly backend: boolean;
  /** Whether there is such a proxy; undefined where nobody can tell yet. */
  readonly knows?: (kind: 'frontend' | 'backend', name: string) => boolean;
  /** By name; undefined where nobody can tell yet. */
  readonly userlists?: ReadonlyMap<string, Userlist>;
  /** `tune.bufsize`; undefined where nobody can tell yet: the default. */
  readonly bufsize?: number;
  /** In HAProxy's words, for messages: `frontend http-request header rule`. */
  readonly name: string;
}

/** What stick rules, `use-server` and the exceptions from persistence see: always a backend's. */
export function persistenceScope(rule: 'persist' | 'use' | 'store'): Scope {
  if (rule === 'store') return { phase: 'response', backend: true, name: 'backend stick-store rule' };
  const name = rule === 'use' ? 'use-server, balance or stick-match rule' : 'tcp-request content rule';
  return { phase: 'request', backend: true, name: `backend ${name}` };
}

export function scopeOf(proxy: ProxyConfig, rule: 'http-request' | 'http-response' | 'use-backend'): Scope {
  const side = proxy.kind === 'backend' ? 'backend' : 'frontend';
  const phase = rule === 'http-response' ? 'response' : 'request';
  const backend = phase === 'response' || (rule === 'http-request' && proxy.kind !== 'frontend');
  return { phase, backend, name: `${side} ${rule}${rule === 'use-backend' ? '' : ' header'} rule` };
}

/** What `log-format` and its kin see, and `unique-id-format`, which may be asked for as soon as there is a request. */
export const LOG_SCOPE: Scope = { phase: 'log', backend: true, name: 'log-format' };
export const UNIQUE_ID_SCOPE: Scope = { phase: 'request', backend: false, name: 'unique-id-format' };

/** Whether what `needs` names is there in `scope`. HAProxy's response rules do not see the request's head any more. */
export function available(needs: Needs, scope: Scope): boolean {
  switch (needs) {
    case 'request':
      return scope.phase === 'request';
    case 'response':
      return scope.phase === 'response';
    case 'message':
      return scope.phase !== 'log';
    case 'answer':
    case 'server':
    case 'connection':
      return scope.phase !== 'request';
    case 'backend':
      return scope.backend;
    default:
      return true;
  }
}

const NAMES: Readonly<Record<Needs, string>> = {
  nothing: 'nothing',
  request: 'HTTP request headers',
  response: 'HTTP response headers',
  answer: 'HTTP response headers',
  message: 'HTTP headers',
  backend: 'backend',
  server: 'server',
  connection: 'server-side connection',
};

/** What is missing, in HAProxy's words. */
export function nameOf(needs: Needs): string {
  return NAMES[needs];
}
