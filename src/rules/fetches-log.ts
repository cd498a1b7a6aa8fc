/** Fetches that logs ask for: of TLS, which no listener and no server speaks yet (manual 7.3.3, 7.3.4). */

import type { FetchRow } from './fetch.ts';
import { constant, type Sample, single } from './sample.ts';

function row(names: string[], type: FetchRow['type'], chapter: string, help: string, sample: Sample): FetchRow {
  return { names, arguments: [], type, needs: 'nothing', chapter, help, compile: () => sample };
}

const NO_TLS = 'Of TLS: no value.';
const NO_INTEGER: Sample = { type: 'int', source: single<number>(() => undefined) };
const NO_STRING: Sample = { type: 'str', source: single<string>(() => undefined) };
const FALSE: Sample = { type: 'bool', source: constant(false) };

export const LOG_FETCHES: readonly FetchRow[] = [
  row(['fc_err'], 'int', '7.3.3', "The error of the client's connection, 0 for none: that of TLS or PROXY protocol.", {
    type: 'int',
    source: constant(0),
  }),
  row(['ssl_fc_err'], 'int', '7.3.4', NO_TLS, NO_INTEGER),
  row(['ssl_c_err'], 'int', '7.3.4', NO_TLS, NO_INTEGER),
  row(['ssl_c_ca_err'], 'int', '7.3.4', NO_TLS, NO_INTEGER),
  row(['ssl_fc_is_resumed'], 'bool', '7.3.4', 'Of TLS: false.', FALSE),
  row(['ssl_fc_sni'], 'str', '7.3.4', NO_TLS, NO_STRING),
];
