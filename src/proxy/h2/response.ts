/** A response's head as the exchange writes it, in HTTP/2's form (RFC 9113 8.2, 8.3.2). */

import type { OutgoingHttpHeaders } from 'node:http2';
import { CONNECTION_FIELDS, SINGLE_FIELDS } from '../../http/h2-fields.ts';
import { Framing } from '../../http/head.ts';
import { parseLength } from '../../http/parse.ts';

export class ResponseForm {
  status = 0;
  fields: OutgoingHttpHeaders = {};
  framing: Framing = Framing.UntilClose;
  length = 0;
  /** Of the WebSocket protocol's handshake; empty where there is none. */
  accept = '';
  /** Behind the head. */
  end = 0;

  /** Reads the head at the beginning of `text`; false where there is none that is whole. */
  read(text: string): boolean {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0 || !text.startsWith('HTTP/1.')) return false;
    this.end = end + 4;
    this.status = Number(text.slice(9, 12));
    if (!(this.status >= 100)) return false;
    this.framing = Framing.UntilClose;
    this.length = 0;
    this.accept = '';
    const fields: OutgoingHttpHeaders = { __proto__: null } as unknown as OutgoingHttpHeaders;
    fields[':status'] = this.status;
    let at = text.indexOf('\r\n') + 2;
    while (at < end + 2) {
      const lineEnd = text.indexOf('\r\n', at);
      const colon = text.indexOf(':', at);
      if (colon > at && colon < lineEnd) this.note(fields, text.slice(at, colon).toLowerCase(), trimmed(text, colon + 1, lineEnd));
      at = lineEnd + 2;
    }
    this.fields = fields;
    return true;
  }

  private note(fields: OutgoingHttpHeaders, name: string, value: string): void {
    if (name === 'content-length') {
      const length = parseLength(value);
      if (length < 0 || this.framing === Framing.Chunked) return;
      this.framing = Framing.Length;
      this.length = length;
    } else if (name === 'transfer-encoding') {
      this.framing = Framing.Chunked;
    } else if (name === 'sec-websocket-accept') {
      this.accept = value;
    }
    if (!CONNECTION_FIELDS.has(name)) add(fields, name, value);
  }
}

/** Field lines, each with its CRLF, as HTTP/2's trailers. */
export function trailersOf(lines: string): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = { __proto__: null } as unknown as OutgoingHttpHeaders;
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    if (!CONNECTION_FIELDS.has(name)) add(fields, name, trimmed(line, colon + 1, line.length));
  }
  return fields;
}

function add(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (!SINGLE_FIELDS.has(name)) fields[name] = Array.isArray(before) ? [...before, value] : [before as string, value];
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
