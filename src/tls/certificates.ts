/**
 * The certificates of one configuration: read while it is prepared, so that `-c`, the start and a reload agree on them. Under
 * living listeners a file that has changed is read again (`refresh`), and the Runtime API may change what is in the library
 * (`rebuild`): both count from the next handshake on.
 *
 * Invariant: while a configuration is prepared, whatever is wrong is an alert, and nothing of it will be used; later, whatever is
 * wrong leaves everything as it was.
 */

import { readFileSync } from 'node:fs';
import type { BindConfig, BindSslConfig, Config, Diagnostic, ProxyConfig } from '../config/model.ts';
import { BindCertificates, type Entry, PresentedCache } from './bind-certificates.ts';
import { type Material, newTicketKeys, wordsProblem } from './contexts.ts';
import type { CrtListLine } from './crt-list.ts';
import { DevelopmentListener } from './development-listener.ts';
import { doubtsOfValidity, doubtsOfWords } from './doubts.ts';
import { type AuthorityKind, DEFAULT_FILES, Library, underBase } from './library.ts';
import { type Bundle, systemWords } from './pem.ts';
import { readTicketKeys } from './ticket-keys.ts';
import { Transactions } from './transactions.ts';
import type { ListenerTls } from './types.ts';

/** What `[...]` on a line of a `crt-list` means over what the `bind` line says. */
export type ReadWords = (words: readonly string[], base: BindSslConfig) => { readonly ssl: BindSslConfig } | { readonly error: string };

/** Says something of a `bind` line's certificates: in the log later, as a diagnostic while it is read. */
type Report = (severity: 'alert' | 'warning', bind: BindCertificates, message: string) => void;

/** What became of files that have changed. */
export interface Refreshed {
  readonly replaced: readonly string[];
  /** Why what was read before still counts, by file. */
  readonly failed: ReadonlyMap<string, string>;
  /** What lines say besides, and cannot have. */
  readonly left: readonly string[];
}

const LIFETIME_MS = 300_000;
const ROOT = { crt: '/', ca: '/', cwd: '/' };

export class Certificates {
  /** Of lines with `self-signed`: they are given the authority before they listen. */
  readonly development: DevelopmentListener[] = [];
  readonly library: Library;
  readonly transactions: Transactions = new Transactions(this);
  /** Something that servers' lines name has been replaced. */
  ofServersChanged: () => void = () => {};
  readonly binds: BindCertificates[] = [];
  private readonly listeners = new Map<BindSslConfig, BindCertificates>();
  private readonly made = new PresentedCache();
  readonly readWords: ReadWords;
  private readonly lifetime: number;
  private readonly ticketKeys = new Map<BindSslConfig, Buffer>();
  private dh: string | undefined = undefined;
  /** Of all files, when they were read. */
  readonly stamps: ReadonlyMap<string, string>;

  /** Reads those of all listeners; what is wrong is handed to `report`, at the line of the `bind`. */
  constructor(config: Pick<Config, 'proxies' | 'global'> | undefined, readWords: ReadWords, report: (diagnostic: Diagnostic) => void) {
    this.readWords = readWords;
    this.library = new Library(config?.global.tlsFiles ?? DEFAULT_FILES, config?.global.tls?.bases ?? ROOT);
    this.lifetime = Math.ceil((config?.global.tls?.lifetime ?? LIFETIME_MS) / 1000);
    if (config !== undefined) this.readAll(config, report);
    this.stamps = this.library.stamps();
  }

  private readAll(config: Pick<Config, 'proxies' | 'global'>, report: (diagnostic: Diagnostic) => void): void {
    this.readGlobal(report);
    for (const proxy of config.proxies) {
      for (const bind of proxy.binds)
        if (bind.ssl !== undefined && !this.listeners.has(bind.ssl)) this.readBind(proxy, bind, bind.ssl, report);
    }
  }

  /** Undefined for clear text. */
  of({ ssl }: BindConfig): ListenerTls | undefined {
    return ssl === undefined ? undefined : this.listeners.get(ssl);
  }

  /** Of every file in use, the Unix time of its certificate's end, seconds. */
  *expiries(): Generator<readonly [file: string, expiry: number]> {
    for (const { file, certificate } of this.library.bundles.values()) yield [file, Date.parse(certificate.validTo) / 1000];
  }

  /** Reads these paths anew, if the library has them, and builds all lines of them. */
  refresh(paths: ReadonlySet<string>): Refreshed {
    const replaced: string[] = [];
    const failed = new Map<string, string>();
    for (const path of paths) {
      const file = this.library.bundleOf(path);
      try {
        if (!this.library.reread(path, file)) continue;
        replaced.push(file ?? path);
      } catch (error) {
        failed.set(file ?? path, (error as Error).message);
      }
    }
    if (replaced.length === 0) return { replaced, failed, left: [] };
    const before = this.used();
    const left = this.rebuild();
    const after = this.used();
    this.library.drop([...before].filter((file) => !after.has(file)));
    if (replaced.some((path) => this.library.ofServers.has(path))) this.ofServersChanged();
    return { replaced: [...new Set(replaced)], failed, left };
  }

  /** The files that listeners show. */
  private used(): ReadonlySet<string> {
    return new Set(this.binds.flatMap(({ entries }) => entries.map(({ bundle }) => bundle.file)));
  }

  /** Builds all lines of what the library has now. Answers why some stay as they are. */
  rebuild(): readonly string[] {
    const found = new Set<string>();
    for (const bind of this.binds) {
      try {
        const report: Report = (severity, _bind, message) => {
          if (severity === 'alert') found.add(message);
        };
        const entries = this.entriesOf(bind, report, true);
        const missing = entries.length === 0 && bind.entries.length > 0;
        if (!missing) bind.use(entries, this.materialOf(bind.ssl, bind.ssl));
      } catch (error) {
        found.add((error as Error).message);
      }
    }
    return [...found];
  }

  private readGlobal(report: (diagnostic: Diagnostic) => void): void {
    const { dhParamFile, defaultDhParam } = this.library.files;
    try {
      this.library.readIssuers();
      this.dh = dhParamFile === undefined ? (defaultDhParam === undefined ? undefined : 'auto') : readDh(dhParamFile);
    } catch (error) {
      report({ severity: 'alert', place: undefined, message: (error as Error).message });
    }
  }

  private readBind(proxy: ProxyConfig, bind: BindConfig, ssl: BindSslConfig, report: (diagnostic: Diagnostic) => void): void {
    const address = bind.text.split(' ', 1)[0] ?? '';
    const label = `'bind ${address}' in section '${proxy.kind}'`;
    const tell = (severity: 'alert' | 'warning', message: string) =>
      report({ severity, place: bind.place, message: `${label} : ${message}` });
    const problem = wordsProblem(ssl);
    if (problem !== undefined) {
      const where = `for bind '${address}' at [${bind.place.file}:${bind.place.line}]`;
      report({ severity: 'alert', place: bind.place, message: `Proxy '${proxy.name}': ${problem} ${where}.` });
      return;
    }
    try {
      this.ticketKeys.set(
        ssl,
        this.readTicketKeys(ssl, (doubt) => tell('warning', `'tls-ticket-keys' : ${doubt}`)),
      );
      const own = new BindCertificates(proxy.name, bind, ssl, this.made);
      if (ssl.selfSigned) own.development = this.developmentOf(own);
      let failed = false;
      const entries = this.entriesOf(
        own,
        (severity, _bind, message) => {
          failed ||= severity === 'alert';
          tell(severity, message);
        },
        false,
      );
      if (failed) return;
      own.use(entries, this.materialOf(ssl, ssl));
      for (const doubt of entries.flatMap(({ bundle }) => doubtsOfValidity(bundle))) tell('warning', doubt);
      if (entries.length === 0 && ssl.crt.length + ssl.crtLists.length > 0 && !ssl.strictSni && !ssl.selfSigned) {
        const where = `for bind '${address}' at [${bind.place.file}:${bind.place.line}]`;
        report({
          severity: 'alert',
          place: bind.place,
          message: `Proxy '${proxy.name}': no SSL certificate specified ${where} (use 'crt').`,
        });
      }
      this.listeners.set(ssl, own);
      this.binds.push(own);
    } catch (error) {
      tell('alert', (error as Error).message);
    }
  }

  private developmentOf(own: BindCertificates): DevelopmentListener {
    const present = (bundle: Bundle) => this.made.of({ bundle, ssl: own.ssl, material: this.materialOf(own.ssl, own.ssl), filters: [] });
    const development = new DevelopmentListener(own.frontend, own.bind, present);
    this.development.push(development);
    return development;
  }

  private readTicketKeys({ ticketKeys }: BindSslConfig, warn: (doubt: string) => void): Buffer {
    if (ticketKeys === undefined) return newTicketKeys();
    const { keys, doubt } = readTicketKeys(ticketKeys);
    if (doubt !== undefined) warn(doubt);
    return keys;
  }

  /** `own`: the `bind` line, `ssl`: with the words of a list's line. Throws what is wrong with a file. */
  private materialOf(own: BindSslConfig, ssl: BindSslConfig): Material {
    return {
      authorities: [ssl.caFile, ssl.caVerifyFile].flatMap((path) => (path === undefined ? [] : [this.authoritiesOf('ca-file', path)])),
      revocations: ssl.crlFile === undefined ? undefined : this.authoritiesOf('crl-file', ssl.crlFile),
      ticketKeys: this.ticketKeys.get(own) ?? newTicketKeys(),
      dh: this.dh,
      lifetime: this.lifetime,
    };
  }

  private authoritiesOf(word: AuthorityKind, path: string) {
    try {
      return this.library.authoritiesOf(word, path);
    } catch (error) {
      throw new Error(`'${word}' : unable to load ${path}: ${(error as Error).message}`);
    }
  }

  /** All that the line shows, in its order. `lenient`: what is wrong is left out. */
  private entriesOf(own: BindCertificates, report: Report, lenient: boolean): readonly Entry[] {
    const { ssl } = own;
    const crts = ssl.crt.values();
    const lists = ssl.crtLists.values();
    const order = ssl.crtOrder ?? [...ssl.crt.map(() => 'crt' as const), ...ssl.crtLists.map(() => 'crt-list' as const)];
    const entries: Entry[] = [];
    const material = this.materialOf(ssl, ssl);
    for (const doubt of [...material.authorities, material.revocations].flatMap((one) => one?.doubts ?? [])) report('warning', own, doubt);
    for (const kind of order) {
      const path = (kind === 'crt' ? crts : lists).next().value as string;
      try {
        if (kind === 'crt') entries.push(...this.entriesOfFile(own, path, report));
        else entries.push(...this.entriesOfList(own, path, report));
      } catch (error) {
        report('alert', own, (kind === 'crt' ? '' : "'crt-list' : ") + (error as Error).message);
        if (!lenient) break;
      }
    }
    return entries;
  }

  private entriesOfFile(own: BindCertificates, path: string, report: Report): readonly Entry[] {
    const material = this.materialOf(own.ssl, own.ssl);
    const directory = this.library.lists.get(path);
    const lines = directory?.lines ?? this.library.filesOf(path).map((file) => ({ file, words: [], filters: [], line: 0 }));
    return lines.flatMap((line) => {
      // As an operator may have added it.
      if (line.words.length + line.filters.length > 0) return this.entriesOfLine(own, path, line, report);
      const entry = this.entryOf(own, { file: line.file, filters: [], ssl: own.ssl, material, line }, report, '');
      return entry === undefined ? [] : [entry];
    });
  }

  private entriesOfList(own: BindCertificates, path: string, report: Report): readonly Entry[] {
    const { lines, warnings } = this.library.list(path);
    for (const warning of warnings) report('warning', own, `'crt-list' : ${warning}`);
    return lines.flatMap((line) => {
      try {
        return this.entriesOfLine(own, path, line, report);
      } catch (error) {
        report('alert', own, `'crt-list' : parsing [${path}:${line.line}]: ${(error as Error).message}`);
        return [];
      }
    });
  }

  /** Throws what is wrong with its words. */
  private entriesOfLine(own: BindCertificates, path: string, listed: CrtListLine, report: Report): readonly Entry[] {
    const { file, words, filters, line } = listed;
    const read = words.length === 0 ? { ssl: own.ssl } : this.readWords(words, own.ssl);
    if ('error' in read) throw new Error(read.error);
    const { ssl } = read;
    if (ssl.verify !== 'none' && ssl.caFile === undefined && ssl.caVerifyFile === undefined) {
      throw new Error('verify is enabled but no CA file specified');
    }
    const problem = ssl === own.ssl ? undefined : wordsProblem(ssl);
    if (problem !== undefined) throw new Error(problem);
    const where = `'crt-list' : parsing [${path}:${line}]: `;
    for (const doubt of doubtsOfWords(ssl, own.ssl)) report('warning', own, where + doubt);
    const material = this.materialOf(own.ssl, ssl);
    return this.library.filesOf(underBase(own.ssl.bases.crt, file)).flatMap((one) => {
      const entry = this.entryOf(own, { file: one, filters, ssl, material, line: listed }, report, where);
      return entry === undefined ? [] : [entry];
    });
  }

  private entryOf(
    own: BindCertificates,
    { file, ...rest }: Omit<Entry, 'bundle'> & { readonly file: string },
    report: Report,
    where: string,
  ): Entry | undefined {
    try {
      const entry = { ...rest, bundle: this.library.bundle(file) };
      this.contextOf(entry, file);
      return entry;
    } catch (error) {
      report('alert', own, where + (error as Error).message);
      return undefined;
    }
  }

  /** Whether OpenSSL takes it shows at once, and not in somebody's handshake. */
  private contextOf(entry: Entry, file: string): void {
    try {
      this.made.of(entry);
    } catch (error) {
      throw new Error(`unable to load SSL certificate into SSL Context '${file}': ${reasonOf(error)}.`);
    }
  }
}

/** OpenSSL's word: `ee key too small`. */
function reasonOf(error: unknown): string {
  const { message, reason = message } = error as Error & { readonly reason?: string };
  return reason;
}

function readDh(file: string): string {
  try {
    const text = readFileSync(file, 'latin1');
    if (!text.includes('-----BEGIN DH PARAMETERS-----')) throw new Error('no DH parameters in it');
    return text;
  } catch (error) {
    throw new Error(`ssl-dh-param-file: unable to load DH parameters from file <${file}>: ${systemWords(error)}.`);
  }
}
