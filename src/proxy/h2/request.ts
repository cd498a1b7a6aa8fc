/**
 * A request as HTTP/2 says it, in HTTP/1.1 form (RFC 9113 8.2, 8.3): what the session's parser reads, and logs and rules see.
 *
 *     :method GET  :scheme https  :authority a:443  :path /x      GET https://a/x HTTP/2.0
 *     accept *\/*                                             ─▶   host: a
 *     cookie a=1                                                  accept: *\/*
 *     cookie b=2                                                  cookie: a=1; b=2
 *
 * Field by field it is as HAProxy 2.6 writes it. What could become something else in HTTP/1.1 is refused here; the parser
 * reads every byte again, and answers what is a message but no request that we take (CONNECT, a Host that is none).
 */

/** How the body of a stream travels on. */
export const Carriage = { None: 0, Length: 1, Chunked: 2, Tunnel: 3 } as const;
export type Carriage = (typeof Carriage)[keyof typeof Carriage];

/** Names that stand in most requests, or that mean something here. */
const Kind = { Plain: 0, Host: 1, Cookie: 2, Length: 3, Te: 4, Forbidden: 5, WebSocket: 6 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...words(
    `accept accept-charset accept-encoding accept-language authorization cache-control content-encoding content-type date dnt expect
     forwarded from if-match if-modified-since if-none-match if-range if-unmodified-since max-forwards origin pragma priority range
     referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user trailer
     upgrade-insecure-requests user-agent via x-forwarded-for x-forwarded-proto x-requested-with`,
    Kind.Plain,
  ),
  ...words('host', Kind.Host),
  ...words('cookie', Kind.Cookie),
  ...words('content-length', Kind.Length),
  ...words('te', Kind.Te),
  // RFC 9113 8.2.2: what concerns a connection alone.
  ...words('connection keep-alive proxy-connection transfer-encoding upgrade', Kind.Forbidden),
  ...words('sec-websocket-key', Kind.WebSocket),
]);

function words(names: string, kind: Kind): [string, Kind][] {
  return names.split(/\s+/).map((name) => [name, kind]);
}

/** A token without capital letters (RFC 9113 8.2.1). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9113 8.2.1: what ends a line, or a string of C's; blanks around it are looked at apart. */
const BROKEN = /[\r\n\0]/;
/** VCHAR but for `#`: a fragment never travels (RFC 9112 3.2). */
const PATH = /^[!"$-~]+$/;
/** RFC 3986 3.1 */
const SCHEME = /^[a-z][a-z0-9+\-.]*$/i;

/** One translation at a time; an object of it is used again and again. */
export class Translation {
  /** Up to and with the empty line, one byte a character. */
  head = '';
  carriage: Carriage = Carriage.None;
  /** Of a WebSocket: the key that its server is asked to prove itself by; else empty. */
  key = '';

  method = '';
  private scheme = '';
  private authority: string | undefined = undefined;
  private path = '';
  private protocol = '';
  private host: string | undefined = undefined;
  private cookie = '';
  private length = '';
  private lines = '';

  /**
   * `raw`: names and values by turns, in their order. `ended`: no body follows. `key`: for the Sec-WebSocket-Key of a tunnel
   * (RFC 8441 5), which HTTP/2 does not have. False: malformed (RFC 9113 8.1.1), and nothing of it is to be used.
   */
  request(raw: readonly string[], ended: boolean, key: () => string): boolean {
    this.method = '';
    this.scheme = '';
    this.authority = undefined;
    this.path = '';
    this.protocol = '';
    this.host = undefined;
    this.cookie = '';
    this.length = '';
    this.lines = '';
    this.head = '';
    this.key = '';
    let at = 0;
    for (; at < raw.length && raw[at]?.charCodeAt(0) === COLON; at += 2) {
      if (!this.pseudo(raw[at] as string, raw[at + 1] as string)) return false;
    }
    for (; at < raw.length; at += 2) if (!this.field(raw[at] as string, raw[at + 1] as string)) return false;
    return this.settle(ended, key);
  }

  /** Each once (RFC 9113 8.3). */
  private pseudo(name: string, value: string): boolean {
    switch (name) {
      case ':method':
        if (this.method !== '' || !TOKEN.test(value)) return false;
        this.method = value;
        return true;
      case ':scheme':
        if (this.scheme !== '' || !SCHEME.test(value)) return false;
        this.scheme = value;
        return true;
      case ':authority':
        // RFC 9113 8.3.1: no user information.
        if (this.authority !== undefined || BROKEN.test(value) || value.includes('@') || edged(value)) return false;
        this.authority = value;
        return true;
      case ':path':
        if (this.path !== '' || !PATH.test(value)) return false;
        this.path = value;
        return true;
      case ':protocol':
        if (this.protocol !== '' || !TOKEN.test(value)) return false;
        this.protocol = value;
        return true;
      default:
        return false;
    }
  }

  private field(name: string, value: string): boolean {
    const kind = KINDS.get(name) ?? (NAME.test(name) ? Kind.Plain : Kind.Forbidden);
    if (kind === Kind.Forbidden || BROKEN.test(value) || edged(value)) return false;
    switch (kind) {
      case Kind.Host:
        if (this.host !== undefined) return false;
        this.host = value;
        // RFC 9113 8.3.1, as HAProxy: who has said an authority means that, and nobody behind us reads of another.
        if (this.authority === undefined) this.lines += `host: ${value}\r\n`;
        return true;
      case Kind.Cookie:
        // RFC 9113 8.2.3
        this.cookie = this.cookie === '' ? value : `${this.cookie}; ${value}`;
        return true;
      case Kind.Length:
        if (this.length !== '' || value === '') return false;
        this.length = value;
        break;
      case Kind.Te:
        if (value.toLowerCase() !== 'trailers') return false;
        break;
      case Kind.WebSocket:
        // It is ours to make, as its answer is ours to check.
        if (this.protocol !== '') return true;
    }
    this.lines += `${name}: ${value}\r\n`;
    return true;
  }

  private settle(ended: boolean, key: () => string): boolean {
    const { method, scheme, path, host } = this;
    let { authority } = this;
    if (method === '') return false;
    if (this.protocol !== '') return this.tunnel(ended, key);
    if (method === 'CONNECT') {
      // RFC 9113 8.5: to be told that nobody is connected here. What follows is nobody's.
      if (authority === undefined || authority === '' || scheme !== '' || path !== '') return false;
      this.carriage = Carriage.None;
      this.head = `CONNECT ${authority} HTTP/2.0\r\nhost: ${authority}\r\n\r\n`;
      return true;
    }
    if (scheme === '' || path === '') return false;
    if (path.charCodeAt(0) !== SLASH && !(path === '*' && method === 'OPTIONS')) return false;
    if (authority === undefined && host === undefined) return false;
    if (!this.carry(ended)) return false;
    if (this.cookie !== '') this.lines += `cookie: ${this.cookie}\r\n`;
    const coding = this.carriage === Carriage.Chunked ? 'transfer-encoding: chunked\r\n' : '';
    if (authority === undefined) this.head = `${method} ${path} HTTP/2.0\r\n${this.lines}${coding}\r\n`;
    else {
      authority = withoutDefaultPort(authority, scheme);
      const target = path === '*' ? '' : path;
      this.head = `${method} ${scheme}://${authority}${target} HTTP/2.0\r\nhost: ${authority}\r\n${this.lines}${coding}\r\n`;
    }
    return true;
  }

  /** How the body goes on. False: its length is said to be another than it can be. */
  private carry(ended: boolean): boolean {
    if (ended) {
      this.carriage = Carriage.None;
      return /^0*$/.test(this.length);
    }
    this.carriage = this.length === '' ? Carriage.Chunked : Carriage.Length;
    return true;
  }

  /** RFC 8441: what HTTP/1.1 asks for by Upgrade. */
  private tunnel(ended: boolean, key: () => string): boolean {
    const { method, scheme, path, protocol, authority } = this;
    if (method !== 'CONNECT' || ended || scheme === '' || path.charCodeAt(0) !== SLASH || this.length !== '') return false;
    if (authority === undefined || authority === '') return false;
    this.carriage = Carriage.Tunnel;
    if (this.cookie !== '') this.lines += `cookie: ${this.cookie}\r\n`;
    const host = withoutDefaultPort(authority, scheme);
    if (protocol === 'websocket') this.key = key();
    const challenge = this.key === '' ? '' : `sec-websocket-key: ${this.key}\r\n`;
    const upgrade = `connection: upgrade\r\nupgrade: ${protocol}\r\n${challenge}`;
    this.head = `GET ${scheme}://${host}${path} HTTP/2.0\r\nhost: ${host}\r\n${this.lines}${upgrade}\r\n`;
    return true;
  }
}

/** Trailers as field lines, each with its CRLF; undefined: malformed. */
export function trailerLines(raw: readonly string[]): string | undefined {
  let lines = '';
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (!NAME.test(name) || KINDS.get(name) === Kind.Forbidden || BROKEN.test(value) || edged(value)) return undefined;
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

const COLON = 0x3a;
const SLASH = 0x2f;

/** A blank before or behind it (RFC 9113 8.2.1). */
function edged(value: string): boolean {
  return isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** RFC 3986 6.2.3, as HAProxy writes it. */
function withoutDefaultPort(authority: string, scheme: string): string {
  if (authority.endsWith(':80')) return scheme === 'http' ? authority.slice(0, -3) : authority;
  return authority.endsWith(':443') && scheme === 'https' ? authority.slice(0, -4) : authority;
}
