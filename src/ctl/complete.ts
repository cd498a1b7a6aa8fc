/**
 * What a command may go on with: words of commands, which whoever is asked knows best (`help`), and names, which are asked for.
 * Whatever goes wrong is no completion.
 */

import { splitWords } from '../core/cli-words.ts';
import { ask } from './client.ts';
import type { Target } from './find-socket.ts';
import { parseAnswer } from './records.ts';

/** Asks one command; empty where it is refused. */
type Ask = (command: string) => Promise<string>;

/** For all of it, ms. */
const HOW_LONG = 1000;

/** Where names stand: behind which words, and what they are. */
const NAMES: readonly (readonly [behind: RegExp, names: (ask: Ask) => Promise<readonly string[]>])[] = [
  [/^set server \S+$/, words('addr agent agent-addr agent-port agent-send check-addr check-port fqdn health ssl state weight')],
  [/^set server \S+ state$/, words('ready drain maint')],
  [/^set server \S+ health$/, words('up stopping down')],
  [/^set server \S+ agent$/, words('up down')],
  [
    /^((set|enable|disable|del) server|(enable|disable) (health|agent)|[gs]et weight|set maxconn server|shutdown sessions server)$/,
    servers,
  ],
  [/^add server$/, (query) => backends(query).then((all) => all.map((name) => `${name}/`))],
  [/^((enable|disable|shutdown) frontend|set maxconn frontend)$/, frontends],
  [/^(show servers (state|conn)|(enable|disable) dynamic-cookie backend|set dynamic-cookie-key backend)$/, backends],
  [/^show (stat|errors)$/, proxies],
  [/^(show|clear|set) table$/, column('show table', 'table')],
  [/^set (severity-output)$/, words('none number string')],
  [/^set timeout$/, words('cli')],
  [/^show sess$|^shutdown session$/, column('show sess', 'id')],
  [/^show env$/, environment],
  [/^((show|clear|prepare|get|add|set|del) map)$/, patterns('map')],
  [/^((show|clear|prepare|get|add|del) acl)$/, patterns('acl')],
];

/** Whole words that the last of `line`'s may become; a line that ends with a blank begins a new one. */
export async function complete(target: Target, line: string): Promise<readonly string[]> {
  const patience = { silence: HOW_LONG, until: AbortSignal.timeout(HOW_LONG) };
  const query: Ask = async (command) => {
    const { text, failed } = await ask(target, command, undefined, patience);
    return failed ? '' : text;
  };
  const said = splitWords(line);
  const begun = line === '' || /(^|[^\\])\s$/.test(line) ? '' : (said.pop() ?? '');
  try {
    const before = said.join(' ');
    const names = await Promise.all(NAMES.filter(([behind]) => behind.test(before)).map(([, list]) => list(query)));
    const all = new Set([...fromHelp(await query('help'), said), ...names.flat()]);
    return [...all].filter((word) => word.startsWith(begun)).sort();
  } catch {
    return [];
  }
}

/** `  show stat [desc|json]*   : explanation`: next words of commands, and what is chosen from behind them. */
export function fromHelp(help: string, said: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (const [, syntax = ''] of help.matchAll(/^ {2}(\S.*?) *: .*$/gm)) {
    const all = syntax.split(/ +/);
    const end = all.findIndex((word) => /^[^a-z@]/i.test(word) || /[<>()[\]]/.test(word));
    const own = end < 0 ? all : all.slice(0, end);
    const next = own[said.length];
    const behind = said.slice(0, own.length).every((word, index) => word === own[index]);
    if (!behind || (said.length < own.length && next === undefined)) continue;
    if (next !== undefined) found.push(next);
    // `[desc|json|typed]*`; no names, which stand in angles.
    else for (const [, choice = ''] of syntax.matchAll(/(?:[[{](?=[a-z-]+\|)|\|)([a-z-]+)(?=[|\]}])/g)) found.push(choice);
  }
  return found;
}

// --- lists of names -------------------------------------------------------------------------------------------------

function words(list: string): () => Promise<readonly string[]> {
  return () => Promise.resolve(list.split(' '));
}

/** One column of a report. */
function column(command: string, name: string): (ask: Ask) => Promise<readonly string[]> {
  return async (query) => {
    const parsed = parseAnswer(await query(command));
    return parsed.kind === 'rows' ? parsed.rows.map((row) => String(row[name] ?? '')).filter((text) => text !== '') : [];
  };
}

/** `show stat -1 <kinds> -1`: 1 frontends, 2 backends, 4 servers. */
async function statistics(query: Ask, kinds: number): Promise<readonly (readonly [proxy: string, server: string])[]> {
  const parsed = parseAnswer(await query(`show stat -1 ${kinds} -1`));
  return parsed.kind === 'rows' ? parsed.rows.map(({ pxname, svname }) => [String(pxname), String(svname)] as const) : [];
}

async function servers(query: Ask): Promise<readonly string[]> {
  return (await statistics(query, 4)).map(([proxy, server]) => `${proxy}/${server}`);
}

async function frontends(query: Ask): Promise<readonly string[]> {
  return (await statistics(query, 1)).map(([proxy]) => proxy);
}

async function backends(query: Ask): Promise<readonly string[]> {
  return (await statistics(query, 2)).map(([proxy]) => proxy);
}

async function proxies(query: Ask): Promise<readonly string[]> {
  return [...new Set((await statistics(query, 3)).map(([proxy]) => proxy))];
}

async function environment(query: Ask): Promise<readonly string[]> {
  const parsed = parseAnswer(await query('show env'));
  return parsed.kind === 'record' ? Object.keys(parsed.record) : [];
}

/** `0 (/etc/hosts.map) description`: by file, else by number. */
function patterns(kind: 'map' | 'acl'): (ask: Ask) => Promise<readonly string[]> {
  return async (query) =>
    [...(await query(`show ${kind}`)).matchAll(/^(\d+) \(([^)]*)\)/gm)].map(([, id = '', file = '']) => (file === '' ? `#${id}` : file));
}
