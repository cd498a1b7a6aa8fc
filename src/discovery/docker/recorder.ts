/** Remembers what becomes of each container while the lines of the configuration are gone over: what `report.ts` is made of. */

import { COMPAT_NAMES } from '../../config/keywords/compat.ts';
import type { CompatName, DockerRoutesConfig, DockerSelector, DockerServersConfig, ProxyConfig } from '../../config/model.ts';
import { readSubject } from '../labels/readers.ts';
import type { Labels, Reading, Subject } from '../labels/settings.ts';
import { nearPrefix, type Spoken, spokenWords, withoutUsers } from '../labels/spoken.ts';
import type { Note } from '../provider.ts';
import type { AskingLine, ReadWord, Reason, RouteUse, Use } from '../report.ts';
import { routeText } from '../routes.ts';
import { type Loss, noteOf } from './claims.ts';
import { Collector, type Placement } from './collector.ts';
import type { Container } from './container.ts';
import { misses } from './select.ts';

/** What became of one container. */
export interface Story {
  /** By reader and name. */
  readonly words: Map<string, ReadWord>;
  readonly uses: Use[];
  readonly reasons: Reason[];
  /** Lines that mean other containers. */
  readonly missed: { readonly line: AskingLine | undefined; readonly selector: DockerSelector }[];
}

/** So many lines that mean others are told of, the nearest ones. */
const MOST_MISSED = 4;

export class Recorder extends Collector {
  /** By the container's name: notes know no other. */
  private readonly stories = new Map<string, Story>();
  private line: AskingLine | undefined;

  storyOf({ name }: Pick<Container, 'name'>): Story {
    const story = this.stories.get(name) ?? { words: new Map(), uses: [], reasons: [], missed: [] };
    this.stories.set(name, story);
    return story;
  }

  override enter(proxy: ProxyConfig, line: DockerServersConfig | DockerRoutesConfig): void {
    const { file, line: number } = line.place;
    this.line = { place: `${file}:${number}`, keyword: 'selector' in line ? 'docker-servers' : 'docker-routes', section: proxy.name };
  }

  override heard(subject: Subject, reading: Reading, labels: Labels): void {
    const { words } = this.storyOf(subject);
    const add = (spoken: Spoken): void => {
      for (const word of spokenWords(subject, spoken)) words.set(`${word.reader} ${word.from} ${word.name}`, word);
    };
    add({ reader: 'fairlead', prefix: reading.prefix });
    if (labels.reader !== 'fairlead') add({ reader: labels.reader });
    if (!labels.silent) return;
    const near = nearPrefix(subject.labels, reading.prefix);
    if (near !== undefined) this.hint(subject, `label ${near} is not read: ours begin with '${reading.prefix}'`);
    // `docker-servers` reads ours alone.
    if (this.line?.keyword === 'docker-routes') this.hintReaders(subject, reading);
  }

  /** Somebody else's words may have been meant. */
  private hintReaders(subject: Subject, { prefix, compat, domains }: Reading): void {
    const silent = (reader: CompatName): boolean => readSubject(subject, prefix, [reader], { domains }).reader !== reader;
    for (const reader of COMPAT_NAMES) {
      if (compat.includes(reader) || silent(reader)) continue;
      const names = spokenWords(subject, { reader }).map(({ name }) => name);
      if (names.length > 0) this.hint(subject, `it has ${names.join(', ')}, which docker-routes compat ${reader} would read`);
    }
  }

  override passedOver(container: Container, why: () => string, isMeant: boolean): void {
    this.because(container.name, 'info', why(), isMeant);
  }

  override unselected(container: Container, selector: DockerSelector): void {
    this.storyOf(container).missed.push({ line: this.line, selector });
  }

  /** When all is told: why a container is not what somebody may have meant. That lines mean others is no reason where one has taken it. */
  reasonsOf(container: Container): readonly Reason[] {
    const { uses, reasons, missed } = this.storyOf(container);
    if (uses.length > 0 || missed.length === 0) return reasons;
    const near = missed
      .map(({ line, selector }) => ({ line, ...misses(selector, container) }))
      .sort((one, other) => other.matched - one.matched || one.texts.length - other.texts.length);
    const told = near.slice(0, MOST_MISSED).map(({ line, texts, matched }): Reason => {
      const close = matched === 0 ? '' : ` (${matched} of ${matched + texts.length} selectors match)`;
      return { line, level: 'info', message: `it is not selected: ${texts.join('; ')}${close}` };
    });
    const left = missed.length - told.length;
    const rest: Reason = { line: undefined, level: 'info', message: `${left} more lines do not select it` };
    return [...reasons, ...told, ...(left > 0 ? [rest] : [])];
  }

  override placed({ name }: Container, { server, where, backend, routes }: Placement): void {
    const { line } = this;
    if (line === undefined) return;
    const { config, state, reason } = server;
    this.storyOf({ name }).uses.push({
      line,
      backend,
      server: { name: config.name, identity: config.identity, address: config.address, port: config.port, where },
      state,
      reason,
      routes: routes.map((route) => {
        const { frontend, priority, rewrite } = route;
        return { frontend, text: routeText(route), priority, rewrite, lost: '' };
      }),
    });
  }

  /** What the claims have come to. */
  lost(losses: readonly Loss[]): void {
    this.line = undefined;
    for (const loss of losses) {
      const { level, subject, message } = noteOf(loss);
      if (!this.take(loss)) this.because(subject, level, message);
    }
  }

  /** Whoever has the route instead; false: the container serves nothing of the kind. */
  private take({ claim: { container, route }, why }: Loss): boolean {
    const { uses } = this.storyOf(container);
    const text = routeText(route);
    const isIt = (one: RouteUse) => one.frontend === route.frontend && one.text === text;
    const index = uses.findIndex(({ backend, routes }) => backend === route.pool && routes.some(isIt));
    const use = uses[index];
    if (use === undefined) return false;
    uses[index] = { ...use, routes: use.routes.map((one) => (isIt(one) ? { ...one, lost: why } : one)) };
    return true;
  }

  override note(level: Note['level'], subject: string, message: string): void {
    this.because(subject, level, message);
  }

  private hint({ name }: Pick<Subject, 'name'>, message: string): void {
    this.because(name, 'hint', message);
  }

  private because(name: string, level: Reason['level'], text: string, isMeant = false): void {
    const message = withoutUsers(text);
    const { reasons } = this.storyOf({ name });
    const { line } = this;
    const same = (reason: Reason) => reason.message === message && reason.line?.place === line?.place;
    if (!reasons.some(same)) reasons.push({ line, level, message, ...(isMeant ? { meant: true } : {}) });
  }
}
