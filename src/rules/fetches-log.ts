/** Fetches that logs ask for: what was captured, and of versions (manual 7.3.6). */

import type { FetchRow } from './fetch.ts';
import { type Sample, single } from './sample.ts';

function row(names: string[], type: FetchRow['type'], chapter: string, help: string, sample: Sample): FetchRow {
  return { names, arguments: [], type, needs: 'nothing', chapter, help, compile: () => sample };
}

/** `capture.req.hdr(<idx>)` and its like. */
function captured(name: string, side: 'request' | 'response'): FetchRow {
  return {
    names: [name],
    arguments: [{ name: 'idx', type: 'integer' }],
    type: 'str',
    needs: 'nothing',
    chapter: '7.3.6',
    help: `What was captured of the ${side} under this number.`,
    compile: (args) => {
      const index = Number(args[0]);
      return { type: 'str', source: single((context) => context.notes?.[side][index]) };
    },
  };
}

export const LOG_FETCHES: readonly FetchRow[] = [
  captured('capture.req.hdr', 'request'),
  captured('capture.res.hdr', 'response'),
  row(['capture.res.ver'], 'str', '7.3.6', 'Version of the response as `HTTP/1.1`.', {
    type: 'str',
    source: single(({ response }) => (response === undefined ? undefined : response.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1')),
  }),
  row(['unique-id'], 'str', '7.3.6', 'The unique id of the request, as `unique-id-format` makes it.', {
    type: 'str',
    source: single((context) => context.uniqueId),
  }),
];
