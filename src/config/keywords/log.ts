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

/** `<target> [len <n>] [format <f>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]]`, in this order. */
function readLog(line: Statement): Read<LogDraft> {
  const [address = '', ...rest] = line.words;
  const target = readTarget(address, line.cwd);
  if ('error' in target) return target;
  const length = readLength(optionOf('len', rest) ?? '1024');
  if ('error' in length) return length;
  const format = readFormat(optionOf('format', rest));
  if ('error' in format) return format;
  const sample = readSample(optionOf('sample', rest));
  if ('error' in sample) return sample;
  const severity = readSeverity(rest);
  if ('error' in severity) return severity;
  const options = { target: target.value, length: length.value, format: format.value, sample: sample.value };
  return { value: { place: line.place, ...options, ...severity.value } };
}

/** Takes an option and its value from the front of the words. */
function optionOf(name: string, words: string[]): string | undefined {
  return words[0] === name ? (words.splice(0, 2)[1] ?? '') : undefined;
}

function readLength(text: string): Read<number> {
  const length = /^\d+$/.test(text) ? Number(text) : 0;
  if (length < 80 || length > 65535) return { error: `log : invalid log length '${text}', must be between 80 and 65535` };
  return { value: length };
}

function readFormat(text: string | undefined): Read<LogDraft['format']> {
  const format = FORMATS.find((known) => known === text);
  if (text !== undefined && format === undefined) return { error: `log : unknown log format '${text}'${didYouMean(text, FORMATS)}` };
  return { value: format };
}

/** `1,2-5:10` */
function readSample(text: string | undefined): Read<LogTarget['sample']> {
  if (text === undefined) return { value: undefined };
  const colon = text.indexOf(':');
  if (colon < 0) return { error: 'log : Missing sample size' };
  const list = text.slice(0, colon);
  const words = list.split(',').filter((word) => word !== '');
  if (words.length === 0) return { error: 'log : no sampling ranges given' };
  const ranges: { low: number; high: number }[] = [];
  for (const word of words) {
    const [low = 0, high = low] = /^\d+(?:-\d+)?$/.test(word) ? word.split('-').map(Number) : [];
    if (low < 1 || high < low) return { error: `log : wrong sample range '${word}'` };
    ranges.push({ low, high });
  }
  ranges.sort((one, other) => one.low - other.low);
  if (ranges.some(({ low }, i) => low <= (ranges[i - 1]?.high ?? 0))) return { error: 'log : ranges are overlapping' };
  const size = text.slice(colon + 1);
  if (!/^0*[1-9]\d*$/.test(size)) return { error: `log : wrong sample size '${size}' for sample range '${list}'` };
  const highest = ranges.at(-1)?.high ?? 0;
  if (Number(size) < highest) {
    return { error: `log : sample size ${Number(size)} should be greater or equal to ${highest} the maximum of the high ranges limits` };
  }
  return { value: { ranges, size: Number(size) } };
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
  if (text.startsWith('fd@')) return { error: `log : file descriptor '${text.slice(3)}' is not a valid integer in '${text}'` };
  const path = unixPath(text.replace(/^uxdg@/, 'unix@')) ?? (text.includes('/') ? text : undefined);
  if (path !== undefined) return { value: { kind: 'unix', path: resolve(cwd, path) } };
  const family = /^(?:udp|ipv)([46])@/.exec(text)?.[1];
  const address = text.replace(/^(?:udp[46]?|ipv[46])@/, '');
  if (/^[a-z0-9+-]+@/.test(address))
    return { error: `log : '${text}': this kind of target is HAProxy's; Fairlead logs to UDP, unix@, uxdg@, fd@, stdout and stderr.` };
  return readUdp(address, family === undefined ? 0 : family === '6' ? 6 : 4, text);
}

function readUdp(address: string, family: 0 | 4 | 6, text: string): Read<LogTarget['target']> {
  const { host, port } = isIP(address) === 6 ? { host: address, port: undefined } : splitHostPort(address);
  if (/^\d+-\d*$/.test(port ?? '')) return { error: `log : port range not permitted here in '${text}'` };
  const number = port === undefined || port === '' ? { value: SYSLOG_PORT } : readPort(port);
  if ('error' in number) return { error: `log : ${number.error} in '${text}'` };
  const version = isIP(host);
  const fits = version === 0 ? isHostName(host) : family === 0 || family === version;
  if (!fits) return { error: `log : invalid address: '${host}' in '${text}'` };
  return { value: { kind: 'udp', host, port: number.value, family } };
}

const SYNTAX = '<target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]]';
const TARGETS =
  'The target is `<address>[:<port>]` (UDP, port 514), the path of a unix socket, `stdout`, `stderr` or `fd@<n>`; formats are ' +
  `${FORMATS.map((format) => `\`${format}\``).join(', ')}. \`sample 1,3-5:10\` sends the 1st and the 3rd to 5th of ten lines. ` +
  'Node.js cannot write to unix datagram sockets (`/dev/log`): for each such path a small Perl or Python process passes the lines on, ' +
  'so `perl` or `python3` must be there. What a target cannot take at once waits, up to 1 MiB; beyond that lines are dropped, ' +
  'counted (`DroppedLogs` of `show info`) and told.';

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
