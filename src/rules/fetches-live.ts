/** Fetches about proxies, connections and the process as they are now (manual 7.3.2, 7.3.3). */

import { randomUUID } from 'node:crypto';
import { wall } from '../core/clock.ts';
import { CONNECTION_ERRORS, connectionErrorText } from '../core/connection-errors.ts';
import { type ArgumentSpec, type Arguments, integer } from './arguments.ts';
import { RuleError } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { constant, type Sample, single } from './sample.ts';
import type { Needs, Scope } from './scope.ts';
import type { RuleContext } from './types.ts';

type Get<T> = (context: RuleContext) => T | undefined;

const integers = (get: Get<number>): Sample => ({ type: 'int', source: single(get) });

function plain(name: string, chapter: string, help: string, sample: Sample, needs: Needs = 'nothing'): FetchRow {
  return { names: [name], arguments: [], type: sample.type, needs, chapter, help, compile: () => sample };
}

/** A proxy that is named must be one: a misspelt one would be nothing, without a word. */
function known(kind: 'frontend' | 'backend', name: string | undefined, scope: Scope): string | undefined {
  if (name === undefined || name === '') return undefined;
  if (scope.knows !== undefined && !scope.knows(kind, name)) throw new RuleError(`unable to find ${kind} '${name}'`);
  return name;
}

function about(
  kind: 'frontend' | 'backend',
  name: string,
  help: string,
  get: (context: RuleContext, named: string | undefined) => number | undefined,
): FetchRow {
  const argument: ArgumentSpec = { name: kind, type: 'string', optional: true };
  const compile = (args: Arguments, scope: Scope): Sample => {
    const named = known(kind, args[0], scope);
    return integers((context) => get(context, named));
  };
  return { names: [name], arguments: [argument], type: 'int', needs: 'nothing', chapter: '7.3.2', help, compile };
}

const SERVER: ArgumentSpec = { name: 'server', type: 'string' };

/** `<server>` of the own backend, or `<backend>/<server>`. */
function aboutServer(name: string, type: 'int' | 'bool', help: string, get: (server: Server) => number | boolean): FetchRow {
  const compile = (args: Arguments, scope: Scope): Sample => {
    const [first = '', second] = (args[0] ?? '').split('/', 2);
    const [backend, server] = second === undefined ? [undefined, first] : [known('backend', first, scope), second];
    const source = single((context) => {
      const found = context.live.backend(backend)?.server(server);
      return found === undefined ? undefined : get(found);
    });
    return { type, source } as Sample;
  };
  return { names: [name], arguments: [SERVER], type, needs: 'nothing', chapter: '7.3.2', help, compile };
}

type Server = NonNullable<RuleContext['live']['server']>;

const UNITS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 0.001 };

const DATE: FetchRow = {
  names: ['date'],
  arguments: [
    { name: 'offset', type: 'integer', optional: true },
    { name: 'unit', type: 'string', optional: true },
  ],
  type: 'int',
  needs: 'nothing',
  chapter: '7.3.2',
  help: 'Now, in seconds since 1970, or in `ms` or `us`; `offset` of the same unit is added.',
  compile: (args) => {
    const unit = UNITS[args[1] ?? 's'];
    if (unit === undefined) throw new RuleError(`'${args[1]}' is not a valid time unit`);
    const offset = integer(args, 0, 0);
    return integers(() => Math.floor(wall() / unit) + offset);
  },
};

const RAND: FetchRow = {
  names: ['rand'],
  arguments: [{ name: 'range', type: 'integer', optional: true }],
  type: 'int',
  needs: 'nothing',
  chapter: '7.3.2',
  help: 'Some integer from 0 to below `range` (2^32); not for secrets.',
  compile: (args) => {
    const range = integer(args, 0, 2 ** 32);
    return integers(() => Math.floor(Math.random() * range));
  },
};

const UUID: FetchRow = {
  names: ['uuid'],
  arguments: [{ name: 'version', type: 'integer', optional: true }],
  type: 'str',
  needs: 'nothing',
  chapter: '7.3.2',
  help: 'A random UUID (RFC 4122, version 4).',
  compile: (args) => {
    if (integer(args, 0, 4) !== 4) throw new RuleError('Unsupported UUID version');
    return { type: 'str', source: single(() => randomUUID()) };
  },
};

const ONE: Sample = { type: 'int', source: constant(1) };

export const LIVE_FETCHES: readonly FetchRow[] = [
  DATE,
  plain(
    'date_us',
    '7.3.2',
    'The microseconds of the second that `date` tells.',
    integers(() => (wall() % 1000) * 1000),
  ),
  RAND,
  UUID,
  plain('nbproc', '7.3.2', 'How many processes there are: 1.', ONE),
  plain('proc', '7.3.2', 'Which of them this is: 1.', ONE),
  about('frontend', 'fe_conn', 'Connections of the frontend, or of the named one.', ({ live }, name) => live.frontend(name)?.connections),
  about('backend', 'be_conn', 'Requests in the backend, or in the named one.', ({ live }, name) => live.backend(name)?.connections),
  about('backend', 'queue', 'Requests in the queues of the backend, or of the named one.', ({ live }, name) => live.backend(name)?.queued),
  about('backend', 'avg_queue', 'The same divided by its usable servers; twice as many where there is none.', ({ live }, name) => {
    const backend = live.backend(name);
    if (backend === undefined) return undefined;
    return backend.usable === 0 ? backend.queued * 2 : Math.ceil(backend.queued / backend.usable);
  }),
  about(
    'backend',
    'nbsrv',
    'Servers of the backend, or of the named one, that take requests.',
    ({ live }, name) => live.backend(name)?.usable,
  ),
  aboutServer('srv_conn', 'int', 'Requests of a server: `<server>` or `<backend>/<server>`.', ({ connections }) => connections),
  aboutServer('srv_queue', 'int', "Requests in a server's queue.", ({ queued }) => queued),
  aboutServer('srv_is_up', 'bool', 'Whether a server takes requests.', ({ up }) => up),
  aboutServer('srv_weight', 'int', 'Weight of a server, as it was set.', ({ weight }) => weight),
  plain(
    'fe_id',
    '7.3.3',
    'Number of the frontend.',
    integers(({ live }) => live.frontend(undefined)?.id),
  ),
  plain(
    'be_id',
    '7.3.3',
    'Number of the backend.',
    integers(({ live }) => live.backend(undefined)?.id),
    'backend',
  ),
  plain(
    'srv_id',
    '7.3.3',
    'Number of the server that answered.',
    integers(({ live }) => live.server?.id),
    'server',
  ),
  plain(
    'so_id',
    '7.3.3',
    'Number of the `bind` line.',
    integers(({ live }) => live.listener.id),
  ),
  plain('so_name', '7.3.3', 'Name of the `bind` line.', { type: 'str', source: single(({ live }) => live.listener.name) }),
  plain(
    'fc_err',
    '7.3.3',
    "What ended the client's connection before there was a session on it, as HAProxy numbers it; 0 for nothing.",
    integers(({ tls }) => tls?.error ?? 0),
  ),
  plain('fc_err_str', '7.3.3', 'The same in words.', {
    type: 'str',
    source: single(({ tls }) => connectionErrorText(tls?.error ?? CONNECTION_ERRORS.none)),
  }),
  plain(
    'fc_http_major',
    '7.3.3',
    "HTTP's version on the client's connection: 1 or 2.",
    integers(({ request }) => (request.version === 20 ? 2 : 1)),
  ),
  plain('fc_rcvd_proxy', '7.3.3', 'Whether the connection began with PROXY protocol: no.', { type: 'bool', source: constant(false) }),
  plain('fc_src', '7.3.3', "The client's address, as `src`.", {
    type: 'ip',
    source: single((context) => addressOf(context.clientAddress)),
  }),
  plain(
    'fc_src_port',
    '7.3.3',
    "The client's port.",
    integers((context) => context.clientPort || undefined),
  ),
  plain('fc_dst', '7.3.3', 'The address that the client connected to, as `dst`.', {
    type: 'ip',
    source: single((context) => addressOf(context.localAddress)),
  }),
  plain(
    'fc_dst_port',
    '7.3.3',
    'The port that the client connected to.',
    integers((context) => context.localPort || undefined),
  ),
  plain('bc_src', '7.3.3', 'Own address to the server.', { type: 'ip', source: single(({ live }) => addressOf(live.ends?.sourceAddress)) }),
  plain(
    'bc_src_port',
    '7.3.3',
    'Own port to the server.',
    integers(({ live }) => live.ends?.sourcePort || undefined),
  ),
  plain('bc_dst', '7.3.3', "The server's address.", { type: 'ip', source: single(({ live }) => addressOf(live.ends?.targetAddress)) }),
  plain(
    'bc_dst_port',
    '7.3.3',
    "The server's port.",
    integers(({ live }) => live.ends?.targetPort || undefined),
  ),
  plain('http_first_req', '7.3.6', 'Whether it is the first request of its connection.', {
    type: 'bool',
    source: single(({ live, request }) => (request.method === '' ? undefined : live.firstRequest)),
  }),
];

/** A unix socket has none. */
function addressOf(address: string | undefined): string | undefined {
  return address === '' || address === 'unix' ? undefined : address;
}
