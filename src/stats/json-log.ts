/**
 * `option jsonlog`: a line of the access log as one JSON object (RFC 8259), for readers that do not count blanks. Numbers are
 * numbers, what was not reached is null, and bytes that are no UTF-8 are U+FFFD: every line can be read.
 */

import { textOf } from '../core/bytes.ts';
import type { AccessRecord } from '../proxy/types.ts';

/** The name of each field, and where it comes from; `docs/logging.md` explains them in this order. */
export function jsonLine(r: AccessRecord): string {
  return JSON.stringify(r.frontend.config.mode === 'tcp' ? session(r) : { ...session(r), ...request(r) });
}

function session(r: AccessRecord) {
  return {
    time: new Date(r.frontend.config.mode === 'tcp' ? r.wallReady : r.wallStart).toISOString(),
    client: r.clientAddress,
    client_port: r.clientPort,
    frontend: r.frontend.name,
    backend: r.backendName,
    server: r.serverName,
    queue_ms: reached(r.timeQueue),
    connect_ms: reached(r.timeConnect),
    total_ms: r.timeTotal,
    bytes_out: r.bytesToClient,
    bytes_in: r.bytesFromClient,
    termination: r.termination,
    connections: { process: r.actconn, frontend: r.feconn, backend: r.beconn, server: r.srvconn },
    retries: r.retries,
    redispatched: r.redispatched,
    queued: { server: r.serverQueue, backend: r.backendQueue },
    number: r.serial,
    unique_id: textOrNull(r.notes?.uniqueId ?? r.context.uniqueId),
    early: r.early,
  };
}

function request(r: AccessRecord) {
  const [method = '', target = '', version = ''] = r.unread ? [] : r.requestLine.split(' ');
  return {
    idle_ms: r.timeIdle,
    request_ms: reached(r.timeRequest),
    response_ms: reached(r.timeResponse),
    active_ms: r.timeActive,
    status: reached(r.status),
    method: textOrNull(method),
    target: textOrNull(target),
    version: textOrNull(version),
    request_cookie: textOrNull(r.notes?.requestCookie),
    response_cookie: textOrNull(r.notes?.responseCookie),
    request_headers: values(r.notes?.request),
    response_headers: values(r.notes?.response),
  };
}

function reached(value: number): number | null {
  return value < 0 ? null : value;
}

function textOrNull(bytes: string | undefined): string | null {
  return bytes === undefined || bytes === '' ? null : textOf(bytes);
}

function values(captured: readonly (string | undefined)[] | undefined): readonly (string | null)[] {
  return captured === undefined ? [] : Array.from(captured, textOrNull);
}
