/**
 * Everything that can end an exchange early, as rows: whose fault, what the client is told, what the log says
 * (HAProxy's two letters, manual 8.5), and whether another try is allowed.
 */

export interface Failure {
  /** Stable and searchable. */
  readonly code: string;
  readonly source: 'client' | 'server' | 'proxy';
  /** 0: nothing is told, the connection is closed. */
  readonly status: number;
  readonly termination: string;
  /** `always`: nothing can have been processed. `if-reused`: only when a kept-alive connection broke under it. */
  readonly retry: 'never' | 'always' | 'if-reused';
}

function row(code: string, source: Failure['source'], status: number, termination: string, retry: Failure['retry'] = 'never'): Failure {
  return { code, source, status, termination, retry };
}

export const Failures = {
  BadRequest: row('bad-request', 'client', 400, 'PR'),
  ExpectationFailed: row('expectation-failed', 'client', 417, 'PR'),
  MethodRefused: row('method-refused', 'client', 405, 'PR'),
  RequestTimeout: row('request-timeout', 'client', 408, 'cR'),
  RequestAborted: row('request-aborted', 'client', 400, 'CR'),
  BodyTimeout: row('request-body-timeout', 'client', 408, 'cD'),
  BodyInvalid: row('request-body-invalid', 'client', 400, 'PD'),
  ClientGone: row('client-gone', 'client', 0, 'CD'),
  ClientStalled: row('client-stalled', 'client', 0, 'cD'),
  NoServer: row('no-server', 'server', 503, 'SC'),
  NoBackend: row('no-backend', 'proxy', 503, 'SC'),
  NoRoute: row('no-route', 'proxy', 404, 'SC'),
  QueueFull: row('queue-full', 'server', 503, 'SQ'),
  QueueTimeout: row('queue-timeout', 'server', 503, 'sQ'),
  ConnectFailed: row('connect-failed', 'server', 503, 'SC', 'always'),
  ConnectTimeout: row('connect-timeout', 'server', 503, 'sC', 'always'),
  ServerClosed: row('server-closed', 'server', 502, 'SH', 'if-reused'),
  ServerTimeout: row('server-timeout', 'server', 504, 'sH'),
  ResponseInvalid: row('response-invalid', 'server', 502, 'PH'),
  ResponseDenied: row('response-denied', 'proxy', 502, 'PH'),
  ResponseCut: row('response-cut', 'server', 502, 'SD'),
  ResponseStalled: row('response-stalled', 'server', 504, 'sD'),
  TunnelTimeout: row('tunnel-timeout', 'proxy', 0, 'sD'),
  Stopped: row('stopped', 'proxy', 503, 'KK'),
  Internal: row('internal-error', 'proxy', 500, 'IR'),
} as const satisfies Record<string, Failure>;
