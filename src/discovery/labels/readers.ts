/** The readers of other tools' labels, in the order in which they are asked. */

import type { CompatName } from '../../config/model.ts';
import { readCaddy } from './caddy.ts';
import { readCamptocamp } from './camptocamp.ts';
import { readEasyHaproxy } from './easyhaproxy.ts';
import { MOST_STEPS, stepsOf } from './host-regex.ts';
import { readNginxProxy } from './nginx-proxy.ts';
import { readLabels } from './own.ts';
import { readRegistrator } from './registrator.ts';
import { type Labels, noSettings, type Reader, type ReaderContext, type Subject } from './settings.ts';
import { isSpoken, type Spoken } from './spoken.ts';
import { readTraefik } from './traefik.ts';

/** SERVICE_* comes last: applications have variables of such names for purposes of their own. */
const READERS: ReadonlyMap<CompatName, Reader> = new Map<CompatName, Reader>([
  ['traefik', readTraefik],
  ['caddy', readCaddy],
  ['easyhaproxy', readEasyHaproxy],
  ['nginx-proxy', readNginxProxy],
  ['camptocamp', readCamptocamp],
  ['registrator', readRegistrator],
]);

/** The words that `prefix` and `compat` of a line make of a container: ours, else those of the first reader that finds some. */
export function readSubject(subject: Subject, prefix: string, compat: readonly CompatName[], context: ReaderContext): Labels {
  const labels = heard(subject, prefix, compat, context);
  const slow = slowTogether(labels);
  return slow === undefined ? labels : { ...labels, errors: [...labels.errors, slow] };
}

/** Each expression has been judged alone; everybody's requests are asked about all of them. */
function slowTogether({ flat, routes }: Labels): string | undefined {
  const hosts = [flat, ...routes.values()].flatMap((settings) => settings.hosts ?? []);
  const sources = new Set(hosts.filter(({ kind }) => kind === 'regex').map(({ value }) => value));
  const steps = [...sources].reduce((sum, source) => sum + stepsOf(source), 0);
  return steps > MOST_STEPS ? `its ${sources.size} regular expressions for hosts may together take long to match` : undefined;
}

function heard(subject: Subject, prefix: string, compat: readonly CompatName[], context: ReaderContext): Labels {
  const errors = tooLong(subject, prefix, compat);
  if (errors.length > 0) return { reader: 'fairlead', silent: false, flat: noSettings(), routes: new Map(), warnings: [], errors };
  const own = readLabels(subject.labels, prefix);
  const wanted = isWantedOnly(subject, prefix, own);
  if (!own.silent && !wanted) return own;
  let refused: Labels | undefined;
  for (const [name, read] of READERS) {
    const labels = compat.includes(name) ? read(subject, context) : undefined;
    if (labels === undefined) continue;
    if (wanted) labels.flat.enabled = true;
    if (labels.flat.enabled !== false) return labels;
    // A word for one tool to stay away says nothing about the others.
    refused ??= labels;
  }
  return refused ?? own;
}

/** Characters of a value: some of its readers take the square of its length, and everybody's traffic waits for them. */
const LONGEST = 8192;

/** SERVICE_* may be anybody's, and is looked at by its readers. */
function tooLong({ labels, env }: Subject, prefix: string, compat: readonly CompatName[]): readonly string[] {
  const readers = compat.filter((reader) => reader !== 'camptocamp' && reader !== 'registrator');
  const spoken: readonly Spoken[] = [{ reader: 'fairlead', prefix }, ...readers.map((reader) => ({ reader }))];
  const long = (from: 'label' | 'environment', words: ReadonlyMap<string, string>): readonly string[] =>
    [...words].filter(([name, { length }]) => length > LONGEST && spoken.some((one) => isSpoken(name, from, one))).map(([name]) => name);
  const names = [...long('label', labels), ...long('environment', env)];
  return names.map((name) => `${name} is longer than ${LONGEST} characters`);
}

/** `enable=true` alone lets the container in, and leaves it to other words to say how. */
function isWantedOnly({ labels }: Subject, prefix: string, own: Labels): boolean {
  return own.flat.enabled === true && [...labels.keys()].every((label) => !label.startsWith(prefix) || label === `${prefix}enable`);
}
