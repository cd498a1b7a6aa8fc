/** The text by sections, and the keywords of its lines. */

import { globalRows } from '../config/keywords/global.ts';
import { proxyRows } from '../config/keywords/proxy.ts';
import { Keywords } from '../config/keywords.ts';
import type { Place } from '../config/model.ts';
import type { Section } from '../config/row.ts';
import type { ReadLine, SectionStart } from '../config/transcript.ts';
import { textOf } from '../core/bytes.ts';
import type { DesiredState } from '../state/types.ts';

export interface TextSection {
  /** Undefined for what stands before the first section of a file. */
  readonly start: SectionStart | undefined;
  /** Up to the last one that is no blank and no comment. */
  readonly lines: readonly ReadLine[];
  /** Blanks and comments behind it, which mostly belong to the next section. */
  readonly tail: readonly ReadLine[];
}

export function sectionsOf(transcript: readonly ReadLine[]): readonly TextSection[] {
  const groups: { readonly start: SectionStart | undefined; readonly file: string; readonly lines: ReadLine[] }[] = [];
  for (const line of transcript) {
    const { section: start, place } = line;
    const last = groups.at(-1);
    if (last !== undefined && last.start === start && last.file === place.file) last.lines.push(line);
    else groups.push({ start, file: place.file, lines: [line] });
  }
  return groups.map(({ start, lines }) => {
    const end = lines.findLastIndex(({ kind }) => kind !== 'blank') + 1;
    return { start, lines: lines.slice(0, end), tail: lines.slice(end) };
  });
}

/** The section and the `defaults` that it begins with, the first of them first. */
export function lineage(section: TextSection, all: readonly TextSection[]): readonly TextSection[] {
  const from = section.start?.from;
  const parent = from === undefined ? undefined : all.find(({ start }) => start !== undefined && isAt(start.place, from));
  return parent === undefined ? [section] : [...lineage(parent, all), section];
}

export function isAt(one: Place, other: Place): boolean {
  return one.file === other.file && one.line === other.line;
}

/** A name that neither a section nor a pool has, which begins so. */
export function freeName(wanted: string, sections: readonly TextSection[], { backends }: Pick<DesiredState, 'backends'>): string {
  const taken = new Set([...sections.map(({ start }) => start?.name), ...backends.keys()]);
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`;
  return name;
}

export interface Keyword {
  readonly name: string;
  readonly doc: string;
  /** HAProxy does not have it. */
  readonly own: boolean;
  /** It is a rule, which no two kinds of section can share. */
  readonly rule: boolean;
  readonly sections: readonly Section[];
}

const globals = new Keywords(globalRows);
const proxies = new Keywords(proxyRows);

/** The keyword of a line of that kind of section; undefined where the section has none of ours. */
export function keywordOf({ kind }: SectionStart, words: readonly string[]): Keyword | undefined {
  const own = (words[0] === 'no' || words[0] === 'default') && words.length > 1 ? words.slice(1) : words;
  const texts = own.slice(0, 2).map(textOf);
  const row = (kind === 'global' ? globals.find(texts) : proxies.find(texts))?.row;
  if (row === undefined) return undefined;
  return { name: row.name, doc: row.doc, own: row.chapter === '', rule: row.rule === true, sections: row.sections };
}
