/** `errorfile` (manual 4.2): a whole HTTP reply from a file instead of our own, read and checked when the text is read. */

import { resolve } from 'node:path';
import type { ProxyDraft } from '../draft.ts';
import { ANY_PROXY, type Row, type Statement } from '../row.ts';
import type { Read } from '../values.ts';

/** Statuses whose reply can be replaced. */
export const errorStatuses: readonly number[] = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
];

/** HAProxy's buffer: a reply must fit into one. */
const LIMIT = 16384;

/**
 * The bytes to send: the head with CRLF line ends whatever the file has, the body untouched. An empty file is a reply
 * of nothing: the connection is closed without a word (`errorfile 408 /dev/null`).
 */
export function readReply(bytes: Buffer): Read<Buffer> {
  if (bytes.length === 0) return { value: bytes };
  if (bytes.length > LIMIT) return { error: `is larger than ${LIMIT} bytes` };
  const text = bytes.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return { error: 'has no empty line after its headers' };
  const [status = '', ...fields] = text.slice(0, end.index).split(/\r?\n/);
  if (!/^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/.test(status))
    return { error: `does not begin with a status line: '${status.slice(0, 60)}'` };
  const bad = fields.find((field) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/.test(field));
  if (bad !== undefined) return { error: `has a line that is not a header: '${bad.slice(0, 60)}'` };
  const body = bytes.subarray(end.index + end[0].length);
  const mismatch = lengthMismatch(fields, body.length);
  if (mismatch !== undefined) return { error: mismatch };
  return { value: Buffer.concat([Buffer.from(`${[status, ...fields].join('\r\n')}\r\n\r\n`, 'latin1'), body]) };
}

function lengthMismatch(fields: readonly string[], actual: number): string | undefined {
  if (fields.some((field) => /^transfer-encoding:/i.test(field))) return 'has a Transfer-Encoding, which a stored reply cannot have';
  for (const field of fields) {
    const announced = /^content-length:[ \t]*(.*?)[ \t]*$/i.exec(field)?.[1];
    if (announced !== undefined && announced !== String(actual)) {
      return `payload size does not match the announced content-length (${actual} != ${announced})`;
    }
  }
  return undefined;
}

function parseErrorfile(proxy: ProxyDraft, line: Statement): void {
  const [code = '', name = ''] = line.words;
  const status = errorStatuses.find((known) => String(known) === code);
  if (status === undefined) {
    line.fail(`errorfile : status code '${code}' not handled.`);
    return;
  }
  const file = line.surroundings.readFile(resolve(line.cwd, name));
  if ('error' in file) {
    line.fail(`errorfile : error opening file '${name}': ${file.error}.`);
    return;
  }
  const reply = readReply(file.bytes);
  if ('error' in reply) {
    line.fail(`errorfile : '${name}': ${reply.error}`);
    return;
  }
  proxy.errorfiles = new Map([...proxy.errorfiles, [status, reply.value]]);
}

export const errorfileRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'errorfile',
    sections: ANY_PROXY,
    syntax: '<status> <file>',
    chapter: '4.2',
    doc: `Sends the file, a whole HTTP reply of at most ${LIMIT} bytes, instead of our own error reply. Statuses: ${errorStatuses.join(', ')}.`,
    min: 2,
    max: 2,
    missing: 'errorfile : expects <status_code> and <file> as arguments.',
    parse: parseErrorfile,
  },
];
