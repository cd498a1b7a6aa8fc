/**
 * A request's way through a frontend, step by step: the compiled rules themselves are asked, in the order of `exchange.ts` and
 * `routing.ts`, so that what is explained is what would be done.
 *
 *     monitor-uri, http-request, stats uri, redirect    of the frontend
 *     use_backend, discovered routes, default_backend
 *     http-request, stats uri, redirect                 of the backend
 *     its servers
 *
 * A rule that asks for what is not known counts as one that does not match, and is told of.
 */

import { RouteTable } from '../backend/routes.ts';
import type { Place, ProxyConfig, RawRule } from '../config/model.ts';
import { textOf } from '../core/bytes.ts';
import type { Route } from '../discovery/provider.ts';
import { routeText } from '../discovery/routes.ts';
import { pathOf, rewritePrefix } from '../http/target.ts';
import { bindText } from '../proxy/frontend.ts';
import type { Condition, Final, RuleStep } from '../rules/types.ts';
import type { Outcome, Path, Pool, Step } from './explanation.ts';
import { type Handshake, handshakeOf } from './handshake.ts';
import { poolOf } from './pool.ts';
import { HypotheticalRequest, Unknown, type Wanted } from './request.ts';
import type { World } from './world.ts';

/** It would take any other host just the same. */
export function isByDefault({ steps }: Path): boolean {
  return /^(default_backend|listen) /.test(steps.findLast(({ result }) => result === 'yes')?.text ?? '');
}

/** Actions that change what all requests share: they are not tried out. */
const LASTING = /^(add|del|set)-(acl|map)\b/;

export function pathThrough(world: World, proxy: ProxyConfig, wanted: Wanted): Path {
  return new Walk(world, proxy, wanted).path();
}

class Walk {
  private readonly world: World;
  private readonly proxy: ProxyConfig;
  private readonly request: HypotheticalRequest;
  private readonly steps: Step[] = [];
  private readonly unknown = new Set<string>();

  private readonly handshake: Handshake;

  constructor(world: World, proxy: ProxyConfig, wanted: Wanted) {
    this.world = world;
    this.proxy = proxy;
    this.handshake = handshakeOf(world, proxy, wanted);
    this.request = new HypotheticalRequest(world, proxy, wanted);
  }

  path(): Path {
    const { proxy } = this;
    const outcome = this.go();
    const { name, place } = proxy;
    return { frontend: name, place: at(place), binds: bindsOf(this.world, proxy), steps: this.steps, outcome, unknown: [...this.unknown] };
  }

  private go(): Outcome {
    const { proxy, world } = this;
    const closed = closedBecause(world, proxy);
    const nobody = closed !== '' ? closed : this.handshake.failure;
    if (nobody !== '') return { routed: false, status: 0, text: nobody, pool: undefined };
    this.steps.push(...this.handshake.steps);
    if (proxy.mode === 'tcp') return this.defaultBackend();
    return this.own(proxy, at) ?? this.useBackend() ?? this.discovered() ?? this.defaultBackend();
  }

  // --- what the proxy answers itself

  /** @param placeOf what is told of where a rule stands */
  private own(proxy: ProxyConfig, placeOf: (place: Place) => string): Outcome | undefined {
    const rules = this.world.rulesOf(proxy);
    if (proxy.monitor !== undefined && proxy === this.proxy && proxy.monitor.uri === this.request.request.target) {
      return answered(200, 'Fairlead answers it: monitor-uri');
    }
    const { request, redirects } = rules?.steps ?? {};
    return this.ruled('http-request', request, placeOf) ?? this.statistics(proxy) ?? this.ruled('redirect', redirects, placeOf);
  }

  private ruled(keyword: string, steps: readonly RuleStep[] = [], placeOf: (place: Place) => string): Outcome | undefined {
    for (const step of steps) {
      const text = `${keyword} ${ruleText(keyword, step.rule)}`;
      const place = placeOf(step.rule.place);
      const result = this.ask(step.condition, place, text);
      if (result !== true || LASTING.test(step.rule.words[0] ?? '')) continue;
      const outcome = this.run(step, place, text);
      if (outcome === 'allow') return undefined;
      if (outcome !== undefined) return answered(outcome.status, `Fairlead answers it: ${sayingOf(outcome)} (${place} ${text})`);
    }
    return undefined;
  }

  private run({ run }: RuleStep, place: string, text: string): Final | 'allow' | undefined {
    try {
      return run(this.request);
    } catch (error) {
      this.steps.pop();
      this.unsure(error, place, text);
      return undefined;
    }
  }

  private statistics({ stats }: ProxyConfig): Outcome | undefined {
    if (stats === undefined || !this.request.request.target.startsWith(stats.uri)) return undefined;
    return answered(200, `Fairlead answers it: statistics (stats uri ${textOf(stats.uri)})`);
  }

  // --- where it goes

  private useBackend(): Outcome | undefined {
    for (const { rule, condition, backend } of this.world.rulesOf(this.proxy)?.steps?.routes ?? []) {
      const text = `use_backend ${textOf(rule.backend)} ${conditionText(rule.words)}`.trimEnd();
      const place = at(rule.place);
      if (this.ask(condition, place, text) !== true) continue;
      const name = this.rendered(backend, place, text);
      const pool = name === undefined ? undefined : poolOf(this.world, name);
      if (pool !== undefined) return this.enter(pool);
      this.amend(`there is no backend '${name}': the next rule is asked`);
    }
    return undefined;
  }

  private rendered(render: (request: HypotheticalRequest) => string, place: string, text: string): string | undefined {
    try {
      return render(this.request);
    } catch (error) {
      this.steps.pop();
      this.unsure(error, place, text);
      return undefined;
    }
  }

  private discovered(): Outcome | undefined {
    const { state } = this.world;
    const routes = state.routes.get(this.proxy.name);
    if (routes === undefined) return undefined;
    const { request } = this.request;
    const settled = !state.unsettled.has(this.proxy.name);
    const found = new RouteTable(routes, settled).lookup(request.host, pathOf(request.target));
    if (found !== undefined) return this.routed(found);
    if (this.hasDefault) return undefined;
    const left = new RouteTable(state.gone.get(this.proxy.name) ?? [], settled).lookup(request.host, pathOf(request.target));
    if (left !== undefined) return this.left(left);
    const count = `${routes.length} route${routes.length === 1 ? ' is' : 's are'} known`;
    const why = `no route of '${this.proxy.name}' takes it (${count})`;
    if (settled) return answered(404, why);
    const silent = this.world.sources.filter(({ spoken }) => !spoken).map(({ name }) => name);
    return answered(503, `${why}, but ${silent.join(', ') || 'a source of routes'} has not answered yet`);
  }

  private routed(route: Route): Outcome {
    const { request } = this.request;
    const { path, rewrite, pool: name, origin } = route;
    if (rewrite !== undefined) request.target = rewritePrefix(request.target, path, rewrite);
    const note = rewrite === undefined ? `pool ${name}` : `pool ${name}, as ${request.target}`;
    this.steps.push({ place: '', text: `route ${routeText(route)} of ${origin}`, result: 'yes', note });
    const pool = poolOf(this.world, name);
    return pool === undefined ? answered(503, `there is no pool '${name}'`) : this.enter(pool);
  }

  /** A route that has gone. */
  private left(route: Route): Outcome {
    const { pool: name, origin } = route;
    const text = `route ${routeText(route)} of ${origin}, which nobody serves any more`;
    this.steps.push({ place: '', text, result: 'yes', note: `pool ${name}` });
    const pool = poolOf(this.world, name);
    if (pool === undefined) return answered(503, `there is no pool '${name}'`);
    return pool.members.length === 0 ? this.enter(pool) : answered(503, `what still serves in pool ${name} does not claim it`);
  }

  /** A listen that routes and has no server of its own is the default of nobody. */
  private get hasDefault(): boolean {
    const { kind, defaultBackend, name } = this.proxy;
    return defaultBackend !== undefined || (kind === 'listen' && (this.world.state.backends.get(name)?.servers.length ?? 0) > 0);
  }

  private defaultBackend(): Outcome {
    const { kind, defaultBackend, name } = this.proxy;
    const chosen = defaultBackend ?? (kind === 'listen' ? name : undefined);
    if (chosen === undefined) return answered(503, `no use_backend rule of '${name}' takes it, and there is no default_backend`);
    const text = defaultBackend === undefined ? `listen ${name}` : `default_backend ${defaultBackend}`;
    this.steps.push({ place: at(this.proxy.place), text, result: 'yes', note: '' });
    const pool = poolOf(this.world, chosen);
    return pool === undefined ? answered(503, `there is no backend '${chosen}'`) : this.enter(pool);
  }

  private enter(pool: Pool): Outcome {
    this.request.backend = pool.name;
    const { config, routed = false } = this.world.state.backends.get(pool.name) ?? {};
    // The rules of a pool are made of labels.
    const placeOf = routed ? () => `pool ${pool.name} (${pool.origin})` : at;
    const own = config === undefined || config.id === this.proxy.id || this.proxy.mode === 'tcp' ? undefined : this.own(config, placeOf);
    if (own !== undefined) return { ...own, pool };
    const usable = pool.members.filter((member) => member.usable).length;
    const { length } = pool.members;
    if (usable > 0) return { routed: true, status: 0, text: `goes to backend ${pool.name}: ${usable} of ${length} servers usable`, pool };
    const why = length === 0 ? 'it has no servers' : `none of its ${length} servers is usable`;
    return { ...answered(503, `goes to backend ${pool.name}, and ${why}`), pool };
  }

  // --- conditions

  private ask(condition: Condition | undefined, place: string, text: string): boolean | undefined {
    try {
      const matches = condition === undefined || condition(this.request);
      this.steps.push({ place, text, result: matches ? 'yes' : 'no', note: '' });
      return matches;
    } catch (error) {
      this.unsure(error, place, text);
      return undefined;
    }
  }

  private unsure(error: unknown, place: string, text: string): void {
    if (!(error instanceof Unknown)) throw error;
    this.unknown.add(error.message);
    this.steps.push({ place, text, result: 'unknown', note: `asks for ${error.message}` });
  }

  private amend(note: string): void {
    const last = this.steps.pop();
    if (last !== undefined) this.steps.push({ ...last, note });
  }
}

/** As they listen: a port may have been left to the system. */
export function bindsOf({ live }: World, { name, binds }: ProxyConfig): readonly string[] {
  const listening = live?.frontend(name)?.listeners.map(({ text }) => text) ?? binds.map(bindText);
  return live?.isEmbedded(name) === true ? ['embedded', ...listening] : listening;
}

function closedBecause({ live }: World, { name, disabled, binds }: ProxyConfig): string {
  if (disabled) return `'${name}' is disabled`;
  if (binds.length === 0 && live?.isEmbedded(name) !== true) return `'${name}' has no bind line: nobody can connect to it`;
  const state = live?.frontend(name)?.state;
  return state === undefined || state === 'OPEN' ? '' : `'${name}' does not listen now (${state})`;
}

function answered(status: number, text: string): Outcome {
  return { routed: false, status, text, pool: undefined };
}

const SAYINGS: Readonly<Record<Final['kind'], string>> = {
  denied: 'it is denied',
  intercepted: 'a rule replies',
  tarpitted: 'it is let wait, then denied',
  rejected: 'the connection is closed',
  dropped: 'the connection is dropped in silence',
};

function sayingOf({ kind, status, service }: Final): string {
  if (service !== undefined) return `service ${service}`;
  return kind === 'rejected' || kind === 'dropped' ? SAYINGS[kind] : `${SAYINGS[kind]} with ${status}`;
}

/** Rules whose words clients are told, or learn by trying: the others may put passwords into requests, variables, maps. */
const TOLD = /^(allow|auth|deny|redirect|reject|return|silent-drop|tarpit)$/;

/** Who may ask why need not be who may read the configuration: `set-header Authorization ... if { path /a }`. */
function ruleText(keyword: string, { words }: RawRule): string {
  const [action = ''] = words;
  if (keyword === 'redirect' || TOLD.test(action)) return conditionText(words);
  const begin = words.findLastIndex((word) => word === 'if' || word === 'unless');
  const behind = begin < 0 ? words.length : begin;
  const shown = /-header$/.test(action) ? 2 : 1;
  return [...words.slice(0, shown), behind > shown ? '...' : '', conditionText(words.slice(behind))]
    .filter((text) => text !== '')
    .join(' ');
}

/** What these ask for may be what a client has to know. */
const SECRET_FETCH =
  /^(?!.*\((host|user-agent|x-forwarded-\w+)\b)(capture\.|req\.)?([fs]?hdr|cook|url|urlp|query|body|hdrs|http_auth_|var)/i;

/** With `...` for what passwords are compared with: `if { req.hdr(x-key) -m str ... }`. */
function conditionText(words: readonly string[]): string {
  const told: string[] = [];
  let hides = false;
  words.forEach((word, index) => {
    const before = words[index - 1];
    if (before === '{') hides = SECRET_FETCH.test(word);
    if (word === '}') hides = false;
    if (!hides || before === '-m' || /^-[a-zA-Z-]$/.test(word)) told.push(word);
    else if (before === '{') told.push(word.replace(/,.*$/s, ',...'));
    else if (told.at(-1) !== '...') told.push('...');
  });
  return textOf(told.join(' '));
}

function at({ file, line }: Place): string {
  return `${file}:${line}`;
}
