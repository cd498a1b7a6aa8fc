/** Parameters of a server that are about TLS towards it (manual 5.2). */

import { bytesOf } from '../../core/bytes.ts';
import type { ServerDraft } from '../draft.ts';
import type { ServerSslConfig } from '../model-tls.ts';
import { caPath, crtPath, readAlpn, type ServerSslWords } from '../tls-words.ts';
import type { Read } from '../values.ts';
import { refusal } from './refused.ts';
import type { ServerParameter } from './server.ts';
import { versionParameters } from './tls-versions.ts';

type Words = Partial<ServerSslWords>;

interface SslRow extends Omit<ServerParameter, 'apply' | 'chapter'> {
  readonly read: (value: string, ssl: ServerSslWords) => Read<Words>;
}

function said(words: Words): Read<Words> {
  return { value: words };
}

function flag(name: string, doc: string, words: Words): SslRow {
  return { name, args: 0, syntax: '', doc, read: () => said(words) };
}

function tellH2(name: string, value: string): string | undefined {
  if (!value.split(',').includes('h2')) return undefined;
  return `'${name}' : HTTP/2 is not spoken to servers: 'h2' is offered in mode tcp alone.`;
}

const rows: readonly SslRow[] = [
  {
    name: 'alpn',
    args: 1,
    syntax: '<protocol>[,<protocol>]...',
    default: 'none',
    doc: 'Protocols that are offered by ALPN. HTTP/1.1 is what is spoken: `h2` is offered in `mode tcp` alone, which passes on what clients speak.',
    missing: "'alpn' : missing the comma-delimited ALPN protocol suite",
    read: (value) => {
      const alpn = readAlpn(value);
      return 'error' in alpn ? alpn : said({ alpn: alpn.value });
    },
    tell: (value) => tellH2('alpn', value),
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
  flag('no-verifyhost', 'Takes back a `verifyhost` of `default-server`. HAProxy 2.6 has it in its manual alone.', {
    verifyhost: undefined,
  }),
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
      ...(row.name === 'ssl-min-ver' ? { default: 'TLSv1.0' } : {}),
      ...(row.args === 1 ? { missing: `'${row.name}' : ${missing}` } : {}),
      read: (value, { versions }) => {
        const next = read(value, versions);
        return 'error' in next ? next : said({ versions: next.value });
      },
    }),
  ),
];

function toggle(name: string, doc: string, set: (server: ServerDraft) => void): ServerParameter {
  return {
    name,
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc,
    apply: (server) => {
      set(server);
      return undefined;
    },
  };
}

/** Protocols of HAProxy's that are not spoken to servers. */
const OTHER_PROTOCOLS: readonly string[] = ['h2', 'fcgi'];

/** What is wrong with `proto <name>` towards a server; undefined for HTTP/1. */
export function serverProtocolError(name: string): string | undefined {
  if (name === 'h1') return undefined;
  if (!OTHER_PROTOCOLS.includes(name)) return `'proto' : unknown MUX protocol '${name}'`;
  return refusal(`'proto ${name}'`, 'Fairlead speaks HTTP/1.1 to servers, whatever clients speak');
}

/** A word that is accepted and does nothing. */
function idle(name: string, args: 0 | 1, syntax: string, why: string): ServerParameter {
  return { name, args, syntax, chapter: '5.2', doc: `Accepted without effect: ${why}.`, noEffect: why, apply: () => undefined };
}

export const sslParameters: readonly ServerParameter[] = [
  {
    name: 'check-alpn',
    args: 1,
    syntax: '<protocol>[,<protocol>]...',
    chapter: '5.2',
    default: '`alpn`',
    doc: 'Protocols that health checks offer by ALPN; `h2` in `mode tcp` alone.',
    missing: "'check-alpn' : missing the comma-delimited ALPN protocol suite",
    apply: (server, value) => {
      const alpn = readAlpn(value);
      if ('error' in alpn) return alpn.error;
      server.checkWords.alpn = alpn.value;
      return undefined;
    },
    tell: (value) => tellH2('check-alpn', value),
  },
  {
    name: 'check-proto',
    args: 1,
    syntax: 'h1',
    chapter: '5.2',
    doc: 'The version of HTTP that health checks speak: HTTP/1.',
    missing: "'check-proto' : missing value",
    apply: (_server, value) => serverProtocolError(value)?.replace("'proto", "'check-proto"),
  },
  {
    name: 'check-sni',
    args: 1,
    syntax: '<name>',
    chapter: '5.2',
    doc: 'The name that health checks ask for.',
    missing: "'check-sni' : missing SNI",
    apply: (server, value) => {
      server.checkWords.sni = value;
      return undefined;
    },
  },
  toggle('check-ssl', 'Health checks speak TLS, whatever the traffic does.', ({ checkWords }) => {
    checkWords.ssl = true;
  }),
  toggle(
    'no-check-ssl',
    'Health checks are in clear text, whatever the traffic is. Takes back a `check-ssl` of `default-server`.',
    ({ checkWords }) => {
      checkWords.ssl = false;
    },
  ),
  {
    name: 'proto',
    args: 1,
    syntax: 'h1',
    chapter: '5.2',
    doc: 'The version of HTTP that is spoken to the server: HTTP/1.',
    missing: "'proto' : missing value",
    apply: (_server, value) => serverProtocolError(value),
  },
  {
    name: 'ws',
    args: 1,
    syntax: '{auto|h1}',
    chapter: '5.2',
    doc: 'How WebSockets are carried: by HTTP/1.1, as all requests are.',
    missing: "'ws' has to be 'auto', 'h1' or 'h2'",
    apply: (_server, value) => {
      if (value === 'h2') return refusal("'ws h2'", 'Fairlead speaks HTTP/1.1 to servers');
      return value === 'auto' || value === 'h1' ? undefined : "'ws' has to be 'auto', 'h1' or 'h2'";
    },
  },
  idle('allow-0rtt', 0, '', 'Node sends no early data'),
  toggle('no-ssl', 'Takes back an `ssl` of `default-server`.', (server) => {
    server.secured = false;
  }),
  {
    ...idle('npn', 1, '<protocols>', 'servers are asked by ALPN: see alpn'),
    missing: "'npn' : missing the comma-delimited NPN protocol suite",
  },
  toggle('ssl', 'The server is spoken to by TLS. Needs `ca-file`, or `verify none`.', (server) => {
    server.secured = true;
  }),
  ...rows.map(
    ({ read, ...row }): ServerParameter => ({
      ...row,
      chapter: '5.2',
      apply: (server, value) => {
        const words = read(value, server.sslWords);
        if ('error' in words) return words.error;
        server.sslWords = { ...server.sslWords, ...words.value };
        return undefined;
      },
    }),
  ),
];
