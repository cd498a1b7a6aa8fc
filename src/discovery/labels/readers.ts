/** The readers of other tools' labels, in the order in which they are asked. */

import type { CompatName } from '../../config/model.ts';
import { readLabels } from './own.ts';
import type { Labels, Reader, ReaderContext, Subject } from './settings.ts';

const READERS: ReadonlyMap<CompatName, Reader> = new Map<CompatName, Reader>([]);

/** The words that `prefix` and `compat` of a line make of a container: ours, else those of the first reader that finds some. */
export function readSubject(subject: Subject, prefix: string, compat: readonly CompatName[], context: ReaderContext): Labels {
  const own = readLabels(subject.labels, prefix);
  if (!own.silent) return own;
  for (const [name, read] of READERS) {
    const labels = compat.includes(name) ? read(subject, context) : undefined;
    if (labels !== undefined) return labels;
  }
  return own;
}
