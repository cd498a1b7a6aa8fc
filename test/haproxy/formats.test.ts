/**
 * Log formats before the real HAProxy (manual 8.2): the same formats and the same requests on both sides, line by line. Dates are
 * masked. What is not compared: bytes (test/haproxy has them elsewhere), and lines that HAProxy writes twice because their
 * variables are all known with the request; so every format asks for something of the response.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { soon } from '../support/soon.ts';
import { until } from '../support/wait.ts';
import { type Servers, Side, skip, startServers } from './side-by-side.ts';

/** Behind `log-format`, in single quotes. */
const FORMATS: readonly string[] = [
  '%B %ST',
  '%ST %ts %[nbsrv(be)] %[queue(be)] %[avg_queue(be)] %[srv_is_up(be/s1)] %[srv_queue(be/s1)] %[srv_weight(be/s1)] %[srv_id] %[so_id] %[http_first_req] %[bc_dst] %[bc_src] %[nbproc] %[fe_conn] %[be_conn(be)] %[srv_conn(be/s1)]',
  '%si:%sp %{+X}si:%{+X}sp %{+Q}si %bi %H %ST %ts',
  '%ci:%cp %fi:%fp %{+X}cp %{+Q}ci %ST',
  '%f %ft %b %s %{+Q}f %{+Q}ft %{+Q}b %{+Q,+E}s %ST',
  '%HM|%HP|%HPO|%HQ|%HU|%HV|%r|%ST',
  '%{+Q}HM|%{+Q}HP|%{+Q}HPO|%{+Q}HQ|%{+Q}HU|%{+Q}HV|%{+Q}r|%ST',
  '%{+E}HM|%{+E}HP|%{+E}HPO|%{+E}HQ|%{+E}HU|%{+E}HV|%{+E}r|%ST',
  '%{+Q,+E}HP|%{+Q,+E}r|%ST',
  '%CC %CS %{+Q}CC %{+E}CS %ST',
  '%hr %hs|%hrl|%hsl|%{+Q}hr %{+Q}hs|%{+Q}hrl|%{+Q}hsl|%{+E}hr|%{+Q,+E}hrl|%ST',
  '%[capture.req.hdr(0)]|%[capture.req.hdr(3)]|%[capture.req.hdr(9)]|%[capture.res.hdr(0)]|%{+Q,+E}[capture.req.hdr(0)]|%ST',
  '%[capture.req.uri]|%[capture.req.method]|%[capture.req.ver]|%[method]|%[fe_name]|%ST',
  '%{+Q}[capture.req.uri]|%{+E}[capture.req.uri]|%{+Q}[srv_name]|%ST',
  '%t|%tr|%T|%Tl|%trg|%trl|%ST',
  '%Th %sslc %sslv %{+Q}sslc %ts %tsc %ST',
  '%ac/%fc/%bc/%sc/%rc %sq/%bq %lc %{+X}lc',
  '%{+Q}o %r %ST %HM %{-Q}b %f %CC %[fe_name] %ft',
  '%{+E}o %r %ST [x=%[capture.req.uri]] %[capture.req.hdr(0)]',
  '%{+X}o %ST %f %r',
  ' a  b   %f    %hr %hs   %ST  ',
  '%ST%hr%hs%ST',
  '100%% %_ %ST %"%ST',
  '%[status] %[be_name] %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc %ST',
  '%[capture.req.method,lower]%[capture.req.uri,length] %[int(5),mul(3)] %[str(a),hex] %[bool(true)] %ST',
];

/** The formats of frontends that capture, too, beside those that do not. */
const CAPTURES = ` capture request header User-Agent len 12
 capture request header x-a len 10
 http-request capture path,upper len 4
 declare capture request len 6
 capture response header X-R len 8
 declare capture response len 5
 http-request capture req.hdr(host) id 3
 http-response capture status id 1
 capture cookie sid len 12
 http-request set-header x %[path,capture-req(1)] if { path /again }`;

const OPTIONS = [' option httplog', ' option httplog clf', ' option httpslog', ' option tcplog'];

const REQUESTS: readonly string[] = [
  'GET /a?b=c HTTP/1.1\r\nHost: h\r\nUser-Agent: a{b|c}d"e#\\]\r\nX-A: one\r\nX-A: two, three\r\nCookie: x=1; sid=12345678901234567890; sidx=2\r\nConnection: close\r\n\r\n',
  'GET http://h.example:80/a/b?c=d HTTP/1.1\r\nHost: h.example:80\r\nX-A: \xc3\xa9\r\nConnection: close\r\n\r\n',
  'GET https://h.example:443/y?z HTTP/1.1\r\nHost: h.example:443\r\nConnection: close\r\n\r\n',
  'GET http://h.example HTTP/1.1\r\nHost: h.example\r\nCookie: a=1, sidfoo = "q;r" ; b\r\nConnection: close\r\n\r\n',
  'GET /again?? HTTP/1.1\r\nHost: h\r\nUser-Agent:\r\nConnection: close\r\n\r\n',
  'GET /deny HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nCookie: sid=1\r\nConnection: close\r\n\r\n',
  'GET /return HTTP/1.1\r\nHost: h\r\nCookie: sid=1\r\nConnection: close\r\n\r\n',
  'GET /503/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  'GET /close HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.0\r\nHost: h\r\nCookie: sid\r\nConnection: close\r\n\r\n',
  'GET /]\\{|}"\'%0a%00?x=]" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc',
  'BAD\r\n\r\n',
];

/** Which lines are written, at which level (before the line), and when; `Fs` is the frontend's name. */
const STYLES: readonly string[] = [
  ' option httplog\n option dontlog-normal',
  ' option httplog\n option log-separate-errors',
  ' option httplog\n http-request set-log-level debug if { path /a }\n http-response set-log-level silent if { status 503 }',
  ' option httplog\n option log-separate-errors\n http-request set-log-level silent if { path /return }\n http-request set-log-level emerg if { path /503/x }',
  " log-format 'Fs %ST %r'\n error-log-format 'Fs E %ci %r %ST %{+Q}CC %hr|'",
  " log-format 'Fs %ac %fc %bc %sc %ts %ST %r'\n option logasap",
  ' option httplog\n option logasap\n capture response header X-R len 4',
  " log-format 'Fs %ST %U %r'\n option logasap",
  ' option httplog\n capture cookie sid len 12\n http-request reject if { path /deny }\n http-request silent-drop if { path /return }',
  " log-format 'Fs %ST'\n error-log-format 'Fs E %[var(sess.a)] %[var(proc.z)] %[var(txn.a)]'\n http-request set-var(sess.a) path\n http-request set-var(proc.z) str(Z)\n http-request set-var(txn.a) path",
  ' option tcplog\n option logasap',
  ` http-request set-var(txn.a) path\n http-request set-var(req.b) method\n http-request set-var-fmt(sess.c) <%[path]%HM>
 http-request set-var(txn.n) int(5) if { path /a }\n http-request unset-var(txn.a) if { path /p }\n http-request set-var(txn.n,ifnotexists) int(7)
 http-response set-var(res.d) res.hdr(x-r)\n http-response set-var(txn.e) var(req.b)\n http-response set-var(txn.e,ifnotexists) str(none)
 http-request deny if { var(txn.a) -m str /again }\n log-format 'Fs %ST %[var(txn.a)] %[var(req.b)] %[var(sess.c)] %[var(res.d)] %[var(txn.e)] %[var(txn.n),add(1)]'`,
  ` unique-id-format %{+X}o%pid-%HU-%HM\n unique-id-header X-Uid\n http-request set-header x-seen %[unique-id] if { path /a }
 http-request capture req.hdr(x-seen),regsub("^[0-9A-F]*-","") len 30\n log-format 'Fs %ST %hr %[unique-id,regsub("^[0-9A-F]*-","")]'`,
  ' log stdout format rfc5424 local0\n log-tag edge\n log-format \'Fs %ST\'\n log-format-sd \'%{+Q,+E}o [fs@1 name="Fs" uri=%[capture.req.uri] method=%[capture.req.method] ST="%ST"]\'',
];

/** In mode tcp, where a request is bytes. */
const TCP: readonly string[] = [
  ' option tcplog',
  ' option tcplog\n option logasap',
  " log-format 'Ft %U %ST'\n option logasap",
  ' option httpslog',
  " log-format 'Ft %ci %cp %f %ft %b %s %ts %ac/%fc/%bc/%sc/%rc %sq/%bq %ST %lc'",
  " log-format 'Ft %{+Q}o %ci %b %s %[src] %[fe_name] %hr|%hs| %ID %t %T %ST'\n unique-id-format %{+X}o%fp-%cp",
  " log-format 'Ft %si %sp %Th %ts %ST'\n option dontlognull",
];

/** `Fp0`, `Fc12`: what a line's frontend is called. */
const OWNER = /\bF[a-z]+\d+\b/;

function frontend(name: string, lines: string): string {
  return `frontend ${name}
 bind unix@%DIR%/${name}
${lines}
 http-request deny if { path /deny }
 http-request return status 200 if { path /return }
 default_backend be
`;
}

interface Case {
  readonly name: string;
  readonly what: string;
  readonly lines: string;
}

const formats: readonly Case[] = FORMATS.flatMap((format, index) => [
  { name: `Fp${index}`, what: format, lines: ` log-format 'Fp${index} ${format}'` },
  { name: `Fc${index}`, what: `${format} with captures`, lines: ` log-format 'Fc${index} ${format}'\n${CAPTURES}` },
]);
const options: readonly Case[] = OPTIONS.flatMap((option, index) => [
  { name: `Fo${index}`, what: option.trim(), lines: option },
  { name: `Fq${index}`, what: `${option.trim()} with captures`, lines: `${option}\n${CAPTURES}` },
]);
const styles: readonly Case[] = STYLES.map((lines, index) => ({
  name: `Fs${index}`,
  what: lines.replaceAll('\n', ';'),
  lines: ` no log\n log stdout format short local0\n${lines.replaceAll('Fs', `Fs${index}`)}`,
}));
const tcp: readonly Case[] = TCP.map((lines, index) => ({
  name: `Ft${index}`,
  what: `mode tcp: ${lines.trim()}`,
  lines: lines.replaceAll('Ft', `Ft${index}`),
}));
const cases = [...formats, ...options, ...styles, ...tcp];

const configuration = (server: string): string => `global
 stats socket %DIR%/ctl
defaults
 mode http
 log stdout format raw local0
 timeout connect 2s
 timeout client 10s
 timeout server 10s
${[...formats, ...options, ...styles].map(({ name, lines }) => frontend(name, lines)).join('')}
${frontend('Fend0', " log-format 'Fend0 %ST'")}
${tcp.map(({ name, lines }) => `frontend ${name}\n mode tcp\n bind unix@%DIR%/${name}\n${lines}\n default_backend bytes\n`).join('')}
backend be
 server s1 ${server}
backend bytes
 mode tcp
 server s1 ${server}
`;

const sides = new Map<Side['name'], ReadonlyMap<string, readonly string[]>>();
let servers: Servers;

before(async () => {
  if (skip !== false) return;
  servers = await startServers();
  for (const name of ['haproxy', 'fairlead'] as const) sides.set(name, await play(name));
});

after(async () => {
  if (skip === false) await servers.stop();
});

/** All lines of each frontend, masked. */
async function play(name: Side['name']): Promise<ReadonlyMap<string, readonly string[]>> {
  const side = await Side.start(name, configuration(servers.address));
  try {
    for (const { name: where } of cases) {
      for (const request of REQUESTS) {
        await logged(side, where, request);
        // Perhaps without a line: then that of the next one tells that it is over.
        if (where.startsWith('Fs')) await logged(side, 'Fend0', REQUESTS[0] as string);
      }
    }
    const lines = new Map<string, string[]>(cases.map((one) => [one.name, []]));
    const written = side.output.split('\n').filter((line) => !/^\[(NOTICE|WARNING)/.test(line));
    for (const line of written) lines.get(OWNER.exec(line)?.[0] ?? '')?.push(masked(line));
    return lines;
  } finally {
    await side.stop();
  }
}

/** One request over a connection of its own, until the other side has closed it and its line is there. */
async function logged(side: Side, where: string, request: string): Promise<void> {
  const before = side.output.length;
  const socket = connect(join(side.folder, where));
  socket.on('error', () => {});
  socket.resume();
  // In mode tcp nobody reads `Connection: close`.
  if (where.startsWith('Ft')) socket.end(request, 'latin1');
  else socket.write(request, 'latin1');
  await once(socket, 'close');
  if (!where.startsWith('Fs')) await soon(`${where} has logged`, () => side.output.length > before && side.output.endsWith('\n'));
  // The next line would count who has not left yet.
  await until(`${where} is left`, async () => (await side.cli(`show stat ${where} 1 -1`)).split('\n')[1]?.split(',')[4] === '0');
}

function masked(line: string): string {
  return (
    line
      .replace(/\d{4}-\d\d-\d\dT\S+/, 'ISO')
      .replace(/ edge \d+ /, ' edge PID ')
      .replace(/\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d/g, 'DATE')
      .replace(/DATE\.\d{3}/g, 'DATE.ms')
      .replace(
        / (-?\d+(?:\/-?\d+){3}\/\+?\d+) (-?\d+) (\+?)\d+ /,
        (_, times: string, status: string, more: string) => ` ${rough(times)} ${status} ${more}B `,
      )
      .replace(
        / (-?\d+\/-?\d+\/\+?\d+) (\+?)\d+ (..) /,
        (_, times: string, more: string, state: string) => ` ${rough(times)} ${more}B ${state} `,
      )
      // Nobody waits for these lines: HAProxy may have accepted the next connection already when it writes one at the end.
      .replace(/^(<\d>.*\+?B (?:- - \S{4}|\S\S) )\d+(?:\/\d+){3}/, (line, before: string) =>
        line.includes(' +B - - ----') ? line : `${before}n/n/n/n`,
      )
      .replace(/^(<\d>Fs\d+ )\d+ \d+ \d+ \d+ (?!-- 200)/, '$1n n n n ')
      .replace(/ \d+ "" "" (\S+) \d{3} /, ' B "" "" $1 ms ')
      .replace(/("(?:s1|<NOSRV>)") (-?\d+(?: -?\d+){4}) /, (_, server: string, times: string) => `${server} ${rough(times)} `)
  );
}

/** A time that was reached is one, whatever it is. */
function rough(times: string): string {
  return times.replace(/(?<![-\d])\d+/g, 'T');
}

for (const { name, what } of cases) {
  test(what, { skip }, () => {
    const [expected, actual] = [sides.get('haproxy')?.get(name) ?? [], sides.get('fairlead')?.get(name) ?? []];
    assert.ok(expected.length > 0);
    assert.deepEqual(actual, expected);
  });
}
