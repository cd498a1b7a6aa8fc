/** Fetches that logs ask for: what was captured (manual 7.3.6), and what is known of TLS, which nobody speaks yet (7.3.4). */

import type { ArgumentSpec } from './arguments.ts';
import type { FetchRow } from './fetch.ts';
import { constant, type Sample, single } from './sample.ts';

function row(names: string[], type: FetchRow['type'], chapter: string, help: string, sample: Sample): FetchRow {
  return { names, arguments: [], type, needs: 'nothing', chapter, help, compile: () => sample };
}

/** Part, occurrence and format of a distinguished name. */
const DN: readonly ArgumentSpec[] = [
  { name: 'entry', type: 'string', optional: true },
  { name: 'occ', type: 'integer', optional: true },
  { name: 'format', type: 'string', optional: true },
];
const NO_TLS = 'Of TLS: no value.';
const NO_INTEGER: Sample = { type: 'int', source: single<number>(() => undefined) };
const NO_STRING: Sample = { type: 'str', source: single<string>(() => undefined) };
const NO_BOOLEAN: Sample = { type: 'bool', source: single<boolean>(() => undefined) };
const FALSE: Sample = { type: 'bool', source: constant(false) };

/** Of the client's connection, of its certificate and of the frontend's: names with their types. */
const TLS: readonly FetchRow[] = [
  ...`ssl_c_chain_der ssl_c_der ssl_c_key_alg ssl_c_notafter ssl_c_notbefore ssl_c_serial ssl_c_sha1 ssl_c_sig_alg ssl_f_der ssl_f_key_alg
    ssl_f_notafter ssl_f_notbefore ssl_f_serial ssl_f_sha1 ssl_f_sig_alg ssl_fc_alpn ssl_fc_cipher ssl_fc_err_str ssl_fc_npn
    ssl_fc_protocol ssl_fc_session_id ssl_fc_session_key ssl_fc_sni ssl_fc_unique_id`
    .split(/\s+/)
    .map((name) => row([name], 'str', '7.3.4', NO_TLS, NO_STRING)),
  ...'ssl_c_i_dn ssl_c_s_dn ssl_f_i_dn ssl_f_s_dn'
    .split(' ')
    .map((name) => ({ ...row([name], 'str', '7.3.4', NO_TLS, NO_STRING), arguments: DN })),
  ...`ssl_c_ca_err ssl_c_ca_err_depth ssl_c_err ssl_c_verify ssl_c_version ssl_f_version ssl_fc_alg_keysize ssl_fc_err
    ssl_fc_use_keysize`
    .split(/\s+/)
    .map((name) => row([name], 'int', '7.3.4', NO_TLS, NO_INTEGER)),
  ...'ssl_c_used ssl_fc_has_crt ssl_fc_has_early'.split(' ').map((name) => row([name], 'bool', '7.3.4', NO_TLS, NO_BOOLEAN)),
  row(['ssl_fc_has_sni'], 'bool', '7.3.4', 'Of TLS: false.', FALSE),
  row(['ssl_fc_is_resumed'], 'bool', '7.3.4', 'Of TLS: false.', FALSE),
];

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
  ...TLS,
];
