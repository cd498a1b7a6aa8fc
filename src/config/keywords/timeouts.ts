/** `timeout ...` (manual 4.2): milliseconds without a unit; 0 is "no time-out". */

import type { ProxyDraft } from '../draft.ts';
import type { Timeouts } from '../model.ts';
import { ANY_PROXY, BACK, FRONT, type Row, type Section } from '../row.ts';
import { readTime } from '../values.ts';

function timeout(name: string, key: keyof Timeouts, sections: readonly Section[], doc: string, fallback = 'none'): Row<ProxyDraft> {
  const keyword = `timeout ${name}`;
  return {
    name: keyword,
    sections,
    syntax: '<time>',
    default: fallback,
    chapter: '4.2',
    doc,
    min: 1,
    max: 1,
    missing: `'${keyword}' expects an integer value (in milliseconds)`,
    parse: (proxy, line) => {
      const time = line.value(readTime(line.first, keyword));
      if (time === undefined) return;
      if (proxy.seen.has(keyword)) line.warn(`overwriting '${keyword}' which was already specified`);
      proxy.seen.add(keyword);
      proxy.timeouts[key] = time === 0 ? undefined : time;
    },
  };
}

export const timeoutRows: readonly Row<ProxyDraft>[] = [
  timeout('check', 'check', BACK, 'How long a health check may take once connected.', '`inter`'),
  timeout('client', 'client', FRONT, 'How long a client may be silent while it is its turn to send or to read.'),
  timeout(
    'client-fin',
    'clientFin',
    FRONT,
    'The same, once one direction of the connection is closed.',
    '`timeout tunnel`, else `timeout client`',
  ),
  timeout('connect', 'connect', BACK, 'How long a connection to a server may take to be established.'),
  timeout(
    'http-keep-alive',
    'httpKeepAlive',
    ANY_PROXY,
    'How long a client may wait with its next request.',
    '`timeout http-request`, else `timeout client`',
  ),
  timeout('http-request', 'httpRequest', ANY_PROXY, 'How long a client may take for a whole request head.', '`timeout client`'),
  timeout('queue', 'queue', BACK, 'How long a request may wait for a free slot of a server; then the answer is 503.', '`timeout connect`'),
  timeout('server', 'server', BACK, 'How long a server may be silent while it is its turn to send or to read.'),
  timeout(
    'server-fin',
    'serverFin',
    BACK,
    'The same, once one direction of the connection is closed.',
    '`timeout tunnel`, else `timeout server`',
  ),
  timeout(
    'tarpit',
    'tarpit',
    ANY_PROXY,
    'How long a request waits for its answer that `http-request tarpit` has caught.',
    '`timeout connect`',
  ),
  timeout(
    'tunnel',
    'tunnel',
    BACK,
    'How long both sides of an upgraded connection (WebSocket) may be silent.',
    '`timeout client` and `timeout server`',
  ),
];
