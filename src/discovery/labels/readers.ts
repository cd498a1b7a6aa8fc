/** The readers of other tools' labels, in the order in which they are asked. */

import type { CompatName } from '../../config/model.ts';
import { readCaddy } from './caddy.ts';
import { readCamptocamp } from './camptocamp.ts';
import { readEasyHaproxy } from './easyhaproxy.ts';
import { readNginxProxy } from './nginx-proxy.ts';
import { readLabels } from './own.ts';
import { readRegistrator } from './registrator.ts';
import type { Labels, Reader, ReaderContext, Subject } from './settings.ts';
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

/** `enable=true` alone lets the container in, and leaves it to other words to say how. */
function isWantedOnly({ labels }: Subject, prefix: string, own: Labels): boolean {
  return own.flat.enabled === true && [...labels.keys()].every((label) => !label.startsWith(prefix) || label === `${prefix}enable`);
}
