/**
 * A request's head as Node's HTTP client is to send it: from what a host's handlers see, so what they have changed counts, with
 * the lines as they came where nobody has changed them. Node's objects join lines of one name and write names in small letters.
 *
 * HTTP/2 in HTTP/1.1 form (RFC 9113 8.2, 8.3): pseudo-fields become the request line and Host, what belongs to a connection is
 * left out, a body whose length nobody has said is chunked.
 */

import type { OutgoingHttpHeaders } from 'node:http';
import { CONNECTION_FIELDS } from '../../http/h2-fields.ts';
import type { HostRequest } from './host.ts';

export interface CarriedHead {
  readonly method: string;
  /** The request's target, as it is sent. */
  readonly target: string;
  /** Names with their capital letters, in the order that they came in. */
  readonly fields: OutgoingHttpHeaders;
  /** No body follows. */
  readonly bodiless: boolean;
  /** It names no host, as HTTP/1.0 may. */
  readonly hostless: boolean;
}

/** A body that takes the place of the request's own. */
export type Replacement = { readonly length: number | undefined } | undefined;

/** Undefined: this cannot be a request. `upgrade`: it asks for another protocol, and is answered by `ws`. */
export function carriedHead(request: HostRequest, upgrade: boolean, replacement: Replacement): CarriedHead | undefined {
  const method = request.method ?? '';
  const target = request.url ?? '';
  // What Node's client would make of it is a tunnel, and no answer to it would come here.
  if (method === 'CONNECT') return undefined;
  // The rest is for the session to judge: here it could not stand in one line.
  if (!/^[\x21-\x7e\x80-\xff]+$/.test(target)) return undefined;
  const fields: OutgoingHttpHeaders = request.stream === undefined ? fieldsOfOne(request, upgrade) : fieldsOfTwo(request);
  if (request.stream !== undefined && !settleHost(request, fields)) return undefined;
  const bodiless = frame(request, fields, replacement);
  return { method, target, fields, bodiless, hostless: !fields[nameOf(fields, 'host') ?? ''] };
}

function fieldsOfOne(request: HostRequest, upgrade: boolean): OutgoingHttpHeaders {
  const fields = asTheyCame(request, (name) => name === 'expect' || (!upgrade && (name === 'upgrade' || name === 'http2-settings')));
  // Node says 100 to whoever expects it before a handler runs; an upgrade that nobody waits for is an ordinary request.
  if (!upgrade) withoutUpgrade(fields);
  return fields;
}

function fieldsOfTwo(request: HostRequest): OutgoingHttpHeaders {
  return asTheyCame(request, (name) => name.startsWith(':') || name === 'expect' || name === 'host' || CONNECTION_FIELDS.has(name));
}

/** False: two different ones are asked for (RFC 9113 8.3.1). */
function settleHost({ headers }: HostRequest, fields: OutgoingHttpHeaders): boolean {
  const { ':authority': authority, host } = headers as { readonly ':authority'?: string; readonly host?: string };
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) return false;
  fields.Host = authority ?? host ?? '';
  return true;
}

function asTheyCame({ headers, rawHeaders }: HostRequest, isLeftOut: (name: string) => boolean): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null);
  const raw = byName(rawHeaders);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || isLeftOut(name)) continue;
    const came = raw.get(name);
    if (came === undefined) fields[name] = value;
    else fields[came.name] = came.values.length > 1 && isSame(value, came.values) ? came.values : value;
  }
  return fields;
}

function isSame(value: string | string[], came: readonly string[]): boolean {
  if (typeof value !== 'string') return value.length === came.length && value.every((one, index) => one === came[index]);
  return value === came.join(', ') || value === came.join('; ');
}

export interface Lines {
  /** As written the first time. */
  readonly name: string;
  readonly values: string[];
}

/** `raw`: names and values in turn. By the name in small letters, in the order of their first lines. */
export function byName(raw: readonly string[]): ReadonlyMap<string, Lines> {
  const found = new Map<string, Lines>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const key = name.toLowerCase();
    const lines = found.get(key);
    if (lines === undefined) found.set(key, { name, values: [raw[i + 1] as string] });
    else lines.values.push(raw[i + 1] as string);
  }
  return found;
}

function nameOf(fields: OutgoingHttpHeaders, wanted: string): string | undefined {
  return Object.keys(fields).find((name) => name.toLowerCase() === wanted);
}

function withoutUpgrade(fields: OutgoingHttpHeaders): void {
  const name = nameOf(fields, 'connection');
  if (name === undefined) return;
  const tokens = String(fields[name])
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !/^(?:upgrade|http2-settings)?$/i.test(token));
  if (tokens.length === 0) delete fields[name];
  else fields[name] = tokens.join(', ');
}

/** True: no body follows. */
function frame({ stream }: HostRequest, fields: OutgoingHttpHeaders, replacement: Replacement): boolean {
  const length = nameOf(fields, 'content-length');
  const coding = nameOf(fields, 'transfer-encoding');
  if (replacement !== undefined) {
    if (length !== undefined) delete fields[length];
    if (coding !== undefined) delete fields[coding];
    if (replacement.length === undefined) fields['Transfer-Encoding'] = 'chunked';
    else fields['Content-Length'] = String(replacement.length);
    return replacement.length === 0;
  }
  if (stream === undefined) return coding === undefined && (length === undefined || /^0+$/.test(String(fields[length])));
  const { endAfterHeaders } = stream;
  if (!endAfterHeaders && length === undefined) fields['Transfer-Encoding'] = 'chunked';
  return endAfterHeaders;
}
