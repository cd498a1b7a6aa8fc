/** Chunked bodies as data, exact bytes. */

export interface ChunkedCase {
  readonly name: string;
  readonly text: string;
  /** The decoded data; undefined where the body must be refused. */
  readonly data?: string;
  /** What stands behind the body and must not be touched. */
  readonly rest?: string;
  /** The trailer lines that go on. */
  readonly trailers?: string;
}

export const chunkedCases: readonly ChunkedCase[] = [
  { name: 'one chunk', text: '5\r\nhello\r\n0\r\n\r\n', data: 'hello' },
  { name: 'no chunk', text: '0\r\n\r\n', data: '' },
  { name: 'two chunks and the next message', text: '1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET /', data: 'abc', rest: 'GET /' },
  { name: 'capital and small digits', text: 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', data: '01234567890123456789' },
  { name: 'leading zeros', text: '0000005\r\nhello\r\n000\r\n\r\n', data: 'hello' },
  { name: 'an extension is dropped', text: '5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n', data: 'hello' },
  { name: 'data that looks like framing', text: '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', data: '\r\n0\r\n\r\n' },
  { name: 'trailers', text: '1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n', data: 'a', trailers: 'X-Sum: 1\r\nY: 2\r\n' },
  {
    name: 'forbidden trailers are dropped (RFC 9110 6.5.1)',
    text: '0\r\nContent-Length: 5\r\nHost: b\r\nX: 1\r\n\r\n',
    data: '',
    trailers: 'X: 1\r\n',
  },
  { name: 'empty size', text: '\r\nhello\r\n0\r\n\r\n' },
  { name: 'size with sign', text: '+5\r\nhello\r\n0\r\n\r\n' },
  { name: 'size with 0x', text: '0x5\r\nhello\r\n0\r\n\r\n' },
  { name: 'size with a blank before', text: ' 5\r\nhello\r\n0\r\n\r\n' },
  { name: 'size with a blank behind', text: '5 \r\nhello\r\n0\r\n\r\n' },
  { name: 'size with an underscore', text: '1_0\r\n0123456789abcdef\r\n0\r\n\r\n' },
  { name: 'size of fourteen digits', text: '00000000000005\r\nhello\r\n0\r\n\r\n' },
  { name: 'size that overflows', text: 'fffffffffffffffff\r\n' },
  { name: 'bare LF behind the size', text: '5\nhello\r\n0\r\n\r\n' },
  { name: 'bare CR behind the size', text: '5\rhello\r\n0\r\n\r\n' },
  { name: 'bare LF behind the data', text: '5\r\nhello\n0\r\n\r\n' },
  { name: 'data longer than its size', text: '5\r\nhello!\r\n0\r\n\r\n' },
  { name: 'a bare LF in an extension', text: '5;a\nb\r\nhello\r\n0\r\n\r\n' },
  { name: 'a control byte in an extension', text: '5;\x00\r\nhello\r\n0\r\n\r\n' },
  { name: 'an endless extension', text: `5;${'a'.repeat(300)}\r\nhello\r\n0\r\n\r\n` },
  { name: 'endless trailers', text: `0\r\nX: ${'a'.repeat(9000)}\r\n\r\n` },
  { name: 'a trailer without colon', text: '0\r\nnonsense\r\n\r\n' },
  { name: 'a trailer with a blank before the colon', text: '0\r\nX : 1\r\n\r\n' },
  { name: 'a trailer line that begins with a blank', text: '0\r\nX: 1\r\n 2\r\n\r\n' },
  { name: 'a bare LF in a trailer', text: '0\r\nX: 1\nY: 2\r\n\r\n' },
];
