/**
 * Everything that can end an exchange early, as rows: whose fault, what the client is told, what the log says (HAProxy's
 * two letters, manual 8.5), and which words of `retry-on` let the request be tried again (manual 4.2).
 */

/** `retry-on`, by the names that the configuration has for its words. */
export type RetryWord = 'connFailure' | 'emptyResponse' | 'junkResponse' | 'responseTimeout';

export interface Failure {
  /** Stable and searchable. */
  readonly code: string;
  readonly source: 'client' | 'server' | 'proxy';
  /** 0: nothing is told, the connection is closed. */
  readonly status: number;
  readonly termination: string;
  /** Any of them is enough. */
  readonly retryOn: readonly RetryWord[];
}

function row(code: string, source: Failure['source'], status: number, termination: string, ...retryOn: RetryWord[]): Failure {
  return { code, source, status, termination, retryOn };
}

export const Failures = {
  BadRequest: row('bad-request', 'client', 400, 'PR'),
  TargetTooLong: row('target-too-long', 'client', 414, 'PR'),
  ExpectationFailed: row('expectation-failed', 'client', 417, 'PR'),
  MethodRefused: row('method-refused', 'client', 405, 'PR'),
  RequestTimeout: row('request-timeout', 'client', 408, 'cR'),
  RequestAborted: row('request-aborted', 'client', 400, 'CR'),
  BodyTimeout: row('request-body-timeout', 'client', 408, 'cD'),
  BodyInvalid: row('request-body-invalid', 'client', 400, 'PH'),
  /** `option abortonclose`: the client ended its half while its answer was being waited for. */
  AnswerAbandoned: row('answer-abandoned', 'client', 400, 'CH'),
  ClientStalled: row('client-stalled', 'client', 0, 'cD'),
  NoServer: row('no-server', 'server', 503, 'SC'),
  NoBackend: row('no-backend', 'proxy', 503, 'SC'),
  NoRoute: row('no-route', 'proxy', 404, 'SC'),
  QueueFull: row('queue-full', 'server', 503, 'SQ'),
  QueueTimeout: row('queue-timeout', 'server', 503, 'sQ'),
  ConnectFailed: row('connect-failed', 'server', 503, 'SC', 'connFailure'),
  /** A server of TLS has no certificate for the name that it was asked for. */
  OtherName: row('other-name', 'server', 503, 'SC'),
  ConnectTimeout: row('connect-timeout', 'server', 503, 'sC', 'connFailure'),
  ServerClosed: row('server-closed', 'server', 502, 'SH', 'emptyResponse'),
  /** Junk by the manual, empty by what HAProxy does. */
  HeadCut: row('response-head-cut', 'server', 502, 'SH', 'emptyResponse', 'junkResponse'),
  /** A kept-alive connection broke under a request that cannot be sent twice: the client may, as for its own (RFC 9112 9.3.1). */
  ReusedClosed: row('reused-connection-closed', 'server', 0, 'SH'),
  ServerTimeout: row('server-timeout', 'server', 504, 'sH', 'responseTimeout'),
  UploadStalled: row('upload-stalled', 'server', 504, 'sD'),
  ResponseInvalid: row('response-invalid', 'server', 502, 'PH', 'junkResponse'),
  ResponseCut: row('response-cut', 'server', 502, 'SD'),
  /** Behind its head it is no HTTP. */
  ResponseBroken: row('response-broken', 'server', 502, 'SD'),
  /** Its session was shut, by an operator or because of its server's state. */
  ResponseShut: row('response-shut', 'proxy', 502, 'KD'),
  ResponseStalled: row('response-stalled', 'server', 504, 'sD'),
  Internal: row('internal-error', 'proxy', 500, 'IR'),
} as const satisfies Record<string, Failure>;
