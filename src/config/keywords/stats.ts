/** `stats ...` of a proxy (manual 4.2). Any of them turns the statistics on, as in HAProxy. */

import type { ProxyDraft, StatsDraft } from '../draft.ts';
import { ANY_PROXY, type Row, type Section, type Statement } from '../row.ts';
import { readTime } from '../values.ts';

function statsOf(proxy: ProxyDraft, line: Statement): StatsDraft {
  proxy.stats ??= {
    place: line.place,
    uri: '/haproxy?stats',
    realm: undefined,
    auth: [],
    scope: [],
    hideVersion: false,
    refresh: undefined,
    showLegends: false,
    showNode: undefined,
    showDesc: undefined,
    admin: [],
    httpRequest: [],
  };
  return proxy.stats;
}

interface StatsRow {
  readonly name: string;
  readonly syntax: string;
  readonly default?: string;
  readonly doc: string;
  readonly min?: number;
  readonly max: number;
  readonly missing?: string;
  readonly bytes?: boolean;
  readonly sections?: readonly Section[];
  set(stats: StatsDraft, line: Statement): void;
}

function row({ name, set, sections = ANY_PROXY, ...rest }: StatsRow): Row<ProxyDraft> {
  return {
    ...rest,
    name: `stats ${name}`,
    sections,
    chapter: '4.2',
    lenient: true,
    parse: (proxy, line) => set(statsOf(proxy, line), line),
  };
}

function addUser(stats: StatsDraft, line: Statement): void {
  const colon = line.first.indexOf(':');
  if (colon < 0) line.warn(`'stats auth ${line.first}' has no ':' and so an empty password.`);
  const user = colon < 0 ? line.first : line.first.slice(0, colon);
  const password = colon < 0 ? '' : line.first.slice(colon + 1);
  stats.auth = [...stats.auth, { user, password }];
}

export const statsRows: readonly Row<ProxyDraft>[] = [
  row({
    name: 'admin',
    bytes: true,
    syntax: '{if|unless} <condition>',
    doc:
      'Lets the page change servers (a POST) where the condition holds; several lines are alternatives. An address (`src`) is not ' +
      'enough of a condition: a site that a browser is lured to may be given this address by its DNS, and then posts from it. Take ' +
      '`stats auth` too, or an acl on `hdr(host)`.',
    max: Number.POSITIVE_INFINITY,
    sections: ['frontend', 'listen', 'backend'],
    set: (stats, line) => {
      if (line.first !== 'if' && line.first !== 'unless') {
        line.fail("'stats admin' requires either 'if' or 'unless' followed by a condition.");
        return;
      }
      stats.admin = [...stats.admin, { place: line.place, words: line.words }];
    },
  }),
  row({
    name: 'auth',
    syntax: '<user>:<password>',
    doc: 'Asks for a user and password before anything is shown; several lines add users.',
    min: 1,
    max: 1,
    missing: "'auth' needs a user:password account.",
    set: addUser,
  }),
  row({ name: 'enable', syntax: '', doc: 'Shows the statistics at the default address.', max: 0, set: () => undefined }),
  row({
    name: 'hide-version',
    syntax: '',
    doc: 'Leaves the version out of the page.',
    max: 0,
    set: (stats) => {
      stats.hideVersion = true;
    },
  }),
  row({
    name: 'http-request',
    bytes: true,
    syntax: '{allow|deny|auth [realm <realm>]} [{if|unless} <condition>]',
    doc:
      'Who may see the statistics: the first line whose condition holds counts. Not together with `stats auth` and `stats realm`. ' +
      'An `allow` that lets in everybody opens no more of the page than there is without it.',
    min: 1,
    max: Number.POSITIVE_INFINITY,
    missing: "'http-request' expects 'allow', 'deny', 'auth'.",
    sections: ['frontend', 'listen', 'backend'],
    set: (stats, line) => {
      const before = stats.httpRequest.at(-1);
      if (before !== undefined && !before.words.some((word) => word === 'if' || word === 'unless')) {
        line.warn("previous 'stats' action has no condition attached, further entries are NOOP.");
      }
      stats.httpRequest = [...stats.httpRequest, { place: line.place, words: line.words }];
    },
  }),
  row({
    name: 'realm',
    bytes: true,
    syntax: '<realm>',
    default: '`HAProxy Statistics`',
    doc: 'The realm that the browser shows when it asks for a password; escape its spaces.',
    min: 1,
    max: 1,
    missing: "'realm' needs an realm name.",
    set: (stats, line) => {
      stats.realm = line.first;
    },
  }),
  row({
    name: 'refresh',
    syntax: '<time>',
    default: 'never; a bare number is seconds',
    doc: 'Makes the browser load the page again; 0 is never.',
    min: 1,
    max: 1,
    missing: "missing argument to 'stats refresh': an interval in seconds.",
    set: (stats, line) => {
      const time = line.value(readTime(line.first, 'stats refresh', 's'));
      // 0 is never, as for HAProxy.
      if (time !== undefined) stats.refresh = time === 0 ? undefined : Math.ceil(time / 1000);
    },
  }),
  row({
    name: 'scope',
    syntax: '{<proxy>|.}',
    default: 'every proxy',
    doc: 'Shows this proxy only, and lets nobody change others; `.` is the one that the line stands in; several lines add proxies.',
    min: 1,
    max: 1,
    missing: "'scope' needs a proxy name.",
    set: (stats, line) => {
      stats.scope = [...stats.scope, line.first];
    },
  }),
  row({
    name: 'show-desc',
    syntax: '[<text>]',
    default: 'the `description` of the section, else of `global`',
    doc: 'Shows a description on the page.',
    max: Number.POSITIVE_INFINITY,
    set: (stats, line) => {
      stats.showDesc = line.words.join(' ');
    },
  }),
  row({
    name: 'show-legends',
    syntax: '',
    doc: 'Also shows addresses, balancing algorithms and what each server was made from: on the page, and as `addr` and `algo` of the CSV.',
    max: 0,
    set: (stats) => {
      stats.showLegends = true;
    },
  }),
  row({
    name: 'show-modules',
    syntax: '',
    doc: 'Accepted: there are no statistics of further modules to be shown.',
    max: 0,
    set: () => undefined,
  }),
  row({
    name: 'show-node',
    syntax: '[<name>]',
    default: "`node` of `global`, else the host's name",
    doc: 'Shows which machine this is.',
    max: 1,
    set: (stats, line) => {
      stats.showNode = line.first;
    },
  }),
  row({
    name: 'uri',
    bytes: true,
    syntax: '<prefix>',
    default: '`/haproxy?stats`',
    doc: 'Where the statistics are: a prefix of path and query.',
    min: 1,
    max: 1,
    missing: "'uri' needs an URI prefix.",
    set: (stats, line) => {
      stats.uri = line.first;
    },
  }),
];
