import type { Reply } from '../../src/proxy/types.ts';

/** The body of a reply, whole, in however many parts it is made. */
export function bodyOf({ body }: Reply): Buffer {
  if (Buffer.isBuffer(body)) return body;
  const parts = [];
  while (!body.over) parts.push(body.next());
  return Buffer.concat(parts);
}

export function textOf(reply: Reply): string {
  return bodyOf(reply).toString();
}
