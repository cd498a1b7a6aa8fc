/** What Node's objects come to as a head for Node's HTTP client. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CarriedHead, carriedHead } from '../../../src/proxy/embedded/carried-head.ts';
import type { HostRequest } from '../../../src/proxy/embedded/host.ts';

interface Case {
  readonly name: string;
  /** Pairs of what came; `headers` follows from it as Node joins them, but for what `changed` says. */
  readonly raw: readonly string[];
  readonly changed?: Readonly<Record<string, string | string[] | undefined>>;
  readonly method?: string;
  readonly url?: string;
  /** HTTP/2, and whether a body follows. */
  readonly stream?: 'body' | 'none';
  readonly upgrade?: boolean;
  readonly replacement?: { readonly length: number | undefined };
  readonly fields?: CarriedHead['fields'];
  readonly bodiless?: boolean;
}

/** As Node joins lines of one name. */
function joined(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const before = headers[name];
    if (before === undefined) headers[name] = raw[i + 1] as string;
    else if (name !== 'user-agent') headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${raw[i + 1]}`;
  }
  return headers;
}

function carried({ raw, changed = {}, method = 'GET', url = '/', stream, upgrade = false, replacement }: Case): CarriedHead | undefined {
  const headers: Record<string, string | string[] | undefined> = { ...joined(raw), ...changed };
  for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
  const of = stream === undefined ? undefined : { endAfterHeaders: stream === 'none' };
  const request = { method, url, headers, rawHeaders: raw, stream: of } as unknown as HostRequest;
  return carriedHead(request, upgrade, replacement);
}

const AUTHORITY = [':method', 'GET', ':path', '/', ':scheme', 'https', ':authority', 'a:8443'] as const;

const cases: readonly Case[] = [
  { name: 'lines as they came', raw: ['Host', 'a', 'X-A', '1', 'x-a', '2'], fields: { Host: 'a', 'X-A': ['1', '2'] }, bodiless: true },
  { name: 'cookies line by line', raw: ['Host', 'a', 'Cookie', 'a=1', 'Cookie', 'b=2'], fields: { Host: 'a', Cookie: ['a=1', 'b=2'] } },
  {
    name: 'what Node has dropped stays dropped',
    raw: ['Host', 'a', 'User-Agent', 'x', 'User-Agent', 'y'],
    fields: { Host: 'a', 'User-Agent': 'x' },
  },
  {
    name: 'what the host has changed',
    raw: ['Host', 'a', 'X-A', '1', 'X-B', '2'],
    changed: { 'x-a': 'new', 'x-b': undefined, 'x-c': ['3', '4'] },
    fields: { Host: 'a', 'X-A': 'new', 'x-c': ['3', '4'] },
  },
  {
    name: 'Expect is Node’s to answer',
    raw: ['Host', 'a', 'Expect', '100-continue', 'Content-Length', '1'],
    method: 'PUT',
    fields: { Host: 'a', 'Content-Length': '1' },
    bodiless: false,
  },
  {
    name: 'an upgrade that nobody waits for',
    raw: ['Host', 'a', 'Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c', 'HTTP2-Settings', 'x'],
    fields: { Host: 'a' },
  },
  {
    name: 'what else Connection says',
    raw: ['Host', 'a', 'Connection', 'close, upgrade, X-Hop'],
    fields: { Host: 'a', Connection: 'close, X-Hop' },
  },
  {
    name: 'an upgrade',
    raw: ['Host', 'a', 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
    upgrade: true,
    fields: { Host: 'a', Connection: 'Upgrade', Upgrade: 'websocket' },
  },
  { name: 'a length of nothing', raw: ['Host', 'a', 'Content-Length', '0'], method: 'POST', bodiless: true },
  { name: 'chunks', raw: ['Host', 'a', 'Transfer-Encoding', 'chunked'], method: 'DELETE', bodiless: false },
  {
    name: 'another body of known length',
    raw: ['Host', 'a', 'content-length', '9'],
    method: 'POST',
    replacement: { length: 3 },
    fields: { Host: 'a', 'Content-Length': '3' },
    bodiless: false,
  },
  {
    name: 'another body of unknown length',
    raw: ['Host', 'a', 'Content-Length', '9'],
    method: 'POST',
    replacement: { length: undefined },
    fields: { Host: 'a', 'Transfer-Encoding': 'chunked' },
    bodiless: false,
  },
  {
    name: 'another body that is empty',
    raw: ['Host', 'a', 'Transfer-Encoding', 'chunked'],
    method: 'POST',
    replacement: { length: 0 },
    fields: { Host: 'a', 'Content-Length': '0' },
    bodiless: true,
  },
  {
    name: 'HTTP/2: the authority is Host',
    raw: [...AUTHORITY, 'x-a', '1'],
    stream: 'none',
    fields: { 'x-a': '1', Host: 'a:8443' },
    bodiless: true,
  },
  { name: 'HTTP/2: without an authority', raw: [':method', 'GET', 'host', 'b'], stream: 'none', fields: { Host: 'b' } },
  {
    name: 'HTTP/2: a body whose length nobody says',
    raw: AUTHORITY,
    stream: 'body',
    fields: { Host: 'a:8443', 'Transfer-Encoding': 'chunked' },
    bodiless: false,
  },
  {
    name: 'HTTP/2: a body of known length',
    raw: [...AUTHORITY, 'content-length', '5'],
    stream: 'body',
    fields: { 'content-length': '5', Host: 'a:8443' },
    bodiless: false,
  },
  {
    name: 'HTTP/2: nothing of a connection',
    raw: [...AUTHORITY, 'te', 'trailers'],
    changed: { connection: 'close', 'transfer-encoding': 'chunked', upgrade: 'x' },
    stream: 'none',
    fields: { Host: 'a:8443' },
  },
];

describe('a carried head', () => {
  for (const one of cases) {
    it(one.name, () => {
      const head = carried(one);
      assert.ok(head !== undefined);
      if (one.fields !== undefined) assert.deepEqual({ ...head.fields }, one.fields);
      if (one.bodiless !== undefined) assert.equal(head.bodiless, one.bodiless);
    });
  }

  it('keeps a target as it is, and is none where that could not stand in a line', () => {
    assert.equal(carried({ name: '', raw: [], url: '//a/../b?x=//y#z' })?.target, '//a/../b?x=//y#z');
    for (const url of ['', '/a b', '/a\r\nx: y', '/\u20ac', '/a\0']) assert.equal(carried({ name: '', raw: [], url }), undefined, url);
  });

  it('is none where two hosts are named', () => {
    assert.equal(carried({ name: '', raw: [...AUTHORITY, 'host', 'b'], stream: 'none' }), undefined);
    assert.equal(carried({ name: '', raw: [...AUTHORITY, 'host', 'A:8443'], stream: 'none' })?.fields.Host, 'a:8443');
  });

  it('knows when no host is named', () => {
    assert.equal(carried({ name: '', raw: [] })?.hostless, true);
    assert.equal(carried({ name: '', raw: ['hOST', 'a'] })?.hostless, false);
  });
});
