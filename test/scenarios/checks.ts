/**
 * Checks as a play for two: configurations, and servers that follow a script. HAProxy and Fairlead get the same ones.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * One step of a server's part in a connection: `<` waits for bytes, `> text` sends, `.` lets what was sent arrive by
 * itself, `end` closes, `reset` resets, `hang` does nothing any more.
 */
export type Act = '<' | `> ${string}` | '.' | 'end' | 'reset' | 'hang';

export interface CheckCase {
  readonly name: string;
  /** Lines of the backend. `%PORT%` is the server's, `%PORT2%` that of a second one with the same part. */
  readonly backend: readonly string[];
  /** The same for each connection; undefined: nobody listens. */
  readonly acts: readonly Act[] | undefined;
  /** More words of the server's line. */
  readonly server?: string;
  /** HAProxy says in its log alone what it learned from a server that is well; we say it in the statistics, too. */
  readonly more?: boolean;
}

/** An address of their own: elsewhere, a port that was free a moment ago may be somebody's who is asked by others still. */
const HOST = '127.91.0.1';
/** Nobody ever listens there. */
const NOBODY = '127.91.0.9';

/** What a server saw of a connection. */
export interface Seen {
  readonly bytes: string;
  /** How the checker ended it. */
  end: 'open' | 'fin' | 'reset';
}

/** A server that follows its script. */
export class Scripted {
  /** Where it is to be asked. */
  readonly host: string;
  readonly port: number;
  readonly seen: Seen[] = [];
  private readonly server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server, keep: boolean) {
    this.port = (server.address() as AddressInfo).port;
    this.host = keep ? HOST : NOBODY;
    this.server = keep ? server : undefined;
  }

  static async start(acts: readonly Act[] | undefined): Promise<Scripted> {
    const server = createServer({ allowHalfOpen: true }).listen(0, HOST);
    await once(server, 'listening');
    const scripted = new Scripted(server, acts !== undefined);
    if (acts === undefined) server.close();
    else server.on('connection', (socket) => void scripted.play(socket, acts));
    return scripted;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server === undefined) return;
    this.server.close();
    await once(this.server, 'close');
  }

  private async play(socket: Socket, acts: readonly Act[]): Promise<void> {
    const seen = { bytes: '', end: 'open' as Seen['end'] };
    let unread = 0;
    let wake: () => void = () => {};
    const over = () => seen.end !== 'open' || socket.destroyed;
    this.seen.push(seen);
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      seen.bytes += bytes.toString('latin1');
      unread += bytes.length;
      wake();
    });
    socket.on('end', () => {
      seen.end = 'fin';
      wake();
      if (!acts.includes('hang')) socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') seen.end = 'reset';
      wake();
    });
    socket.on('close', () => {
      this.sockets.delete(socket);
      wake();
    });
    for (const act of acts) {
      if (act === '<') {
        while (unread === 0 && !over()) {
          await new Promise<void>((done) => {
            wake = done;
          });
        }
        unread = 0;
      } else if (act === '.') await pause(30);
      else if (act === 'end') socket.end();
      else if (act === 'reset') socket.resetAndDestroy();
      else if (act.startsWith('> ') && !over()) socket.write(act.slice(2), 'latin1');
    }
  }
}

const OK = '> HTTP/1.0 200 OK\r\n\r\n';
const HELLO = '> HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const NOT_FOUND = '> HTTP/1.1 404 Nope here\r\nContent-Length: 5\r\nX-A: one, two\r\n\r\nhello';

const http = (name: string, lines: readonly string[], acts: readonly Act[] | undefined, server?: string): CheckCase => ({
  name,
  backend: ['option httpchk', ...lines],
  acts,
  ...(server === undefined ? {} : { server }),
});
const tcp = (name: string, lines: readonly string[], acts: readonly Act[] | undefined, server?: string): CheckCase => ({
  name,
  backend: ['option tcp-check', ...lines],
  acts,
  ...(server === undefined ? {} : { server }),
});

/** Of MySQL. */
const packet = (number: number, payload: string): string =>
  String.fromCharCode(payload.length & 255, payload.length >> 8, 0, number) + payload;

/** Services with an option of their own. */
const SERVICES: readonly (readonly [line: string, readonly Act[] | undefined])[] = [
  ['option redis-check', ['<', '> +PONG\r\n', 'hang']],
  ['option redis-check', ['<', '> -ERR no\r\n', 'end']],
  ['option redis-check', ['<', '> -ERR no\r\n', 'hang']],
  ['option redis-check', ['<', '> +P', 'end']],
  ['option redis-check', ['end']],
  ['option redis-check', ['<', 'hang']],
  ['option redis-check', undefined],
  ['option smtpchk', ['> 220 hi there\r\n', '<', '> 250 ok go\r\n', '<', '> 221 bye now\r\n', 'end']],
  ['option smtpchk', ['> 220 hi there\r\n', '<', '> 250-ok\r\n250 go\r\n', '<', '> 221 bye now\r\n', 'end']],
  ['option smtpchk EHLO a.b', ['> 220 hi\r\n', '<', '> 250-ok\r\n250 go\r\n', '<', '> 221 bye now\r\n', 'end']],
  ['option smtpchk HELO', ['> 220 hi\r\n', '<', '> 250 ok\r\n', '<', '> 221 bye\r\n', 'end']],
  ['option smtpchk FOO bar', ['> 220 hi\r\n', '<', '> 250 ok\r\n', '<', '> 221 bye\r\n', 'end']],
  ['option smtpchk', ['> 554 no\r\n', 'end']],
  ['option smtpchk', ['> hello\r\n', 'end']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 500 what\r\n', 'end']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250 ok\r\n', '<', 'end']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250 ok\r\n', '<', '> 500 x\r\n', 'end']],
  ['option smtpchk', ['hang']],
  ['option smtpchk', ['> 22', 'end']],
  ['option ldap-check', ['<', '> \x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> \x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> \x31\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> \x30\x0c\x02\x01\x01\x62\x07\x0a\x01\x00\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> short', 'end']],
  ['option ldap-check', ['<', 'hang']],
  ['option ssl-hello-chk', ['<', '> \x16\x03\x01\x00\x05hello', 'end']],
  ['option ssl-hello-chk', ['<', '> \x15\x03\x01\x00\x02ab', 'end']],
  ['option ssl-hello-chk', ['<', '> hello', 'end']],
  ['option ssl-hello-chk', ['<', '> abc', 'end']],
  ['option ssl-hello-chk', ['<', 'hang']],
  ['option mysql-check', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\0\0\0')}`, '<', 'end']],
  [
    'option mysql-check user bob',
    [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\xff\x15\x04#28000Access denied')}`, '<', 'end'],
  ],
  ['option mysql-check user bob pre-41', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\0\0\0')}`, '<', 'end']],
  ['option mysql-check user bob post-41', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\0\0\0')}`, '<', 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\xff\x10\x04Too many connections')}`, 'end']],
  ['option mysql-check', [`> ${packet(0, '\xff\x10\x04Too many connections')}`, 'end']],
  ['option mysql-check', ['> abc', 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ab`, 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', 'end']],
  ['option mysql-check', ['hang']],
  ['option pgsql-check user bob', ['<', '> R\0\0\0\x08\0\0\0\0', 'end']],
  ['option pgsql-check user bob', ['<', '> R\0\0\0\x08\0\0\0\x03', 'end']],
  ['option pgsql-check user bob', ['<', '> E\0\0\0\x30SFATAL\0C28000\0Mno such user\0\0', 'end']],
  ['option pgsql-check user bob', ['<', '> hello there', 'end']],
  ['option pgsql-check user bob', ['<', '> R\0\0', 'end']],
  ['option pgsql-check user bob', ['<', 'hang']],

  ['option smtpchk', ['end']],
  ['option smtpchk', ['> 220 hi\r\n', 'end']],
  ['option smtpchk', ['> 220 hi\r\n', '<', 'end']],
  ['option ldap-check', ['<', 'end']],
  ['option ssl-hello-chk', ['<', 'end']],
  ['option mysql-check', ['end']],
  ['option mysql-check user bob', ['end']],
  ['option pgsql-check user bob', ['<', 'end']],
  ...['\x01', '\x02', '\x04', '\x05', '\x06', '\x07', '\x08', '\x09', '\x0a', '\x0b', '\x0c'].map(
    (c): readonly [string, readonly Act[]] => ['option pgsql-check user bob', ['<', `> R\0\0\0\x08\0\0\0${c}`, 'end']],
  ),
  ['option pgsql-check user bob', ['<', `> R\0\0\0\x17\0\0\0\x0aSCRAM`, 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\0\0\0')}`, '<', 'end']],
  ['option mysql-check user bob pre-41', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, '<', `> ${packet(2, '\0\0\0')}`, '<', 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa') + packet(2, '\0\0\0')}`, 'hang']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, 'hang']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa').slice(0, 9)}`, 'hang']],
  ['option mysql-check', [`> ${packet(0, '\x0a5.7.1-log\0aaaa')}`, 'hang']],
  [
    'option mysql-check',
    [`> ${packet(0, '\x0a5.7.1-log\0aaaa').slice(0, 9)}`, '.', `> ${packet(0, '\x0a5.7.1-log\0aaaa').slice(9)}`, 'hang'],
  ],
  ['option mysql-check', [`> ${packet(0, '\x0a5.7.1-log\0aaaa').slice(0, 9)}`, 'end']],
  ['option mysql-check user bob', [`> ${packet(0, '\x0a5.7.1-log\0aaaa') + packet(2, 'abc')}`, 'hang']],
  ['option ldap-check', ['<', '> \x30\x84\x00\x00\x00\x10\x02\x01\x01\x61\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> \x30\x0c\x02\x01\x01\x61\x07\x0b\x01\x00\x04\x00\x04\x00', 'end']],
  ['option ldap-check', ['<', '> \x30\x0c\x02', 'hang']],

  ['option smtpchk', ['> 220 hi\r\n', '<', '> 500 what\r\n', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250-ok\r\n', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250-ok\r\n', 'end']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250-ok\r\n500 what\r\n', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250 a\r\n', '<', '> 500 what\r\n', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250 a\r\n', '<', '> 221-w\r\n', 'hang']],
  ['option smtpchk', ['> hello\r\n', 'hang']],
  ['option smtpchk', ['> 220-hi\r\n', '.', '> 220 there\r\n', '<', '> 250 a\r\n', '<', '> 221 w\r\n', 'hang']],
  ['option smtpchk', ['> 554 x\r\n', 'hang']],
  ['option smtpchk', ['> 554-x\r\n', 'hang']],
  ['option smtpchk', ['> 220\r\n', '<', '> 250\r\n', '<', '> 221\r\n', 'hang']],
  ['option smtpchk', ['> 220 hi\r\n', '<', '> 250-ok\r\n250-b\r\n250 c\r\n', '<', '> 221-x\r\n221 y\r\n', 'hang']],
];

export const CHECKS: readonly CheckCase[] = [
  ...SERVICES.map(([line, acts]) => ({
    name: JSON.stringify(acts)?.slice(0, 80) ?? 'refused',
    backend: [line],
    acts,
    more: /mysql|ldap/.test(line),
  })),
  { name: 'connect alone', backend: [], acts: ['hang'] },
  { name: 'connect alone, refused', backend: [], acts: undefined },
  tcp('option tcp-check alone', [], ['hang']),
  tcp('option tcp-check alone, refused', [], undefined),
  tcp('explicit connect', ['tcp-check connect'], ['hang']),
  tcp('explicit connect, refused', ['tcp-check connect'], undefined),
  tcp('explicit connect with comment, refused', ['tcp-check connect comment first'], undefined),
  tcp('explicit connect to a port', ['tcp-check connect port %PORT2%'], ['hang']),
  tcp('explicit connect to a port, refused', ['tcp-check connect port %PORT2%'], undefined),
  tcp('explicit connect to addr', [`tcp-check connect addr ${HOST}`], ['hang']),
  tcp('connect linger', ['tcp-check connect linger'], ['hang']),
  tcp('two connects', ['tcp-check connect', 'tcp-check send a', 'tcp-check connect port %PORT2%', 'tcp-check send b'], ['<']),
  tcp('send alone', ['tcp-check send QUIT\\r\\n'], ['<']),
  tcp('send-binary', ['tcp-check send-binary 50494e470d0a', 'tcp-check expect binary 2b504F4e47'], ['<', '> +PONG\r\n', 'hang']),
  tcp('send refused', ['tcp-check send x'], undefined),
  tcp('banner', ['tcp-check expect string +OK'], ['> +OK ready', 'hang']),
  tcp('banner in pieces', ['tcp-check expect string +OK\\ ready'], ['> +O', '.', '> K re', '.', '> ady', 'hang']),
  tcp('banner is another', ['tcp-check expect string +OK'], ['> -ERR no', 'hang']),
  tcp('banner is another, closed', ['tcp-check expect string +OK'], ['> -ERR no', 'end']),
  tcp('banner is another, comment', ['tcp-check expect comment hello string +OK'], ['> -ERR no', 'end']),
  tcp('banner is another, comment line', ['tcp-check comment before', 'tcp-check expect string +OK'], ['> -ERR no', 'end']),
  tcp('banner is short, open', ['tcp-check expect string +OK\\ ready'], ['> +OK', 'hang']),
  tcp('banner is short, closed', ['tcp-check expect string +OK\\ ready'], ['> +OK', 'end']),
  tcp('no banner, closed', ['tcp-check expect string +OK'], ['end']),
  tcp('no banner, closed, comment', ['tcp-check expect comment hello string +OK'], ['end']),
  tcp('no banner, reset', ['tcp-check expect string +OK'], ['.', 'reset']),
  tcp('no banner, hang', ['tcp-check expect string +OK'], ['hang']),
  tcp('no banner, hang, comment', ['tcp-check connect', 'tcp-check expect comment hello string +OK'], ['hang']),
  tcp('no banner, hang, comment line', ['tcp-check connect', 'tcp-check comment before', 'tcp-check expect string +OK'], ['hang']),
  tcp('binary hangs', ['tcp-check expect binary 2b504F4e47'], ['hang']),
  tcp('rstring hangs', ['tcp-check expect rstring ^a'], ['hang']),
  tcp('rbinary hangs', ['tcp-check expect rbinary ^61'], ['hang']),
  tcp('rstring', ['tcp-check expect rstring ^a.c$'], ['> abc', 'hang']),
  tcp('rstring without, closed', ['tcp-check expect rstring ^a.c$'], ['> xyz', 'end']),
  tcp('rstring without, open', ['tcp-check expect rstring ^a.c$'], ['> xyz', 'hang']),
  tcp('rbinary', ['tcp-check expect rbinary ^6162(63|64)$'], ['> abc', 'hang']),
  tcp('rbinary upper', ['tcp-check expect rbinary ^4A4b'], ['> JK', 'end']),
  tcp('binary without, closed', ['tcp-check expect binary 616263'], ['> xyz', 'end']),
  tcp('rbinary without, closed', ['tcp-check expect rbinary ^616263'], ['> xyz', 'end']),
  tcp('! string, not there', ['tcp-check expect ! string bad'], ['> good', 'hang']),
  tcp('! string, not there, short', ['tcp-check expect ! string bad'], ['> go', 'hang']),
  tcp('! string, not there, closed', ['tcp-check expect ! string bad'], ['> good', 'end']),
  tcp('! string, there', ['tcp-check expect ! string bad'], ['> so bad', 'hang']),
  tcp('! rstring, there', ['tcp-check expect !rstring ba[dt]'], ['> so bad', 'hang']),
  tcp('min-recv 0 short', ['tcp-check expect min-recv 0 string abcdef'], ['> abc', 'hang']),
  tcp('min-recv 5 mismatch', ['tcp-check expect min-recv 5 rstring ^x'], ['> abc', '.', '> def', 'hang']),
  tcp('min-recv 9 short', ['tcp-check expect min-recv 9 rstring ^a'], ['> abc', 'hang']),
  tcp('min-recv 3 string longer', ['tcp-check expect min-recv 3 string abcdef'], ['> abcd', 'hang']),
  tcp('min-recv 4 ! string', ['tcp-check expect min-recv 4 ! string zz'], ['> abc', '.', '> d', 'hang']),
  tcp('two expects of one answer', ['tcp-check expect string abc', 'tcp-check expect string def'], ['> abcdef', 'hang']),
  tcp('two expects in pieces', ['tcp-check expect string abc', 'tcp-check expect string def'], ['> abc', '.', '> def', 'hang']),
  tcp('two expects, second fails', ['tcp-check expect string abc', 'tcp-check expect string xyz'], ['> abcdef', 'end']),
  tcp('! then string', ['tcp-check expect ! string bad', 'tcp-check expect string good'], ['> go', '.', '> od so', 'hang']),
  tcp(
    'a send forgets what came',
    ['tcp-check expect string abc', 'tcp-check send x', 'tcp-check expect string def'],
    ['> abcdef', '<', '> ghi', 'end'],
  ),
  tcp(
    'a dialog',
    [
      'tcp-check connect',
      'tcp-check send PING\\r\\n',
      'tcp-check expect string +PONG',
      'tcp-check send QUIT\\r\\n',
      'tcp-check expect string +OK',
    ],
    ['<', '> +PONG\r\n', '<', '> +OK\r\n', 'end'],
  ),
  tcp(
    'a dialog, second answer is wrong',
    [
      'tcp-check connect',
      'tcp-check comment ping',
      'tcp-check send PING\\r\\n',
      'tcp-check expect string +PONG',
      'tcp-check comment quit',
      'tcp-check send QUIT\\r\\n',
      'tcp-check expect string +OK',
    ],
    ['<', '> +PONG\r\n', '<', '> -ERR\r\n', 'end'],
  ),
  tcp(
    'a dialog, second answer hangs',
    ['tcp-check connect', 'tcp-check send a', 'tcp-check expect string b', 'tcp-check send c comment asked', 'tcp-check expect string d'],
    ['<', '> b', 'hang'],
  ),
  tcp('ok-status L4OK', ['tcp-check expect ok-status L4OK string a'], ['> a', 'hang']),
  tcp('ok-status L6OK', ['tcp-check expect ok-status L6OK string a'], ['> a', 'hang']),
  tcp('ok-status L7OKC', ['tcp-check expect ok-status L7OKC string a'], ['> a', 'hang']),
  tcp('error-status L7STS', ['tcp-check expect error-status L7STS string a'], ['> b', 'end']),
  tcp('error-status L4CON', ['tcp-check expect error-status L4CON string a'], ['> b', 'end']),
  tcp('error-status L6RSP', ['tcp-check expect error-status L6RSP string a'], ['> b', 'end']),
  tcp('error-status L7OKC', ['tcp-check expect error-status L7OKC string a'], ['> b', 'end']),
  tcp('error-status of an empty answer', ['tcp-check expect error-status L7STS string a'], ['end']),
  tcp('tout-status L4TOUT', ['tcp-check expect tout-status L4TOUT string a'], ['hang']),
  tcp('tout-status L6TOUT', ['tcp-check expect tout-status L6TOUT string a'], ['hang']),
  tcp('on-error', ['tcp-check expect on-error all\\ is\\ lost string a'], ['> b', 'end']),
  tcp('on-error and comment', ['tcp-check expect on-error lost comment why string a'], ['> b', 'end']),
  tcp('on-success', ['tcp-check expect on-success all\\ is\\ well string a'], ['> a', 'end']),
  tcp('on-success, not last', ['tcp-check expect on-success one string a', 'tcp-check expect on-success two string b'], ['> ab', 'end']),
  tcp('status-code', ['tcp-check expect error-status L7STS status-code int(42) string a'], ['> b', 'end']),
  tcp('status-code ok', ['tcp-check expect status-code int(42) string a'], ['> a', 'end']),
  tcp('NUL bytes', ['tcp-check expect string b'], ['> a\0b', 'end']),
  tcp('a long string', [`tcp-check expect string ${'x'.repeat(150)}`], ['> b', 'end']),
  tcp('ends with send, answered', ['tcp-check expect string a', 'tcp-check send bye'], ['> a', '<', 'end']),

  http('200', [], ['<', OK, 'end']),
  http('200, open', [], ['<', OK, 'hang']),
  http('404', [], ['<', NOT_FOUND, 'end']),
  http('503 without reason', [], ['<', '> HTTP/1.0 503\r\n\r\n', 'end']),
  http('refused', [], undefined),
  http('closed', [], ['<', 'end']),
  http('closed at once', [], ['end']),
  http('reset', [], ['<', 'reset']),
  http('hang', [], ['<', 'hang']),
  http('garbage', [], ['<', '> hello world\r\n\r\n', 'hang']),
  http('head cut', [], ['<', '> HTTP/1.1 200 OK\r\nFoo:', 'end']),
  http('head hangs', [], ['<', '> HTTP/1.1 200 OK\r\nFoo:', 'hang']),
  http('head reset', [], ['<', '> HTTP/1.1 200 OK\r\nFoo:', '.', 'reset']),
  http('head in pieces', [], ['<', '> HTTP/1.1 2', '.', '> 00 OK\r\nCon', '.', '> tent-Length: 0\r\n\r\n', 'hang']),
  http('100 first', [], ['<', '> HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'hang']),
  http('103 first', [], ['<', '> HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'hang']),
  http('101', [], ['<', '> HTTP/1.1 101 Switch\r\n\r\n', 'hang']),
  http('2000', [], ['<', '> HTTP/1.1 2000 Odd\r\n\r\n', 'hang']),
  http('20', [], ['<', '> HTTP/1.1 20\r\n\r\n', 'hang']),
  http('099', [], ['<', '> HTTP/1.1 099 Low\r\n\r\n', 'hang']),
  http('bare LF', [], ['<', '> HTTP/1.0 200 OK\n\n', 'hang']),
  http('HTTP/2.0', [], ['<', '> HTTP/2.0 200 OK\r\n\r\n', 'hang']),
  http('HTTP/0.9', [], ['<', '> <html>', 'end']),
  http('ICY', [], ['<', '> ICY 200 OK\r\n\r\n', 'end']),
  http('bad header name', [], ['<', '> HTTP/1.1 200 OK\r\nFoo Bar: x\r\n\r\n', 'end']),
  http('bad content-length', [], ['<', '> HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 'end']),
  http('two content-lengths', [], ['<', '> HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'end']),
  http('bad chunk', [], ['<', '> HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'end']),
  http('204', [], ['<', '> HTTP/1.1 204 No Content\r\n\r\n', 'hang']),
  http('long reason', [], ['<', `> HTTP/1.1 500 ${'x'.repeat(150)}\r\n\r\n`, 'end']),
  http('quote in the reason', [], ['<', '> HTTP/1.1 500 a "b" c\r\n\r\n', 'end']),
  http('disable-on-404', ['http-check disable-on-404'], ['<', NOT_FOUND, 'end']),
  http('disable-on-404 over expect', ['http-check disable-on-404', 'http-check expect status 200'], ['<', NOT_FOUND, 'end']),
  http('disable-on-404, 200', ['http-check disable-on-404'], ['<', OK, 'end']),

  { name: 'httpchk uri', backend: ['option httpchk /up'], acts: ['<', OK, 'end'] },
  { name: 'httpchk method uri', backend: ['option httpchk GET /up'], acts: ['<', OK, 'end'] },
  { name: 'httpchk method uri version', backend: ['option httpchk GET /up HTTP/1.1'], acts: ['<', OK, 'end'] },
  {
    name: 'httpchk with hidden headers',
    backend: ['option httpchk GET /up HTTP/1.1\\r\\nHost:\\ www\\r\\nX-A:\\ b'],
    acts: ['<', OK, 'end'],
  },
  http('send', ['http-check send meth GET uri /x?y ver HTTP/1.1 hdr Host a.b hdr X-Y z'], ['<', OK, 'end']),
  http('send with a body', ['http-check send meth POST uri /x ver HTTP/1.1 hdr Host a.b body abc'], ['<', OK, 'end']),
  http('send 1.0 with a body', ['http-check send meth POST body abc'], ['<', OK, 'end']),
  http('send hdr connection', ['http-check send ver HTTP/1.1 hdr Host a hdr Connection keep-alive'], ['<', OK, 'end']),
  http('send hdr content-length', ['http-check send ver HTTP/1.1 hdr Content-Length 99 hdr Transfer-Encoding chunked'], ['<', OK, 'end']),
  http('send an absolute uri', ['http-check send meth GET uri http://x.y/z ver HTTP/1.1 hdr Host a.b'], ['<', OK, 'end']),
  http('send keeps what httpchk said', ['http-check send hdr X-A b'], ['<', OK, 'end']),
  { name: 'httpchk line and send', backend: ['option httpchk GET /one', 'http-check send uri /two hdr X-A b'], acts: ['<', OK, 'end'] },
  { name: 'httpchk line behind send', backend: ['http-check send uri /two hdr X-A b', 'option httpchk GET /one'], acts: ['<', OK, 'end'] },
  http('send ver 1.1 alone', ['http-check send ver HTTP/1.1'], ['<', OK, 'end']),
  http('send meth HEAD', ['http-check send meth HEAD'], ['<', '> HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'hang']),
  http(
    'two connects',
    [
      'http-check connect',
      'http-check send meth GET uri /one',
      'http-check expect status 200',
      'http-check connect port %PORT2%',
      'http-check send meth GET uri /two',
      'http-check expect rstatus ^2',
    ],
    ['<', OK, 'end'],
  ),
  http(
    'two connects, second implicit expect',
    [
      'http-check connect',
      'http-check send meth GET uri /one',
      'http-check expect status 404',
      'http-check connect port %PORT2%',
      'http-check send meth GET uri /two',
    ],
    ['<', NOT_FOUND, 'end'],
  ),
  http('connect to an address with a port', [`http-check connect addr ${HOST}:%PORT2%`, 'http-check send uri /two'], ['<', OK, 'end']),
  http(
    'connect to a port over that of the address',
    [`http-check connect addr ${HOST}:1 port %PORT2%`, 'http-check send uri /two'],
    ['<', OK, 'end'],
  ),
  http('addr with a port', [], ['<', OK, 'end'], `addr ${HOST}:%PORT2%`),
  http('addr with a port below port', [], ['<', OK, 'end'], `port %PORT2% addr ${HOST}:1`),
  http('addr with a port below that of connect', [`http-check connect addr ${HOST}:%PORT2%`], ['<', OK, 'end'], `port 1 addr ${HOST}:1`),
  ...['0.9', '1.2', '2', '2.0'].map((version) =>
    http(`send ver HTTP/${version}`, [`http-check send ver HTTP/${version} hdr Host a body b`], ['<', OK, 'end']),
  ),
  http('connect alone', ['http-check connect'], ['<', OK, 'end']),
  http('connect alone with httpchk words', ['http-check connect', 'http-check send meth GET uri /a'], ['<', OK, 'end']),
  http('connect to a refused port', ['http-check connect port %PORT2%'], undefined),
  http('connect linger', ['http-check connect linger'], ['<', OK, 'hang']),
  http('connect comment, refused', ['http-check connect comment first'], undefined),
  http('comment line, refused', ['http-check comment first', 'http-check connect'], undefined),
  http('comment line, 404', ['http-check comment first', 'http-check expect status 200'], ['<', NOT_FOUND, 'end']),
  http('expect comment, 404', ['http-check expect comment first status 200'], ['<', NOT_FOUND, 'end']),
  http('expect comment, hang', ['http-check expect comment first status 200'], ['<', 'hang']),
  http('expect status list', ['http-check expect status 200,404-405'], ['<', NOT_FOUND, 'end']),
  http('expect ! status', ['http-check expect ! status 404'], ['<', NOT_FOUND, 'end']),
  http('expect ! status passes', ['http-check expect ! status 404'], ['<', HELLO, 'end']),
  http('expect rstatus', ['http-check expect rstatus ^4'], ['<', NOT_FOUND, 'end']),
  http('expect rstatus fails', ['http-check expect rstatus ^[23]'], ['<', NOT_FOUND, 'end']),
  http('expect ! rstatus fails', ['http-check expect ! rstatus ^4'], ['<', NOT_FOUND, 'end']),
  http('expect string', ['http-check expect string hello'], ['<', NOT_FOUND, 'end']),
  http('expect string fails', ['http-check expect string nono'], ['<', HELLO, 'end']),
  http('expect string fails, open', ['http-check expect string nono'], ['<', '> HTTP/1.0 200 OK\r\n\r\nhello', 'hang']),
  http('expect string, no body', ['http-check expect string nono'], ['<', OK, 'end']),
  http(
    'expect string in pieces',
    ['http-check expect string hello'],
    ['<', '> HTTP/1.0 200 OK\r\n\r\nhe', '.', '> l', '.', '> lo', 'hang'],
  ),
  http(
    'expect string over chunks',
    ['http-check expect string hello'],
    ['<', '> HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '.', '> 2\r\nlo\r\n', 'hang'],
  ),
  http(
    'expect ! string over chunks passes at the end',
    ['http-check expect ! string nono'],
    ['<', '> HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '.', '> 2\r\nlo\r\n0\r\n\r\n', 'hang'],
  ),
  http('expect ! string, open', ['http-check expect ! string nono'], ['<', '> HTTP/1.0 200 OK\r\n\r\nhello', 'hang']),
  http('expect ! string fails', ['http-check expect ! string hello'], ['<', HELLO, 'end']),
  http('expect rstring', ['http-check expect rstring ^hel+o$'], ['<', HELLO, 'end']),
  http('expect rstring fails', ['http-check expect rstring ^ell'], ['<', HELLO, 'end']),
  http('expect ! rstring fails', ['http-check expect ! rstring ell'], ['<', HELLO, 'end']),
  http('expect body reset', ['http-check expect string hello'], ['<', '> HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel', '.', 'reset']),
  http('expect body cut', ['http-check expect string hello'], ['<', '> HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel', 'end']),
  http(
    'expect body bad chunk',
    ['http-check expect string hello'],
    ['<', '> HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n', '.', '> zz\r\n', 'hang'],
  ),
  http('expect min-recv', ['http-check expect min-recv 3 string x'], ['<', '> HTTP/1.0 200 OK\r\n\r\nhe', '.', '> llo', 'hang']),
  http('expect min-recv 0', ['http-check expect min-recv 0 string hello'], ['<', '> HTTP/1.0 200 OK\r\n\r\nhe', '.', '> llo', 'hang']),
  http('two expects', ['http-check expect status 404', 'http-check expect string hello'], ['<', NOT_FOUND, 'end']),
  http('two expects, second fails', ['http-check expect status 404', 'http-check expect string nono'], ['<', NOT_FOUND, 'end']),
  http('expect hdr', ['http-check expect hdr name x-a value two'], ['<', NOT_FOUND, 'end']),
  http('expect hdr fails', ['http-check expect hdr name X-A value three'], ['<', NOT_FOUND, 'end']),
  http('expect fhdr', ['http-check expect fhdr name X-A value "one, two"'], ['<', NOT_FOUND, 'end']),
  http('expect fhdr fails', ['http-check expect fhdr name X-A value two'], ['<', NOT_FOUND, 'end']),
  http('expect hdr name', ['http-check expect hdr name X-A'], ['<', NOT_FOUND, 'end']),
  http('expect hdr name fails', ['http-check expect hdr name X-B'], ['<', NOT_FOUND, 'end']),
  http('expect ! hdr name', ['http-check expect ! hdr name X-B'], ['<', NOT_FOUND, 'end']),
  http('expect ! hdr name fails', ['http-check expect ! hdr name X-A'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m beg', ['http-check expect hdr name -m beg X- value -m beg tw'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m end', ['http-check expect hdr name -m end -a value -m end wo'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m sub', ['http-check expect hdr name -m sub - value -m sub n'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m reg', ['http-check expect hdr name -m reg ^x- value -m reg ^t.o$'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m reg fails', ['http-check expect hdr name -m reg ^X- value -m reg ^t.x$'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m str', ['http-check expect hdr name -m str X-A value -m str one'], ['<', NOT_FOUND, 'end']),
  http('expect hdr value case', ['http-check expect hdr name X-A value ONE'], ['<', NOT_FOUND, 'end']),
  http('expect ok-status', ['http-check expect ok-status L7OKC status 404'], ['<', NOT_FOUND, 'end']),
  http('expect error-status', ['http-check expect error-status L7RSP status 200'], ['<', NOT_FOUND, 'end']),
  http('expect error-status of a body', ['http-check expect error-status L7STS string nono'], ['<', HELLO, 'end']),
  http('expect tout-status', ['http-check expect tout-status L6TOUT status 200'], ['<', 'hang']),
  http('expect on-error', ['http-check expect on-error lost status 200'], ['<', NOT_FOUND, 'end']),
  http('expect on-error comment', ['http-check expect on-error lost comment c status 200'], ['<', NOT_FOUND, 'end']),
  http('expect on-success', ['http-check expect on-success fine status 404'], ['<', NOT_FOUND, 'end']),
  http('expect error-status, empty', ['http-check expect error-status L7STS status 200'], ['<', 'end']),
  http('send POST without a body', ['http-check send meth POST'], ['<', OK, 'end']),
  http('send hdr connection foo', ['http-check send hdr connection foo'], ['<', OK, 'end']),
  http('send hdr connection upgrade', ['http-check send ver HTTP/1.1 hdr Connection upgrade'], ['<', OK, 'end']),
  http('send hdr connection close', ['http-check send ver HTTP/1.1 hdr X-A 1 hdr Connection close hdr X-B 2'], ['<', OK, 'end']),
  http('send hdr connection keep-alive, close', ['http-check send ver HTTP/1.1 hdr connection "keep-alive, close"'], ['<', OK, 'end']),
  http('send-state over a header', ['http-check send-state', 'http-check send ver HTTP/1.1 hdr Host a hdr X-A b'], ['<', OK, 'end']),
  http('send an authority', ['http-check send uri abc ver HTTP/1.1 hdr Host q'], ['<', OK, 'end']),
  http('send-state with a body', ['http-check send-state', 'http-check send meth POST ver HTTP/1.1 body abc'], ['<', OK, 'end']),
  http('send-state', ['http-check send-state'], ['<', OK, 'end']),
  http('expect hdr -m reg is not blind for case', ['http-check expect hdr name -m reg ^X-A$'], ['<', NOT_FOUND, 'end']),
  http('expect hdr value -m reg is not blind for case', ['http-check expect hdr name X-A value -m reg ^TWO$'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m end in capitals', ['http-check expect hdr name -m end X-A'], ['<', NOT_FOUND, 'end']),
  http('expect hdr -m sub in capitals', ['http-check expect hdr name -m sub X-'], ['<', NOT_FOUND, 'end']),
  http('expect rstring before a last line feed', ['http-check expect rstring ^OK$'], ['<', '> HTTP/1.0 200 OK\r\n\r\nOK\n', 'end']),
  http('expect rstring, (?i)', ['http-check expect rstring (?i)HELLO'], ['<', HELLO, 'end']),
  http('expect string of a 304', ['http-check expect string a'], ['<', '> HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n', 'hang']),
  http(
    'expect string of a HEAD',
    ['http-check send meth HEAD', 'http-check expect string a'],
    ['<', '> HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'hang'],
  ),
  http(
    'expect min-recv 0 rstring',
    ['http-check expect min-recv 0 rstring hello'],
    ['<', '> HTTP/1.0 200 OK\r\n\r\nhe', '.', '> llo', 'hang'],
  ),
  http('expect comment, garbage', ['http-check expect comment c status 200'], ['<', '> what', 'end']),
  http('expect on-error, closed', ['http-check expect on-error lost status 200'], ['<', 'end']),
  http('expect on-error, comment, string', ['http-check expect on-error lost comment c string a'], ['<', HELLO, 'end']),
  http('expect quoted list', ['http-check expect hdr name X-Q value b'], ['<', '> HTTP/1.0 200 OK\r\nX-Q: "a,b", c\r\n\r\n', 'end']),
  http('folded header', ['http-check expect fhdr name X-Q value -m sub b'], ['<', '> HTTP/1.0 200 OK\r\nX-Q: a\r\n b\r\n\r\n', 'end']),
  http('folded header, CRLF', ['http-check expect fhdr name X-Q value "a   b"'], ['<', '> HTTP/1.0 200 OK\r\nX-Q: a\r\n b\r\n\r\n', 'end']),
  http('folded header, LF', ['http-check expect fhdr name X-Q value "a  b"'], ['<', '> HTTP/1.0 200 OK\nX-Q: a\n b\n\n', 'end']),
  http(
    'folded header, wide',
    ['http-check expect fhdr name X-Q value "a     b"'],
    ['<', '> HTTP/1.0 200 OK\r\nX-Q: a \r\n  b \r\n\r\n', 'end'],
  ),
  http('folded first line', [], ['<', '> HTTP/1.0 200 OK\r\n X: a\r\n\r\n', 'end']),
  http('CR in a header', [], ['<', '> HTTP/1.0 200 OK\r\nX: a\rb\r\n\r\n', 'end']),
  http('CR in the reason', [], ['<', '> HTTP/1.0 200 O\rK\r\n\r\n', 'end']),
  http('many blanks, then CR', [], ['<', `> HTTP/1.0 200${' '.repeat(9000)}\rx\r\n\r\n`, 'end']),
  http('many blanks in the status line', [], ['<', `> HTTP/1.0 503${' '.repeat(9000)}No\r\n\r\n`, 'end']),
  http(
    'many blanks in a header',
    ['http-check expect fhdr name X value -m end b'],
    ['<', `> HTTP/1.0 200 OK\r\nX:${' '.repeat(9000)}a${' '.repeat(5000)}b \r\n\r\n`, 'end'],
  ),
  http('tab in the status line', [], ['<', '> HTTP/1.0\t503\tNo\r\n\r\n', 'end']),
  http(
    'blank in Latin 1 around a value',
    ['http-check expect hdr name X value a'],
    ['<', '> HTTP/1.0 200 OK\r\nX: b,\xa0a\r\n\r\n', 'end'],
  ),
  http('a large body', ['http-check expect string END'], ['<', `> HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(12_000)}END`, 'end']),
  http('a body beyond the buffer', ['http-check expect string END'], ['<', `> HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(20_000)}END`, 'end']),
  http('a head beyond the buffer', [], ['<', `> HTTP/1.0 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'end']),
  tcp('bytes beyond the buffer', ['tcp-check expect string END'], [`> ${'x'.repeat(20_000)}END`, 'end']),
  http('two blanks in the status line', [], ['<', '> HTTP/1.0  200  OK\r\n\r\n', 'end']),
  http('a letter in the status', [], ['<', '> HTTP/1.0 20x OK\r\n\r\n', 'end']),
  http('header without a colon', [], ['<', '> HTTP/1.0 200 OK\r\nabc\r\n\r\n', 'end']),
  http('lower case http', [], ['<', '> http/1.0 200 OK\r\n\r\n', 'end']),
  http('blank lines first', [], ['<', '> \r\nHTTP/1.0 200 OK\r\n\r\n', 'end']),
  http('equal content-lengths', [], ['<', '> HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 'end']),
  http('a body that goes on', ['http-check expect string nono'], ['<', `> HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(40_000)}`, 'hang']),
  http('a head that goes on', [], ['<', `> HTTP/1.0 200 OK\r\nX: ${'x'.repeat(40_000)}`, 'hang']),
  tcp('an answer that goes on', ['tcp-check expect string nono'], [`> ${'x'.repeat(40_000)}`, 'hang']),
  tcp('rstring before a last line feed', ['tcp-check expect rstring ^OK$'], ['> OK\n', 'hang']),
  tcp('comment of a send', ['tcp-check comment c', 'tcp-check send a', 'tcp-check expect string b'], ['<', 'end']),
  tcp('two comments', ['tcp-check comment c', 'tcp-check comment d', 'tcp-check expect string b'], ['> c', 'end']),
  tcp('comment and own comment', ['tcp-check comment c', 'tcp-check expect comment d string b'], ['> c', 'end']),
  tcp('comment before a connect, refused', ['tcp-check comment c', 'tcp-check connect'], undefined),
  tcp('! string, nothing comes, closed', ['tcp-check expect ! string b'], ['end']),
  tcp('closed before the second question', ['tcp-check expect string a', 'tcp-check send b', 'tcp-check expect string c'], ['> a', 'end']),
  tcp('string-lf', ['tcp-check expect string-lf 100%%'], ['> 100% sure', 'hang']),
  tcp('string-lf without, closed', ['tcp-check expect string-lf 100%%'], ['> 99% sure', 'end']),
  tcp('string-lf hangs', ['tcp-check expect string-lf abc'], ['hang']),
  tcp('binary-lf without, closed', ['tcp-check expect binary-lf 6162'], ['> xyz', 'end']),
  tcp('send-lf', ['tcp-check send-lf 100%%', 'tcp-check expect string 100%'], ['<', '> 100%', 'hang']),
  tcp('send-binary-lf', ['tcp-check send-binary-lf 6162', 'tcp-check expect string ok'], ['<', '> ok', 'hang']),
  http('expect string-lf', ['http-check expect string-lf hello'], ['<', HELLO, 'end']),
  http('expect string-lf fails', ['http-check expect string-lf nono'], ['<', HELLO, 'end']),
  { name: 'timeout check, no answer', backend: ['timeout check 50ms', 'option httpchk'], acts: ['hang'] },
  { name: 'timeout check, banner', backend: ['timeout check 50ms', 'option tcp-check', 'tcp-check expect string a'], acts: ['hang'] },
  { name: 'port', backend: [], acts: ['hang'], server: 'port %PORT2%' },
  { name: 'addr', backend: [], acts: ['hang'], server: 'addr 127.91.0.2' },
];

/** What agents do: a line that is sent and the end, or more than that. */
export const AGENTS: readonly (string | readonly Act[] | undefined)[] = [
  'up\n',
  'UP\n',
  'down\n',
  'stopped\n',
  'fail\n',
  'failed\n',
  'down #disk full\n',
  'down#disk\n',
  'fail # oops\n',
  'stopped,#x\n',
  'up #fine\n',
  'up #fine garbage\n',
  'up garbage #fine\n',
  'down garbage\n',
  'down garbage #bad\n',
  'up 5%x garbage\n',
  '50%\n',
  '150%\n',
  '0%\n',
  '50 %\n',
  '50\n',
  'x%\n',
  '50%x\n',
  '1x%\n',
  'ready\n',
  'drain\n',
  'maint\n',
  'DRAIN\n',
  'maxconn:30\n',
  'MAXCONN:30\n',
  'maxconn:x\n',
  'maxconn:3x\n',
  'garbage here\n',
  'garbage up\n',
  'down ready 40% maxconn:7 # why not\n',
  'up 50% drain\n',
  '\n',
  '\r\nup\n',
  '  up\n',
  'up\r\n',
  'up\rdown\n',
  'up,ready\tmaxconn:4;50%\n',
  'up down\n',
  'down up\n',
  'drain ready\n',
  'up 101% 20%\n',
  'up -5%\n',
  'stopped 999%\n',
  'maxconn:abc garbage\n',
  '5%x maxconn:abc\n',
  'maxconn:abc 5%x\n',
  'up 5%x maxconn:abc\n',
  '# only\n',
  `${'x'.repeat(300)}\n`,
  `down #${'y'.repeat(200)}\n`,
  'up\nother\n',
  '100.5%\n',
  '+5%\n',
  '10%%\n',
  'ready ready 100% up\n',
  ['hang'],
  ['.', 'reset'],
  ['end'],
  undefined,
];

export function agentActs(agent: (typeof AGENTS)[number]): readonly Act[] | undefined {
  return typeof agent === 'string' ? [`> ${agent}`, 'end'] : agent;
}
