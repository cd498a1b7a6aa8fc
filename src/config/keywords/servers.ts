/** Lines that make servers: `server`, `default-server`, `server-template` (manual 4.2, 5.2). */

import { readServerAddress, type ServerAddress } from '../address.ts';
import type { ProxyDraft, ServerDraft } from '../draft.ts';
import { copyServer, finishServer } from '../draft-server.ts';
import { BACK, type Row, type Statement } from '../row.ts';
import { forbiddenInName, type Read } from '../values.ts';
import { applyWords } from './server.ts';
import { versionsOf } from './server-versions.ts';

/** More would be a mistake: HAProxy's own examples stay below a hundred. */
const MAX_TEMPLATE = 10_000;

/** The proxy's `default-server` under the line's parameters; what is wrong is reported with `label` in front. */
export function serverOf(
  proxy: ProxyDraft,
  line: Statement,
  label: string,
  parameters: readonly string[],
  name: string = line.keyword,
): ServerDraft {
  const server = copyServer(proxy.defaultServer);
  const { bases, server: defaults } = line.surroundings.tls;
  server.sslWords = { ...server.sslWords, bases, defaults };
  server.origin = `${line.place.file}:${line.place.line}`;
  const { errors, notices, httpNotices } = applyWords(server, parameters);
  for (const error of errors) line.fail(`${label}${error}`);
  for (const notice of notices) line.note(`${label}${notice}`);
  for (const notice of httpNotices) proxy.httpNotices.push({ place: line.place, message: `${label}${notice}` });
  if (line.keyword !== 'default-server') {
    const { error, doubts } = versionsOf(server, proxy.name, name);
    for (const doubt of doubts) line.warn(`${label}${doubt}`);
    if (error !== undefined) line.fail(`${label}${error}`);
  }
  noteResolvers(proxy, line, parameters);
  return server;
}

function noteResolvers(proxy: ProxyDraft, line: Statement, parameters: readonly string[]): void {
  const at = parameters.indexOf('resolvers');
  const name = at < 0 ? undefined : parameters[at + 1];
  if (name !== undefined) proxy.resolvers.push({ place: line.place, name });
}

function parseServer(proxy: ProxyDraft, line: Statement): void {
  const [name = '', address = '', ...parameters] = line.words;
  const bad = forbiddenInName(name);
  if (bad !== undefined) {
    line.fail(`character '${bad}' is not permitted in server name '${name}'.`);
    return;
  }
  const label = `'server ${proxy.name}/${name}' : `;
  const at = addressOf(line, label, address);
  const server = serverOf(proxy, line, label, parameters, name);
  if (at === undefined) return;
  if (server.agentChecked && server.agentWords.port === undefined) {
    line.fail(`${label}server ${name} does not have agent port. Agent check has been disabled.`);
  }
  const config = finishServer({ ...server, ...at, name, identity: name });
  proxy.servers.push({ place: line.place, config });
}

function addressOf(line: Statement, label: string, text: string): ServerAddress | undefined {
  const read = readServerAddress(text, line.cwd);
  if ('value' in read) return read.value;
  line.fail(`${label}${read.error}`);
  return undefined;
}

function parseTemplate(proxy: ProxyDraft, line: Statement): void {
  const [prefix = '', count = '', address = '', ...parameters] = line.words;
  const range = line.value(readTemplateRange(count));
  const bad = forbiddenInName(prefix);
  if (bad !== undefined) line.fail(`character '${bad}' is not permitted in server name '${prefix}'.`);
  const label = `'server-template ${proxy.name}/${prefix}' : `;
  const at = addressOf(line, label, address);
  const server = serverOf(proxy, line, label, parameters, `${prefix}${range?.[0] ?? ''}`);
  if (server.agentChecked && server.agentWords.port === undefined) {
    line.fail(`${label}server ${prefix} does not have agent port. Agent check has been disabled.`);
  }
  if (range === undefined || at === undefined || bad !== undefined) return;
  const fqdn = at.fqdn ?? at.address ?? '';
  const [from, to] = range;
  proxy.serverTemplates.push({ place: line.place, prefix, from, to, fqdn, port: at.port, template: finishServer(server) });
}

/** `3` is 1 to 3; `2-5` is 2 to 5. */
function readTemplateRange(text: string): Read<readonly [from: number, to: number]> {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const from = match?.[2] === undefined ? 1 : Number(match[1]);
  const to = Number(match?.[2] ?? match?.[1] ?? 0);
  if (match === null || to < from) return { error: `wrong server-template number or range arg '${text}'.` };
  if (to - from >= MAX_TEMPLATE) return { error: `server-template would make more than ${MAX_TEMPLATE} servers: '${text}'.` };
  return { value: [from, to] };
}

export const serverRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'default-server',
    sections: BACK,
    syntax: '[<server parameters>]',
    chapter: '4.2',
    doc: 'Parameters for the servers on the lines that follow, also for discovered ones. Several lines add up.',
    strict: true,
    parse: (proxy, line) => {
      const server = serverOf(proxy, line, "'default-server' : ", line.words);
      proxy.defaultServer = server;
    },
  },
  {
    name: 'server',
    sections: ['listen', 'backend'],
    syntax: '<name> <address>[:<port>] [<server parameters>]',
    chapter: '4.2',
    doc: 'A server of this backend. The address is an IP address, a host name that is resolved again and again, or `unix@<path>`.',
    min: 2,
    missing: "'server' expects <name> and <addr>[:<port>] as arguments.",
    strict: true,
    parse: parseServer,
  },
  {
    name: 'server-template',
    sections: ['listen', 'backend'],
    syntax: '<prefix> {<count>|<from>-<to>} <name>:<port> [<server parameters>]',
    chapter: '4.2',
    doc: 'Room for several servers behind one host name: each address of the name becomes a server while the name has it.',
    min: 3,
    missing: "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.",
    strict: true,
    parse: parseTemplate,
  },
];
