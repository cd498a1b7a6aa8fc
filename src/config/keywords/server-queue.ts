/** Parameters of a server about how much it carries, and who waits for it (manual 5.2; `fullconn` is the backend's). */

import type { ServerDraft } from '../draft.ts';
import { readInteger } from '../values.ts';
import type { ServerParameter } from './server.ts';

function count(name: string, fallback: string, doc: string, set: (server: ServerDraft, number: number) => void): ServerParameter {
  return {
    name,
    args: 1,
    syntax: '<number>',
    chapter: '5.2',
    default: fallback,
    doc,
    apply: (server, value) => {
      const read = readInteger(value, name);
      if ('error' in read) return read.error;
      set(server, read.value);
      return undefined;
    },
  };
}

export const queueParameters: readonly ServerParameter[] = [
  count('maxconn', '0, no limit', 'The most requests that the server gets at the same time; more wait in the queue.', (server, number) => {
    server.maxconn = number;
  }),
  count(
    'maxqueue',
    '0, no limit',
    'The most requests that may wait for this very server: those whom a cookie, a stick table or a key binds to it.',
    (server, number) => {
      server.maxqueue = number;
    },
  ),
  count(
    'minconn',
    '`maxconn`',
    'The limit while the backend carries little: it grows to `maxconn` in proportion to the requests that the backend has, up to `fullconn`. Without `maxconn`, or above it, it is a `maxconn`.',
    (server, number) => {
      server.minconn = number;
    },
  ),
];
