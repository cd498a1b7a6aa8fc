/**
 * Fetches of TLS connections and their certificates (manual 7.3.4): `ssl_fc*` of the client's connection, `ssl_bc*` of that to the
 * server; `ssl_c_*` of the client's certificate, `ssl_f_*` of ours before it, `ssl_s_*` of the server's. What Node does not tell is
 * in `refused.ts`: the random numbers of the handshake, its secrets, and what stood in the client's hello.
 */

import { CONNECTION_ERRORS } from '../core/connection-errors.ts';
import { type ArgumentSpec, type Arguments, integer } from './arguments.ts';
import { type DistinguishedName, entryOf, oneLine, rfc2253 } from './distinguished-name.ts';
import { RuleError } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { type Sample, single } from './sample.ts';
import type { Needs, Scope } from './scope.ts';
import type { TlsFacts } from './tls-facts.ts';
import { tlsSession } from './tls-session.ts';
import type { RuleContext } from './types.ts';
import { type CertificateFacts, certificateFacts } from './x509.ts';

const CHAPTER = '7.3.4';

type Value = string | number | boolean | undefined;
type TypeOf = 'str' | 'bin' | 'int' | 'bool';

/** What a fetch reads of a connection; a type, and what the reference says of it. */
interface Reading {
  readonly name: string;
  readonly type: TypeOf;
  readonly help: string;
  readonly get: (tls: TlsFacts) => Value;
  /** Where nothing is encrypted. */
  readonly clear?: false;
}

function reading(name: string, type: TypeOf, help: string, get: Reading['get'], clear?: false): Reading {
  return { name, type, help, get, ...(clear === undefined ? {} : { clear }) };
}

type Side = (context: RuleContext) => TlsFacts | undefined;
const ofClient: Side = (context) => context.tls;
const ofServer: Side = (context) => context.serverTls;

function sampleOf(type: TypeOf, get: (context: RuleContext) => Value): Sample {
  return { type, source: single(get) } as Sample;
}

function rowOf(prefix: string, side: Side, needs: Needs, { name, type, help, get, clear }: Reading): FetchRow {
  return {
    names: [prefix + name],
    arguments: [],
    type,
    needs,
    chapter: CHAPTER,
    help,
    compile: () =>
      sampleOf(type, (context) => {
        const tls = side(context);
        return tls === undefined ? clear : get(tls);
      }),
  };
}

/** Of OpenSSL's name of a cipher: the bits of its key, and those that it is worth. Undefined without encryption. */
function keyBits(cipher: string): { readonly size: number; readonly used: number } | undefined {
  if (/NULL|NONE/.test(cipher)) return undefined;
  if (/DES-CBC3|3DES/.test(cipher)) return { size: 168, used: 112 };
  const size = /CHACHA20|256(?=[-_]?(?:GCM|CCM|CBC|SHA|$))|GOST/.test(cipher.replace(/[-_]SHA\d*$/, '')) ? 256 : 128;
  return { size, used: size };
}

/** An empty one is none. */
function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Bytes as a sample has them; none of them is no value. */
function bytes(of: Buffer | undefined): string | undefined {
  return filled(of?.toString('latin1'));
}

/** Of both sides. */
const CONNECTION: readonly Reading[] = [
  reading('', 'bool', 'Whether the connection is encrypted.', () => true, false),
  reading('_alg_keysize', 'int', "Bits of the cipher's key.", ({ cipher }) => keyBits(cipher)?.size),
  reading('_alpn', 'str', 'The protocol that was agreed upon by ALPN.', ({ alpn }) => alpn),
  reading('_cipher', 'str', "OpenSSL's name of the cipher.", ({ cipher }) => cipher),
  reading('_err', 'int', "OpenSSL's number of what went wrong, 0 for nothing.", ({ failure }) => failure?.number ?? 0),
  reading('_err_str', 'str', 'The same in words.', ({ failure }) => failure?.text),
  reading('_is_resumed', 'bool', 'Whether the session of an earlier connection goes on.', ({ resumed }) => resumed, false),
  reading('_npn', 'str', 'What NPN has agreed upon: nothing, it is no more.', () => undefined),
  reading('_protocol', 'str', 'Version of TLS as `TLSv1.3`.', ({ protocol }) => protocol),
  reading('_session_id', 'bin', "The session's id.", ({ session }) => filled(session && tlsSession(session)?.id)),
  reading('_session_key', 'bin', "The session's master key.", ({ session }) => filled(session && tlsSession(session)?.key)),
  reading('_unique_id', 'bin', 'The id of the connection as RFC 5929 3 has it.', ({ finished }) => bytes(finished)),
  reading('_use_keysize', 'int', "Bits that the cipher's key is worth.", ({ cipher }) => keyBits(cipher)?.used),
];

const CLIENT: readonly Reading[] = [
  reading('fc_has_crt', 'bool', 'Whether the client has shown a certificate on this connection.', presented),
  reading('fc_has_early', 'bool', 'Whether the request came before the end of the handshake: never.', () => false),
  reading('fc_has_sni', 'bool', 'Whether the client has asked for a name.', ({ sni }) => sni !== undefined, false),
  reading('fc_sni', 'str', 'The name that the client has asked for (SNI).', ({ sni }) => sni),
  reading('c_ca_err', 'int', "OpenSSL's number of the first error above the client's certificate, 0 for none.", (tls) =>
    errorAt(tls, true),
  ),
  reading('c_ca_err_depth', 'int', 'How far above it that was.', ({ verifyError }) => verifyError?.depth ?? 0),
  reading('c_err', 'int', "OpenSSL's number of the first error at the client's certificate, 0 for none.", (tls) => errorAt(tls, false)),
  reading('c_used', 'bool', 'Whether the session has a certificate of the client.', ({ peerChain }) => peerChain.length > 0),
  reading('c_verify', 'int', "What verification of the client's certificate has come to, 0 for no error.", verified),
];

/** A resumed session remembers the certificate of its first connection. */
function presented({ resumed, peerChain }: TlsFacts): boolean {
  return !resumed && peerChain.length > 0;
}

/** Nothing while the handshake is not over. */
function verified({ error, verifyResult }: TlsFacts): number | undefined {
  return error === CONNECTION_ERRORS.none || error === CONNECTION_ERRORS.fatal ? verifyResult : undefined;
}

function errorAt({ verifyError }: TlsFacts, above: boolean): number {
  return verifyError !== undefined && verifyError.depth > 0 === above ? verifyError.number : 0;
}

/** What is read of a certificate: as above. */
interface CertificateReading {
  readonly name: string;
  readonly type: TypeOf;
  readonly help: string;
  readonly get: (certificate: CertificateFacts) => Value;
}

const CERTIFICATE: readonly CertificateReading[] = [
  { name: 'der', type: 'bin', help: 'in DER form', get: ({ der }) => der },
  { name: 'key_alg', type: 'str', help: 'algorithm of its key', get: ({ keyAlgorithm }) => keyAlgorithm },
  { name: 'notafter', type: 'str', help: 'last moment of its time, YYMMDDhhmmssZ', get: ({ notAfter }) => notAfter },
  { name: 'notbefore', type: 'str', help: 'first moment of its time, YYMMDDhhmmssZ', get: ({ notBefore }) => notBefore },
  { name: 'serial', type: 'bin', help: 'serial number', get: ({ serial }) => serial },
  { name: 'sha1', type: 'bin', help: 'SHA-1 fingerprint', get: ({ sha1 }) => sha1 },
  { name: 'sig_alg', type: 'str', help: 'algorithm of its signature', get: ({ signatureAlgorithm }) => signatureAlgorithm },
  { name: 'version', type: 'int', help: 'version', get: ({ version }) => version },
];

/** Part, occurrence and format of a distinguished name. */
const DN: readonly ArgumentSpec[] = [
  { name: 'entry', type: 'string', optional: true },
  { name: 'occ', type: 'integer', optional: true },
  { name: 'format', type: 'string', optional: true },
];

/** What does not fit HAProxy's buffer is no value. */
function readerOf(args: Arguments, { bufsize = BUFSIZE }: Scope): (name: DistinguishedName) => string | undefined {
  const read = formOf(args);
  return (name) => {
    const text = read(name);
    return text === undefined || text.length > bufsize ? undefined : text;
  };
}

/** The default of `tune.bufsize`. */
const BUFSIZE = 16_384;

function formOf(args: Arguments): (name: DistinguishedName) => string | undefined {
  const [entry = '', , format = ''] = args;
  if (format !== '' && format !== 'rfc2253') {
    throw new RuleError('only rfc2253 or a blank value are currently supported as the format argument.');
  }
  const occurrence = integer(args, 1, 1);
  if (entry !== '') return (name) => entryOf(name, entry, occurrence);
  return format === '' ? oneLine : rfc2253;
}

type Owner = (context: RuleContext) => Buffer | undefined;

/** All that is asked of the certificate of one of the three: `ssl_c_`, ... */
function ofCertificate(prefix: string, whose: string, owner: Owner): readonly FetchRow[] {
  const row = (name: string, type: TypeOf, help: string, compile: FetchRow['compile'], specs: readonly ArgumentSpec[] = []): FetchRow => ({
    names: [prefix + name],
    arguments: specs,
    type,
    needs: 'nothing',
    chapter: CHAPTER,
    help: `Of ${whose} certificate: ${help}.`,
    compile,
  });
  const sample = (type: TypeOf, get: CertificateReading['get']): Sample =>
    sampleOf(type, (context) => {
      const der = owner(context);
      const facts = der === undefined ? undefined : certificateFacts(der);
      return facts === undefined ? undefined : get(facts);
    });
  const name = (key: 'issuer' | 'subject'): FetchRow['compile'] => {
    return (args, scope) => {
      const read = readerOf(args, scope);
      return sample('str', (facts) => read(facts[key]));
    };
  };
  return [
    ...CERTIFICATE.map(({ name: suffix, type, help, get }) => row(suffix, type, help, () => sample(type, get))),
    row('i_dn', 'str', 'name of who has issued it, or a part of it', name('issuer'), DN),
    row('s_dn', 'str', 'name of whom it is for, or a part of it', name('subject'), DN),
  ];
}

/** `from`: a client's own is not among those that it has sent with it. */
function chain(name: string, whose: string, side: Side, from: number): FetchRow {
  const all = ({ resumed, peerChain }: TlsFacts): string | undefined =>
    resumed ? undefined : bytes(Buffer.concat(sent(peerChain).slice(from)));
  return rowOf(name, side, 'nothing', reading('', 'bin', `The certificates that ${whose} has sent, in DER form.`, all));
}

/** Node puts the authority behind those that were sent, where it is known. */
function sent(chain: readonly Buffer[]): readonly Buffer[] {
  const last = chain.length > 1 ? certificateFacts(chain.at(-1) as Buffer) : undefined;
  return last !== undefined && oneLine(last.issuer) === oneLine(last.subject) ? chain.slice(0, -1) : chain;
}

export const TLS_FETCHES: readonly FetchRow[] = [
  ...CONNECTION.map((each) => rowOf('ssl_fc', ofClient, 'nothing', each)),
  ...CLIENT.map((each) => rowOf('ssl_', ofClient, 'nothing', each)),
  ...CONNECTION.map((each) => rowOf('ssl_bc', ofServer, 'connection', each)),
  ...ofCertificate('ssl_c_', "the client's", (context) => context.tls?.peerChain[0]),
  ...ofCertificate('ssl_f_', "the frontend's", (context) => context.tls?.ownCertificate),
  ...ofCertificate('ssl_s_', "the server's", (context) => context.serverTls?.peerChain[0]),
  chain('ssl_c_chain_der', 'the client', ofClient, 1),
  chain('ssl_s_chain_der', 'the server', ofServer, 0),
];
