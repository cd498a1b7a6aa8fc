/** Chunked bodies as data, exact bytes. */

import { type Case, section } from './types.ts';

export interface ChunkedCase extends Case {
  readonly text: string;
  /** It has not ended: only what of it has come is looked at. */
  readonly unfinished?: true;
  /** The decoded data; undefined where the body must be refused. */
  readonly data?: string;
  /** What stands behind the body and must not be touched. */
  readonly rest?: string;
  /** The trailer lines that go on. */
  readonly trailers?: string;
}

const chunked = section<ChunkedCase>;

const TAKEN = {
  bareLf: 'HAProxy takes a bare LF for the end of a chunk line; a server that reads on to the CR finds its chunk elsewhere',
  blanks: 'HAProxy skips blanks behind a size; a server that does not has no chunk there',
  extension: 'HAProxy skips anything behind the semicolon; what is no chunk-ext is a chunk line’s end to somebody',
  limit: 'HAProxy reads an extension as long as its buffer; it means nothing to us',
  zeros: 'HAProxy takes any number of leading zeros; we read thirteen digits',
  trailer: 'HAProxy holds a trailer to less than a field of the head',
} as const;

/** Seen with 2.6.12: the same bytes get a 400 from one process and reach the server through another. */
const WAVERS = 'HAProxy checks names of trailers only now and then';

const sizes = chunked('RFC 9112 7.1', [
  { name: 'one chunk', text: '5\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'no chunk', text: '0\r\n\r\n', data: '' },
  { name: 'two chunks and the next message', text: '1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET /', data: 'abc', rest: 'GET /' },
  { name: 'capital and small digits', text: 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', data: '01234567890123456789' },
  { name: 'leading zeros', text: '0000005\r\nhello\r\n000\r\n\r\n', data: 'hello' },
  { name: 'thirteen digits', text: '0000000000005\r\nhello\r\n0000000000000\r\n\r\n', data: 'hello' },
  { name: 'fourteen digits', text: '00000000000005\r\nhello\r\n0\r\n\r\n', stricter: TAKEN.zeros },
  { name: 'fourteen zeros', text: '00000000000000\r\n\r\n', stricter: TAKEN.zeros },
  { name: 'data that looks like framing', text: '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', data: '\r\n0\r\n\r\n' },
  { name: 'data of every byte', text: `100\r\n${everyByte()}\r\n0\r\n\r\n`, data: everyByte() },
  { name: 'a chunk behind the last one is the next message', text: '0\r\n\r\n5\r\nhello\r\n', data: '', rest: '5\r\nhello\r\n' },
  ...[
    ['an empty size', ''],
    ['a sign', '+5'],
    ['a minus', '-5'],
    ['minus nothing', '-0'],
    ['0x', '0x5'],
    ['0X', '0X5'],
    ['x', 'x5'],
    ['a blank before', ' 5'],
    ['a tab before', '\t5'],
    ['an underscore', '0_5'],
    ['a point', '5.0'],
    ['an exponent that is none', '5p0'],
    ['h behind', '5h'],
    ['a letter behind', '5g'],
    ['a comma', '5,5'],
    ['a colon', '5:'],
    ['an equals sign', '5='],
    ['a quote', '"5"'],
    ['a NUL before', '\x005'],
    ['a NUL behind', '5\x00'],
    ['a VT behind', '5\x0b'],
    ['a FF behind', '5\x0c'],
    ['a bare CR behind', '5\r'],
    ['a bare CR before', '\r5'],
    ['a no-break space behind', '5\xa0'],
    ['a digit beyond ASCII', '\xb5'],
    ['seventeen digits', 'fffffffffffffffff'],
    ['a size that overflows to 5', '10000000000000005'],
    ['a negative size of 64 bits', 'fffffffffffffff0'],
  ].map(([name = '', size = '']) => ({ name: `a size with ${name}`, text: `${size}\r\nhello\r\n0\r\n\r\n` })),
  ...[
    ['a blank behind', '5 '],
    ['blanks behind', '5    '],
    ['a tab behind', '5\t'],
    ['a blank and an extension behind', '5 ;a'],
  ].map(([name = '', size = '']) => ({ name: `a size with ${name}`, text: `${size}\r\nhello\r\n0\r\n\r\n`, stricter: TAKEN.blanks })),
  { name: 'a blank and a digit behind a size', text: '5 5\r\nhello\r\n0\r\n\r\n' },
  { name: 'the largest size that is read', text: 'fffffffffffff\r\nhello', data: 'hello', unfinished: true },
  { name: 'a bare LF behind the size', ref: 'CVE-2025-22871', text: '5\nhello\r\n0\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'a bare CR behind the size', text: '5\rhello\r\n0\r\n\r\n' },
  { name: 'CR CR LF behind the size', text: '5\r\r\nhello\r\n0\r\n\r\n' },
  { name: 'LF CR behind the size', text: '5\n\rhell\r\n0\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'an empty line before the size', text: '\r\n5\r\nhello\r\n0\r\n\r\n' },
  { name: 'a bare LF behind the data', ref: 'RFC 9112 7.1', text: '5\r\nhello\n0\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'a bare CR behind the data', text: '5\r\nhello\r0\r\n\r\n' },
  { name: 'LF CR behind the data', text: '5\r\nhello\n\r0\r\n\r\n' },
  { name: 'nothing behind the data', ref: 'CVE-2025-47905', text: '5\r\nhello0\r\n\r\n' },
  { name: 'two other bytes behind the data', ref: 'CVE-2025-43859', text: '5\r\nhelloXX0\r\n\r\n' },
  { name: 'CR and another byte behind the data', ref: 'CVE-2025-43859', text: '5\r\nhello\rX0\r\n\r\n' },
  { name: 'data longer than its size', text: '5\r\nhello!\r\n0\r\n\r\n' },
  { name: 'data shorter than its size', text: '6\r\nhello\r\n0\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'two line ends behind the data', text: '5\r\nhello\r\n\r\n0\r\n\r\n' },
  { name: 'a blank behind the data', text: '5\r\nhello \r\n0\r\n\r\n' },
  { name: 'a last chunk without a size', text: '\r\n\r\n' },
  { name: 'a last chunk of an extension alone', text: ';a\r\n\r\n' },
  { name: 'a chunk and a last one without a size', text: '5\r\nhello\r\n\r\n\r\n' },
  { name: 'a last chunk with a sign', text: '+0\r\n\r\n' },
  { name: 'a last chunk 0x0', text: '0x0\r\n\r\n' },
  { name: 'a last chunk with a blank behind', text: '0 \r\n\r\n', stricter: TAKEN.blanks },
  { name: 'a last chunk with a bare LF', text: '0\n\r\n', stricter: TAKEN.bareLf },
  { name: 'a last chunk and a bare LF', text: '0\r\n\n', stricter: TAKEN.bareLf },
  { name: 'a last chunk with bare LFs', text: '0\n\n', stricter: TAKEN.bareLf },
  { name: 'a last chunk and a bare CR', text: '0\r\n\rX' },
  { name: 'a last chunk and CR CR LF', text: '0\r\n\r\r\n' },
]);

const extensions = chunked('RFC 9112 7.1.1', [
  { name: 'an extension is dropped', text: '5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n', data: 'hello' },
  { name: 'an extension without a value', text: '5;a\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'blanks in an extension', text: '5; a = b \t; c\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'a quoted string with everything', text: '5;a="\\"\\\\;=\t 5\xe9"\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'an empty quoted string', text: '5;a=""\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  {
    name: 'extensions of several chunks',
    text: `${'1;abc\r\nx\r\n'.repeat(40)}0;y=z\r\nX: 1\r\n\r\n`,
    data: 'x'.repeat(40),
    trailers: 'X: 1\r\n',
  },
  { name: 'an extension of 256 bytes', text: `5;${'a'.repeat(256)}\r\nhello\r\n0\r\n\r\n`, data: 'hello' },
  { name: 'an extension of 257 bytes', ref: 'CVE-2024-22019', text: `5;${'a'.repeat(257)}\r\nhello\r\n0\r\n\r\n`, stricter: TAKEN.limit },
  { name: 'an extension without an end', ref: 'CVE-2024-22019', text: `5;${'a'.repeat(20_000)}` },
  {
    name: 'an extension on every byte of data',
    ref: 'CVE-2023-39326',
    text: `${`1;${'a'.repeat(250)}\r\nx\r\n`.repeat(70)}0\r\n\r\n`,
    stricter: TAKEN.limit,
  },
  {
    name: 'extensions that their data pays for',
    ref: 'CVE-2023-39326',
    text: `${`ff;${'a'.repeat(250)}\r\n${'x'.repeat(255)}\r\n`.repeat(70)}0\r\n\r\n`,
    data: 'x'.repeat(255 * 70),
  },
  { name: 'a bare LF in an extension', ref: 'CVE-2024-52304', text: '5;a\nb\r\nhello\r\n0\r\n\r\n' },
  { name: 'a bare LF behind an extension', ref: 'CVE-2025-22871', text: '5;a\nhello\r\n0\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'a bare CR in an extension', ref: 'CVE-2025-55315', text: '5;a\rb\r\nhello\r\n0\r\n\r\n' },
  { name: 'CR CR LF behind an extension', ref: 'CVE-2025-55315', text: '5;a\r\r\nhello\r\n0\r\n\r\n' },
  { name: 'a line end in a quoted string', text: '5;a="\r\n"\r\nhello\r\n0\r\n\r\n' },
  { name: 'a bare LF in a quoted string', text: '5;a="\n"\r\nhello\r\n0\r\n\r\n' },
  ...[
    ['a quoted string without an end', ';a="b'],
    ['a quote in a token', ';a=b"c"'],
    ['nothing behind the semicolon', ';'],
    ['a blank behind the semicolon', '; '],
    ['two semicolons', ';;a'],
    ['no name', ';=a'],
    ['no value', ';a='],
    ['two values', ';a=b=c'],
    ['two words', ';a b'],
    ['a blank at the end', ';a '],
    ['a comma', ';a,b'],
    ['a sign that is no tchar', ';a(b)'],
    ['a byte above 7F', ';caf\xe9'],
    ['a control byte', ';a\x01'],
    ['a NUL', ';\x00'],
    ['a DEL', ';a\x7f'],
    ['a NUL in a quoted string', ';a="\x00"'],
  ].map(([name = '', extension = '']) => ({
    name: `an extension with ${name}`,
    ref: 'CVE-2026-24880',
    text: `5${extension}\r\nhello\r\n0\r\n\r\n`,
    stricter: TAKEN.extension,
  })),
  { name: 'a bad extension of the last chunk', text: '5\r\nhello\r\n0;;\r\n\r\n', stricter: TAKEN.extension },
]);

const trailers = chunked('RFC 9112 7.1.2', [
  { name: 'trailers', text: '1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n', data: 'a', trailers: 'X-Sum: 1\r\nY: 2\r\n' },
  { name: 'a trailer without a value', text: '0\r\nX:\r\n\r\n', data: '', trailers: 'X:\r\n' },
  { name: 'trailers and the next message', text: '0\r\nX: 1\r\n\r\nGET /', data: '', trailers: 'X: 1\r\n', rest: 'GET /' },
  { name: 'trailers with obs-text', text: '0\r\nX: \xe9\t\r\n\r\n', data: '', trailers: 'X: \xe9\t\r\n' },
  {
    name: 'framing in a trailer is dropped',
    ref: 'RFC 9110 6.5.1',
    text: '0\r\nContent-Length: 5\r\nHost: b\r\nX: 1\r\nTRANSFER-ENCODING: chunked\r\n\r\n',
    data: '',
    trailers: 'X: 1\r\n',
  },
  {
    name: 'what a head decides by is dropped from trailers',
    ref: 'CVE-2025-12642',
    text: `0\r\n${[
      'Authorization',
      'Connection',
      'Content-Encoding',
      'Content-Range',
      'Content-Type',
      'Cookie',
      'Set-Cookie',
      'Expect',
      'Forwarded',
      'HTTP2-Settings',
      'If-Match',
      'Keep-Alive',
      'Location',
      'Proxy-Authorization',
      'Range',
      'TE',
      'Trailer',
      'Upgrade',
      'Vary',
      'WWW-Authenticate',
      'X-Forwarded-For',
    ]
      .map((name) => `${name}: x\r\n`)
      .join('')}Last: 1\r\n\r\n`,
    data: '',
    trailers: 'Last: 1\r\n',
  },
  { name: 'trailers that are too long', ref: 'CVE-2023-46589', text: `0\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, stricter: TAKEN.limit },
  { name: 'trailers without an end', ref: 'CVE-2023-46589', text: `0\r\n${'X: a\r\n'.repeat(3000)}` },
  { name: 'a hundred trailers', text: `0\r\n${'X: a\r\n'.repeat(100)}\r\n`, data: '', trailers: 'X: a\r\n'.repeat(100) },
  { name: 'a hundred and one trailers', ref: 'CVE-2023-46589', text: `0\r\n${'X: a\r\n'.repeat(101)}\r\n` },
  { name: 'more trailers than may be, none of which would travel', text: `0\r\n${'Cookie:\r\nTE:\r\n'.repeat(60)}\r\n` },
  { name: 'a trailer of many bytes', text: `0\r\nX: ${'a'.repeat(800)}\r\n\r\n`, data: '', trailers: `X: ${'a'.repeat(800)}\r\n` },
  { name: 'a trailer that ends at its CR', text: '0\r\nX: 1\r', data: '', unfinished: true },
  { name: 'a letter instead of the last LF', text: '0\r\nX: 1\r\n\rX' },
  { name: 'a trailer without colon', ref: 'CVE-2023-45648', text: '0\r\nnonsense\r\n\r\n' },
  { name: 'a request line as a trailer', ref: 'CVE-2023-45648', text: '0\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n' },
  { name: 'a trailer with a blank before the colon', text: '0\r\nX : 1\r\n\r\n', wavers: WAVERS },
  { name: 'a trailer without a name', ref: 'CVE-2023-25725', text: '0\r\n: 1\r\n\r\n' },
  { name: 'a trailer whose name is no token', text: '0\r\nX(: 1\r\n\r\n', wavers: WAVERS },
  {
    name: 'a trailer that is folded',
    text: '0\r\nX: 1\r\n 2\r\n\r\n',
    stricter: 'HAProxy joins folded lines; servers that do not read a line of its own',
  },
  { name: 'a trailer that begins with a blank', text: '0\r\n X: 1\r\n\r\n', wavers: WAVERS },
  { name: 'a bare LF between trailers', text: '0\r\nX: 1\nY: 2\r\n\r\n', stricter: TAKEN.bareLf },
  { name: 'a bare LF behind the trailers', text: '0\r\nX: 1\r\n\n', stricter: TAKEN.bareLf },
  { name: 'trailers of bare LFs', text: '0\nX: 1\n\n', stricter: TAKEN.bareLf },
  { name: 'a bare CR in a trailer', text: '0\r\nX: 1\rY: 2\r\n\r\n' },
  { name: 'CR CR LF behind a trailer', text: '0\r\nX: 1\r\r\n\r\n' },
  { name: 'a NUL in a trailer', text: '0\r\nX: 1\x00\r\n\r\n', stricter: 'HAProxy passes control bytes on in values' },
  { name: 'a NUL in a trailer’s name', text: '0\r\nX\x00: 1\r\n\r\n', wavers: WAVERS },
]);

function everyByte(): string {
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
}

export const chunkedCases: readonly ChunkedCase[] = [...sizes, ...extensions, ...trailers];
