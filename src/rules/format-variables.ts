/**
 * The variables of log-format strings (manual 8.2.6), a row each. What flags do to one depends on what it is: texts are
 * quoted, escaped and `-` where they are empty; numbers are not; addresses and ports have a hexadecimal form; what clients
 * have sent is encoded as logs have it (8.6).
 */

import { hostname } from 'node:os';
import { accessDate, localDate, utcDate } from '../core/dates.ts';
import { logHeader, logLine } from '../core/log-text.ts';
import { addressBytes } from './address.ts';
import type { LogFacts } from './log-facts.ts';
import type { RuleContext } from './types.ts';

export type Render = (context: RuleContext) => string;

/** `%{+Q,-E}`; `mandatory` (M) writes `-` for what is empty. */
export interface Flags {
  readonly quote: boolean;
  readonly backslash: boolean;
  readonly hexadecimal: boolean;
  readonly mandatory: boolean;
}

export interface Variable {
  readonly name: string;
  readonly help: string;
  /** HAProxy has it in mode http alone. */
  readonly http?: true;
  /** Nothing at all where nothing is captured: then not even a blank of its own. */
  readonly optional?: true;
  readonly compile: (flags: Flags) => Render;
}

type Get<T> = (context: RuleContext) => T;

/** A text that is taken as it is: quoted, escaped, `-` where it is empty. */
export function written(get: Get<string | undefined>, { quote, backslash, mandatory }: Flags): Render {
  const none = mandatory ? '-' : '';
  if (!quote && !backslash) {
    return (context) => {
      const value = get(context);
      return value === undefined || value === '' ? none : value;
    };
  }
  return (context) => {
    const value = get(context) ?? '';
    const text = backslash ? escaped(value) : value;
    if (quote) return `"${text}"`;
    return text === '' ? none : text;
  };
}

/** For structured data (RFC 5424 6.3.3). */
export function escaped(text: string): string {
  return /["\\\]]/.test(text) ? text.replace(/["\\\]]/g, '\\$&') : text;
}

/** What a client has sent. */
function encoded(get: Get<string>): Variable['compile'] {
  return ({ quote, backslash }) => {
    const encode = (context: RuleContext) => (backslash ? escaped(logLine(get(context))) : logLine(get(context)));
    return quote ? (context) => `"${encode(context)}"` : encode;
  };
}

function text(get: Get<string | undefined>): Variable['compile'] {
  return (flags) => written(get, flags);
}

/** As it is, whatever the flags say. */
function plain(get: Get<string | number>): Variable['compile'] {
  return () => (context) => String(get(context));
}

function fact<Key extends keyof LogFacts>(key: Key): Get<LogFacts[Key]> {
  return (context) => context.facts[key];
}

/** A number that has a hexadecimal form of at least `width` digits. */
function counted(get: Get<number>, width = 4): Variable['compile'] {
  return ({ hexadecimal }) => {
    if (!hexadecimal) return (context) => String(get(context));
    return (context) => get(context).toString(16).toUpperCase().padStart(width, '0');
  };
}

/** Behind a `+` while it may still grow. */
function growing(get: Get<number>): Variable['compile'] {
  return () => (context) => (context.facts.early ? `+${get(context)}` : String(get(context)));
}

function address(get: Get<string | undefined>): Variable['compile'] {
  return (flags) => {
    if (!flags.hexadecimal) return written(get, flags);
    const dash = written(() => undefined, flags);
    return (context) => {
      const value = get(context);
      return value === undefined || value === '' ? dash(context) : hexAddress(value);
    };
  };
}

/** Four digits; what stands for the port of a unix socket is a number of another kind. */
function port(get: Get<number | undefined>, of: Get<string | undefined>): Variable['compile'] {
  return (flags) => {
    const none = written(() => undefined, flags);
    const write = counted((context) => get(context) as number)(flags);
    return (context) => {
      const value = get(context);
      if (value === undefined) return none(context);
      return of(context) === 'unix' ? String(value) : write(context);
    };
  };
}

/** A part of the request line, `<BADREQ>` where there was none. */
function ofRequest(cut: (line: string, target: string) => string): Variable['compile'] {
  return encoded((context) => {
    const { requestLine } = context.facts;
    const from = requestLine.indexOf(' ') + 1;
    if (from === 0) return requestLine;
    const to = requestLine.indexOf(' ', from);
    return cut(requestLine, to < 0 ? requestLine.slice(from) : requestLine.slice(from, to));
  });
}

function withoutQuery(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

/** Behind scheme and authority. */
function pathOnly(target: string): string {
  const path = withoutQuery(target);
  if (path.startsWith('/')) return path;
  const authority = path.indexOf('://');
  // `*` is no path.
  if (authority < 0) return '';
  const slash = path.indexOf('/', authority + 3);
  return slash < 0 ? '' : path.slice(slash);
}

/** Two digits for each byte; `unix` stays. */
function hexAddress(address: string): string {
  const bytes = addressBytes(address);
  return bytes === undefined ? address : Buffer.from(bytes, 'latin1').toString('hex').toUpperCase();
}

type Side = 'request' | 'response';

/** `{a|b}`, nothing where nothing is declared to be captured. */
function braces(side: Side): Variable['compile'] {
  return ({ quote, backslash }) =>
    (context) => {
      const values = context.facts.notes?.[side];
      if (values === undefined || values.length === 0) return '';
      const one = (value: string | undefined) => (value === undefined ? '' : encodedHeader(value, backslash));
      const list = `{${Array.from(values, one).join('|')}}`;
      return quote ? `"${list}"` : list;
    };
}

/** `"a" "b"`, or `a -`. */
function listed(side: Side): Variable['compile'] {
  return ({ quote, backslash }) =>
    (context) => {
      const values = context.facts.notes?.[side];
      if (values === undefined || values.length === 0) return '';
      const one = (value: string | undefined) => {
        if (quote) return value === undefined ? '""' : `"${encodedHeader(value, backslash)}"`;
        return value === undefined ? '-' : encodedHeader(value, backslash);
      };
      return Array.from(values, one).join(' ');
    };
}

function encodedHeader(value: string, backslash: boolean): string {
  return backslash ? escaped(logHeader(value)) : logHeader(value);
}

const seconds: Get<number> = (context) => Math.floor(context.facts.wallReady / 1000);
const millis: Get<number> = (context) => Math.floor(context.facts.wallReady % 1000);

const WAYS: readonly Variable[] = [
  { name: 'ci', help: "Client's address", compile: address(fact('clientAddress')) },
  { name: 'cp', help: "Client's port", compile: port(fact('clientPort'), fact('clientAddress')) },
  { name: 'fi', help: 'Address that the client connected to', compile: address(fact('localAddress')) },
  { name: 'fp', help: 'Port that the client connected to', compile: port(fact('localPort'), fact('localAddress')) },
  { name: 'bi', help: 'Own address to the server', compile: address((context) => context.facts.connection?.sourceAddress) },
  {
    name: 'bp',
    help: 'Own port to the server',
    compile: port(
      (context) => context.facts.connection?.sourcePort || undefined,
      (context) => context.facts.connection?.sourceAddress,
    ),
  },
  { name: 'si', help: "Server's address", compile: address((context) => context.facts.connection?.targetAddress) },
  {
    name: 'sp',
    help: "Server's port",
    compile: port(
      (context) => context.facts.connection?.targetPort,
      (context) => context.facts.connection?.targetAddress,
    ),
  },
  { name: 'f', help: 'Name of the frontend', compile: text((context) => context.frontend) },
  {
    name: 'ft',
    help: 'The same, with a `~` where the client is spoken to by TLS',
    compile:
      ({ quote }) =>
      ({ frontend, tls }) => {
        const name = tls === undefined ? frontend : `${frontend}~`;
        return quote ? `"${name}"` : name;
      },
  },
  { name: 'b', help: 'Name of the backend; of the frontend before one is chosen', compile: text(fact('backendName')) },
  { name: 's', help: 'Name of the server, `<NOSRV>` before one is chosen', compile: text(fact('serverName')) },
];

const REQUESTS: readonly Variable[] = [
  { name: 'HM', http: true, help: 'Method that the client sent', compile: ofRequest((line) => line.slice(0, line.indexOf(' '))) },
  {
    name: 'HP',
    http: true,
    help: 'Target that the client sent, without its query',
    compile: ofRequest((_, target) => withoutQuery(target)),
  },
  { name: 'HPO', http: true, help: 'The path in it', compile: ofRequest((_, target) => pathOnly(target)) },
  {
    name: 'HQ',
    http: true,
    help: 'The query in it, with its question mark',
    compile: ofRequest((_, target) => target.slice(withoutQuery(target).length)),
  },
  { name: 'HU', http: true, help: 'Target that the client sent', compile: ofRequest((_, target) => target) },
  {
    name: 'HV',
    http: true,
    help: 'Version of the request, `HTTP/1.1`',
    compile: ofRequest((line) => line.slice(line.lastIndexOf(' ') + 1)),
  },
  { name: 'r', http: true, help: 'Request line', compile: encoded(fact('requestLine')) },
  { name: 'hr', optional: true, help: 'Captured request headers, `{a|b}`', compile: braces('request') },
  { name: 'hrl', optional: true, help: 'The same, one behind the other', compile: listed('request') },
  { name: 'hs', optional: true, help: 'Captured response headers, `{a|b}`', compile: braces('response') },
  { name: 'hsl', optional: true, help: 'The same, one behind the other', compile: listed('response') },
  { name: 'CC', http: true, help: 'Captured cookie of the request', compile: text((context) => context.facts.notes?.requestCookie) },
  { name: 'CS', http: true, help: 'Captured cookie of the response', compile: text((context) => context.facts.notes?.responseCookie) },
];

const TIMES: readonly Variable[] = [
  {
    name: 't',
    help: 'Date since when the request was waited for, with milliseconds',
    compile: plain((context) => accessDate(context.facts.wallReady)),
  },
  { name: 'T', help: 'The same in UTC, without them', compile: plain((context) => utcDate(context.facts.wallReady)) },
  { name: 'Tl', help: 'The same in local time', compile: plain((context) => localDate(context.facts.wallReady)) },
  { name: 'Ts', help: 'The same in seconds since 1970', compile: counted(seconds) },
  {
    name: 'ms',
    help: 'Its milliseconds',
    compile: ({ hexadecimal }) =>
      hexadecimal
        ? (context) => millis(context).toString(16).toUpperCase().padStart(2, '0')
        : (context) => String(millis(context)).padStart(3, '0'),
  },
  {
    name: 'tr',
    http: true,
    help: "Date of the request's first byte, with milliseconds",
    compile: plain((context) => accessDate(context.facts.wallStart)),
  },
  { name: 'trg', http: true, help: 'The same in UTC, without them', compile: plain((context) => utcDate(context.facts.wallStart)) },
  { name: 'trl', http: true, help: 'The same in local time', compile: plain((context) => localDate(context.facts.wallStart)) },
  { name: 'Th', help: 'ms for the handshake of the connection, before its first request', compile: plain(fact('timeHandshake')) },
  { name: 'Ti', http: true, help: 'ms until the first byte of the request', compile: plain(fact('timeIdle')) },
  { name: 'TR', http: true, help: 'ms until the request was there', compile: plain(fact('timeRequest')) },
  {
    name: 'Tq',
    http: true,
    help: 'Ti and TR',
    compile: plain(({ facts: { timeIdle, timeRequest } }) => (timeRequest < 0 ? -1 : timeIdle + timeRequest)),
  },
  { name: 'Tw', help: 'ms in queues', compile: plain(fact('timeQueue')) },
  { name: 'Tc', help: 'ms until the connection to the server was made', compile: plain(fact('timeConnect')) },
  { name: 'Tr', http: true, help: "ms until the server's response began", compile: plain(fact('timeResponse')) },
  { name: 'Td', help: 'ms from there to the end', compile: plain(fact('timeData')) },
  { name: 'Ta', http: true, help: 'ms from the first byte of the request to the end', compile: growing(fact('timeActive')) },
  { name: 'Tt', help: 'ms since the request was waited for', compile: growing(fact('timeTotal')) },
  { name: 'Tu', help: 'The same without Ti', compile: growing(({ facts: { timeTotal, timeIdle } }) => timeTotal - timeIdle) },
];

const REST: readonly Variable[] = [
  { name: 'B', help: 'Bytes to the client', compile: growing(fact('bytesToClient')) },
  { name: 'U', help: 'Bytes from the client', compile: plain(fact('bytesFromClient')) },
  { name: 'ST', help: 'Status of the response, -1 before there is one', compile: plain(fact('status')) },
  { name: 'ts', help: 'Termination state', compile: plain((context) => context.facts.termination.slice(0, 2)) },
  { name: 'tsc', http: true, help: 'The same with the states of cookies', compile: plain(fact('termination')) },
  { name: 'ac', help: 'Connections of the process', compile: plain(fact('actconn')) },
  { name: 'fc', help: 'Connections of the frontend', compile: plain(fact('feconn')) },
  { name: 'bc', help: 'Connections of the backend', compile: plain(fact('beconn')) },
  { name: 'sc', help: 'Connections of the server', compile: plain(fact('srvconn')) },
  {
    name: 'rc',
    help: 'Retries, with a `+` once redispatched',
    compile: plain(({ facts: { redispatched, retries } }) => (redispatched ? `+${retries}` : retries)),
  },
  { name: 'sq', help: "Requests before it in the server's queue", compile: plain(fact('serverQueue')) },
  { name: 'bq', help: "Requests before it in the backend's queue", compile: plain(fact('backendQueue')) },
  { name: 'rt', help: 'Number of the request in the process', compile: counted(fact('serial')) },
  { name: 'lc', help: "Number of the frontend's log line", compile: counted(fact('logged')) },
  { name: 'ID', help: 'Unique id', compile: text((context) => context.uniqueId) },
  { name: 'H', help: "This machine's host name", compile: text(constantly(hostname())) },
  { name: 'pid', help: 'Id of the process', compile: counted(fact('pid')) },
  { name: 'sslc', help: "TLS cipher of the client's connection", compile: text(({ tls }) => tls?.cipher) },
  { name: 'sslv', help: "TLS version of the client's connection, `TLSv1.3`", compile: text(({ tls }) => tls?.protocol) },
];

function constantly(value: string): Get<string> {
  return () => value;
}

export const VARIABLES: readonly Variable[] = [...WAYS, ...REQUESTS, ...TIMES, ...REST];
