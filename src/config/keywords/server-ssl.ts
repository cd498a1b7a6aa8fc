/** Parameters of a server that are about TLS towards it (manual 5.2). */

import { bytesOf } from '../../core/bytes.ts';
import type { ServerSslConfig } from '../model-tls.ts';
import { caPath, crtPath, readAlpn, type ServerSslWords } from '../tls-words.ts';
import type { Read } from '../values.ts';
import type { ServerParameter } from './server.ts';
import { versionParameters } from './tls-versions.ts';

type Words = Partial<ServerSslWords>;

interface SslRow extends Omit<ServerParameter, 'apply' | 'chapter'> {
  readonly chapter?: string;
  readonly read: (value: string, ssl: ServerSslWords) => Read<Words>;
}

function said(words: Words): Read<Words> {
  return { value: words };
}

function flag(name: string, doc: string, words: Words): SslRow {
  return { name, args: 0, syntax: '', doc, read: () => said(words) };
}

const rows: readonly SslRow[] = [
  {
    name: 'alpn',
    args: 1,
    syntax: '<protocol>[,<protocol>]...',
    default: 'none',
    doc: 'Protocols that are offered by ALPN. HTTP/1.1 is what is spoken: `h2` is not offered.',
    missing: "'alpn' : missing the comma-delimited ALPN protocol suite",
    read: (value) => {
      const alpn = readAlpn(value);
      return 'error' in alpn ? alpn : said({ alpn: alpn.value });
    },
  },
  {
    name: 'ca-file',
    args: 1,
    syntax: '{<file>|<directory>|@system-ca}',
    doc: "Authorities that the server's certificate must stand on.",
    missing: "'ca-file' : missing CAfile path",
    read: (value, { bases }) => said({ caFile: caPath(bases, value) }),
  },
  {
    name: 'ciphers',
    args: 1,
    syntax: '<list>',
    default: '`ssl-default-server-ciphers`',
    doc: "Ciphers of TLSv1.2 and older, in OpenSSL's words.",
    missing: "'ciphers' : missing cipher suite",
    read: (ciphers) => said({ ciphers }),
  },
  {
    name: 'ciphersuites',
    args: 1,
    syntax: '<list>',
    default: '`ssl-default-server-ciphersuites`',
    doc: 'Cipher suites of TLSv1.3, with colons between them.',
    missing: "'ciphersuites' : missing cipher suite",
    read: (ciphersuites) => said({ ciphersuites }),
  },
  {
    name: 'crl-file',
    args: 1,
    syntax: '<file>',
    doc: 'Revoked certificates, for `verify`.',
    missing: "'crl-file' : missing CRLfile path",
    read: (value, { bases }) => said({ crlFile: caPath(bases, value) }),
  },
  {
    name: 'crt',
    args: 1,
    syntax: '<file>',
    doc: 'Our certificate and its key (PEM), for servers that ask for one.',
    missing: "'crt' : missing certificate file path",
    read: (value, { bases }) => said({ crt: crtPath(bases, value) }),
  },
  flag('no-ssl-reuse', 'Each connection makes a session of its own.', { reuse: false }),
  flag('no-tls-tickets', 'No tickets are asked for.', { tickets: false }),
  { ...flag('no-verifyhost', 'Takes back a `verifyhost` of `default-server`.', { verifyhost: undefined }), chapter: '' },
  {
    name: 'sni',
    args: 1,
    syntax: '<expression>',
    default: 'no name is asked for',
    doc: 'The name to ask the server for: a sample expression, as `req.hdr(host)` or `str(example.org)`. Its certificate must have that name.',
    missing: "'sni' : missing sni expression",
    read: (value) => said({ sni: bytesOf(value) }),
  },
  flag('ssl-reuse', 'Takes back a `no-ssl-reuse` of `default-server`.', { reuse: true }),
  flag('tls-tickets', 'Takes back a `no-tls-tickets` of `default-server`.', { tickets: true }),
  {
    name: 'verify',
    args: 1,
    syntax: '{none|required}',
    default: '`ssl-server-verify`, else required',
    doc: "Whether the server's certificate must stand on an authority of `ca-file`.",
    missing: "'verify' : missing verify method",
    read: (value) => {
      if (value === 'none' || value === 'required') return said({ verify: value satisfies ServerSslConfig['verify'] });
      return { error: `'verify' : unknown verify method '${value}', only 'none' and 'required' are supported` };
    },
  },
  {
    name: 'verifyhost',
    args: 1,
    syntax: '<name>',
    doc: "The name that the server's certificate must have where `sni` says none.",
    missing: "'verifyhost' : missing hostname to verify against",
    read: (verifyhost) => said({ verifyhost }),
  },
  ...versionParameters.map(
    ({ read, missing, listed: _listed, ...row }): SslRow => ({
      ...row,
      ...(row.args === 1 ? { missing: `'${row.name}' : ${missing}` } : {}),
      read: (value, { versions }) => {
        const next = read(value, versions);
        return 'error' in next ? next : said({ versions: next.value });
      },
    }),
  ),
];

function secured(name: string, on: boolean, doc: string): ServerParameter {
  return {
    name,
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc,
    apply: (server) => {
      server.secured = on;
      return undefined;
    },
  };
}

/** A word that is accepted and does nothing. */
function idle(name: string, args: 0 | 1, syntax: string, why: string): ServerParameter {
  return { name, args, syntax, chapter: '5.2', doc: `Accepted without effect: ${why}.`, noEffect: why, apply: () => undefined };
}

export const sslParameters: readonly ServerParameter[] = [
  idle('allow-0rtt', 0, '', 'Node sends no early data'),
  secured('no-ssl', false, 'Takes back an `ssl` of `default-server`.'),
  idle('npn', 1, '<protocols>', 'servers are asked by ALPN: see alpn'),
  secured('ssl', true, 'The server is spoken to by TLS. Needs `ca-file`, or `verify none`.'),
  ...rows.map(
    ({ read, ...row }): ServerParameter => ({
      chapter: '5.2',
      ...row,
      apply: (server, value) => {
        const words = read(value, server.sslWords);
        if ('error' in words) return words.error;
        server.sslWords = { ...server.sslWords, ...words.value };
        return undefined;
      },
    }),
  ),
];
