/**
 * `option jsonlog`: a line of the access log as one JSON object (RFC 8259), for readers that do not count blanks. Numbers are
 * numbers, what was not reached is null, and bytes that are no UTF-8 are U+FFFD: every line can be read. One that is longer than
 * its target takes is not cut anywhere, but loses the ends of what clients and servers have sent.
 */

import { textOf } from '../core/bytes.ts';
import type { AccessRecord } from '../proxy/types.ts';

/** `room`: bytes that it may have. */
export function jsonLine(r: AccessRecord, room = Number.POSITIVE_INFINITY): string {
  const fields = r.frontend.config.mode === 'tcp' ? sessionFields(r, r.wallReady, false) : requestFields(r);
  const line = JSON.stringify(fields);
  return fits(line, room) ? line : shortened({ ...fields, cut: true }, room);
}

// The name of each field, and where it comes from; `docs/logging.md` explains them in this order.

/** `cut`: what it tells is not the whole of it. */
function sessionFields(r: AccessRecord, since: number, cut: boolean) {
  return {
    time: new Date(since).toISOString(),
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
    early: !r.over,
    cut,
  };
}

function requestFields(r: AccessRecord) {
  const line = r.unread ? '' : r.requestLine;
  const [method = '', target = '', version = ''] = line.split(' ');
  // `tune.http.logurilen` leaves no version of a request line that is longer.
  return Object.assign(sessionFields(r, r.wallStart, line !== '' && version === ''), {
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
  });
}

/** What nobody outside can make long. */
const OWN: ReadonlySet<string> = new Set(['time', 'client', 'frontend', 'backend', 'server', 'termination']);

/** The longest that fits with all texts of others cut to the same length; where even that does not help, without the last fields. */
function shortened(fields: Record<string, unknown>, room: number): string {
  let best = '';
  for (let low = 0, high = Math.max(0, room); low <= high; ) {
    const length = (low + high) >> 1;
    const line = withTexts(fields, length);
    if (fits(line, room)) {
      best = line;
      low = length + 1;
    } else high = length - 1;
  }
  const left = Object.entries(fields);
  while (best === '') {
    left.pop();
    const line = withTexts(Object.fromEntries(left), 0);
    if (left.length === 0 || fits(line, room)) best = line;
  }
  return best;
}

function withTexts(fields: Record<string, unknown>, length: number): string {
  return JSON.stringify(fields, (key, value) => (typeof value === 'string' && !OWN.has(key) ? clipped(value, length) : value));
}

/** Not within a character. */
function clipped(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

function fits(line: string, room: number): boolean {
  return line.length <= room && Buffer.byteLength(line) <= room;
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
