/** `stats ...` of `global`: the sockets of the Runtime API (management manual 9.3). */

import { readBindAddress } from '../address.ts';
import { Reporter } from '../diagnostics.ts';
import type { GlobalDraft } from '../draft.ts';
import type { StatsSocketConfig } from '../model.ts';
import { type Row, Statement } from '../row.ts';
import { newTlsGlobals } from '../tls-words.ts';
import { readInteger, readTime } from '../values.ts';
import { readBindOptions, socketOf } from './bind.ts';
import { refusal } from './refused.ts';

function parseSocket(global: GlobalDraft, line: Statement): void {
  if (line.words.length > 0) global.statsSockets.push(...readSockets(line, 'operator'));
  else line.fail("'stats socket' in global section expects an address or a path to a UNIX socket");
}

/** `-S <address>[,<bind parameter>]...`: where the master CLI listens. Answers text where it is wrong. */
export function readMasterSocket(text: string, cwd: string): StatsSocketConfig | string {
  const reporter = new Reporter();
  const readFile = () => ({ error: 'not for a socket' });
  const line = new Statement({ file: '-S', line: 1 }, 'stats socket', text.split(','), {
    reporter,
    readFile,
    cwd,
    tls: newTlsGlobals(cwd),
  });
  const [socket] = readSockets(line, 'admin');
  const [mistake] = reporter.diagnostics.filter(({ severity }) => severity === 'alert');
  return mistake?.message ?? socket ?? 'missing address';
}

function readSockets(line: Statement, level: StatsSocketConfig['level']): readonly StatsSocketConfig[] {
  const [addresses = '', ...words] = line.words;
  const options = readBindOptions(line, "'stats socket'", words, level);
  if (options.ssl.on) line.fail(`'stats socket' : ${refusal("keyword 'ssl'", 'Fairlead speaks clear text on this kind of socket')}`);
  const sockets: StatsSocketConfig[] = [];
  for (const item of addresses.split(',')) {
    const read = readBindAddress(item, line.cwd);
    if ('error' in read) {
      line.fail(`'stats socket' : ${read.error}`);
      continue;
    }
    const { severity, backlog } = options;
    for (const address of read.value) {
      sockets.push({ place: line.place, address: socketOf(address, options), backlog, level: options.level, severity });
    }
  }
  return sockets;
}

function parseTimeout(global: GlobalDraft, line: Statement): void {
  const value = line.value(readTime(line.first, 'stats timeout'));
  if (value === 0) line.fail("'stats timeout' expects a positive value");
  else if (value !== undefined) global.statsTimeout = value;
}

function parseMaxconn(global: GlobalDraft, line: Statement): void {
  const read = readInteger(line.first, 'stats maxconn', 1);
  if ('error' in read) line.fail("'stats maxconn' expects a positive value");
  else global.statsMaxconn = read.value;
}

function row(
  name: string,
  syntax: string,
  doc: string,
  parse: Row<GlobalDraft>['parse'],
  more: Partial<Row<GlobalDraft>> = {},
): Row<GlobalDraft> {
  return { name: `stats ${name}`, syntax, doc, parse, chapter: '3.1', sections: ['global'], ...more };
}

export const statsSocketRows: readonly Row<GlobalDraft>[] = [
  row('bind-process', '<set>', 'Accepted without effect: there is one process.', () => undefined, { noEffect: 'there is one process' }),
  row('maxconn', '<number>', 'How many connections to the Runtime API there may be at once; further ones wait.', parseMaxconn, {
    default: '10',
  }),
  row(
    'socket',
    '{<path> | unix@<path> | [<address>]:<port> | fd@<n>}[,...] [<bind parameters>]',
    'Where the Runtime API listens, with the parameters of `bind`. As in HAProxy, a socket moves the numbers of the proxies (`iid`) by one.',
    parseSocket,
  ),
  row('timeout', '<time>', 'How long a connection to the Runtime API may be idle.', parseTimeout, { default: '10s' }),
];
