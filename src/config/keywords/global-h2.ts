/** HTTP/2 (manual 3.1, 3.2): what an HTTP/2 connection of a client may have. */

import type { GlobalDraft } from '../draft.ts';
import type { H2Config } from '../model.ts';
import type { Row } from '../row.ts';
import type { Read } from '../values.ts';
import { row, valueRow } from './global-row.ts';

function within(name: string, low: number, high: number, expected: string): (word: string) => Read<number> {
  return (word) => {
    const value = Number(word);
    if (/^\d+$/.test(word) && value >= low && value <= high) return { value };
    return { error: `'tune.h2.${name}' expects a ${expected}.` };
  };
}

function h2Row(
  name: string,
  key: Exclude<keyof H2Config, 'websockets'>,
  [low, high]: readonly [number, number],
  fallback: string,
  doc: string,
  expected = `numeric value between ${low} and ${high}`,
): Row<GlobalDraft> {
  const fields = { name: `tune.h2.${name}`, syntax: '<number>', chapter: '3.2', default: fallback, doc };
  const missing = `'tune.h2.${name}' expects a ${expected}.`;
  return valueRow({ ...fields, missing }, within(name, low, high, expected), (global, value) => {
    global.h2 = { ...global.h2, [key]: value };
  });
}

const POSITIVE = 'positive numeric value';
const MAX = 0x7fffffff;

export const globalH2Rows: readonly Row<GlobalDraft>[] = [
  row({
    name: 'h2-workaround-bogus-websocket-clients',
    syntax: '',
    doc: 'Clients of HTTP/2 are not told that WebSockets can be had (RFC 8441): those that do it wrong take HTTP/1.1 for them, where ALPN offers it.',
    max: 0,
    parse: (global) => {
      global.h2 = { ...global.h2, websockets: false };
    },
  }),
  h2Row(
    'header-table-size',
    'headerTableSize',
    [4096, 65536],
    '4096',
    'How many bytes of fields that have come before a client may refer to (HPACK).',
  ),
  h2Row(
    'initial-window-size',
    'initialWindowSize',
    [0, MAX],
    '65535',
    'How many bytes of a body a client may send on a stream before it is told to go on.',
    POSITIVE,
  ),
  h2Row(
    'max-concurrent-streams',
    'maxConcurrentStreams',
    [0, MAX],
    '100',
    'The most requests of one connection at the same time; 0 is no limit.',
    POSITIVE,
  ),
  h2Row(
    'max-frame-size',
    'maxFrameSize',
    [16384, 16777215],
    '`tune.bufsize`, at least 16384',
    'The longest frame that clients may send; never more than `tune.bufsize`, or 16384 where that is less.',
  ),
];
