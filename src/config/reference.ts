/** docs/configuration.md, written from the keyword rows: what the page says is what the parser does. */

import { features } from './condition.ts';
import { bindParameters } from './keywords/bind.ts';
import { consulRows } from './keywords/consul.ts';
import { dockerRows } from './keywords/docker.ts';
import { globalRows } from './keywords/global.ts';
import { proxyRows } from './keywords/proxy.ts';
import {
  type Refused,
  type RefusedParameter,
  refusedAlgorithms,
  refusedBindParameters,
  refusedKeywords,
  refusedSections,
  refusedServerParameters,
} from './keywords/refused.ts';
import { serverParameters } from './keywords/server.ts';
import { resolversRows, userlistRows } from './keywords/userlist.ts';
import type { Documented, Row, Section } from './row.ts';

/** The whole page. `extra` are further chapters, each a piece of Markdown that begins with a `## ` heading. */
export function renderReference(extra: readonly string[] = []): string {
  const chapters = [
    INTRODUCTION,
    language(),
    chapter('Section `global`', 'For the whole process.', globalRows),
    proxies(),
    chapter('Parameters of `bind`', '', bindParameters),
    chapter(
      'Parameters of a server',
      'For `server`, `default-server`, `server-template` and all lines that ask a source for servers. Labels of containers use the same names.',
      serverParameters,
    ),
    chapter(
      'Section `userlist <name>`',
      'Users and groups. Rules ask for them by `http_auth()` and `http_auth_group()`. Of passwords in crypt(3) form those of MD5 (`$1$`), SHA-256 (`$5$`) and SHA-512 (`$6$`) are known.',
      userlistRows,
    ),
    chapter(
      'Section `docker [<name>]`',
      'A Docker engine. Without any such section `DOCKER_HOST` or the usual socket is used.',
      dockerRows,
    ),
    chapter(
      'Section `consul [<name>]`',
      'A Consul agent. Without any such section `CONSUL_HTTP_ADDR` or `http://127.0.0.1:8500` is used.',
      consulRows,
    ),
    chapter('Section `resolvers <name>`', "Accepted so that a text of HAProxy's can have it.", resolversRows),
    ...extra.map((text) => text.trim()),
    refused(),
  ];
  return `${chapters.join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Written by scripts/docs.mjs from the keyword rows in src/config. Change those, not this page. -->
# Configuration

Fairlead reads HAProxy's configuration language. A keyword stands here if Fairlead does it; HAProxy's other keywords are refused
by name (last chapter), and any other word is an error with its file, its line and the nearest known word. \`fairlead -c -f FILE\`
shows all errors at once. The numbers of the manual are chapters of HAProxy 2.6's configuration manual.`;

function language(): string {
  return `## The language

- One statement per line; words are separated by spaces or tabs, indentation means nothing, \`#\` begins a comment. Lines are never continued.
- A backslash escapes a space, \`#\`, quotes and itself, and makes \`\\n\`, \`\\r\`, \`\\t\`, \`\\xNN\`. Any other backslash stays: \`path_reg \\.php$\` needs no quotes.
- \`"..."\` keeps spaces and expands \`$NAME\`, \`\${NAME}\`, \`\${NAME-default}\` and \`\${NAME[*]}\` (one word per item) from the environment; \`.FILE\`, \`.LINE\` and \`.SECTION\` are variables too. \`'...'\` keeps everything as it is.
- Times are milliseconds, or have a unit: \`us\`, \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`.
- \`.if\`, \`.elif\`, \`.else\`, \`.endif\` choose among lines. Conditions are \`defined(NAME)\`, \`streq(a,b)\`, \`strneq(a,b)\`, \`feature(NAME)\`, \`enabled(NAME)\`, \`version_atleast(V)\`, \`version_before(V)\`, \`openssl_version_atleast(V)\`, \`openssl_version_before(V)\`, \`ssllib_name_startswith(NAME)\`, numbers, \`!\`, \`&&\`, \`||\` and parentheses. The version is that of the language, HAProxy 2.6; features are ${[...features].map(code).join(', ')}, so that one text can serve both programs.
- \`.notice\`, \`.warning\` and \`.alert\` print a message; the last makes the text invalid.
- A proxy section begins with the settings of the \`defaults\` section before it, or of the one it names: \`backend app from web\`. Rules may stand in named \`defaults\` only.
- \`no\` in front of an option or of \`log\` takes back what the defaults say.`;
}

function proxies(): string {
  const head = 'Columns D, F, L, B: whether the keyword may stand in `defaults`, `frontend`, `listen`, `backend`.';
  const lines = effective(proxyRows).map((row) => `| ${cell(row)} | ${marks(row)} | ${text(row)} |`);
  return `## Sections \`defaults\`, \`frontend\`, \`listen\`, \`backend\`

${head}

| keyword | D | F | L | B | meaning |
|---|---|---|---|---|---|
${lines.join('\n')}

${withoutEffect(proxyRows)}`;
}

const COLUMNS: readonly Section[] = ['defaults', 'frontend', 'listen', 'backend'];

function marks(row: Row<never>): string {
  return COLUMNS.map((section) => {
    if (!row.sections.includes(section)) return '-';
    return row.rule === true && section === 'defaults' ? 'named' : 'x';
  }).join(' | ');
}

function chapter(title: string, head: string, rows: readonly Documented[]): string {
  const lines = effective(rows).map((row) => `| ${cell(row)} | ${text(row)} |`);
  const table = lines.length === 0 ? '' : `| keyword | meaning |\n|---|---|\n${lines.join('\n')}`;
  return [`## ${title}`, head, table, withoutEffect(rows)].filter((part) => part !== '').join('\n\n');
}

function effective<T extends Documented>(rows: readonly T[]): readonly T[] {
  return sorted(rows).filter((row) => row.noEffect === undefined);
}

/** Keywords that are read and have no effect, by the reason. */
function withoutEffect(rows: readonly Documented[]): string {
  const byReason = new Map<string, string[]>();
  for (const { name, noEffect } of sorted(rows)) {
    if (noEffect !== undefined) byReason.set(noEffect, [...(byReason.get(noEffect) ?? []), code(name)]);
  }
  if (byReason.size === 0) return '';
  const lines = [...byReason].map(([reason, names]) => `- ${names.join(', ')}: ${reason}.`);
  return `Accepted without effect, with a notice:\n\n${lines.join('\n')}`;
}

function sorted<T extends Documented>(rows: readonly T[]): readonly T[] {
  return [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A bar would end the cell of the table, also between backticks. */
function escaped(words: string): string {
  return words.replaceAll('|', '\\|');
}

function code(words: string): string {
  return `\`${words}\``;
}

function cell({ name, syntax }: Documented): string {
  return escaped(code(syntax === '' ? name : `${name} ${syntax}`));
}

function text({ doc, default: fallback, chapter: manual }: Documented): string {
  const more = [fallback === undefined ? '' : `default: ${fallback}`, manual === '' ? "Fairlead's own" : `manual ${manual}`].filter(
    (part) => part !== '',
  );
  return escaped(`${doc} (${more.join('; ')})`);
}

function refused(): string {
  const later = (parameters: ReadonlyMap<string, RefusedParameter>): string => [...parameters.keys()].sort().map(code).join(', ');
  return `## HAProxy's keywords that are refused

Each of them is an error that names it.

- Sections: ${[...refusedSections.keys()].map(code).join(', ')}.
- In \`global\`: ${list(refusedKeywords.filter((entry) => entry.sections.includes('global')))}.
- In proxies: ${list(refusedKeywords.filter((entry) => !entry.sections.includes('global') && entry.instead === undefined))}.
- Dropped by HAProxy too: ${list(refusedKeywords.filter((entry) => entry.instead !== undefined))}.
- \`balance\`: ${refusedAlgorithms.map(code).join(', ')}.
- On \`bind\` lines: ${later(refusedBindParameters)}.
- On servers: ${later(refusedServerParameters)}.`;
}

function list(entries: readonly Refused[]): string {
  const names = new Set(entries.map((entry) => entry.name));
  return [...names].sort().map(code).join(', ');
}
