/** What is known of a file, as its text says it. */

import { dirname } from 'node:path';
import type { Config } from '../../config/model.ts';
import { readDocument, type Spot } from './document.ts';
import { type List, readList } from './list.ts';
import type { FileText } from './watch.ts';

export interface FileView {
  readonly path: string;
  /** As it could be read last. */
  readonly list: List;
  /** Why it cannot be read now; `spot` is undefined where it is the whole file. */
  readonly problem: { readonly message: string; readonly spot: Spot | undefined } | undefined;
}

const NOTHING: List = { entries: [], refused: [], warnings: [] };

/** What cannot be read leaves the list of `last` as it was. */
export async function readView(path: string, text: FileText, last: FileView | undefined): Promise<FileView> {
  const read = 'problem' in text ? text : await readDocument(text.text);
  if ('items' in read) return { path, list: readList(read.items, dirname(path)), problem: undefined };
  const problem = 'problem' in read ? { message: read.problem, spot: undefined } : { message: read.fault.message, spot: read.fault };
  return { path, list: last?.list ?? NOTHING, problem };
}

/** Every file that some line of the configuration names, once. */
export function filesOf({ proxies }: Config): ReadonlySet<string> {
  return new Set(proxies.flatMap(({ fileServers }) => fileServers.map(({ path }) => path)));
}
