/**
 * What is about the state of servers: parameters of a server (manual 5.2), `option log-health-checks`, and the state
 * file that a start reads (manual 3.1, 4.2).
 */

import { isIP } from 'node:net';
import type { GlobalDraft, ProxyDraft } from '../draft.ts';
import type { ProxyConfig, ServerConfig } from '../model.ts';
import { BACK, type Row } from '../row.ts';
import { readInteger, readTime } from '../values.ts';
import type { ServerParameter } from './server.ts';

const ON_ERROR: readonly ServerConfig['onError'][] = ['fastinter', 'fail-check', 'sudden-death', 'mark-down'];
const LOAD: readonly ProxyConfig['loadServerState'][] = ['global', 'local', 'none'];
const INIT_ADDR = ['last', 'libc', 'none'];

export const stateParameters: readonly ServerParameter[] = [
  {
    name: 'error-limit',
    args: 1,
    syntax: '<count>',
    chapter: '5.2',
    default: '10',
    doc: 'So many errors in a row, seen by `observe`, are what `on-error` says.',
    apply: (server, value) => {
      const read = readInteger(value, 'error-limit');
      if (!('value' in read) || read.value === 0) return 'error-limit has to be > 0.';
      server.errorLimit = read.value;
      return undefined;
    },
  },
  {
    name: 'init-addr',
    args: 1,
    syntax: '{last | libc | none | <ip>},...',
    chapter: '5.2',
    default: 'last,libc,none',
    doc: 'Where the first address of a name comes from, tried in order: the state file (`last`), the system resolver (`libc`), a fixed address, or nowhere (`none`: maintenance until it resolves). A name that does not resolve is tried again and again in any case.',
    apply: (server, value) => {
      const methods = value.split(',');
      const bad = methods.find((method) => !INIT_ADDR.includes(method) && isIP(method) === 0);
      if (bad !== undefined) return `'init-addr' : unknown init-addr method '${bad}', supported methods are 'libc', 'last', 'none'.`;
      server.initAddr = methods;
      return undefined;
    },
  },
  {
    name: 'observe',
    args: 1,
    syntax: '{none | layer4 | layer7}',
    chapter: '5.2',
    default: 'none',
    doc: 'Traffic tells of the health of the server, too: failed connections (`layer4`), or all that keeps it from a correct response (`layer7`). Needs `check`.',
    apply: (server, value) => {
      if (value !== 'none' && value !== 'layer4' && value !== 'layer7') {
        return `'observe' expects one of 'none', 'layer4', 'layer7' but got '${value}'`;
      }
      server.observe = value === 'none' ? undefined : value;
      return undefined;
    },
  },
  {
    name: 'on-error',
    args: 1,
    syntax: '{fastinter | fail-check | sudden-death | mark-down}',
    chapter: '5.2',
    default: 'fail-check',
    doc: 'What `error-limit` errors in a row mean: the next check comes at `fastinter`; a failed check, too; one that leaves no further chance; the server is down.',
    apply: (server, value) => {
      const mode = ON_ERROR.find((name) => name === value);
      if (mode === undefined)
        return `'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '${value}'`;
      server.onError = mode;
      return undefined;
    },
  },
  {
    name: 'on-marked-down',
    args: 1,
    syntax: 'shutdown-sessions',
    chapter: '5.2',
    doc: 'Ends what is under way on the server when it goes down.',
    apply: (server, value) => {
      if (value !== 'shutdown-sessions') return `'on-marked-down' expects 'shutdown-sessions' but got '${value}'`;
      server.shutdownWhenDown = true;
      return undefined;
    },
  },
  {
    name: 'on-marked-up',
    args: 1,
    syntax: 'shutdown-backup-sessions',
    chapter: '5.2',
    doc: 'Ends what is under way on backup servers when this server comes up.',
    apply: (server, value) => {
      if (value !== 'shutdown-backup-sessions') return `'on-marked-up' expects 'shutdown-backup-sessions' but got '${value}'`;
      server.shutdownBackupsWhenUp = true;
      return undefined;
    },
  },
  {
    name: 'slowstart',
    args: 1,
    syntax: '<time>',
    chapter: '5.2',
    default: '0, none',
    doc: 'A server that comes up gets its weight (with algorithms that can change it) and its `maxconn` step by step, over this time.',
    apply: (server, value) => {
      const read = readTime(value, 'slowstart');
      if ('error' in read) return read.error;
      server.slowstart = read.value;
      return undefined;
    },
  },
  {
    name: 'track',
    args: 1,
    syntax: '[<proxy>/]<server>',
    chapter: '5.2',
    doc: 'The state of this server is that of another one, which is checked (or tracks one that is).',
    apply: (server, value) => {
      const slash = value.lastIndexOf('/');
      server.track = { backend: value.slice(0, Math.max(0, slash)), server: value.slice(slash + 1) };
      return undefined;
    },
  },
];

export const stateRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'load-server-state-from-file',
    sections: BACK,
    syntax: '{global | local | none}',
    chapter: '4.2',
    default: 'none',
    doc: "Servers start in the states of a file: the one of `server-state-file`, or the backend's own (`server-state-file-name`). It is what `show servers state` has said.",
    parse: (proxy, line) => {
      const from = LOAD.find((word) => word === line.first);
      if (from === undefined) line.fail(`'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '${line.first}'`);
      else proxy.loadServerState = from;
    },
  },
  {
    name: 'option log-health-checks',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    doc: "One log line for each check whose outcome differs from the last one's, or changes the health of its server.",
    max: 0,
    parse: (proxy) => {
      proxy.logHealthChecks = true;
    },
    negate: (proxy) => {
      proxy.logHealthChecks = false;
    },
  },
  {
    name: 'server-state-file-name',
    sections: ['listen', 'backend'],
    syntax: '[use-backend-name | <file>]',
    chapter: '4.2',
    default: 'the name of the backend',
    doc: 'The file of `load-server-state-from-file local`, below `server-state-base` where it is relative.',
    max: 1,
    parse: (proxy, line) => {
      proxy.serverStateFileName = line.first === '' || line.first === 'use-backend-name' ? undefined : line.first;
    },
  },
];

export const globalStateRows: readonly Row<GlobalDraft>[] = [
  {
    name: 'server-state-base',
    sections: ['global'],
    syntax: '<directory>',
    chapter: '3.1',
    doc: 'Where relative names of state files begin.',
    missing: "'server-state-base' expects one argument: a directory path.",
    min: 1,
    parse: (global, line) => {
      if (global.serverStateBase === undefined) global.serverStateBase = line.first;
      // HAProxy keeps the first one, too.
      else line.warn("'server-state-base' already specified. Continuing.");
    },
  },
  {
    name: 'server-state-file',
    sections: ['global'],
    syntax: '<file>',
    chapter: '3.1',
    doc: 'The states that backends with `load-server-state-from-file global` start in: what `show servers state` has said.',
    missing: "'server-state-file' expect one argument: a file path.",
    min: 1,
    parse: (global, line) => {
      if (global.serverStateFile === undefined) global.serverStateFile = line.first;
      else line.warn("'server-state-file' already specified. Continuing.");
    },
  },
];
