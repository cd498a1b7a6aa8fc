/** What a client begins with that knows HTTP/2 is spoken here (RFC 9113 3.4). To HTTP/1.1 it is no request, on purpose. */

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Whether `bytes[at..to)` are its beginning, or begin with it. */
export function beginsHttp2(bytes: Buffer, at: number, to: number): boolean {
  const length = Math.min(to - at, PREFACE.length);
  return PREFACE.compare(bytes, at, at + length, 0, length) === 0;
}
