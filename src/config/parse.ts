/**
 * Text to Draft: lines to words, words to sections and rows. What the rows mean together is `link.ts`'s business.
 *
 * Reading goes on after every mistake, so that one run shows them all.
 */

import { bytesOf, isText, textOf } from '../core/bytes.ts';
import { didYouMean } from '../core/suggest.ts';
import { Blocks } from './blocks.ts';
import type { DockerDraft, Draft, ProxyDraft, ResolversDraft, UserlistDraft } from './draft.ts';
import { newConsul, newProxy } from './draft-defaults.ts';
import { parseBind } from './keywords/bind.ts';
import { consulRows } from './keywords/consul.ts';
import { dockerRows } from './keywords/docker.ts';
import { globalRows } from './keywords/global.ts';
import { proxyRows } from './keywords/proxy.ts';
import { refusal, refusedSections } from './keywords/refused.ts';
import { resolversNotice, resolversRows, userlistRows } from './keywords/userlist.ts';
import { findRefused, Keywords, reportRefused, reportUnknown } from './keywords.ts';
import { lexLine } from './lexer.ts';
import type { Place } from './model.ts';
import { ANY_PROXY, type Row, type Section, Statement, type Surroundings } from './row.ts';
import type { ReadLine, SectionStart } from './transcript.ts';
import { forbiddenInName } from './values.ts';

const globalKeywords = new Keywords(globalRows);
const proxyKeywords = new Keywords(proxyRows);
const userlistKeywords = new Keywords(userlistRows);
const resolversKeywords = new Keywords(resolversRows);
const dockerKeywords = new Keywords(dockerRows);
const consulKeywords = new Keywords(consulRows);

/** Reads the line inside the present section; its words are bytes. */
type LineReader = (place: Place, bytes: readonly string[]) => void;

const SECTIONS = ['global', 'defaults', 'frontend', 'listen', 'backend', 'userlist', 'resolvers', 'docker', 'consul'];

/**
 * Reads one file's bytes (one character each) into `draft`, and writes down in `transcript` what each line was. Each file begins
 * outside of any section; `defaults` of earlier files go on.
 */
export function parseText(bytes: string, file: string, draft: Draft, surroundings: Surroundings, transcript: ReadLine[]): void {
  new Parser(file, draft, surroundings, transcript).run(bytes);
}

class Parser {
  private readonly file: string;
  private readonly draft: Draft;
  private readonly surroundings: Surroundings;
  private readonly blocks: Blocks;
  private readonly transcript: ReadLine[];
  private start: SectionStart | undefined = undefined;
  /** What `.SECTION` expands to. */
  private sectionName = '';
  private line = 0;
  private readLine: LineReader;

  constructor(file: string, draft: Draft, surroundings: Surroundings, transcript: ReadLine[]) {
    this.file = file;
    this.draft = draft;
    this.surroundings = surroundings;
    this.transcript = transcript;
    this.blocks = new Blocks(surroundings.reporter, (name) => this.variable(name));
    this.readLine = (place, bytes) => this.outside(place, bytes);
  }

  run(bytes: string): void {
    for (const raw of bytes.split('\n')) {
      const place = { file: this.file, line: ++this.line };
      let expanded = false;
      const lexed = lexLine(raw, (name) => {
        expanded = true;
        return this.variable(name);
      });
      if ('error' in lexed) {
        const pointer = `  ${textOf(lexed.line)}\n  ${' '.repeat(textOf(lexed.line.slice(0, lexed.column)).length)}^`;
        this.surroundings.reporter.alert(place, `${lexed.error} at position ${lexed.position}:\n${pointer}`);
      } else {
        const kind = lexed.words.length === 0 ? 'blank' : this.statement(place, lexed.words);
        this.transcript.push({ place, raw, kind, words: lexed.words, expanded, section: this.start });
      }
    }
    this.blocks.finish();
  }

  private variable(name: string): string | undefined {
    const value = this.textVariable(name);
    return value === undefined ? undefined : bytesOf(value);
  }

  private textVariable(name: string): string | undefined {
    if (name === '.FILE') return this.file;
    if (name === '.LINE') return String(this.line);
    if (name === '.SECTION') return this.sectionName;
    return this.draft.global.env.get(name);
  }

  private statement(place: Place, bytes: readonly string[]): ReadLine['kind'] {
    const [first = ''] = bytes;
    if (first.startsWith('.')) {
      this.blocks.directive(place, this.texts(place, bytes));
      return 'directive';
    }
    if (!this.blocks.active) return 'skipped';
    if (SECTIONS.includes(first) || refusedSections.has(first)) {
      this.section(place, this.texts(place, bytes));
      return 'section';
    }
    this.readLine(place, bytes);
    return 'statement';
  }

  /** Names, paths, passwords: a byte that is lost here would make two of them equal, so it is not guessed at. */
  private texts(place: Place, bytes: readonly string[]): readonly string[] {
    const bad = bytes.find((word) => !isText(word));
    if (bad !== undefined) this.surroundings.reporter.alert(place, `'${textOf(bad)}' is not valid UTF-8; only rules may hold any bytes.`);
    return bytes.map(textOf);
  }

  private outside(place: Place, bytes: readonly string[]): void {
    const first = textOf(bytes[0] ?? '');
    this.surroundings.reporter.alert(place, `unknown keyword '${first}' out of section${didYouMean(first, SECTIONS) || '.'}`);
  }

  private section(place: Place, words: readonly string[]): void {
    const [kind = '', name = ''] = words;
    this.sectionName = name === '' ? kind : name;
    this.start = { place, kind, name, from: undefined };
    const line = this.at(place, kind, words.slice(1));
    switch (kind) {
      case 'global':
        this.extraWords(line, 0);
        this.readLine = this.rows(globalKeywords, 'global', this.draft.global);
        return;
      case 'defaults':
      case 'frontend':
      case 'listen':
      case 'backend':
        this.proxy(kind, line);
        return;
      case 'userlist':
        this.userlist(line);
        return;
      case 'resolvers':
        this.resolvers(line);
        return;
      case 'docker':
        this.docker(line);
        return;
      case 'consul':
        this.consul(line);
        return;
      default:
        line.fail(refusal(`section '${kind}'`, refusedSections.get(kind)));
        this.readLine = () => undefined;
    }
  }

  private at(place: Place, keyword: string, words: readonly string[]): Statement {
    return new Statement(place, keyword, words, this.surroundings);
  }

  private extraWords(line: Statement, allowed: number): void {
    const extra = line.words[allowed];
    if (extra !== undefined) line.fail(`'${line.keyword}' cannot handle unexpected argument '${extra}'.`);
  }

  private proxy(kind: ProxyDraft['kind'], line: Statement): void {
    const fromAt = line.words.indexOf('from', kind === 'defaults' ? 0 : 1);
    const own = fromAt < 0 ? line.words : line.words.slice(0, fromAt);
    const from = fromAt < 0 ? undefined : (line.words[fromAt + 1] ?? '');
    const [name = '', ...addresses] = own;
    this.checkProxyName(kind, name, line);
    const parent = this.inherit(kind, name, from, line);
    this.start = { place: line.place, kind, name, from: parent?.place };
    const draft = newProxy(line.place, kind, name, parent);
    if (kind === 'defaults') {
      this.extraWords(line, fromAt < 0 ? 1 : fromAt + 2);
      this.draft.defaults.push(draft);
    } else {
      this.checkDuplicate(draft);
      this.draft.proxies.push(draft);
      if (addresses.length > 0) this.oldForm(draft, line, addresses);
    }
    this.readLine = this.rows(proxyKeywords, kind, draft, name);
  }

  /** `listen NAME ADDR:PORT [parameters]`, as HAProxy took it until 1.8 and many files still have it. */
  private oldForm(proxy: ProxyDraft, line: Statement, words: readonly string[]): void {
    if (proxy.kind === 'backend') {
      line.fail(`'backend' cannot handle unexpected argument '${words[0]}'.`);
      return;
    }
    line.warn("please use the 'bind' keyword for listening addresses.");
    parseBind(proxy, this.at(line.place, 'bind', words));
  }

  private checkProxyName(kind: string, name: string, line: Statement): void {
    if (name === '' && kind !== 'defaults') line.fail(`'${kind}' expects an <id> argument`);
    const bad = forbiddenInName(name);
    if (bad !== undefined) line.fail(`character '${bad}' is not permitted in '${kind}' name '${name}'.`);
  }

  /** Manual 4: frontends and backends have names of their own, a listen has one of each. */
  private checkDuplicate(draft: ProxyDraft): void {
    const other = this.draft.proxies.find(
      ({ name, kind }) => name === draft.name && (kind === draft.kind || kind === 'listen' || draft.kind === 'listen'),
    );
    if (other === undefined) return;
    const { file, line } = other.place;
    this.surroundings.reporter.alert(
      draft.place,
      `${draft.kind} '${draft.name}' has the same name as ${other.kind} '${other.name}' declared at ${file}:${line}.`,
    );
  }

  /** The defaults section that a new section begins with: the one named, else the latest, but none for `defaults`. */
  private inherit(kind: ProxyDraft['kind'], name: string, from: string | undefined, line: Statement): ProxyDraft | undefined {
    const { defaults } = this.draft;
    if (from === undefined) {
      const latest = kind === 'defaults' ? undefined : defaults.at(-1);
      if (latest !== undefined) this.checkInheritedRules(kind, latest, line);
      return latest;
    }
    const candidates = defaults.filter((section) => section.name === from && from !== '');
    const [found, second] = candidates;
    if (found === undefined) {
      const near = didYouMean(
        from,
        defaults.map((section) => section.name),
      );
      line.fail(`defaults section '${from}' not found for ${kind} '${name}'${near || '.'}`);
    } else if (second !== undefined) {
      line.fail(
        `ambiguous defaults section name '${from}' referenced by ${kind} '${name}' exists at least at ` +
          `${found.place.file}:${found.place.line} and ${second.place.file}:${second.place.line}.`,
      );
    } else this.checkInheritedRules(kind, found, line);
    return found;
  }

  /** Manual 4.2 "http-request": rules of a defaults section are for frontends or for backends, never for both. */
  private checkInheritedRules(kind: ProxyDraft['kind'], defaults: ProxyDraft, line: Statement): void {
    if (defaults.httpRequest.length === 0 && defaults.httpResponse.length === 0) return;
    if (kind === 'listen' || kind === 'defaults') {
      line.fail(`a ${kind} section cannot inherit from a defaults section defining TCP/HTTP rules.`);
    } else if (defaults.rulesUsedBy !== undefined && defaults.rulesUsedBy !== kind) {
      line.fail('frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules.');
    } else {
      defaults.rulesUsedBy = kind;
    }
  }

  private userlist(line: Statement): void {
    const name = this.requiredName(line);
    const list: UserlistDraft = { place: line.place, name, users: new Map(), groups: new Map() };
    this.extraWords(line, 1);
    if (this.draft.userlists.has(name)) line.warn(`ignoring duplicated userlist '${name}'.`);
    else this.draft.userlists.set(name, list);
    this.readLine = this.rows(userlistKeywords, 'userlist', list);
  }

  private resolvers(line: Statement): void {
    const section: ResolversDraft = { place: line.place, name: this.requiredName(line) };
    this.draft.resolvers.set(section.name, section);
    line.note(resolversNotice);
    this.readLine = this.rows(resolversKeywords, 'resolvers', section);
  }

  private requiredName(line: Statement): string {
    if (line.first === '') line.fail(`'${line.keyword}' expects <name> as arguments.`);
    return line.first;
  }

  private docker(line: Statement): void {
    const name = this.sourceName(line, this.draft.dockers);
    const docker: DockerDraft = { place: line.place, name, endpoint: undefined, tlsCa: undefined, tlsCert: undefined, tlsKey: undefined };
    this.draft.dockers.push(docker);
    this.readLine = this.rows(dockerKeywords, 'docker', docker);
  }

  private consul(line: Statement): void {
    const consul = newConsul(line.place, this.sourceName(line, this.draft.consuls));
    this.draft.consuls.push(consul);
    this.readLine = this.rows(consulKeywords, 'consul', consul);
  }

  /** Of a section that says where a source is; one without a name is called by nothing. */
  private sourceName(line: Statement, others: readonly { readonly name: string; readonly place: Place | undefined }[]): string {
    const { keyword: kind, first: name } = line;
    const bad = forbiddenInName(name);
    if (bad !== undefined) line.fail(`character '${bad}' is not permitted in '${kind}' name '${name}'.`);
    this.extraWords(line, 1);
    const other = others.find((section) => section.name === name);
    if (other?.place !== undefined) {
      const declared = `${other.place.file}:${other.place.line}`;
      if (name === '') line.fail(`a second '${kind}' section without a name: one is at ${declared}. Give this one a name: ${kind} <name>.`);
      else line.fail(`${kind} '${name}' has the same name as ${kind} '${name}' declared at ${declared}.`);
    }
    return name;
  }

  private rows<Target>(keywords: Keywords<Target>, section: Section, target: Target, name = ''): LineReader {
    return (place, bytes) => {
      const negated = (bytes[0] === 'no' || bytes[0] === 'default') && bytes.length > 1;
      const own = negated ? bytes.slice(1) : bytes;
      const found = keywords.find(own);
      if (found === undefined) {
        this.withoutRow(place, own.map(textOf), keywords, section, name);
        return;
      }
      const line = this.lineOf(found.row, place, own.slice(found.length));
      if (!allowedIn(found.row, section, name, line)) return;
      if (negated) negate(found.row, target, line, bytes[0] ?? '');
      else if (arityFits(found.row, line)) found.row.parse(target, line);
    };
  }

  private lineOf(row: Pick<Row<never>, 'name' | 'bytes'>, place: Place, bytes: readonly string[]): Statement {
    if (row.bytes === true) return new Statement(place, row.name, bytes, this.surroundings, textOf);
    return this.at(place, row.name, this.texts(place, bytes));
  }

  private withoutRow<Target>(place: Place, words: readonly string[], keywords: Keywords<Target>, section: Section, name: string): void {
    const line = this.at(place, words[0] ?? '', words.slice(1));
    const kin = ANY_PROXY.includes(section) ? ANY_PROXY : [section];
    const refused = findRefused(words, kin);
    if (refused !== undefined) {
      const named = this.at(place, refused.name, line.words);
      if (allowedIn(refused, section, name, named)) reportRefused(named, refused, section);
      return;
    }
    reportUnknown(line, words, keywords, section, this.elsewhere(words, section));
  }

  /** Where a keyword belongs that is not this section's. */
  private elsewhere(words: readonly string[], section: Section): string {
    const inGlobal = globalKeywords.find(words) ?? findRefused(words, ['global']);
    const inProxy = proxyKeywords.find(words) ?? findRefused(words, ANY_PROXY);
    if (section !== 'global' && inGlobal !== undefined) return "; it belongs into 'global'.";
    if (!ANY_PROXY.includes(section) && inProxy !== undefined) return '; it belongs into a proxy section.';
    return '.';
  }
}

/** HAProxy warns about a keyword that a frontend or backend has no use for, and refuses it elsewhere. */
function allowedIn(row: Pick<Row<never>, 'sections' | 'rule' | 'strict'>, section: Section, name: string, line: Statement): boolean {
  if (row.sections.includes(section)) {
    if (!(row.rule === true && section === 'defaults' && name === '')) return true;
    line.fail(`'${line.keyword}' not allowed in anonymous 'defaults' section.`);
    return false;
  }
  if (section !== 'frontend' && section !== 'backend') {
    line.fail(`'${line.keyword}' not allowed in '${section}' section.`);
    return false;
  }
  const capability = section === 'frontend' ? 'backend' : 'frontend';
  const because = `because ${section} '${name}' has no ${capability} capability.`;
  if (row.strict === true) line.fail(`'${line.keyword}' not allowed ${because}`);
  else line.warn(`'${line.keyword}' ignored ${because}`);
  return false;
}

function negate<Target>(row: Row<Target>, target: Target, line: Statement, prefix: string): void {
  if (row.negate !== undefined) row.negate(target, line);
  else if (row.name.startsWith('option ')) line.fail(`negation/default is not supported for '${row.name}'.`);
  else line.fail(`'${prefix} ${row.name}': negation/default is only supported for options and log.`);
}

function arityFits<Target>(row: Row<Target>, line: Statement): boolean {
  const { min = 0, max = Number.POSITIVE_INFINITY } = row;
  const required = line.words.slice(0, min);
  if (required.length < min || required.includes('')) {
    line.fail(row.missing ?? `'${row.name}' expects ${row.syntax} as arguments.`);
    return false;
  }
  const extra = line.words[max];
  if (extra === undefined) return true;
  if (row.lenient === true) {
    line.warn(`'${row.name}' ignores the argument '${extra}'.`);
    return true;
  }
  line.fail(`'${row.name}' cannot handle unexpected argument '${extra}'.`);
  return false;
}
