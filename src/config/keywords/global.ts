/** Keywords of `global` (manual 3). */

import { resolve } from 'node:path';
import type { GlobalDraft } from '../draft.ts';
import { ignored, type Row, type Statement } from '../row.ts';
import { readInteger, readTime } from '../values.ts';
import { globalH2Rows } from './global-h2.ts';
import { noEffect, row, valueRow, word } from './global-row.ts';
import { globalSslRows } from './global-ssl.ts';
import { globalLogRows } from './log.ts';
import { globalVariableRows } from './process-variables.ts';
import { globalRateRows } from './rate-limits.ts';
import { globalStateRows } from './server-state.ts';
import { statsSocketRows } from './stats-socket.ts';

function parseMaxconn(global: GlobalDraft, line: Statement): void {
  const value = line.value(readInteger(line.first, 'maxconn'));
  if (value === undefined) return;
  // HAProxy keeps the first one too.
  if (global.maxconn !== undefined) line.warn("'maxconn' already specified. Continuing.");
  else global.maxconn = value === 0 ? undefined : value;
}

function setVariable(overwrite: boolean): (global: GlobalDraft, line: Statement) => void {
  return (global, line) => {
    const [name = '', value = ''] = line.words;
    if (overwrite || !global.env.has(name)) global.env.set(name, value);
  };
}

const environmentRows: readonly Row<GlobalDraft>[] = [
  row({
    name: 'presetenv',
    syntax: '<name> <value>',
    doc: 'Sets a variable for the lines that follow, where the environment has none.',
    min: 1,
    max: 2,
    parse: setVariable(false),
  }),
  row({
    name: 'resetenv',
    syntax: '[<name>]...',
    doc: 'Forgets all variables of the environment but these.',
    parse: (global, line) => {
      for (const name of [...global.env.keys()]) if (!line.words.includes(name)) global.env.delete(name);
    },
  }),
  row({
    name: 'setenv',
    syntax: '<name> <value>',
    doc: 'Sets a variable for the lines that follow.',
    min: 1,
    max: 2,
    parse: setVariable(true),
  }),
  row({
    name: 'unsetenv',
    syntax: '<name>...',
    doc: 'Forgets variables of the environment.',
    min: 1,
    parse: (global, line) => {
      for (const name of line.words) global.env.delete(name);
    },
  }),
];

const identityRows: readonly Row<GlobalDraft>[] = [
  row({
    name: 'description',
    syntax: '<text>',
    doc: 'What this process is for; shown in the statistics where asked for.',
    min: 1,
    missing: "'description' expects a string argument.",
    parse: (global, line) => {
      global.description = line.words.join(' ');
    },
  }),
  row({
    name: 'log-send-hostname',
    syntax: '[<name>]',
    doc: "Puts a host name into log lines, the system's own or this one; lines without a format of their own become rfc3164.",
    max: 1,
    parse: (global, line) => {
      global.logSendHostname = line.first;
    },
  }),
  valueRow(
    {
      name: 'log-tag',
      syntax: '<tag>',
      default: 'haproxy',
      doc: 'The program name in log lines.',
      missing: "'log-tag' expects a tag for use in syslog.",
    },
    word,
    (global, tag) => {
      global.logTag = tag;
    },
  ),
  row({
    name: 'node',
    syntax: '<name>',
    default: "the host's name",
    doc: 'The name of this machine in the statistics.',
    max: 1,
    parse: (global, line) => {
      if (/^[A-Za-z0-9._-]+$/.test(line.first)) global.node = line.first;
      else line.fail("'node' requires valid node name - non-empty string with digits, letters, dot, hyphen or underscore.");
    },
  }),
  valueRow(
    {
      name: 'pidfile',
      syntax: '<file>',
      doc: 'Where the process id is written.',
      missing: "'pidfile' expects a file name as an argument.",
    },
    word,
    (global, file) => {
      global.pidfile = file;
    },
  ),
  row({
    name: 'self-signed-dir',
    chapter: '',
    syntax: '<dir>',
    default: '$XDG_STATE_HOME/fairlead/tls, /var/lib/fairlead/tls or ~/.local/state/fairlead/tls',
    doc: 'Where the development authority of `ssl self-signed` is kept, so that it is the same after a restart and for all processes.',
    min: 1,
    max: 1,
    missing: "'self-signed-dir' expects a directory path as an argument.",
    parse: (global, line) => {
      global.selfSignedDir = resolve(line.cwd, line.first);
    },
  }),
];

const limitRows: readonly Row<GlobalDraft>[] = [
  valueRow(
    {
      name: 'hard-stop-after',
      syntax: '<time>',
      default: 'never',
      doc: 'How long a soft stop may take until what is left is cut.',
      missing: "'hard-stop-after' expects a time.",
    },
    (text) => readTime(text, 'hard-stop-after'),
    (global, time) => {
      global.hardStopAfter = time;
    },
  ),
  row({
    name: 'maxconn',
    syntax: '<number>',
    chapter: '3.2',
    doc: 'The most client connections of the whole process; further ones are accepted and wait unread, in the order they came.',
    min: 1,
    max: 1,
    missing: "'maxconn' expects an integer argument.",
    parse: parseMaxconn,
  }),
  valueRow(
    {
      name: 'spread-checks',
      syntax: '<0..50>',
      chapter: '3.2',
      default: '0',
      doc: 'Percent by which the time between two checks is varied, so that checks do not come in bursts.',
      missing: "'spread-checks' expects an integer argument (0..50).",
    },
    (text) => readInteger(text, 'spread-checks', 0, 50),
    (global, percent) => {
      global.spreadChecks = percent;
    },
  ),
  valueRow(
    {
      name: 'tune.bufsize',
      syntax: '<bytes>',
      chapter: '3.2',
      default: '16384',
      doc: 'With `tune.maxrewrite`, how long a request or response head may be. Also how much of a client is read ahead: so much of pipelined requests, and four times so much of a body that has no server yet.',
      missing: "'tune.bufsize' expects a positive integer argument.",
    },
    (text) => readInteger(text, 'tune.bufsize', 1024, 1 << 24),
    (global, bytes) => {
      global.bufsize = bytes;
    },
  ),
  valueRow(
    {
      name: 'tune.http.cookielen',
      syntax: '<bytes>',
      chapter: '3.2',
      default: '63',
      doc: 'The longest value that `capture cookie` keeps.',
      missing: "'tune.http.cookielen' expects an integer argument.",
    },
    (text) => readInteger(text, 'tune.http.cookielen', 1, 65535),
    (global, length) => {
      global.cookielen = length;
    },
  ),
  valueRow(
    {
      name: 'tune.http.logurilen',
      syntax: '<bytes>',
      chapter: '3.2',
      default: '1024',
      doc: 'How much of a request line is kept for logs, one byte less.',
      missing: "'tune.http.logurilen' expects an integer argument.",
    },
    (text) => readInteger(text, 'tune.http.logurilen', 1, 65535),
    (global, length) => {
      global.logurilen = length;
    },
  ),
  valueRow(
    {
      name: 'tune.http.maxhdr',
      syntax: '<number>',
      chapter: '3.2',
      default: '101',
      doc: 'How many header fields a message may have.',
      missing: "'tune.http.maxhdr' expects a numeric value between 1 and 32767",
    },
    (text) => readInteger(text, 'tune.http.maxhdr', 1, 32767),
    (global, count) => {
      global.maxhdr = count;
    },
  ),
  valueRow(
    {
      name: 'tune.http.maxurilen',
      syntax: '<bytes>',
      chapter: '',
      default: 'as much as a head may have',
      doc: 'How long the target of a request may be; a longer one is answered with 414.',
      missing: "'tune.http.maxurilen' expects an integer argument.",
    },
    (text) => readInteger(text, 'tune.http.maxurilen', 1, 1 << 24),
    (global, bytes) => {
      global.maxurilen = bytes;
    },
  ),
  valueRow(
    {
      name: 'tune.maxrewrite',
      syntax: '<bytes>',
      chapter: '3.2',
      default: '1024',
      doc: 'Part of the buffer that heads must leave free.',
      missing: "'tune.maxrewrite' expects an integer argument.",
    },
    (text) => readInteger(text, 'tune.maxrewrite', 0, 1 << 24),
    (global, bytes) => {
      global.maxrewrite = bytes;
    },
  ),
  row({
    name: 'zero-warning',
    syntax: '',
    chapter: '3.3',
    doc: 'A warning makes the configuration invalid.',
    max: 0,
    parse: (global) => {
      global.zeroWarning = true;
    },
  }),
];

const noEffectRows: readonly Row<GlobalDraft>[] = [
  ignored({
    name: 'daemon',
    sections: ['global'],
    syntax: '',
    chapter: '3.1',
    why: 'the process stays in the foreground, as service managers and containers want it',
    max: 0,
  }),
  ignored({
    name: 'chroot',
    sections: ['global'],
    syntax: '<directory>',
    chapter: '3.1',
    why: 'confine the process with a container or the service manager',
    min: 1,
    max: 1,
  }),
  ...noEffect('user group uid gid', '<id>', 'the process keeps the user that started it'),
  ...noEffect('master-worker mworker-max-reloads', '', 'a reload happens in place, without a second process'),
  ...noEffect('nbproc nbthread', '<number>', 'one event loop does the work'),
  ...noEffect('cpu-map numa-cpu-mapping', '<arguments>', 'pin the process with taskset or the service manager'),
  ...noEffect('ulimit-n fd-hard-limit strict-limits', '<number>', 'limits belong to the shell, the service manager or the container'),
  ...noEffect('set-dumpable insecure-fork-wanted insecure-setuid-wanted quiet debug', '', 'it concerns only how HAProxy itself runs'),
  ...noEffect('localpeer', '<name>', 'there are no peers', '3.1'),
  ...noEffect('max-spread-checks', '<time>', 'checks are spread over their own interval', '3.2'),
  ...noEffect(
    'busy-polling noepoll nokqueue noevports nopoll nosplice nogetaddrinfo noreuseport no-memory-trimming maxpipes maxzlibmem profiling.tasks profiling.memory',
    '<arguments>',
    'it tunes parts that HAProxy alone has',
    '3.2',
  ),
  ...noEffect(
    `tune.buffers.limit tune.buffers.reserve tune.comp.maxlevel tune.fail-alloc tune.fd.edge-triggered tune.idle-pool.shared
    tune.idletimer tune.listener.multi-queue tune.lua.forced-yield tune.lua.maxmem tune.lua.service-timeout tune.lua.session-timeout
    tune.lua.task-timeout tune.maxaccept tune.maxpollevents tune.pattern.cache-size tune.peers.max-updates-at-once tune.pipesize
    tune.pool-high-fd-ratio tune.pool-low-fd-ratio tune.quic.frontend.conn-tx-buffers.limit tune.quic.frontend.max-idle-timeout
    tune.quic.frontend.max-streams-bidi tune.quic.retry-threshold tune.rcvbuf.client tune.rcvbuf.server tune.recv_enough tune.runqueue-depth
    tune.sched.low-latency tune.sndbuf.client tune.sndbuf.server
    tune.vars.check-max-size tune.vars.global-max-size
    tune.vars.proc-max-size tune.vars.reqres-max-size tune.vars.sess-max-size tune.vars.txn-max-size tune.zlib.memlevel tune.zlib.windowsize`,
    '<value>',
    'it tunes buffers and pools that HAProxy alone has',
    '3.2',
  ),
];

export const globalRows: readonly Row<GlobalDraft>[] = [
  ...globalLogRows,
  ...environmentRows,
  ...identityRows,
  ...limitRows,
  ...globalVariableRows,
  ...globalRateRows,
  ...globalStateRows,
  ...globalSslRows,
  ...globalH2Rows,
  ...statsSocketRows,
  ...noEffectRows,
];
