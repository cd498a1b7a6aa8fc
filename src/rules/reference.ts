/** The chapters of docs/configuration.md about rules, written from the rows that compile them. */

import { CRITERIA, PREDEFINED } from './acl.ts';
import type { ActionRow } from './action.ts';
import type { ArgumentSpec } from './arguments.ts';
import { ACTIONS } from './compile.ts';
import { CONVERTERS } from './converters.ts';
import { FETCHES } from './expression.ts';
import type { FetchRow } from './fetch.ts';
import { VARIABLES } from './format-variables.ts';
import { MATCHES } from './match.ts';
import type { SampleType } from './sample.ts';
import type { Needs } from './scope.ts';

/** Pieces of Markdown, each under its own `## ` heading. */
export function rulesReference(): readonly string[] {
  return [actions(), conditions(), fetches(), converters(), formats()];
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function actions(): string {
  const rows = ACTIONS.map((row) => [code(`${named(row)} ${row.syntax}`.trim()), mark(row, 'request'), mark(row, 'response'), row.help]);
  return `## Actions of \`http-request\` and \`http-response\`

Rules run in the order of their lines, each if its condition holds. \`<fmt>\` is a log-format string. Rules leave the fields alone that
say where a message ends and what becomes of its connection (\`Content-Length\`, \`Transfer-Encoding\`, \`Connection\` and the like).
A \`redirect\` line of its own takes the words of the action, but its address as it is. (manual 4.2)

${table(['action', 'request', 'response', 'meaning'], rows)}`;
}

function named({ name, parameter }: ActionRow): string {
  return parameter === undefined ? name : `${name}(<${parameter}>)`;
}

function mark({ on }: ActionRow, phase: 'request' | 'response'): string {
  return on === 'both' || on === phase ? 'x' : '-';
}

function conditions(): string {
  const matches = MATCHES.map(({ name, help }) => [code(name), help]);
  const predefined = PREDEFINED.map(([name, ...words]) => [code(name), code(words.join(' '))]);
  return `## ACLs and conditions

\`acl <name> <criterion> [<flags>] [<operator>] <value>...\` gives a test a name; lines of one name are alternatives, and so are the
values of a line. A criterion is a sample fetch with its converters. A condition is \`if\` or \`unless\` with names and with tests in
braces, \`{ path_beg /a }\`: those next to each other must all hold, \`or\` (or \`||\`) separates alternatives, \`!\` negates. (manual 7.1, 7.2)

| flag | meaning |
|---|---|
| \`-i\` | ignores the case of the values that follow |
| \`-m <method>\` | compares in this way |
| \`-f <file>\` | reads values from a file, one a line; \`#\` begins a comment |
| \`-M\` | files that follow are maps, of which the keys count |
| \`-n\` | forbids resolving names, which Fairlead never does |
| \`-u <id>\` | the number by which the Runtime API knows the values of the line |
| \`--\` | ends the flags |

Files are read when the configuration is. What has been read, and the values of a line, can be changed by the Runtime API and by rules
until the configuration is read again (\`show acl\`, \`add map\`, \`http-request set-map\` and their like).

Without \`-m\`, a value is compared as its type says: \`bool\`, \`int\`, \`ip\` or \`str\`. Older names carry a method of their own:
${criteria()}.

${table(['method', 'true if'], matches)}

A regular expression has no limit on how long it may try: one with a repetition inside a repetition, like \`(a+)+\`, can hold up
everybody on a request made for it.

Names that are always there (manual 7.4):

${table(['ACL', 'means'], predefined)}`;
}

/** `path_beg` and its like, grouped by what they fetch. */
function criteria(): string {
  const groups = new Map<string, string[]>();
  for (const [name, { fetch, match }] of CRITERIA) {
    if (match !== undefined) groups.set(fetch, [...(groups.get(fetch) ?? []), code(name)]);
  }
  return [...groups].map(([fetch, names]) => `${names.join(' ')} for ${code(fetch)}`).join('; ');
}

const TYPES: Readonly<Record<SampleType, string>> = {
  bin: 'bytes',
  bool: 'boolean',
  int: 'integer',
  ip: 'address',
  meth: 'method',
  str: 'string',
};

const WHERE: Readonly<Record<Needs, string>> = {
  nothing: 'everywhere',
  message: 'everywhere',
  request: 'requests',
  response: 'responses',
  answer: 'responses, logs',
  backend: 'responses, and requests in backends',
  server: 'responses, logs',
  connection: 'responses, logs',
};

function fetches(): string {
  const rows = FETCHES.map((row) => [names(row), TYPES[row.type], WHERE[row.needs], `${row.help} (manual ${row.chapter})`]);
  return `## Sample fetches

${table(['fetch', 'type', 'where', 'meaning'], rows)}`;
}

function names(row: FetchRow): string {
  return row.names.map((name) => code(call(name, row.arguments))).join(', ');
}

/** `urlp([name[,delim]])` */
function call(name: string, specs: readonly ArgumentSpec[]): string {
  if (specs.length === 0) return name;
  let text = '';
  let open = '';
  for (const [index, spec] of specs.entries()) {
    const comma = index === 0 ? '' : ',';
    text += spec.optional === true ? `[${comma}${spec.name}` : `${comma}${spec.name}`;
    if (spec.optional === true) open += ']';
  }
  return `${name}(${text}${open})`;
}

function converters(): string {
  const rows = CONVERTERS.map((row) => [code(call(row.name, row.arguments)), TYPES[row.type], row.help]);
  return `## Converters

They follow a fetch, or another converter, behind a comma: \`hdr(host),lower,field(1,:)\`. Arguments with commas or parentheses are
quoted, \`regsub("^/(a|b)","/\\1")\`. (manual 7.3.1)

${table(['converter', 'yields', 'meaning'], rows)}`;
}

function formats(): string {
  const rows = VARIABLES.map(({ name, help }) => [code(`%${name}`), help]);
  return `## Log-format strings

\`%[<fetch>,<converter>...]\` stands for a sample, the variables below for what they name, \`%%\` for a percent sign. Flags stand in
braces: \`%{+Q}f\` puts quotes around a text, \`+E\` escapes quotes, backslashes and \`]\`, \`+X\` writes addresses, ports and counters in
hexadecimal, \`+M\` writes \`-\` for what is empty; \`%{+Q}o\` sets flags for all that follows. In logs, several blanks are one, and
empty is \`-\`; control characters in a sample become \`#XX\`. In rules a sample without a value is empty, control characters in one
become \`%XX\`, and of the flags only \`+E\` counts for samples. (manual 8.2.6)

${table(['variable', 'meaning'], rows)}`;
}
