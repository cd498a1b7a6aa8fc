/** Parameters of a server that are about who stays with it (manual 5.2). */

import { bytesOf } from '../../core/bytes.ts';
import type { ServerParameter } from './server.ts';

export const persistenceParameters: readonly ServerParameter[] = [
  {
    name: 'cookie',
    args: 1,
    syntax: '<value>',
    chapter: '5.2',
    doc: 'What clients bring in the cookie of the backend (`cookie`) when they belong to this server. Several servers may share a value: the first that is up gets them.',
    apply: (server, value) => {
      server.cookie = bytesOf(value);
      return undefined;
    },
  },
  {
    name: 'non-stick',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Never written into a stick table.',
    apply: (server) => {
      server.nonStick = true;
      return undefined;
    },
  },
];
