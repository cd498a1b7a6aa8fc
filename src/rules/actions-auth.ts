/** `auth`: asks the client for a user and password (manual 4.2, `http-request auth`). */

import { withoutBreaks } from '../http/chars.ts';
import { errorReply } from '../http/replies.ts';
import type { ActionRow } from './action.ts';
import type { Final } from './types.ts';

/** RFC 7617 2: the realm is a quoted string. */
function challenge(realm: string): string {
  return `www-authenticate: Basic realm="${withoutBreaks(realm).replace(/["\\]/g, '\\$&')}"\r\n`;
}

export const AUTH_ACTION: ActionRow = {
  name: 'auth',
  on: 'request',
  syntax: '[ realm <realm> ]',
  help: "Asks the client for a user and password with a 401; the realm is the section's name where none is given.",
  compile: (words) => {
    const realm = words.accept('realm') ? words.argument('missing realm value.') : words.proxy.name;
    const { status, reason, body } = errorReply(401);
    const fieldLines = `cache-control: no-cache\r\ncontent-type: text/html\r\n${challenge(realm)}`;
    const final: Final = { kind: 'intercepted', status, reply: { reason, fieldLines, body: Buffer.from(body) }, close: false };
    return () => final;
  },
};
