import type { Reply } from '../../src/proxy/types.ts';

/** The body of a reply, in however many parts it was made. */
export function textOf({ body }: Reply): string {
  return (Buffer.isBuffer(body) ? body : Buffer.concat(body)).toString();
}
