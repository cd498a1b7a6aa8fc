/**
 * How large messages are as HAProxy counts them, in logs and statistics: not the bytes of the wire, but those of its own form
 * of a message (HTX). A start line is 20 bytes and its words, a field its name and its value, the end of a head one byte;
 * `close` and `keep-alive` of Connection are not there. Of a body there is the data, whatever its framing, and behind chunks
 * there are the trailers, as fields, and their end, one byte.
 */

import type { Head } from './head.ts';

/** A start line is 20 bytes instead of two blanks and CRLF; the end of a head one byte instead of two. */
const START = 20 - 4;
const END = 1 - 2;
/** The end of a line, which a field does not have. */
const LINE_END = 2;
/** `: ` and the end of a line. */
const AROUND = 4;

/** As it was received, whatever rules have made of it since. */
export function headSize(head: Head): number {
  return head.text.length + START + END - LINE_END * head.count - head.gaps - head.uncounted;
}

/** A head of our own: `fields` are its field lines, written as `name: value` each. `reason` may be empty. */
export function replySize(reason: string, fields: string): number {
  return 20 + 'HTTP/1.1'.length + 3 + reason.length + fields.length - AROUND * lines(fields) + 1;
}

function lines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** A whole message of our own, as it stands in a file. */
export function messageSize(message: Buffer): number {
  const end = message.indexOf('\r\n\r\n');
  if (end < 0) return message.length;
  const [start = '', ...fields] = message.toString('latin1', 0, end).split('\r\n');
  const words = start.length - 2;
  const sizes = fields.map((field) => field.replace(/:[ \t]*/, '').trimEnd().length);
  return 20 + words + sizes.reduce((sum, size) => sum + size, 0) + 1 + (message.length - end - 4);
}
