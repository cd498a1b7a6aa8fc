/** Handshakes that fail, beside the real HAProxy: what is logged of them, what counts them, with which alert they end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { receiveUdp } from '../support/syslog.ts';
import { tlsFile, tlsText } from '../support/tls.ts';
import { until } from '../support/wait.ts';
import { columnsBut, Side, skip } from './side-by-side.ts';

const CONFIG = (port: number) => `
global
 stats socket %DIR%/ctl level admin
 log 127.0.0.1:${port} local0
defaults
 mode http
 log global
 option socket-stats
 timeout connect 2s
 timeout client 300ms
 timeout server 2s
frontend web
 option httplog
 bind unix@%DIR%/web name one ssl crt ${tlsFile('server')} ssl-min-ver TLSv1.2
 http-request return status 200
frontend strict
 option httplog
 bind unix@%DIR%/strict name two ssl crt ${tlsFile('server')} strict-sni
 http-request return status 200
frontend mutual
 option httplog
 bind unix@%DIR%/mutual name mutual ssl crt ${tlsFile('server')} ca-file ${tlsFile('client-ca')} verify required
 http-request return status 200
frontend quiet
 option httplog
 option dontlognull
 bind unix@%DIR%/quiet name quiet ssl crt ${tlsFile('server')}
 http-request return status 200
frontend brief
 bind unix@%DIR%/brief name brief ssl crt ${tlsFile('server')}
 http-request return status 200
frontend shaped
 option httplog
 option log-separate-errors
 error-log-format "%ft %ac/%fc %[fc_err] %[fc_err_str] %[ssl_fc_sni] %sslv/%sslc"
 bind unix@%DIR%/shaped name shaped ssl crt ${tlsFile('server')}
 http-request return status 200
`;

/** Bytes, or nothing, and what becomes of the connection then. */
type Does = (socket: Socket) => void;
const HELLO = Buffer.from('16030102000100', 'hex');
const says: Does = (socket) => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const goes: Does = (socket) => socket.end();
const breaksOff: Does = (socket) => socket.end(HELLO);
const waits: Does = () => {};
const stops: Does = (socket) => socket.write(HELLO);

const OTHER = { cert: tlsText('client-other'), key: tlsText('client-other') };
const OLD = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;

/** In this order, one after the other. */
const STORIES: readonly (readonly [frontend: string, does: Does | ConnectionOptions])[] = [
  ...[says, goes, breaksOff, waits, stops, OLD].map((does) => ['web', does] as const),
  ...[{ servername: 'nobody.test' }, {}, { servername: 'nobody.test', maxVersion: 'TLSv1.2' } as const].map(
    (does) => ['strict', does] as const,
  ),
  ...[{ maxVersion: 'TLSv1.2' } as const, { ...OTHER, maxVersion: 'TLSv1.2' } as const].map((does) => ['mutual', does] as const),
  ...[says, goes, breaksOff].map((does) => ['quiet', does] as const),
  ...[says, goes].map((does) => ['brief', does] as const),
  ...[says, goes, breaksOff].map((does) => ['shaped', does] as const),
];

/** How it ends for the client. */
async function live(side: Side, frontend: string, does: Does | ConnectionOptions): Promise<string> {
  const path = join(side.folder, frontend);
  if (typeof does !== 'function') {
    const socket = connectTls({ path, rejectUnauthorized: false, ...does });
    socket.resume();
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    return error.code ?? '';
  }
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  does(socket);
  await until('the other side closes', () => socket.readableEnded || socket.closed);
  socket.destroy();
  return 'closed';
}

const alike = (line: string): string => line.replace(/^(<\d+>).*?\]: /, '$1').replace(/\[[^\]]*\d{4}:[^\]]*\]/, '[date]');

async function tell(name: Side['name']): Promise<object> {
  const receiver = await receiveUdp();
  const side = await Side.start(name, CONFIG(receiver.port));
  try {
    const ends: string[] = [];
    for (const [frontend, does] of STORIES) {
      ends.push(`${frontend}: ${await live(side, frontend, does)}`);
      await until('it has left', async () => /^CurrSslConns: 0$/m.test(await side.cli('show info')));
    }
    await until('all lines are there', () => receiver.lines.some((line) => line.includes('shaped') && receiver.lines.length >= 15));
    const rows = (await side.rows()).filter(({ svname }) => svname !== 'BACKEND');
    const info = await side.cli('show info');
    // HAProxy lets go of a connection's TLS before it does so of the connection: the next one may be counted with it.
    return {
      ends,
      lines: receiver.lines.filter((line) => /SSL|shaped/.test(line)).map(alike),
      rows: rows.map((row) => columnsBut(['smax', 'conn_rate_max', 'conn_rate', 'lastchg', 'slim', 'pid', 'iid', 'sid', 'addr'], row)),
      info: info
        .split('\n')
        .filter((line) => /^(CurrSslConns|CumSslConns|SslFrontendKeyRate|SslFrontendMaxKeyRate|SslCacheLookups)/.test(line)),
    };
  } finally {
    await side.stop();
    await receiver.stop();
  }
}

test('handshakes that fail are told of, counted and ended as HAProxy does', { skip }, async () => {
  assert.deepEqual(await tell('fairlead'), await tell('haproxy'));
});
