/**
 * What binds clients to servers (manual 4.2): exceptions, `use-server`, cookies, stick tables, asked in this order, and what
 * a response then tells the client and the tables. One Persistence belongs to a backend's Program; a Binding is what one
 * request has come to with it.
 *
 *     begin   force-persist, ignore-persist         as soon as the backend is known
 *     bind    use-server, cookie, stick match       behind the request rules; the request's cookies are edited
 *     settle  stick store, Set-Cookie               with the response's head
 *     release                                       however it ends
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import type { StickTable } from '../backend/stick-table.ts';
import { type Assignment, OpState, type Waiter } from '../backend/types.ts';
import type { CookieConfig, ProxyConfig, ServerConfig } from '../config/model.ts';
import { wall } from '../core/clock.ts';
import type { Head } from '../http/head.ts';
import type { PersistenceRules, RuleContext, StickRule } from '../rules/types.ts';
import { cacheable } from './cacheable.ts';
import { editRequestLine, editResponseLine, readDated, type SetCookieEdit, writeDate } from './cookies.ts';
import { dynamicCookie } from './dynamic-cookie.ts';
import type { Tie } from './retry.ts';
import { Roster } from './roster.ts';
import type { BackendDirectory } from './services.ts';

/** What a request's cookie was (manual 8.5, third letter). */
export type CookieState =
  /** None. */
  | 'N'
  /** No server has this value. */
  | 'I'
  /** Its server is down. */
  | 'D'
  /** Its server gets the request. */
  | 'V'
  /** Not used for longer than `maxidle`. */
  | 'E'
  /** Older than `maxlife`. */
  | 'O'
  /** Not looked at: something else chose the server. */
  | 'U';

/** What became of the response's cookie (fourth letter). */
export type SetCookieState = 'N' | 'P' | 'D' | 'I' | 'R' | 'U';

/** HAProxy keeps so many. */
const MOST_STORES = 8;

/** A cookie's date may lie so far ahead, s: clocks differ. */
const AHEAD = 86_400;

const NO_RULES: PersistenceRules = { exceptions: [], useServers: [], request: [], response: [] };

interface Store {
  readonly table: StickTable;
  readonly key: string;
}

export class Binding {
  readonly persistence: Persistence;
  readonly exception: 'force' | 'ignore' | undefined;
  /** The server that the request belongs to; the balancing algorithm decides where there is none. */
  server: Server | undefined = undefined;
  cookie: CookieState = 'N';
  setCookie: SetCookieState = 'N';
  /** Of the request's cookie, seconds since 1970; 0 is none. */
  lastSeen = 0;
  firstSeen = 0;
  /** Places that tables have reserved. */
  readonly stores: Store[] = [];

  constructor(persistence: Persistence, exception: 'force' | 'ignore' | undefined) {
    this.persistence = persistence;
    this.exception = exception;
  }

  /** Of the termination state. */
  get letters(): string {
    return this.persistence.lettered ? this.cookie + this.setCookie : '--';
  }

  /**
   * A slot of `server`, which is its own, or why there is none yet. 'elsewhere': it is full, and with `option redispatch` any
   * other will do.
   */
  claim(server: Server, waiter: Waiter, backend: Backend): Assignment | 'elsewhere' {
    const forced = this.exception === 'force';
    const assigned = backend.claim(waiter, server, forced);
    if (assigned !== 'full' || forced || !backend.redispatches) return assigned;
    this.unbind();
    return 'elsewhere';
  }

  /** The server is not to be had: any other may serve. */
  unbind(): void {
    this.server = undefined;
  }

  /** Another server than the one it belonged to has taken the request. */
  moved(): void {
    if (this.cookie === 'V') this.cookie = 'D';
  }

  /** Nobody will tell the tables any more. */
  release(): void {
    for (const { table } of this.stores.splice(0)) table.abandon();
  }
}

/** What ties a request or session to its server, as retries see it. */
export function tieOf(binding: Binding | undefined): Tie {
  if (binding === undefined) return 'free';
  return binding.exception === 'force' ? 'forced' : binding.server === undefined ? 'free' : 'bound';
}

export class Persistence {
  /** The log has letters for cookies; a cookie that is only read has none. */
  readonly lettered: boolean;
  private readonly rules: PersistenceRules;
  private readonly cookie: CookieConfig | undefined;
  private readonly dynamicKey: string | undefined;
  private readonly persist: boolean;
  private readonly fields: string;
  /** Made once for each address: keys are the configurations that servers had. */
  private readonly made = new WeakMap<ServerConfig, string>();
  private readonly roster = new Roster((server) => this.valueOf(server));

  /** Undefined where nothing of `config` binds clients. */
  static of(config: ProxyConfig, rules: PersistenceRules | undefined): Persistence | undefined {
    const cookie = config.mode === 'http' ? config.cookie : undefined;
    return cookie === undefined && rules === undefined ? undefined : new Persistence(config, cookie, rules ?? NO_RULES);
  }

  private constructor(config: ProxyConfig, cookie: CookieConfig | undefined, rules: PersistenceRules) {
    this.rules = rules;
    this.cookie = cookie;
    this.dynamicKey = cookie?.dynamic === true ? config.dynamicCookieKey : undefined;
    this.persist = config.persist;
    this.lettered = cookie !== undefined && (cookie.mode !== undefined || cookie.indirect);
    this.fields = cookie === undefined ? '' : attributes(cookie);
  }

  begin(context: RuleContext): Binding {
    const { exceptions } = this.rules;
    for (let i = 0; i < exceptions.length; i++) {
      const { kind, condition } = exceptions[i] as (typeof exceptions)[number];
      if (condition === undefined || condition(context)) return new Binding(this, kind);
    }
    return new Binding(this, undefined);
  }

  /** Edits the request's cookies, and may bind it to a server of `backend`. */
  bind(binding: Binding, context: RuleContext, backend: Backend, backends: BackendDirectory): void {
    this.useServer(binding, context, backend);
    this.recognize(binding, context.request, backend);
    this.ask(binding, context, backend, backends);
  }

  /** `server` has answered a request with `method`, and `head` goes to the client. */
  settle(binding: Binding, head: Head, server: Server, method: string): void {
    if (this.cookie === undefined) return;
    this.editSetCookies(binding, head, server, this.cookie);
    this.insert(binding, head, server, method, this.cookie);
  }

  /** `server` has answered: the tables are told, behind what the response itself has to say. */
  remember(binding: Binding, context: RuleContext, server: Server, backends: BackendDirectory): void {
    this.reserve(this.rules.response, binding, binding.stores.length, context, backends);
    for (const { table, key } of binding.stores.splice(0)) {
      if (server.config.nonStick) table.abandon();
      else table.store(key, server);
    }
  }

  private useServer(binding: Binding, context: RuleContext, backend: Backend): void {
    const { useServers } = this.rules;
    for (let i = 0; i < useServers.length; i++) {
      const { condition, server: nameOf } = useServers[i] as (typeof useServers)[number];
      if (condition !== undefined && !condition(context)) continue;
      const name = nameOf(context);
      const server = this.roster.named(backend, name);
      if (server === undefined || !this.reachable(binding, server)) continue;
      binding.server = server;
      return;
    }
  }

  /** Gets what belongs to it, though perhaps not what is new. */
  private reachable(binding: Binding, server: Server): boolean {
    if (server.departing) return binding.exception === 'force';
    return server.op !== OpState.Stopped || this.persist || binding.exception === 'force';
  }

  // --- the request's cookies

  /** Reads, and edits, the cookies alone. */
  recognize(binding: Binding, head: Head, backend: Backend): void {
    const { cookie } = this;
    if (cookie === undefined) return;
    const own = {
      name: cookie.name,
      removed: cookie.mode === 'insert' && cookie.indirect,
      prefixed: cookie.mode === 'prefix',
    };
    editLines(head, 'cookie', (line) =>
      editRequestLine(line, own, (value) => {
        if (own.prefixed) this.look(binding, value, backend);
        else this.lookDated(binding, value, backend, cookie);
      }),
    );
  }

  private lookDated(binding: Binding, value: string, backend: Backend, { maxlife, maxidle }: CookieConfig): void {
    const { server, last, first } = readDated(value);
    if (last > 0) binding.lastSeen = last;
    if (first > 0) binding.firstSeen = first;
    const now = Math.floor(wall() / 1000);
    if (binding.firstSeen > 0 && over(binding.firstSeen, maxlife, now)) this.expire(binding, 'O');
    else if (binding.lastSeen > 0 && over(binding.lastSeen, maxidle, now)) this.expire(binding, 'E');
    else this.look(binding, server, backend);
  }

  private expire(binding: Binding, state: 'O' | 'E'): void {
    binding.cookie = state;
    binding.firstSeen = 0;
    binding.lastSeen = 0;
  }

  /** The first server with this value that is up; several may share one. An empty value is no server's. */
  private look(binding: Binding, value: string, backend: Backend): void {
    const closed = binding.exception === 'ignore' || binding.server !== undefined;
    if (!closed) {
      for (const server of this.roster.sharing(backend, value)) {
        binding.cookie = 'D';
        if (!this.reachable(binding, server)) continue;
        if (server.op !== OpState.Stopped) binding.cookie = 'V';
        binding.server = server;
        return;
      }
    }
    if (binding.cookie === 'N') binding.cookie = closed ? 'U' : 'I';
  }

  /** A server's value of the cookie. */
  private valueOf({ config }: Server): string | undefined {
    if (config.cookie !== undefined || this.dynamicKey === undefined) return config.cookie;
    const made = this.made.get(config) ?? dynamicCookie(this.dynamicKey, config.address, config.port);
    if (made !== undefined) this.made.set(config, made);
    return made;
  }

  // --- stick tables

  private ask(binding: Binding, context: RuleContext, backend: Backend, backends: BackendDirectory): void {
    this.reserve(this.rules.request, binding, 0, context, backends, (table, key) => {
      const found = table.match(key);
      if (found === undefined || binding.server !== undefined) return;
      const server = this.roster.named(backend, found.serverName) ?? this.roster.numbered(backend, found.serverId);
      if (server !== undefined && this.reachable(binding, server)) binding.server = server;
    });
  }

  /** Of each table only the first key that is to be stored counts; `from`: those before belong to the request. */
  private reserve(
    rules: readonly StickRule[],
    binding: Binding,
    from: number,
    context: RuleContext,
    backends: BackendDirectory,
    match?: (table: StickTable, key: string) => void,
  ): void {
    const { stores } = binding;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i] as StickRule;
      const table = backends.get(rule.table)?.stickTable;
      if (table === undefined) continue;
      if (rule.store && stores.some((store, index) => index >= from && store.table === table)) continue;
      if (rule.condition !== undefined && !rule.condition(context)) continue;
      const key = rule.key(context);
      if (key === undefined) continue;
      if (rule.match) match?.(table, key);
      if (rule.store && stores.length < MOST_STORES && table.reserve()) stores.push({ table, key });
    }
  }

  // --- the response's cookies

  private editSetCookies(binding: Binding, head: Head, server: Server, cookie: CookieConfig): void {
    if (binding.exception === 'ignore') return;
    const value = this.valueOf(server);
    const found = (): SetCookieEdit => {
      binding.setCookie = 'P';
      if (cookie.preserve) return 'keep';
      if (cookie.mode === 'insert' || (binding.server !== undefined && cookie.indirect)) {
        binding.setCookie = 'D';
        return 'delete';
      }
      if (value === undefined || cookie.mode === undefined) return 'keep';
      binding.setCookie = 'R';
      return cookie.mode === 'rewrite' ? { replace: value } : { prefix: value };
    };
    editLines(head, 'set-cookie', (line) => editResponseLine(line, cookie.name, false, found));
    editLines(head, 'set-cookie2', (line) => editResponseLine(line, cookie.name, true, found));
  }

  private insert(binding: Binding, head: Head, server: Server, method: string, cookie: CookieConfig): void {
    if (cookie.mode !== 'insert' || binding.exception === 'ignore') return;
    if (cookie.preserve && binding.setCookie === 'P') return;
    if (cookie.postonly && method !== 'POST') return;
    const now = Math.floor(wall() / 1000);
    const direct = binding.server !== undefined;
    if (direct && !stale(binding, cookie, now)) return;
    const value = this.valueOf(server);
    head.add('set-cookie', this.setCookieLine(binding, cookie, value, now));
    binding.setCookie = value !== undefined && direct ? 'U' : 'I';
    if (cookie.nocache && cacheable(head, method)) head.add('cache-control', 'private');
  }

  private setCookieLine({ firstSeen }: Binding, { name, maxidle, maxlife }: CookieConfig, value: string | undefined, now: number): string {
    // A server without a value: the client forgets the one it has.
    if (value === undefined) return `${name}=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/${this.fields}`;
    let dates = '';
    if (maxidle > 0 || maxlife > 0) dates += `|${writeDate(now)}`;
    if (maxlife > 0) dates += `|${firstSeen > 0 ? writeDate(firstSeen) : writeDate(now)}`;
    return `${name}=${value}${dates}; path=/${this.fields}`;
  }
}

/** Whether `date` (s) is longer ago than `limit` (ms; 0 is none), or too far ahead. */
function over(date: number, limit: number, now: number): boolean {
  return limit > 0 && (now - date > limit / 1000 || date - now > AHEAD);
}

/** The client's cookie names the right server, but its dates have to be written anew, or to go. */
function stale({ lastSeen, firstSeen }: Binding, { maxidle, maxlife }: CookieConfig, now: number): boolean {
  const idle = (maxidle > 0 || lastSeen > 0) && (lastSeen === 0 || lastSeen < now);
  return idle || maxlife > 0 !== firstSeen > 0;
}

function attributes({ domains, httponly, secure, attributes: more }: CookieConfig): string {
  const all = [...domains.map((domain) => `domain=${domain}`), ...(httponly ? ['HttpOnly'] : []), ...(secure ? ['Secure'] : []), ...more];
  return all.map((one) => `; ${one}`).join('');
}

/** Edits every line of a field; when one changes all are written anew, which keeps their order among themselves. */
function editLines(head: Head, name: string, edit: (line: string) => string): void {
  const lines = head.values(name);
  if (lines.length === 0) return;
  const edited = lines.map(edit);
  if (edited.every((line, index) => line === lines[index])) return;
  head.remove(name);
  for (const line of edited) if (line !== '') head.add(name, line);
}
