/**
 * The state as a plain `haproxy.cfg`, for who goes back to HAProxy and for who wants to see what is in force: the user's text
 * line by line, and in the place of what asked for servers and routes the ones that were found. Pure.
 *
 *     docker, consul sections                      left out
 *     docker-servers, consul-servers, ...          `server` lines in their place
 *     docker-routes, consul-routes                 ACLs and `use_backend` at the end of the section, backends at the end of all
 *     .if and its kin, branches that do not count,
 *     keywords that HAProxy does not have          comments
 *     variables of the environment                 what they are; the line as it was written stands above
 */

import { joinHostPort } from '../config/address.ts';
import type { Config, ProxyConfig } from '../config/model.ts';
import type { ReadLine } from '../config/transcript.ts';
import { bytesOf, textOf } from '../core/bytes.ts';
import { expandTemplate } from '../discovery/dns/names.ts';
import type { DiscoveredServer, Route } from '../discovery/provider.ts';
import type { DesiredBackend, DesiredState } from '../state/types.ts';
import { aside, asWritten, comment, extended, INDENT, instead } from './lines.ts';
import { poolSections } from './pools.ts';
import { routeLines } from './routes.ts';
import { freeName, isAt, type Keyword, keywordOf, lineage, sectionsOf, type TextSection } from './sections.ts';
import { defaultServer, serverLines } from './servers.ts';

export interface RenderInput {
  readonly transcript: readonly ReadLine[];
  /** As it is in force, what operators have changed included. */
  readonly config: Config;
  readonly state: DesiredState;
  /** What to tell people first, a line each. */
  readonly head: readonly string[];
}

/** `at` in wall-clock ms. */
export function renderedHead(version: string, name: string, at: number): readonly string[] {
  return [
    `${name}, with the servers and routes that Fairlead ${version} knew at ${new Date(at).toISOString()}`,
    "Weights and states that operators have set are no part of it: 'show servers state' has them.",
  ];
}

export interface SourceState {
  readonly name: string;
  /** It has said what it knows. */
  readonly spoken: boolean;
  /** Why it is away now; empty while it is there. */
  readonly trouble: string;
}

/** What of the text may be wrong because its sources are silent, a line each; for its head. */
export function doubts(sources: readonly SourceState[]): readonly string[] {
  return sources.flatMap(({ name, spoken, trouble }) => {
    const why = trouble === '' ? '' : ` (${trouble})`;
    if (!spoken) return [`source ${name} has not answered${why}: its servers and routes are missing here`];
    return trouble === '' ? [] : [`source ${name} is away${why}: its servers and routes are what it said last`];
  });
}

/** The doubts that a text begins with. */
export function doubtsOf(text: string): readonly string[] {
  const head = /^(?:#.*\n)*/.exec(text)?.[0] ?? '';
  return [...head.matchAll(/^# (source .* (?:has not answered|is away).*)$/gm)].map(([, line = '']) => line);
}

/** The whole of it, with a line feed at its end. */
export function render(input: RenderInput): string {
  return `${[...renderLines(input)].join('\n').trimEnd()}\n`;
}

/** Line by line, each made when it is asked for. */
export function* renderLines(input: RenderInput): Generator<string> {
  yield* input.head.map(comment);
  yield '';
  yield* new Rendering(input).lines();
}

/** Sections that only say where servers are looked for. */
const SOURCES: ReadonlySet<string> = new Set(['docker', 'consul']);
const SERVERS = /^(docker|consul|file)-servers$/;
const ROUTES = /^(docker|consul)-routes$/;

/** What hosts that nobody serves are answered. */
function refusal(name: string): readonly string[] {
  const settings = ['mode http', 'timeout connect 5s', 'timeout server 5s'].map((line) => INDENT + line);
  const backend = [`backend ${name} from ${name}`, `${INDENT}http-request deny deny_status 404`];
  return ['', comment('for hosts that nobody serves'), `defaults ${name}`, ...settings, ...backend];
}

class Rendering {
  private readonly config: Config;
  private readonly state: DesiredState;
  private readonly sections: readonly TextSection[];
  /** The backend for hosts that nobody serves, and whether some frontend needs it. */
  private readonly nobody: string;
  private noRoute = false;

  constructor({ transcript, config, state }: RenderInput) {
    this.config = config;
    this.state = state;
    this.sections = sectionsOf(transcript);
    this.nobody = freeName('fairlead-no-route', this.sections, state);
  }

  *lines(): Generator<string> {
    for (const section of this.sections) {
      yield* this.section(section);
      yield* section.tail.flatMap(asWritten);
    }
    yield* poolSections(this.config, this.state, this.sections);
    if (this.noRoute) yield* refusal(this.nobody);
  }

  private *section(section: TextSection): Generator<string> {
    const { start, lines } = section;
    if (start === undefined) {
      yield* lines.flatMap(asWritten);
      return;
    }
    if (SOURCES.has(start.kind)) {
      yield comment(`section '${`${start.kind} ${start.name}`.trim()}' is left out`);
      return;
    }
    const proxy = this.config.proxies.find(({ place }) => isAt(place, start.place));
    const backend = proxy === undefined || proxy.kind === 'frontend' ? undefined : this.state.backends.get(proxy.name);
    const own = this.found(proxy, backend);
    yield* this.written(section, backend, own);
    if (proxy !== undefined) for (const line of this.ending(section, proxy, own)) yield INDENT + line;
  }

  /** Its own servers that no line of it names. */
  private found(proxy: ProxyConfig | undefined, backend: DesiredBackend | undefined): readonly DiscoveredServer[] {
    if (proxy === undefined || backend === undefined) return [];
    const named = new Set([...proxy.servers, ...proxy.serverTemplates.flatMap(expandTemplate)].map(({ identity }) => identity));
    return backend.servers.filter(({ config }) => config.dynamic === true || !named.has(config.identity));
  }

  private *written(section: TextSection, backend: DesiredBackend | undefined, own: readonly DiscoveredServer[]): Generator<string> {
    const defaults = this.inheritedDefaults(section);
    const servers = new Map(backend?.servers.map((server) => [server.config.name, server]));
    let waiting = own.filter(({ config }) => config.dynamic !== true);
    for (const line of section.lines) {
      const keyword = line.kind === 'statement' && line.section !== undefined ? keywordOf(line.section, line.words) : undefined;
      if (keyword?.name === 'default-server') defaults.push(line.words.slice(1));
      if (line.kind === 'section') yield* heading(line);
      else if (keyword === undefined) yield* asWritten(line);
      else if (backend !== undefined && keyword.name === 'server') yield* configured(line, servers.get(textOf(line.words[1] ?? '')));
      else if (keyword.name === 'server-template') yield* templated(line, defaults);
      else if (keyword.name === 'bind') yield* bound(line);
      else if (SERVERS.test(keyword.name)) {
        yield aside(line);
        for (const text of serverLines(waiting, defaultServer(defaults, this.config.global.tls))) yield INDENT + text;
        waiting = [];
      } else yield* keyword.own ? [aside(line, whyNot(keyword))] : asWritten(line);
    }
  }

  /** Of the sections that it begins with. */
  private inheritedDefaults(section: TextSection): (readonly string[])[] {
    const ancestors = lineage(section, this.sections).slice(0, -1);
    return ancestors.flatMap(({ lines }) => lines.filter(isDefaultServer).map(({ words }) => words.slice(1)));
  }

  /** What the end of the section has: servers of operators, and routes, which are asked behind all `use_backend` of the text. */
  private *ending(section: TextSection, proxy: ProxyConfig, own: readonly DiscoveredServer[]): Generator<string> {
    const dynamic = own.filter(({ config }) => config.dynamic === true);
    if (dynamic.length > 0) {
      const defaults = [...this.inheritedDefaults(section), ...section.lines.filter(isDefaultServer).map(({ words }) => words.slice(1))];
      yield comment('operators have added');
      yield* serverLines(dynamic, defaultServer(defaults, this.config.global.tls));
    }
    const routes = this.state.routes.get(proxy.name);
    if (routes !== undefined && proxy.kind !== 'backend') yield* this.routing(proxy, routes);
  }

  private *routing(proxy: ProxyConfig, routes: readonly Route[]): Generator<string> {
    const names = proxy.acls.map(({ name }) => textOf(name));
    yield* routeLines(routes, names);
    const servers = proxy.kind === 'listen' ? (this.state.backends.get(proxy.name)?.servers.length ?? 0) : 0;
    if (proxy.defaultBackend !== undefined || servers > 0) return;
    this.noRoute = true;
    yield proxy.kind === 'listen' ? `use_backend ${this.nobody}` : `default_backend ${this.nobody}`;
  }
}

function isDefaultServer({ kind, words }: ReadLine): boolean {
  return kind === 'statement' && words[0] === 'default-server';
}

/** `listen NAME ADDRESS:PORT`, which HAProxy does not take any more. */
function heading(line: ReadLine): readonly string[] {
  const [kind = '', name = '', address, ...more] = line.words;
  if ((kind !== 'listen' && kind !== 'frontend') || address === undefined || address === 'from') return asWritten(line);
  const from = more.indexOf('from');
  const [parameters, rest] = from < 0 ? [more, []] : [more.slice(0, from), more.slice(from)];
  return instead(line, [kind, name, ...rest], ['bind', address, ...parameters]);
}

/**
 * A `server` line of the user's. HAProxy does not start when a name does not resolve, unless it is told that it may; then the
 * address that is known now will do.
 */
function configured(line: ReadLine, server: DiscoveredServer | undefined): readonly string[] {
  if (server === undefined) return [aside(line, 'an operator has removed it')];
  const { fqdn, port, initAddr, address } = server.config;
  if (fqdn === undefined) return asWritten(line);
  const [keyword = '', name = '', written = '', ...parameters] = line.words;
  const others = initAddr.length > 0 ? [] : ['init-addr', `last,libc,${address ?? 'none'}`];
  // `set server ... fqdn`
  if (!textOf(written).startsWith(fqdn)) return instead(line, [keyword, name, bytesOf(joinHostPort(fqdn, port)), ...parameters, ...others]);
  return others.length === 0 ? asWritten(line) : extended(line, others);
}

/** A `bind` line of the user's: HAProxy makes no certificates, and clear text would not be the same. */
function bound(line: ReadLine): readonly string[] {
  if (!line.words.includes('self-signed')) return asWritten(line);
  const words = line.words.filter((word) => word !== 'self-signed');
  const certified = words.includes('crt') || words.includes('crt-list');
  return certified ? instead(line, words) : [aside(line, "HAProxy makes no certificates: it needs a 'crt'")];
}

/** The same of a `server-template`, behind these `default-server` lines. */
function templated(line: ReadLine, defaults: readonly (readonly string[])[]): readonly string[] {
  const said = [...defaults.flat(), ...line.words].includes('init-addr');
  return said ? asWritten(line) : extended(line, ['init-addr', 'last,libc,none']);
}

function whyNot({ name, doc }: Keyword): string {
  return ROUTES.test(name) ? 'see the end of the section' : `HAProxy does not have it: ${doc}`;
}
