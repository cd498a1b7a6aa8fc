/** `log` lines of `global` and of proxies (manual 4.2): where lines go, in which form, and which of them. */

import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { didYouMean } from '../../core/suggest.ts';
import { isHostName, readPort, splitHostPort, unixPath } from '../address.ts';
import type { GlobalDraft, LogDraft, ProxyDraft } from '../draft.ts';
import type { LogTarget } from '../model.ts';
import { ANY_PROXY, type Row, type Statement } from '../row.ts';
import type { Read } from '../values.ts';

/** RFC 5424 6.2.1, HAProxy's words; the index is the number. */
const FACILITIES = (
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const FORMATS: readonly LogTarget['format'][] = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'];

const SYSLOG_PORT = 514;
const MISSING = 'log : expects <address> and <facility> as arguments';

/** `<target> [len <n>] [format <f>] <facility> [<level> [<minlevel>]]` */
function readLog(line: Statement): Read<LogDraft> {
  const [address = '', ...rest] = line.words;
  const target = readTarget(address, line.cwd);
  if ('error' in target) return target;
  let length = 1024;
  let format: LogTarget['format'] | undefined;
  while (rest[0] === 'len' || rest[0] === 'format' || rest[0] === 'sample') {
    const [option, value = ''] = rest.splice(0, 2);
    if (option === 'sample') return { error: "log : 'sample' is HAProxy's; Fairlead does not do it yet." };
    if (option === 'len') {
      length = /^\d+$/.test(value) ? Number(value) : 0;
      if (length < 80 || length > 65535) return { error: `log : invalid log length '${value}', must be between 80 and 65535` };
    } else {
      format = FORMATS.find((known) => known === value);
      if (format === undefined) return { error: `log : unknown log format '${value}'${didYouMean(value, FORMATS)}` };
    }
  }
  const severity = readSeverity(rest);
  return 'error' in severity ? severity : { value: { place: line.place, target: target.value, format, length, ...severity.value } };
}

function readSeverity(words: readonly string[]): Read<Pick<LogTarget, 'facility' | 'level' | 'minLevel'>> {
  const [facility, level = 'debug', minLevel = 'emerg', extra] = words;
  if (facility === undefined) return { error: MISSING };
  if (!FACILITIES.includes(facility)) return { error: `log : unknown log facility '${facility}'${didYouMean(facility, FACILITIES)}` };
  if (!LEVELS.includes(level)) return { error: `log : unknown optional log level '${level}'${didYouMean(level, LEVELS)}` };
  if (!LEVELS.includes(minLevel)) return { error: `log : unknown optional minimum log level '${minLevel}'${didYouMean(minLevel, LEVELS)}` };
  if (extra !== undefined) return { error: `log : cannot handle unexpected argument '${extra}'` };
  return { value: { facility: FACILITIES.indexOf(facility), level: LEVELS.indexOf(level), minLevel: LEVELS.indexOf(minLevel) } };
}

function readTarget(text: string, cwd: string): Read<LogTarget['target']> {
  if (text === 'stdout') return { value: { kind: 'fd', fd: 1 } };
  if (text === 'stderr') return { value: { kind: 'fd', fd: 2 } };
  const fd = /^fd@(\d+)$/.exec(text)?.[1];
  if (fd !== undefined) return { value: { kind: 'fd', fd: Number(fd) } };
  const path = unixPath(text) ?? (text.includes('/') ? text : undefined);
  if (path !== undefined) return { value: { kind: 'unix', path: resolve(cwd, path) } };
  const address = text.replace(/^(?:udp[46]?|ipv[46])@/, '');
  if (/^[a-z0-9+-]+@/.test(address))
    return { error: `log : '${text}': this kind of target is HAProxy's; Fairlead logs to UDP, unix@, fd@, stdout and stderr.` };
  return readUdp(address, text);
}

function readUdp(address: string, text: string): Read<LogTarget['target']> {
  const { host, port } = isIP(address) === 6 ? { host: address, port: undefined } : splitHostPort(address);
  const number = port === undefined || port === '' ? { value: SYSLOG_PORT } : readPort(port);
  if ('error' in number) return { error: `log : ${number.error} in '${text}'` };
  if (isIP(host) === 0 && !isHostName(host)) return { error: `log : invalid address: '${host}' in '${text}'` };
  return { value: { kind: 'udp', host, port: number.value, family: isIP(host) === 6 ? 6 : 4 } };
}

const SYNTAX = '<target> [len <length>] [format <format>] <facility> [<level> [<minlevel>]]';
const TARGETS =
  'The target is `<address>[:<port>]` (UDP, port 514), the path of a unix socket, `stdout`, `stderr` or `fd@<n>`; formats are ' +
  `${FORMATS.map((format) => `\`${format}\``).join(', ')}.`;

export const globalLogRows: readonly Row<GlobalDraft>[] = [
  {
    name: 'log',
    sections: ['global'],
    syntax: SYNTAX,
    default: 'len 1024, format local, level debug, minlevel emerg',
    chapter: '3.1',
    doc: `Where events of the process go, and the logs of every section that says \`log global\`. ${TARGETS}`,
    min: 1,
    missing: MISSING,
    parse: (global, line) => {
      if (line.first === 'global') {
        line.fail("log : 'global' is not supported for a global syslog server");
        return;
      }
      const log = line.value(readLog(line));
      if (log !== undefined) global.logs.push(log);
    },
    negate: (global) => {
      global.logs = [];
    },
  },
];

export const proxyLogRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'log',
    sections: ANY_PROXY,
    syntax: `global | ${SYNTAX}`,
    chapter: '4.2',
    doc: `Where the logs of this section go; several lines add targets, \`no log\` takes all back. ${TARGETS}`,
    min: 1,
    missing: 'log : expects <address> and <facility> or global as arguments',
    parse: (proxy, line) => {
      if (line.first === 'global' && line.words.length === 1) {
        proxy.logs = [...proxy.logs, 'global'];
        return;
      }
      const log = line.value(readLog(line));
      if (log !== undefined) proxy.logs = [...proxy.logs, log];
    },
    negate: (proxy) => {
      proxy.logs = [];
    },
  },
];
