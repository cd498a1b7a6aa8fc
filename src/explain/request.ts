/**
 * A request that nobody has sent: a GET with a Host and a path, as rules see one. What only a real client has, an address for
 * one, is not made up: a rule that asks for it ends in `Unknown`.
 */

import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { ProxyConfig } from '../config/model.ts';
import { CONNECTION_ERRORS } from '../core/connection-errors.ts';
import { Head } from '../http/head.ts';
import { parseRequestHead } from '../http/parse.ts';
import { liveBackend } from '../proxy/live.ts';
import type { Live } from '../rules/live.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import type { Notes } from '../rules/notes.ts';
import type { TlsFacts } from '../rules/tls-facts.ts';
import type { RuleContext } from '../rules/types.ts';
import type { VariableValue } from '../rules/variables.ts';
import type { World } from './world.ts';

/** Host and path that somebody asks about. */
export interface Wanted {
  /** Lower case, without port. */
  readonly host: string;
  /** The Host field. */
  readonly field: string;
  /** Undefined: the text did not say one, nor a scheme. */
  readonly port: number | undefined;
  /** Whether it is to come by TLS; undefined: the text does not say. */
  readonly secure: boolean | undefined;
  /** Path and query. */
  readonly target: string;
}

/** A rule asks for something that nobody knows here. */
export class Unknown extends Error {}

function unknown(what: string): never {
  throw new Unknown(what);
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * `www.example.test`, `www.example.test:8080/api?x=1`, `http://www.example.test/`; undefined where it is none of these. The path
 * stays as it is written: rules and servers see dot segments and escapes, too.
 */
export function readWanted(text: string): Wanted | undefined {
  if (/[\s"<>\\^`{|}]/.test(text)) return undefined;
  const [, scheme = '', name = '', digits, rest = ''] =
    /^(?:(https?):\/\/)?(\[[\da-f:.]+\]|[^/?#:@%[\]]+)(?::(\d+))?([/?].*?)?(?:#.*)?$/i.exec(text) ?? [];
  const host = isAscii(name) ? name.toLowerCase() : domainToASCII(name);
  const port = digits === undefined ? DEFAULT_PORTS[scheme.toLowerCase()] : Number(digits);
  if (name === '' || !isAscii(host) || (port !== undefined && (port < 1 || port > 65535))) return undefined;
  // Clients leave the port of their scheme out of Host.
  const usual = port === undefined || port === DEFAULT_PORTS[scheme.toLowerCase() || 'http'];
  const target = (rest.startsWith('/') ? rest : `/${rest}`).replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
  const secure = scheme === '' ? undefined : scheme.toLowerCase() === 'https';
  return { host, field: usual ? host : `${host}:${port}`, port, secure, target };
}

function isAscii(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** What clients say of themselves: whether they have a password or a cookie nobody knows. */
const PERSONAL: ReadonlyMap<string, string> = new Map([
  ['authorization', "the client's password or token (Authorization)"],
  ['proxy-authorization', "the client's password or token (Proxy-Authorization)"],
  ['cookie', "the client's cookies"],
]);

/** Of personal fields it has those that rules have set. */
class HypotheticalHead extends Head {
  override values(name: string): string[] {
    return this.known(name, super.values(name));
  }
  override first(name: string): string | undefined {
    return this.known(name, super.first(name));
  }
  private known<Found extends string | undefined | readonly string[]>(name: string, found: Found): Found {
    const what = PERSONAL.get(name);
    return what === undefined || (found?.length ?? 0) > 0 ? found : unknown(what);
  }
}

export class HypotheticalRequest implements RuleContext {
  readonly request: Head;
  readonly response: undefined = undefined;
  readonly frontend: string;
  /** Set when one is chosen. */
  backend: string | undefined = undefined;
  readonly server: undefined = undefined;
  readonly uniqueId: undefined = undefined;
  readonly serverTls: undefined = undefined;
  disableL7Retry = false;
  notes: Notes | undefined = undefined;
  private readonly world: World;
  private readonly port: number | undefined;
  private readonly secure: boolean | undefined;
  private readonly host: string;
  private readonly variables = new Map<string, VariableValue>();

  constructor(world: World, proxy: ProxyConfig, wanted: Wanted) {
    const { host, field, port, target } = wanted;
    this.world = world;
    this.frontend = proxy.name;
    this.host = host;
    this.secure = comesByTls(proxy, wanted);
    const ports = new Set(proxy.binds.map(({ address }) => (address.kind === 'inet' ? address.port : 0)));
    this.port = port ?? (ports.size === 1 ? [...ports][0] : undefined);
    const bytes = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${field}\r\n\r\n`, 'latin1');
    this.request = new HypotheticalHead();
    parseRequestHead(bytes, 0, bytes.length, this.request, bytes.length, 0);
  }

  /** As any client with TLS has it; what only a handshake tells is not known. */
  get tls(): TlsFacts | undefined {
    if (this.secure === undefined) return unknown('whether the client comes by TLS (ssl_fc)');
    return this.secure ? new HypotheticalTls(this.host) : undefined;
  }
  get clientAddress(): string {
    return unknown("the client's address (src)");
  }
  get clientPort(): number {
    return unknown("the client's port (src_port)");
  }
  get localAddress(): string {
    return unknown('the address that the client connects to (dst)');
  }
  get localPort(): number {
    return this.port ?? unknown('the port that the client connects to (dst_port)');
  }
  get facts(): LogFacts {
    return unknown('what the log tells of a request');
  }
  get live(): Live {
    return new HypotheticalLive(this.world, this.frontend, this.backend);
  }

  variable(name: string): VariableValue | undefined {
    if (this.variables.has(name)) return this.variables.get(name);
    if (name.startsWith('sess.')) return unknown(`what earlier requests of its connection have set (${name})`);
    if (!name.startsWith('proc.')) return undefined;
    const { live } = this.world;
    return live === undefined ? unknown(`a variable of the running process (${name})`) : live.variable(name);
  }
  /** None but this request's own: what it would set for others stays as it is. */
  setVariable(name: string, value: VariableValue | undefined): boolean {
    if (value === undefined) this.variables.delete(name);
    else this.variables.set(name, value);
    return true;
  }
  capture(): boolean {
    return true;
  }
}

/**
 * By the listeners at its port, or else all of the section: they speak TLS or they do not, or the scheme decides. Where none speaks it,
 * none is spoken, whatever the scheme is: then somebody in front of us does.
 */
export function comesByTls({ binds }: ProxyConfig, { port, secure }: Wanted): boolean | undefined {
  const there = binds.filter(({ address }) => port !== undefined && address.kind === 'inet' && address.port === port);
  const all = new Set((there.length > 0 ? there : binds).map(({ ssl }) => ssl !== undefined));
  return all.size === 1 ? all.has(true) : all.size === 0 ? false : secure;
}

class HypotheticalTls implements TlsFacts {
  readonly sni: string | undefined;
  readonly resumed: boolean = false;
  readonly verifyError: undefined = undefined;
  readonly session: undefined = undefined;
  readonly finished: undefined = undefined;
  readonly error = CONNECTION_ERRORS.none;
  readonly failure: undefined = undefined;

  /** @param host addresses are not asked for by name */
  constructor(host: string) {
    this.sni = isIP(host.replace(/^\[|\]$/g, '')) === 0 ? host : undefined;
  }

  get protocol(): string {
    return unknown('the version of TLS that is agreed upon');
  }
  get cipher(): string {
    return unknown('the cipher that is agreed upon');
  }
  get alpn(): string {
    return unknown('the protocol that is agreed upon (ssl_fc_alpn)');
  }
  get verifyResult(): number {
    return unknown("the client's certificate");
  }
  get peerChain(): readonly Buffer[] {
    return unknown("the client's certificate");
  }
  get ownCertificate(): Buffer {
    return unknown('the certificate that it is shown');
  }
}

class HypotheticalLive implements Live {
  readonly server: undefined = undefined;
  readonly ends: undefined = undefined;
  private readonly world: World;
  private readonly ownFrontend: string;
  private readonly ownBackend: string | undefined;

  constructor(world: World, ownFrontend: string, ownBackend: string | undefined) {
    this.world = world;
    this.ownFrontend = ownFrontend;
    this.ownBackend = ownBackend;
  }

  get firstRequest(): boolean {
    return unknown('whether it is the first of its connection');
  }
  get listener(): Live['listener'] {
    return unknown('the socket that it comes in by');
  }
  frontend(name: string | undefined): ReturnType<Live['frontend']> {
    const found = this.now.frontend(name ?? this.ownFrontend);
    return found === undefined ? undefined : { id: found.config.id, connections: found.scur };
  }
  backend(name: string | undefined): ReturnType<Live['backend']> {
    const named = name ?? this.ownBackend;
    const found = named === undefined ? undefined : this.now.backend(named);
    return found === undefined ? undefined : liveBackend(found, undefined);
  }
  private get now(): NonNullable<World['live']> {
    return this.world.live ?? unknown('how servers and connections are now');
  }
}
