/**
 * Checks of well-known services (`option redis-check`, `smtpchk`, `mysql-check`, `pgsql-check`, `ldap-check`,
 * `ssl-hello-chk`; manual 4.2): what is sent, and what an answer means. The sentences are HAProxy's.
 */

import type { CheckConnect, CheckSend, CheckService } from '../../config/model.ts';
import type { VerdictCode } from '../types.ts';
import type { Program, Step } from './program.ts';

/** What an answer is worth: `wait` for more of it, or a verdict; one that is good for the next step, too, if there is one. */
export type Judgement = 'wait' | { readonly good: boolean; readonly code: VerdictCode; readonly status: number; readonly info: string };

export interface JudgeStep {
  readonly kind: 'judge';
  readonly number: number;
  /** Where nothing comes but the end. */
  readonly empty: VerdictCode;
  readonly timeout: VerdictCode;
  /** `whole`: no more will come. */
  readonly judge: (bytes: string, whole: boolean) => Judgement;
}

export function serviceProgram(service: CheckService, limit: number): Program {
  return { protocol: 'service', steps: stepsOf(service), disableOn404: false, limit };
}

function stepsOf(service: CheckService): readonly Step[] {
  switch (service.name) {
    case 'redis':
      return [connect(0), send(1, '*1\r\n$4\r\nPING\r\n'), judge(2, redis, 'L7STS')];
    case 'smtp':
      return [
        connect(1),
        judge(2, banner),
        judge(3, reply(/^2\d\d[ \r]/), 'L7STS'),
        send(4, `${service.hello}\r\n`),
        judge(5, patient(reply(/^(?:2\d\d-[^\r]*\r\n)*2\d\d[ \r]/)), 'L7STS'),
        send(6, 'QUIT\r\n'),
        judge(7, reply(/^2\d\d[- \r]/), 'L7STS'),
      ];
    case 'ldap':
      return [connect(0), send(1, LDAP_BIND), judge(2, ldap)];
    case 'ssl-hello':
      return [connect(0), send(1, clientHello(Math.floor(Date.now() / 1000))), { ...judge(2, ssl, 'L6RSP'), timeout: 'L6TOUT' }];
    case 'mysql': {
      const { user, old } = service;
      if (user === undefined) return [connect(1), judge(2, mysqlGreeting)];
      return [connect(1), send(2, mysqlLogin(user, old)), judge(3, mysqlGreeting), judge(4, mysqlResult)];
    }
    case 'pgsql':
      return [connect(1), send(2, startup(service.user)), judge(3, pgsqlError), judge(4, pgsqlAnswer, 'L7STS')];
  }
}

/** With a number it is one of HAProxy's steps, and ends politely: these services log who does not. */
export function connect(number: number): CheckConnect {
  return { kind: 'connect', number, comment: '', port: undefined, address: undefined, linger: number > 0, ssl: 'default' };
}

function send(number: number, data: string): CheckSend {
  return { kind: 'send', number, comment: '', data };
}

function judge(number: number, how: JudgeStep['judge'], empty: VerdictCode = 'L7RSP'): JudgeStep {
  return { kind: 'judge', number, empty, timeout: 'L7TOUT', judge: how };
}

function good(info: string, status = 0, code: VerdictCode = 'L7OK'): Judgement {
  return { good: true, code, status, info };
}

function bad(code: VerdictCode, info = '', status = 0): Judgement {
  return { good: false, code, status, info };
}

/** HAProxy looks at four bytes, and then takes the rest of the line for the next answer if it comes later. */
function hasLine(bytes: string): boolean {
  return bytes.includes('\n');
}

function firstLine(text: string): string {
  return text.replace(/[\r\n].*$/s, '');
}

function redis(bytes: string, whole: boolean): Judgement {
  if (bytes.includes('+PONG\r\n')) return good('Redis server is ok');
  return whole ? bad('L7STS', firstLine(bytes)) : 'wait';
}

function banner(bytes: string, whole: boolean): Judgement {
  if (!whole && !hasLine(bytes)) return 'wait';
  return /^\d{3}[ \r]/.test(bytes) ? good('') : bad('L7RSP', firstLine(bytes));
}

function reply(wanted: RegExp): JudgeStep['judge'] {
  return (bytes, whole) => {
    if (!whole && !hasLine(bytes)) return 'wait';
    const text = firstLine(bytes.slice(4).replace(/^ +/, ''));
    const status = Number(/^\d{1,3}/.exec(bytes)?.[0] ?? 0);
    return wanted.test(bytes) ? good(text, status) : bad('L7STS', text, status);
  };
}

/** As long as more may come, a bad answer is none yet: this one may have several lines. */
function patient(how: JudgeStep['judge']): JudgeStep['judge'] {
  return (bytes, whole) => {
    const judgement = how(bytes, whole);
    return judgement !== 'wait' && !judgement.good && !whole ? 'wait' : judgement;
  };
}

const LDAP_BIND = '\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00';
const LDAP_SHORTEST = 14;

/** An LDAPMessage with the answer to the bind (RFC 4511 4.2.2); lengths have one byte, or as many more as that says. */
function ldap(bytes: string, whole: boolean): Judgement {
  if (!whole && bytes.length < LDAP_SHORTEST) return 'wait';
  const more = (at: number): number => ((bytes.charCodeAt(at) & 0x80) === 0 ? 0 : bytes.charCodeAt(at) & 0x7f);
  const message = 2 + more(1);
  const response = message + 5 + more(message + 4);
  const well = bytes[0] === '\x30' && bytes.startsWith('\x02\x01\x01\x61', message) && bytes.startsWith('\x0a\x01', response);
  if (!well || bytes.length < LDAP_SHORTEST) return bad('L7RSP', 'Not LDAPv3 protocol');
  const result = bytes.charCodeAt(response + 2);
  return result === 0 ? good('Success') : bad('L7STS', 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9', result);
}

/** SSLv3, with all the cipher suites of its time; `time` in seconds. */
function clientHello(time: number): string {
  const suites: number[] = [];
  for (let suite = 0x01; suite <= 0x1b; suite++) suites.push(suite);
  for (let suite = 0x2f; suite <= 0x3a; suite++) suites.push(suite);
  const random = Buffer.alloc(4);
  random.writeUInt32BE(time);
  const list = suites.map((suite) => `\0${String.fromCharCode(suite)}`).join('');
  const hello = `\x03\0${random.toString('latin1')}HAPROXYSSLCHK\nHAPROXYSSLCHK\n\0\0${String.fromCharCode(list.length)}${list}\x01\0`;
  const handshake = `\x01\0\0${String.fromCharCode(hello.length)}${hello}`;
  return `\x16\x03\0\0${String.fromCharCode(handshake.length)}${handshake}`;
}

function ssl(bytes: string, whole: boolean): Judgement {
  if (!whole && bytes.length < 5) return 'wait';
  return bytes[0] === '\x15' || bytes[0] === '\x16' ? good('', 0, 'L6OK') : bad('L6RSP');
}

/** Of MySQL: three bytes of length, a number, the payload. */
function packet(sequence: number, payload: string): string {
  const { length } = payload;
  return String.fromCharCode(length & 0xff, (length >> 8) & 0xff, length >> 16, sequence) + payload;
}

/** The handshake's answer without a password, and a good-bye. `old`: as before MySQL 4.1. */
function mysqlLogin(user: string, old: boolean): string {
  const login = old ? `\0\x80\0\0\x01${user}\0\0` : `\0\x82\0\0\0\x80\0\x01\x21${'\0'.repeat(23)}${user}\0\0`;
  return packet(1, login) + packet(0, '\x01');
}

/** Where the packet at `at` ends; undefined while it is not there as a whole. */
function packetEnd(bytes: string, at: number): number | undefined {
  if (bytes.length < at + 5) return undefined;
  const end = at + 4 + (bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16));
  return bytes.length < end ? undefined : end;
}

function mysqlGreeting(bytes: string, whole: boolean): Judgement {
  const end = packetEnd(bytes, 0);
  if (end === undefined) return whole ? bad('L7RSP') : 'wait';
  return mysqlError(bytes, 0, end) ?? good(version(bytes));
}

function mysqlResult(bytes: string, whole: boolean): Judgement {
  const start = packetEnd(bytes, 0);
  const end = start === undefined ? undefined : packetEnd(bytes, start);
  if (start === undefined || end === undefined) return whole ? bad('L7RSP') : 'wait';
  return mysqlError(bytes, start, end) ?? good(version(bytes));
}

function version(bytes: string): string {
  return bytes.slice(5).replace(/\0.*$/s, '');
}

function mysqlError(bytes: string, start: number, end: number): Judgement | undefined {
  if (bytes[start + 4] !== '\xff') return undefined;
  const number = bytes.charCodeAt(start + 5) | (bytes.charCodeAt(start + 6) << 8);
  return bad('L7STS', bytes.slice(start + 7, end), number);
}

function startup(user: string): string {
  const payload = `\0\x03\0\0user\0${user}\0\0`;
  return `\0\0\0${String.fromCharCode(payload.length + 4)}${payload}`;
}

function pgsqlError(bytes: string, whole: boolean): Judgement {
  if (!whole && (bytes.length < 5 || (bytes.startsWith('E') && !bytes.includes('\0', 6)))) return 'wait';
  return bytes.startsWith('E') ? bad('L7RSP', bytes.slice(6).replace(/\0.*$/s, '')) : good('');
}

/** An authentication request of any kind that PostgreSQL has. */
function pgsqlAnswer(bytes: string, whole: boolean): Judgement {
  if (!whole && bytes.length < 9) return 'wait';
  const kind = bytes.startsWith('R\0\0\0') && bytes.startsWith('\0\0\0', 5) ? bytes.charCodeAt(8) : -1;
  return [0, 2, 3, 4, 5, 6, 7, 9, 10].includes(kind) ? good('PostgreSQL server is ok') : bad('L7STS', 'PostgreSQL unknown error');
}
