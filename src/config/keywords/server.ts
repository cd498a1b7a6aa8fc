/**
 * Parameters of a server (manual 5.2). One row serves `server`, `default-server`, `server-template`,
 * `docker-servers`, `docker-routes` and the labels of containers.
 */

import { didYouMean } from '../../core/suggest.ts';
import type { ServerDraft } from '../draft.ts';
import { finishServer, reopenServer, withoutH2 } from '../draft-server.ts';
import type { ServerConfig } from '../model.ts';
import type { Documented } from '../row.ts';
import { type Read, readInteger, readTime } from '../values.ts';
import { refusal, refusedServerParameters } from './refused.ts';
import { checkParameters } from './server-check.ts';
import { persistenceParameters } from './server-persistence.ts';
import { queueParameters } from './server-queue.ts';
import { sslParameters } from './server-ssl.ts';
import { stateParameters } from './server-state.ts';
import { versionsOf } from './server-versions.ts';

export interface ServerParameter extends Documented {
  /** Words it takes after its name. */
  readonly args: 0 | 1;
  /** HAProxy's sentence for a missing argument, where it is not made from the syntax. */
  readonly missing?: string;
  /** Answers the error to report, or undefined. */
  apply(server: ServerDraft, value: string): string | undefined;
  /** What there is to tell of a value that is accepted, in mode http; undefined where there is nothing. */
  readonly tell?: (value: string) => string | undefined;
}

/** Stores what was read, or answers its error. */
function store<T>(read: Read<T>, set: (value: T) => void): string | undefined {
  if ('error' in read) return read.error;
  set(read.value);
  return undefined;
}

const ONE_LOOP = 'it keeps threads from taking connections of each other, and one event loop does the work';

const SYSTEM_RESOLVER = 'names are resolved again and again by the system resolver';

export const serverParameters: readonly ServerParameter[] = [
  ...stateParameters,
  ...queueParameters,
  ...checkParameters,
  ...persistenceParameters,
  ...sslParameters,
  {
    name: 'backup',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Gets traffic only while no server without this word is usable.',
    apply: (server) => {
      server.backup = true;
      return undefined;
    },
  },
  {
    name: 'disabled',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Starts in maintenance: no traffic and no checks until an operator enables it.',
    apply: (server) => {
      server.disabled = true;
      return undefined;
    },
  },
  {
    name: 'enabled',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Takes back a `disabled` of `default-server`.',
    apply: (server) => {
      server.disabled = false;
      return undefined;
    },
  },
  {
    name: 'id',
    args: 1,
    syntax: '<number>',
    chapter: '5.2',
    default: 'its place among the servers',
    doc: 'The number of the server in the statistics (`sid`), unique in its backend.',
    apply: (server, value) =>
      store(readInteger(value, 'id', 1), (id) => {
        server.id = id;
      }),
  },
  {
    name: 'max-reuse',
    args: 1,
    syntax: '<count>',
    chapter: '5.2',
    default: '-1, no limit',
    doc: 'How many more requests a connection carries after its first one; with 0 each request has a connection of its own.',
    apply: (server, value) =>
      store(readInteger(value, 'max-reuse', -1), (count) => {
        server.maxReuse = count;
      }),
  },
  {
    name: 'no-backup',
    args: 0,
    syntax: '',
    chapter: '5.2',
    doc: 'Takes back a `backup` of `default-server`.',
    apply: (server) => {
      server.backup = false;
      return undefined;
    },
  },
  {
    name: 'pool-low-conn',
    args: 1,
    syntax: '<number>',
    chapter: '5.2',
    doc: `Accepted without effect: ${ONE_LOOP}.`,
    noEffect: ONE_LOOP,
    apply: (_server, value) => store(readInteger(value, 'pool-low-conn'), () => undefined),
  },
  {
    name: 'pool-max-conn',
    args: 1,
    syntax: '<number>',
    chapter: '5.2',
    default: '-1, no limit but 4096 of all servers together',
    doc: 'The most idle connections to the server that are kept for later requests; with 0 none is. Those that serve one client alone (`http-reuse`) are not counted.',
    apply: (server, value) =>
      store(readInteger(value, 'pool-max-conn', -1), (number) => {
        server.poolMaxConn = number;
      }),
  },
  {
    name: 'pool-purge-delay',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '5s',
    doc: 'Each time it has passed, half of the idle connections that nobody needed are closed; with 0 none is kept.',
    apply: (server, value) =>
      store(readTime(value, 'pool-purge-delay'), (time) => {
        server.poolPurgeDelay = time;
      }),
  },
  {
    name: 'resolve-prefer',
    args: 1,
    syntax: '{ipv4|ipv6}',
    chapter: '5.2',
    doc: 'Accepted without effect: the order of the system resolver decides.',
    noEffect: SYSTEM_RESOLVER,
    apply: (_server, value) =>
      value === 'ipv4' || value === 'ipv6' ? undefined : "'resolve-prefer' expects either ipv4 or ipv6 as argument.",
  },
  {
    name: 'resolvers',
    args: 1,
    syntax: '<section>',
    chapter: '5.2',
    doc: 'Accepted without effect: names are always resolved again while the program runs, by the system resolver.',
    noEffect: SYSTEM_RESOLVER,
    apply: () => undefined,
  },
  {
    name: 'weight',
    args: 1,
    syntax: '<weight>',
    chapter: '5.2',
    default: '1',
    doc: 'The share of the traffic relative to the other servers, 0 to 256; with 0 the server gets none.',
    apply: (server, value) =>
      store(readInteger(value, 'weight', 0, 256), (weight) => {
        server.weight = weight;
      }),
  },
];

const byName: ReadonlyMap<string, ServerParameter> = new Map(serverParameters.map((row) => [row.name, row]));

/** What laying parameters over a server has to tell. */
export interface Applied {
  readonly errors: readonly string[];
  readonly notices: readonly string[];
  /** Likewise, where the section is in mode http: that is not known before its end. */
  readonly httpNotices: readonly string[];
}

/**
 * Applies `maxconn 32 check inter 2s` in order. After an unknown word it stops: what follows may be its argument.
 * `refuse` says why a word that is known may not stand here.
 */
export function applyWords(
  server: ServerDraft,
  words: readonly string[],
  refuse: (name: string, value: string | undefined) => string | undefined = () => undefined,
): Applied {
  const errors: string[] = [];
  const notices: string[] = [];
  const httpNotices: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const name = words[i] ?? '';
    const row = byName.get(name);
    const refused = refusedServerParameters.get(name);
    const unfit = row === undefined && refused === undefined ? undefined : refuse(name, words[i + 1]);
    if (unfit !== undefined) {
      errors.push(unfit);
      break;
    }
    if (row === undefined) {
      if (refused === undefined) {
        errors.push(`unknown keyword '${name}'${didYouMean(name, [...byName.keys(), ...refusedServerParameters.keys()])}`);
        break;
      }
      errors.push(refusal(`keyword '${name}' of a server`, refused.why));
      i += refused.args;
      continue;
    }
    const error = applyRow(server, row, words[i + 1]);
    if (error !== undefined) errors.push(error);
    else if (row.noEffect !== undefined) notices.push(`'${name}' is accepted and has no effect: ${row.noEffect}.`);
    else httpNotices.push(...told(row, words[i + 1]));
    i += row.args;
  }
  return { errors, notices, httpNotices };
}

function told({ tell }: ServerParameter, value = ''): readonly string[] {
  const told = tell?.(value);
  return told === undefined ? [] : [told];
}

function applyRow(server: ServerDraft, row: ServerParameter, value: string | undefined): string | undefined {
  if (row.args === 0) return row.apply(server, '');
  if (value === undefined || value === '') return row.missing ?? `'${row.name}' expects ${row.syntax} as argument.`;
  return row.apply(server, value);
}

/**
 * Lays server parameters over a finished server: how labels of a container change the template of their line.
 * Answers a new server, or the first error.
 */
export function applyServerParameters(
  base: ServerConfig,
  words: readonly string[],
): { readonly server: ServerConfig; readonly notices: readonly string[] } | { readonly error: string } {
  const draft = reopenServer(base);
  const { errors, notices, httpNotices } = applyWords(draft, words);
  const { error: misfit, doubts } = versionsOf(draft, '', base.name);
  const [error = misfit] = errors;
  return error === undefined ? { server: withoutH2(finishServer(draft)), notices: [...notices, ...httpNotices, ...doubts] } : { error };
}
