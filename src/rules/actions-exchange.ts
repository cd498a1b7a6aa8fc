/** Actions on the exchange itself: they change no message. */

import { type ActionRow, ALLOW, type Run } from './action.ts';

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
];
