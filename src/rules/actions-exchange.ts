/** Actions on the exchange itself: they change no message. */

import { type ActionRow, ALLOW, type Run } from './action.ts';
import type { Final } from './types.ts';

/** Nothing is answered. */
const unanswered = (kind: 'rejected' | 'dropped'): Run => {
  const final: Final = { kind, status: 0, reply: undefined, close: true };
  return () => final;
};

const disableL7Retry: Run = (context) => {
  context.disableL7Retry = true;
  return undefined;
};

export const EXCHANGE_ACTIONS: readonly ActionRow[] = [
  {
    name: 'allow',
    on: 'both',
    syntax: '',
    help: 'Skips the rules that follow in this section.',
    compile: () => () => ALLOW,
  },
  {
    name: 'disable-l7-retry',
    on: 'request',
    syntax: '',
    help: 'The request is tried again only if a connection fails, whatever `retry-on` says.',
    compile: () => disableL7Retry,
  },
  {
    name: 'reject',
    on: 'request',
    syntax: '',
    help: "Closes the client's connection without an answer.",
    compile: () => unanswered('rejected'),
  },
  {
    name: 'silent-drop',
    on: 'both',
    syntax: '',
    help: "Gives the client's connection up at once. Its client is told by a reset: Node has neither of HAProxy's ways (TCP_REPAIR, a TTL of 1) to keep that from it.",
    compile: () => unanswered('dropped'),
  },
];
