/** Sections that say where a source is (`docker`, `consul`), and which of them each line means. */

import { didYouMean } from '../core/suggest.ts';
import type { Reporter } from './diagnostics.ts';
import type { Place } from './model.ts';

export interface SourceSection {
  readonly place: Place | undefined;
  /** Empty for one without a name. */
  readonly name: string;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

export interface LinkedSections<One extends SourceSection> {
  /** Those of the text; the unnamed one where some line asks and the text has none. */
  readonly sections: readonly One[];
  /** What a line means that names these: all there are when it names none. */
  namesOf(named: readonly string[]): readonly string[];
}

/** A line that asks, and the sections that it names. */
export interface Asking {
  readonly place: Place;
  readonly named: readonly string[];
}

/** @param kind the sections' keyword */
export function linkSections<One extends SourceSection>(
  kind: string,
  declared: readonly One[],
  unnamed: One,
  lines: readonly Asking[],
  reporter: Reporter,
): LinkedSections<One> {
  for (const section of declared) checkTls(section, reporter);
  const names = declared.map((section) => section.name);
  for (const { place, named } of lines) {
    for (const name of named) {
      if (!names.includes(name)) reporter.alert(place, `unable to find ${kind} section '${name}'${didYouMean(name, names) || '.'}`);
    }
  }
  const implicit = lines.length > 0 && declared.length === 0;
  const sections = implicit ? [unnamed] : declared.map((section) => ({ ...section }));
  const all = sections.map(({ name }) => name);
  return { sections, namesOf: (named) => (named.length > 0 ? named : all) };
}

function checkTls({ place, tlsCert, tlsKey }: SourceSection, reporter: Reporter): void {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return;
  const [given, missing] = tlsCert === undefined ? ['tls-key', 'tls-cert'] : ['tls-cert', 'tls-key'];
  reporter.alert(place, `'${given}' needs a '${missing}': a certificate is of no use without its key.`);
}
