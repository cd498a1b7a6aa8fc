/**
 * The rules of one proxy, compiled once. What is wrong is reported with its place, in HAProxy's words, and the next
 * line is looked at all the same.
 */

import type { Config, Diagnostic, FormatText, Place, ProxyConfig, RawRule, StickRuleConfig, UseBackendConfig } from '../config/model.ts';
import { textOf } from '../core/bytes.ts';
import { placeIn } from '../core/place.ts';
import { didYouMean } from '../core/suggest.ts';
import { type Acls, type AclTest, compileAcls } from './acl.ts';
import { type ActionRow, ALLOW, Words } from './action.ts';
import { AUTH_ACTION } from './actions-auth.ts';
import { EXCHANGE_ACTIONS } from './actions-exchange.ts';
import { HEADER_ACTIONS } from './actions-header.ts';
import { LINE_ACTIONS } from './actions-line.ts';
import { LOG_ACTIONS } from './actions-log.ts';
import { PATTERN_ACTIONS } from './actions-patterns.ts';
import { REPLY_ACTIONS } from './actions-reply.ts';
import { SERVICE_ACTIONS } from './actions-service.ts';
import { VARIABLE_ACTIONS } from './actions-variables.ts';
import { compileCondition } from './condition.ts';
import { RuleError, refused } from './error.ts';
import { within } from './expression.ts';
import { compileFormat, LOG, type Render, type Style, UNIQUE_ID } from './format.ts';
import { compileHashed } from './hashed.ts';
import { fill, filled, Patterns } from './patterns.ts';
import { compileRedirect, REDIRECT_ACTION } from './redirect.ts';
import { isForeignAction } from './refused.ts';
import { LOG_SCOPE, persistenceScope, type Scope, scopeOf, UNIQUE_ID_SCOPE } from './scope.ts';
import { compileServerName, serverNamesOf } from './server-names.ts';
import { compilePattern } from './stick-key.ts';
import type { CompiledRules, Condition, PersistenceRules, RouteStep, RuleContext, RuleSet, RuleStep, StickRule } from './types.ts';

export const ACTIONS: readonly ActionRow[] = [
  ...EXCHANGE_ACTIONS,
  ...HEADER_ACTIONS,
  ...LINE_ACTIONS,
  ...LOG_ACTIONS,
  ...PATTERN_ACTIONS,
  ...REPLY_ACTIONS,
  ...VARIABLE_ACTIONS,
  ...SERVICE_ACTIONS,
  REDIRECT_ACTION,
  AUTH_ACTION,
].sort((a, b) => (a.name < b.name ? -1 : 1));

/**
 * Compiles ACLs, http-request and http-response rules, redirects, use_backend and `stats admin`.
 * @param report told of every error (`alert`) and doubt (`warning`) with its place; a rule with an error is left out
 * @param patterns of the whole configuration: proxies share files
 * @param whole the configuration whose proxies and userlists rules may ask about; undefined: any
 */
export function compileRules(
  proxy: ProxyConfig,
  report: (diagnostic: Diagnostic) => void,
  patterns: Patterns = new Patterns(),
  whole: Whole | undefined = undefined,
): CompiledRules {
  return fill(patterns, () => new Compiler(proxy, report, whole).compile());
}

export type Whole = Pick<Config, 'proxies' | 'userlists'> & { readonly global?: Pick<Config['global'], 'bufsize'> };

class Compiler {
  private readonly proxy: ProxyConfig;
  private readonly report: (diagnostic: Diagnostic) => void;
  private acls: Acls = new Map();
  /** The section's own, and those of the `defaults` that it takes after: HAProxy lists them apart. */
  private readonly predefined = { own: new Map<string, readonly AclTest[]>(), inherited: new Map<string, readonly AclTest[]>() };

  private readonly known: Pick<Scope, 'knows' | 'userlists' | 'bufsize'>;

  constructor(proxy: ProxyConfig, report: (diagnostic: Diagnostic) => void, whole: Whole | undefined) {
    this.proxy = proxy;
    this.known = whole === undefined ? {} : knownOf(whole);
    this.report = (diagnostic) => report({ ...diagnostic, message: textOf(diagnostic.message) });
  }

  compile(): CompiledRules {
    const { proxy } = this;
    this.acls = compileAcls(proxy.acls, ({ place }, severity, message) => this.report({ severity, place, message }), this.known.userlists);
    const requestScope = this.scope(scopeOf(proxy, 'http-request'));
    const responseScope = this.scope(scopeOf(proxy, 'http-response'));
    const request = this.each(proxy.httpRequest, (rule) => this.action(rule, requestScope));
    const redirects = this.each(proxy.redirects, (rule) => this.redirect(rule, requestScope));
    const routes = this.each(proxy.useBackends, (rule) => this.route(rule));
    return {
      request: runner(request),
      response: runner(this.each(proxy.httpResponse, (rule) => this.action(rule, responseScope))),
      redirect: runner(redirects),
      route: router(routes),
      steps: request.length + redirects.length + routes.length === 0 ? undefined : { request, redirects, routes },
      stats: runner(this.each(proxy.stats?.httpRequest ?? [], (rule) => this.action(statsRule(rule), requestScope))),
      statsAdmin: anyOf(this.each(proxy.stats?.admin ?? [], (rule) => this.bare('stats admin', rule, requestScope))),
      monitorFail: anyOf(this.each(proxy.monitor?.fail ?? [], (rule) => this.bare('monitor fail', rule, requestScope))),
      persistence: this.persistence(),
      hashed: this.hashed(),
      serverNames: this.serverNames(),
      ...this.logs(),
    };
  }

  private scope(scope: Scope): Scope {
    return { ...scope, ...this.known };
  }

  /** The formats of a frontend's log. */
  private logs(): Pick<CompiledRules, 'log' | 'uniqueId'> {
    const { kind, mode, logStyle, logFormat } = this.proxy;
    if (kind === 'backend') return {};
    let source = false;
    const compile = (format: FormatText | undefined, what: string, style: Style, scope = LOG_SCOPE): Render | undefined => {
      if (format === undefined) return undefined;
      const parse = () => compileFormat(format.text, this.scope(scope), { ...style, http: mode === 'http' });
      const [compiled] = this.each([{ ...format, words: [] }], () => within(`failed to parse ${what} : `, parse));
      if (SOURCES.some((name) => compiled?.uses.has(name))) source = true;
      return compiled?.render;
    };
    const log = {
      line: compile(logFormat === 'custom' ? logStyle.format : undefined, 'log-format', LOG),
      error: compile(logStyle.error, 'error-log-format', LOG),
      structured: compile(logStyle.structured, 'log-format-sd', LOG),
    };
    const compiled = log.line !== undefined || log.error !== undefined || log.structured !== undefined;
    return {
      log: compiled ? { ...log, source } : undefined,
      uniqueId: compile(logStyle.uniqueId, 'unique-id', UNIQUE_ID, UNIQUE_ID_SCOPE),
    };
  }

  private hashed(): CompiledRules['hashed'] {
    const { balance, dockerRoutes, consulRoutes, kind, place } = this.proxy;
    const { expression } = balance;
    // The pools of a frontend balance as its `defaults` say.
    if (expression === undefined || (kind === 'frontend' && dockerRoutes.length + consulRoutes.length === 0)) return undefined;
    return this.each([{ place, words: [expression] }], () => compileHashed(expression))[0];
  }

  private serverNames(): CompiledRules['serverNames'] {
    const names = serverNamesOf(this.proxy);
    if (names.length === 0) return undefined;
    const lines = names.map((name) => ({ ...name, place: placeIn(name.origin) ?? this.proxy.place, words: [] }));
    const compiled = this.each(lines, ({ expression, name }) => {
      const where = name === '' ? '' : `'server ${this.proxy.name}/${name}' : `;
      return [expression, within(where, () => compileServerName(expression))] as const;
    });
    return new Map(compiled);
  }

  private persistence(): PersistenceRules | undefined {
    const { forcePersist, ignorePersist, useServers, stickRules } = this.proxy;
    if (forcePersist.length + ignorePersist.length + useServers.length + stickRules.length === 0) return undefined;
    const exceptions = [
      ...forcePersist.map((rule) => ({ ...rule, kind: 'force' as const })),
      ...ignorePersist.map((rule) => ({ ...rule, kind: 'ignore' as const })),
    ].sort((one, other) => one.place.line - other.place.line);
    const [requests, responses] = [
      stickRules.filter((rule) => rule.kind !== 'store-response'),
      stickRules.filter((rule) => rule.kind === 'store-response'),
    ];
    return {
      exceptions: this.each(exceptions, ({ kind, place, words }) => {
        const where = `error detected while parsing a '${kind}-persist' rule : `;
        return { kind, condition: this.condition(words, this.scope(persistenceScope('persist')), place, where, () => undefined) };
      }),
      useServers: this.each(useServers, ({ server, place, words }) => {
        const scope = this.scope(persistenceScope('use'));
        const format = within('error detected while parsing switching rule : ', () => compileFormat(server, scope));
        const condition = this.condition(words, scope, place, 'error detected while parsing switching rule : ', () => undefined);
        return { server: format.render, condition };
      }),
      request: this.each(requests, (rule) => this.stick(rule, this.scope(persistenceScope('use')))),
      response: this.each(responses, (rule) => this.stick(rule, this.scope(persistenceScope('store')))),
    };
  }

  private stick({ kind, table, keyType, keyLength, place, words }: StickRuleConfig, scope: Scope): StickRule {
    const [pattern = '', ...rest] = words;
    const key = compilePattern(pattern, scope, keyType, keyLength);
    const where = "'stick': error detected while parsing sticking condition : ";
    const condition = this.condition(rest, scope, place, where, () => undefined);
    return { table, match: kind === 'on' || kind === 'match', store: kind !== 'match', condition, key };
  }

  /** Compiles every line; one that throws is reported and left out. */
  private each<Line extends RawRule, Compiled>(lines: readonly Line[], compile: (line: Line) => Compiled): Compiled[] {
    return lines.flatMap((line) => {
      filled().at(line.place);
      try {
        return [compile(line)];
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        this.report({ severity: 'alert', place: line.place, message: error.message });
        return [];
      }
    });
  }

  private action(rule: RawRule, scope: Scope): RuleStep {
    const ruleset = scope.phase === 'request' ? 'http-request' : 'http-response';
    const [name = ''] = rule.words;
    const row = findAction(name, ruleset, scope);
    const keyword = `${ruleset} ${name}`;
    const words = this.words(rule, 1, scope);
    words.parameter = /\((.*?)\)?$/s.exec(name)?.[1] ?? '';
    const run = within(this.while(`'${keyword}' rule`), () => row.compile(words));
    const condition = this.condition(words.rest(), scope, rule.place, `error detected while parsing an '${keyword}' condition : `, () => {
      throw new RuleError(`'${keyword}' expects either 'if' or 'unless' followed by a condition but found '${words.rest()[0]}'`);
    });
    return { rule, condition, run };
  }

  private redirect(rule: RawRule, scope: Scope): RuleStep {
    const words = this.words(rule, 0, scope);
    const where = this.while('redirect rule');
    const run = within(where, () => compileRedirect(words, true));
    return { rule, run, condition: this.condition(words.rest(), scope, rule.place, `${where}error in condition: `, () => undefined) };
  }

  private route(rule: UseBackendConfig): RouteStep {
    const { backend } = rule;
    const scope = this.scope(scopeOf(this.proxy, 'use-backend'));
    const format = within(`failed to parse use_backend rule '${backend}' : `, () => compileFormat(backend, scope));
    const condition = this.condition(rule.words, scope, rule.place, 'error detected while parsing switching rule : ', (word) => {
      throw new RuleError(`unexpected keyword '${word}' after switching rule, only 'if' and 'unless' are allowed.`);
    });
    return { rule, condition, backend: format.render };
  }

  /** A line that is nothing but a condition. */
  private bare(keyword: string, rule: RawRule, scope: Scope): Condition {
    const missing = (): never => {
      throw new RuleError(`'${keyword}' requires either 'if' or 'unless' followed by a condition.`);
    };
    const where = `error detected while parsing a '${keyword}' ${keyword === 'stats admin' ? 'rule' : 'condition'} : `;
    return this.condition(rule.words, scope, rule.place, where, missing) ?? missing();
  }

  /** @param otherwise what to say to a word that is neither `if` nor `unless` */
  private condition(
    words: readonly string[],
    scope: Scope,
    place: Place,
    where: string,
    otherwise: (word: string) => undefined,
  ): Condition | undefined {
    const [keyword] = words;
    if (keyword === undefined || keyword === '') return undefined;
    if (keyword !== 'if' && keyword !== 'unless') return otherwise(keyword);
    const { file, line } = this.proxy.place;
    const predefined = place.file === file && place.line >= line ? this.predefined.own : this.predefined.inherited;
    const context = { acls: this.acls, predefined, scope, warn: (message: string) => this.warn(place, message) };
    return within(where, () => compileCondition(words.slice(1), keyword === 'unless', context));
  }

  private words(rule: RawRule, from: number, scope: Scope): Words {
    return new Words(rule.words.slice(from), scope, this.proxy, (message) => this.warn(rule.place, message));
  }

  private warn(place: Place, message: string): void {
    this.report({ severity: 'warning', place, message });
  }

  private while(what: string): string {
    const kind = this.proxy.kind === 'listen' ? 'proxy' : this.proxy.kind;
    return `error detected in ${kind} '${this.proxy.name}' while parsing ${what} : `;
  }
}

/** Their realm is not the section's name. */
function statsRule({ place, words }: RawRule): RawRule {
  const [action, next] = words;
  if (action !== 'auth' || next === 'realm') return { place, words };
  return { place, words: ['auth', 'realm', 'HAProxy Statistics', ...words.slice(1)] };
}

function knownOf({ proxies, userlists, global }: Whole): Pick<Scope, 'knows' | 'userlists' | 'bufsize'> {
  const knows: Scope['knows'] = (kind, name) => proxies.some((one) => one.name === name && isA(kind, one));
  return { knows, userlists, ...(global === undefined ? {} : { bufsize: global.bufsize }) };
}

function isA(kind: 'frontend' | 'backend', proxy: ProxyConfig): boolean {
  return proxy.kind === kind || proxy.kind === 'listen';
}

/** Variables and fetches that tell of our own end of the connection to a server. */
const SOURCES = ['bi', 'bp', 'bc_src', 'bc_src_port'];

function findAction(name: string, ruleset: string, scope: Scope): ActionRow {
  const here = ACTIONS.filter((row) => row.on === 'both' || row.on === scope.phase);
  const bare = name.replace(/\(.*/s, '');
  const row = here.find((candidate) => candidate.name === (candidate.parameter === undefined ? name : bare));
  if (row !== undefined) return row;
  if (isForeignAction(name, scope.phase)) throw refused(`'${ruleset} ${name}'`);
  const names = here.map((candidate) => candidate.name);
  const expected = names.map((candidate) => `'${candidate}'`).join(', ');
  const got = name === '' ? "'' (missing argument)" : `'${name}'`;
  throw new RuleError(`'${ruleset}' expects ${expected}, but got ${got}${didYouMean(name, names) || '.'}`);
}

function runner(rules: readonly RuleStep[]): RuleSet | undefined {
  if (rules.length === 0) return undefined;
  return (context) => {
    for (let i = 0; i < rules.length; i++) {
      const { condition, run } = rules[i] as RuleStep;
      if (condition !== undefined && !condition(context)) continue;
      const outcome = run(context);
      if (outcome !== undefined) return outcome === ALLOW ? undefined : outcome;
    }
    return undefined;
  };
}

function router(routes: readonly RouteStep[]): CompiledRules['route'] {
  if (routes.length === 0) return undefined;
  return (context: RuleContext) => {
    for (let i = 0; i < routes.length; i++) {
      const { condition, backend } = routes[i] as RouteStep;
      if (condition === undefined || condition(context)) return backend(context);
    }
    return undefined;
  };
}

function anyOf(conditions: readonly Condition[]): Condition | undefined {
  if (conditions.length === 0) return undefined;
  return (context) => {
    for (let i = 0; i < conditions.length; i++) if ((conditions[i] as Condition)(context)) return true;
    return false;
  };
}
