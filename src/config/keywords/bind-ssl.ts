/** TLS parameters of `bind` (manual 5.1): also those that a line of a `crt-list` gives in brackets for one certificate alone. */

import { didYouMean } from '../../core/suggest.ts';
import type { BindSslConfig } from '../model-tls.ts';
import { type BindSslWords, bindVersions, caPath, crtPath, finishBindSsl, NO_DEFAULTS, readAlpn } from '../tls-words.ts';
import type { Read } from '../values.ts';
import type { BindOptions, BindParameter } from './bind.ts';
import { versionParameters } from './tls-versions.ts';

type Words = Partial<BindSslWords>;

interface SslRow extends Omit<BindParameter, 'apply' | 'chapter'> {
  /** May stand in a line of a `crt-list`. */
  readonly listed?: boolean;
  readonly read: (value: string, ssl: BindSslWords) => Read<Words>;
}

function said(words: Words): Read<Words> {
  return { value: words };
}

function flag(name: string, doc: string, words: Words): SslRow {
  return { name, args: 0, syntax: '', doc, read: () => said(words) };
}

/** Of OpenSSL's `X509_V_ERR_*`. */
const LAST_ERROR = 94;

function readErrors(name: string, value: string): Read<readonly number[] | 'all'> {
  if (value === 'all') return { value: 'all' };
  const errors = value.split(',').map((item) => Number.parseInt(item, 10) || 0);
  const wrong = errors.find((error) => error < 1 || error > LAST_ERROR);
  if (wrong === undefined) return { value: errors };
  return { error: `'${name}' : ID '${wrong}' out of range (1..${LAST_ERROR}) in error IDs list '${value}'` };
}

function errorsRow(name: string, key: 'caIgnoreErrors' | 'crtIgnoreErrors', where: string): SslRow {
  return {
    name,
    args: 1,
    syntax: '{all|<number>[,<number>]...}',
    doc: `Errors of verification, by OpenSSL's numbers, ${where}, that do not end the handshake.`,
    missing: 'missing error IDs list',
    read: (value) => {
      const errors = readErrors(name, value);
      return 'error' in errors ? errors : said({ [key]: errors.value });
    },
  };
}

const VERIFY: readonly string[] = ['none', 'optional', 'required'];

const rows: readonly SslRow[] = [
  {
    name: 'alpn',
    args: 1,
    listed: true,
    syntax: '<protocol>[,<protocol>]...',
    default: 'none',
    doc: 'Protocols that are offered by ALPN, in the order of preference: `h2,http/1.1` offers HTTP/2.',
    missing: 'missing the comma-delimited ALPN protocol suite',
    read: (value) => {
      const alpn = readAlpn(value);
      return 'error' in alpn ? alpn : said({ alpn: alpn.value });
    },
  },
  {
    name: 'ca-file',
    args: 1,
    listed: true,
    syntax: '{<file>|<directory>|@system-ca}',
    doc: 'Authorities that certificates of clients must stand on.',
    missing: 'missing CAfile path',
    read: (value, { bases }) => said({ caFile: caPath(bases, value) }),
  },
  errorsRow('ca-ignore-err', 'caIgnoreErrors', 'at depths above 0'),
  {
    name: 'ca-verify-file',
    args: 1,
    listed: true,
    syntax: '<file>',
    doc: 'More authorities, whose names clients are not told.',
    missing: 'missing CAfile path',
    read: (value, { bases }) => said({ caVerifyFile: caPath(bases, value) }),
  },
  {
    name: 'ciphers',
    args: 1,
    listed: true,
    syntax: '<list>',
    default: '`ssl-default-bind-ciphers`',
    doc: "Ciphers of TLSv1.2 and older, in OpenSSL's words.",
    missing: 'missing cipher suite',
    read: (ciphers) => said({ ciphers }),
  },
  {
    name: 'ciphersuites',
    args: 1,
    listed: true,
    syntax: '<list>',
    default: '`ssl-default-bind-ciphersuites`',
    doc: 'Cipher suites of TLSv1.3, with colons between them.',
    missing: 'missing cipher suite',
    read: (ciphersuites) => said({ ciphersuites }),
  },
  {
    name: 'crl-file',
    args: 1,
    listed: true,
    syntax: '<file>',
    doc: 'Revoked certificates, for `verify`.',
    missing: 'missing CRLfile path',
    read: (value, { bases }) => said({ crlFile: caPath(bases, value) }),
  },
  {
    name: 'crt',
    args: 1,
    syntax: '{<file>|<directory>}',
    doc: 'A certificate with its chain and its key (PEM), or a directory of such files. Each `crt` adds to those before it; the first is shown where no name fits.',
    missing: 'missing certificate location',
    read: (value, { crt, crtOrder, bases }) => said({ crt: [...crt, crtPath(bases, value)], crtOrder: [...crtOrder, 'crt'] }),
  },
  errorsRow('crt-ignore-err', 'crtIgnoreErrors', 'at depth 0'),
  {
    name: 'crt-list',
    args: 1,
    syntax: '<file>',
    doc: 'A list of certificates, each with the names that it is for and words of its own: `<file> [<words>] [<name>|!<name>]...`.',
    missing: 'missing certificate location',
    read: (value, { crtLists, crtOrder, bases }) =>
      said({ crtLists: [...crtLists, crtPath({ ...bases, crt: bases.cwd }, value)], crtOrder: [...crtOrder, 'crt-list'] }),
  },
  {
    name: 'curves',
    args: 1,
    listed: true,
    syntax: '<list>',
    default: '`ssl-default-bind-curves`',
    doc: 'Groups for the exchange of keys, in the order of preference: `X25519:P-256`.',
    missing: 'missing curve suite',
    read: (curves) => said({ curves }),
  },
  {
    name: 'ecdhe',
    args: 1,
    listed: true,
    syntax: '<curve>',
    doc: 'One group, where `curves` does not stand.',
    missing: 'missing named curve',
    read: (ecdhe) => said({ ecdhe }),
  },
  { ...flag('no-ca-names', 'Clients are not told which authorities `ca-file` has.', { caNames: false }), listed: true },
  flag('no-tls-tickets', 'Sessions are not resumed by tickets.', { tickets: false }),
  flag('prefer-client-ciphers', "The client's order of ciphers counts, not ours.", { preferClientCiphers: true }),
  flag(
    'self-signed',
    'Makes an authority and, for each host that is routed, a certificate: for development. The log says how to trust it.',
    { selfSigned: true },
  ),
  flag('ssl', 'TLS is spoken here. Needs `crt`, `crt-list` or `self-signed`.', { on: true }),
  flag('strict-sni', 'Who names no host that there is a certificate for gets none.', { strictSni: true }),
  {
    name: 'tls-ticket-keys',
    args: 1,
    syntax: '<file>',
    doc: 'Keys of tickets, base64, one in a line: so that several machines take up the sessions of each other.',
    missing: 'missing TLS ticket keys file path',
    read: (value, { bases }) => said({ ticketKeys: crtPath({ ...bases, crt: bases.cwd }, value) }),
  },
  {
    name: 'verify',
    args: 1,
    listed: true,
    syntax: '{none|optional|required}',
    default: 'none',
    doc: 'Whether clients are asked for a certificate, and whether they must have one.',
    missing: 'missing verify method',
    read: (value) => {
      if (VERIFY.includes(value)) return said({ verify: value as BindSslConfig['verify'] });
      return { error: `'verify' : unknown verify method '${value}', only 'none', 'optional', and 'required' are supported` };
    },
  },
  ...versionParameters.map(
    ({ read, ...row }): SslRow => ({
      ...row,
      ...(row.name === 'ssl-min-ver' ? { default: 'TLSv1.2' } : {}),
      read: (value, { versions }) => {
        const next = read(value, versions);
        return 'error' in next ? next : said({ versions: next.value });
      },
    }),
  ),
];

const byName: ReadonlyMap<string, SslRow> = new Map(rows.map((row) => [row.name, row]));

/** A parameter that is accepted and does nothing. */
export function idle(name: string, args: 0 | 1, syntax: string, why: string): BindParameter {
  return { name, args, syntax, chapter: '5.1', doc: `Accepted without effect: ${why}.`, noEffect: why, apply: () => undefined };
}

export const bindSslParameters: readonly BindParameter[] = [
  idle('allow-0rtt', 0, '', 'Node takes no early data; clients send it again after the handshake'),
  {
    ...idle('npn', 1, '<protocols>', 'clients ask by ALPN: see alpn'),
    missing: 'missing the comma-delimited NPN protocol suite',
  },
  ...rows.map(
    ({ read, listed: _listed, ...row }): BindParameter => ({
      ...row,
      chapter: row.name === 'self-signed' ? '' : '5.1',
      apply: (options: BindOptions, value) => {
        const words = read(value, options.ssl);
        if ('error' in words) return words.error;
        options.ssl = { ...options.ssl, ...words.value };
        return undefined;
      },
    }),
  ),
];

/**
 * Lays what stands in the brackets of a `crt-list`'s line over what the `bind` line says. Errors are whole sentences without
 * their place; `allow-0rtt` and `npn` are taken and do nothing, as there.
 */
export function readSslWords(words: readonly string[], base: BindSslConfig): { readonly ssl: BindSslConfig } | { readonly error: string } {
  let ssl = reopen(base);
  for (let i = 0; i < words.length; i++) {
    const name = words[i] ?? '';
    const row = byName.get(name);
    if (name === 'allow-0rtt') continue;
    if (name === 'npn') {
      i++;
      continue;
    }
    if (row?.listed !== true) return { error: `unknown ssl keyword ${name}${didYouMean(name, LISTED)}` };
    const value = words[i + 1] ?? '';
    if (row.args === 1 && value === '') return { error: `ssl args out of '[]' for ${name}` };
    const read = row.read(value, ssl);
    if ('error' in read) return read;
    ssl = { ...ssl, ...read.value };
    i += row.args;
  }
  const [none] = bindVersions(ssl).problems.filter(({ kind }) => kind === 'none');
  if (none !== undefined) return { error: 'all SSL/TLS versions are disabled' };
  const { verify = 'none', caFile, caVerifyFile } = ssl;
  if (verify !== 'none' && caFile === undefined && caVerifyFile === undefined)
    return { error: 'verify is enabled but no CA file specified' };
  return { ssl: finishBindSsl(ssl) };
}

const LISTED: readonly string[] = rows.filter(({ listed }) => listed).map(({ name }) => name);

function reopen({ minVersion, maxVersion, crtOrder = [], ...rest }: BindSslConfig): BindSslWords {
  const versions = { disabled: [], min: minVersion, max: maxVersion };
  return { ...rest, crtOrder, versions, ecdhe: undefined, on: true, defaults: NO_DEFAULTS };
}
