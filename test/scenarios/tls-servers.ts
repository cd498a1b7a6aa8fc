/**
 * Servers of TLS, good and bad ones: what checks find of them, and what comes of a request. The same table is played to Fairlead
 * (tls-servers.test.ts) and to the real HAProxy (test/haproxy/tls-servers.test.ts).
 */

import { tlsFile } from '../support/tls.ts';
import { answers, startTlsUpstream, startUpstreamOn, type TlsUpstream } from '../support/tls-upstream.ts';

/** By name: each is started once for all stories. */
const KINDS = {
  good: () => startTlsUpstream('server', answers, { alpn: ['http/1.1'] }),
  ecdsa: () => startTlsUpstream('server-ecdsa', answers),
  wildcard: () => startTlsUpstream('wildcard', answers),
  expired: () => startTlsUpstream('expired', answers),
  'TLS 1.3 alone': () => startTlsUpstream('server', answers, { minVersion: 'TLSv1.3' }),
  'asks for a certificate': () => startTlsUpstream('server', answers, { clients: 'client-ca' }),
  'asks for a certificate in TLS 1.2': () => startTlsUpstream('server', answers, { clients: 'client-ca', maxVersion: 'TLSv1.2' }),
  'answers clear text': () =>
    startUpstreamOn((raw) => raw.on('data', () => raw.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))),
  'is silent': () => startUpstreamOn((raw) => raw.resume()),
  closes: () => startUpstreamOn((raw) => raw.on('data', () => raw.end())),
  resets: () => startUpstreamOn((raw) => raw.on('data', () => raw.resetAndDestroy())),
  'sends an alert': () => startUpstreamOn((raw) => raw.on('data', () => raw.end(Buffer.from('15030300020228', 'hex')))),
} as const;
export type Kind = keyof typeof KINDS;

export type Upstreams = Readonly<Record<Kind, TlsUpstream>>;

export async function startUpstreams(): Promise<Upstreams> {
  const started = await Promise.all(Object.entries(KINDS).map(async ([kind, start]) => [kind, await start()] as const));
  return Object.fromEntries(started) as Record<Kind, TlsUpstream>;
}

export async function stopUpstreams(upstreams: Upstreams): Promise<void> {
  await Promise.all(Object.values(upstreams).map((upstream) => upstream.stop()));
}

export interface TlsStory {
  readonly name: string;
  readonly kind: Kind;
  /** Of the `server` line. */
  readonly words: string;
  /** Of a TCP check: `check_status`, and `last_chk`. */
  readonly check: readonly [status: string, words: string];
  readonly path?: string;
  /** Status and body of the answer, the body where it is a server's. */
  readonly answer: string;
  /** Status, termination, retries. */
  readonly log: string;
  /** Of the server, those that are not 0. */
  readonly counters: string;
  /** HAProxy's, where they are others: it counts a reset before a response as two errors. */
  readonly haproxyCounters?: string;
}

const CA = `ca-file ${tlsFile('ca')}`;
const FAILED: readonly [string, string] = ['L6RSP', 'SSL handshake failure'];
const PASSED: readonly [string, string] = ['L6OK', ''];
const served = (body: string) => ({ check: PASSED, answer: `200 ${body}`, log: '200 -- 0', counters: 'stot 1 connect 1' }) as const;
/** There is no connection: as one that is refused, it is tried again. */
const unreached = (check: readonly [string, string]) =>
  ({ check, answer: '503', log: '503 SC 1', counters: 'stot 2 econ 1 wretr 1 connect 2' }) as const;

export const TLS_STORIES: readonly TlsStory[] = [
  { name: 'trusted', kind: 'good', words: CA, ...served('false false false TLSv1.3') },
  { name: 'not-verified', kind: 'expired', words: 'verify none', ...served('false false false TLSv1.3') },
  { name: 'ecdsa', kind: 'ecdsa', words: CA, ...served('false false false TLSv1.3') },
  { name: 'tls12', kind: 'good', words: `${CA} ssl-max-ver TLSv1.2`, ...served('false false false TLSv1.2') },
  { name: 'alpn', kind: 'good', words: `${CA} alpn http/1.1`, ...served('false http/1.1 false TLSv1.3') },
  { name: 'sni', kind: 'good', words: `${CA} sni str(www.example.test)`, ...served('www.example.test false false TLSv1.3') },
  { name: 'sni-of-host', kind: 'good', words: `${CA} sni req.hdr(host)`, ...served('example.test false false TLSv1.3') },
  { name: 'sni-of-nothing', kind: 'good', words: `${CA} sni req.hdr(x)`, ...served('false false false TLSv1.3') },
  {
    name: 'sni-before-verifyhost',
    kind: 'good',
    words: `${CA} sni str(example.test) verifyhost other.test check-sni example.test`,
    ...served('example.test false false TLSv1.3'),
  },
  { name: 'verifyhost', kind: 'wildcard', words: `${CA} verifyhost any.wild.test`, ...served('false false false TLSv1.3') },
  {
    name: 'client-certificate',
    kind: 'asks for a certificate',
    words: `${CA} crt ${tlsFile('client')}`,
    ...served('false false false TLSv1.3'),
  },
  {
    name: 'other-name',
    kind: 'good',
    words: `${CA} verifyhost other.test`,
    ...unreached(['L6RSP', 'Server presented an SSL certificate different from the configured one']),
  },
  {
    name: 'other-sni',
    kind: 'good',
    words: `${CA} sni str(other.test) check-sni other.test`,
    check: ['L6RSP', 'Server presented an SSL certificate different from the expected one'],
    answer: '503',
    log: '503 SC 1',
    counters: 'stot 1 econ 1 connect 1',
  },
  {
    name: 'other-level',
    kind: 'wildcard',
    words: `${CA} verifyhost a.b.wild.test`,
    ...unreached(['L6RSP', 'Server presented an SSL certificate different from the configured one']),
  },
  { name: 'other-authority', kind: 'good', words: `ca-file ${tlsFile('other-ca')}`, ...unreached(FAILED) },
  { name: 'expired', kind: 'expired', words: CA, ...unreached(FAILED) },
  {
    name: 'revocations-of-others-among-authorities',
    kind: 'good',
    words: `ca-file ${tlsFile('ca-and-crl')}`,
    ...served('false false false TLSv1.3'),
  },
  { name: 'no-revocations', kind: 'good', words: `${CA} crl-file ${tlsFile('client-ca.crl')}`, ...unreached(FAILED) },
  { name: 'no-version', kind: 'TLS 1.3 alone', words: 'verify none ssl-max-ver TLSv1.2', ...unreached(FAILED) },
  { name: 'no-certificate-in-1.2', kind: 'asks for a certificate in TLS 1.2', words: 'verify none', ...unreached(FAILED) },
  // It says so behind the handshake: what was sent is lost.
  {
    name: 'no-certificate-in-1.3',
    kind: 'asks for a certificate',
    words: 'verify none',
    check: PASSED,
    answer: '502',
    log: '502 SH 0',
    counters: 'stot 1 eresp 1 connect 1',
    haproxyCounters: 'stot 1 eresp 2 connect 1',
  },
  { name: 'clear-text', kind: 'answers clear text', words: 'verify none', ...unreached(FAILED) },
  { name: 'closes', kind: 'closes', words: 'verify none', ...unreached(FAILED) },
  { name: 'resets', kind: 'resets', words: 'verify none', ...unreached(FAILED) },
  { name: 'alert', kind: 'sends an alert', words: 'verify none', ...unreached(FAILED) },
  { name: 'silent', kind: 'is silent', words: 'verify none', ...unreached(['L6TOUT', '']), log: '503 sC 1' },
  { name: 'close-notify', kind: 'good', words: 'verify none', path: '/close-notify', ...served('body') },
  { name: 'fin', kind: 'good', words: 'verify none', path: '/fin', ...served('body') },
  {
    name: 'cut',
    kind: 'good',
    words: 'verify none',
    path: '/reset',
    ...served('body'),
    log: '200 SD 0',
    counters: 'stot 1 eresp 1 srv_abrt 1 connect 1',
  },
];

export const COUNTERS: readonly string[] = ['stot', 'econ', 'eresp', 'wretr', 'srv_abrt', 'connect'];

/** `bind` is for a story by its name. Traffic goes to servers without checks, which would keep it away. */
export function configuration(upstreams: Upstreams, bind: (name: string) => string): string {
  return TLS_STORIES.map(
    ({ name, kind, words }) => `frontend f-${name}
 bind ${bind(name)}
 default_backend ${name}
backend ${name}
 mode http
 timeout connect 3s
 retries 1
 server s1 ${upstreams[kind].address} ssl ${words}
backend c-${name}
 timeout connect 3s
 server s1 ${upstreams[kind].address} ssl ${words} check inter 3s fall 1 rise 1
`,
  ).join('');
}

export function requestOf({ path = '/' }: TlsStory): string {
  return `GET ${path} HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\n\r\n`;
}

/** Of what has come until the end. */
export function answerOf(text: string): string {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const status = head.split(' ', 2)[1] ?? 'none';
  return status === '200' ? `200 ${body.join('\r\n\r\n')}` : status;
}

export function countersOf(value: (name: string) => string | number | undefined): string {
  return COUNTERS.map((name) => [name, Number(value(name) ?? 0)] as const)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(' ');
}
