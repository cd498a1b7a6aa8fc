/** What is known of a file, as its text says it. */

import { dirname } from 'node:path';
import type { Config } from '../../config/model.ts';
import { readDocument, type Spot } from './document.ts';
import { type List, readList } from './list.ts';
import type { FileText } from './watch.ts';

export interface FileView {
  readonly path: string;
  /** What was read last; undefined where nothing could be. */
  readonly text: string | undefined;
  /** As it could be read last. */
  readonly list: List;
  /** Why it cannot be read now; `spot` is undefined where it is the whole file. */
  readonly problem: { readonly message: string; readonly spot: Spot | undefined } | undefined;
}

const NOTHING: List = { entries: [], refused: [], warnings: [] };

/** What cannot be read leaves the list of `last` as it was; a text that is the same answers `last` itself. */
export async function readView(path: string, found: FileText, last: FileView | undefined): Promise<FileView> {
  const list = last?.list ?? NOTHING;
  if ('problem' in found) return { path, text: undefined, list, problem: { message: found.problem, spot: undefined } };
  const { text } = found;
  if (text === last?.text) return last;
  const read = await readDocument(text);
  if ('items' in read) return { path, text, list: readList(read.items, dirname(path)), problem: undefined };
  return { path, text, list, problem: { message: read.fault.message, spot: read.fault } };
}

/** Every file that some line of the configuration names, once. */
export function filesOf({ proxies }: Config): ReadonlySet<string> {
  return new Set(proxies.flatMap(({ fileServers }) => fileServers.map(({ path }) => path)));
}
