/** What log lines of a proxy look like, and which are written (manual 4.2, 8.2, 8.3); `rules/` compiles the formats. */

import type { ProxyDraft } from '../draft.ts';
import { ANY_PROXY, FRONT, type Row, type Section, type Statement } from '../row.ts';

/** Manual 8.2.2, 8.2.3 and 8.2.4: what the options stand for. */
export const TCPLOG = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq';
const UP_TO_LOAD = '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq';
export const HTTPLOG: string = `${UP_TO_LOAD} %hr %hs %{+Q}r`;
const CLF =
  '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl';
/** As HTTPLOG, and what the certificates of clients are about. */
const HTTPSLOG = `${HTTPLOG} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`;

/** In a backend it has no effect, and HAProxy says so. */
function ignoredInBackend(proxy: ProxyDraft, line: Statement): boolean {
  if (proxy.kind !== 'backend') return false;
  line.warn(`backend '${proxy.name}' : '${line.keyword}' directive is ignored in backends.`);
  return true;
}

/** `parse` says which format stands, or what is wrong with the words. */
function formatOption(
  name: string,
  syntax: string,
  doc: string,
  parse: (line: Statement) => { readonly name: ProxyDraft['logFormat']; readonly text?: string } | undefined,
): Row<ProxyDraft> {
  return {
    name: `option ${name}`,
    sections: ANY_PROXY,
    syntax,
    chapter: '4.2, 8.2',
    doc,
    max: syntax === '' ? 0 : 1,
    parse: (proxy, line) => {
      const format = parse(line);
      if (format === undefined || ignoredInBackend(proxy, line)) return;
      proxy.logFormat = format.name;
      proxy.logFormatAt = line.place;
      proxy.logOption = `option ${name}`;
      setFormat(proxy, 'format', line, format.text);
    },
  };
}

type FormatKey = 'format' | 'structured' | 'error' | 'uniqueId';

function setFormat(proxy: ProxyDraft, key: FormatKey, line: Statement, text: string | undefined): void {
  proxy.logStyle = { ...proxy.logStyle, [key]: text === undefined ? undefined : { place: line.place, text } };
}

function format(name: string, key: FormatKey, sections: readonly Section[], chapter: string, doc: string): Row<ProxyDraft> {
  return {
    name,
    bytes: true,
    sections,
    syntax: '<fmt>',
    chapter,
    doc,
    parse: (proxy, line) => {
      if (line.first === '') line.fail(`${name} expects an argument.`);
      else if (line.words[1] !== undefined && line.words[1] !== '')
        line.fail(`${name} expects only one argument, don't forget to escape spaces!`);
      else if (!ignoredInBackend(proxy, line)) {
        setFormat(proxy, key, line, line.first);
        if (key !== 'format') return;
        proxy.logFormat = 'custom';
        proxy.logFormatAt = line.place;
        proxy.logOption = undefined;
      }
    },
  };
}

function flag(name: string, key: 'dontlogNormal' | 'separateErrors' | 'asap', doc: string): Row<ProxyDraft> {
  const set = (proxy: ProxyDraft, value: boolean): void => {
    proxy.logStyle = { ...proxy.logStyle, [key]: value };
  };
  return {
    name: `option ${name}`,
    sections: FRONT,
    syntax: '',
    chapter: '4.2, 8.3',
    doc,
    max: 0,
    parse: (proxy) => set(proxy, true),
    negate: (proxy) => set(proxy, false),
  };
}

export const logStyleRows: readonly Row<ProxyDraft>[] = [
  formatOption(
    'httplog',
    '[clf]',
    "One log line for each request, in HAProxy's HTTP format; with `clf` in one that begins as the Common Log Format does.",
    (line) => {
      if (line.words.length === 0) return { name: 'httplog' };
      if (line.first === 'clf') return { name: 'custom', text: CLF };
      line.fail("keyword 'httplog' only supports option 'clf'.");
      return undefined;
    },
  ),
  formatOption('httpslog', '', 'As `option httplog`, with what is known of TLS behind it.', () => ({ name: 'custom', text: HTTPSLOG })),
  {
    ...formatOption(
      'jsonlog',
      '',
      'One log line for each request or TCP session, as a JSON object; its fields stand in docs/logging.md.',
      () => ({
        name: 'jsonlog',
      }),
    ),
    chapter: '',
  },
  formatOption(
    'tcplog',
    '',
    "One log line for each connection in `mode tcp`, or each request, in HAProxy's TCP format; of these options and `log-format` the last stands.",
    () => ({ name: 'tcplog' }),
  ),
  flag(
    'dontlog-normal',
    'dontlogNormal',
    'No log line where all went well: without an error, a time-out, a retry or a status of 500 and above.',
  ),
  flag('log-separate-errors', 'separateErrors', 'Where all did not go well the line has level err instead of info.'),
  flag(
    'logasap',
    'asap',
    'The line is written as soon as the response begins, or the connection to the server is made: what may still grow has a `+` before it.',
  ),
  format('log-format', 'format', ANY_PROXY, '4.2, 8.2.6', 'What a log line looks like.'),
  format('log-format-sd', 'structured', ANY_PROXY, '4.2, 8.2.6', 'Structured data of log lines in format `rfc5424`, with its brackets.'),
  format(
    'error-log-format',
    'error',
    ANY_PROXY,
    '4.2, 8.2.5',
    'What the line of a connection looks like on which no request could be read.',
  ),
  format('unique-id-format', 'uniqueId', FRONT, '4.2', 'What the unique id of each request is made of: `%ID`, `unique-id`.'),
  {
    name: 'unique-id-header',
    bytes: true,
    sections: FRONT,
    syntax: '<name>',
    chapter: '4.2',
    doc: 'Adds the unique id to each request, in a header of this name.',
    min: 1,
    missing: 'unique-id-header expects an argument.',
    parse: (proxy, line) => {
      proxy.logStyle = { ...proxy.logStyle, uniqueIdHeader: line.first };
    },
  },
  {
    name: 'log-tag',
    sections: ANY_PROXY,
    syntax: '<tag>',
    chapter: '4.2',
    doc: "The name at the beginning of this section's log lines, instead of that of `global`.",
    min: 1,
    missing: "'log-tag' expects a tag for use in syslog.",
    parse: (proxy, line) => {
      proxy.logStyle = { ...proxy.logStyle, tag: line.first };
    },
  },
];
