/** What is wrong with the lists of a configuration, for who only wants to know. */

import { readFile } from 'node:fs/promises';
import type { Config, Diagnostic } from '../../config/model.ts';
import { fileSnapshot } from './mapping.ts';
import { filesOf, readView } from './view.ts';

/** Warnings: no mistake in a list keeps anything from starting. A file that is not there has been told about. */
export async function checkFiles(config: Config): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const path of filesOf(config)) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const view = await readView(path, { text }, undefined);
    // Names are looked up when they are used.
    const { notes } = fileSnapshot({ view, config, resolve: () => ({ address: '0.0.0.0' }) });
    found.push(
      ...notes.map(({ subject, message }): Diagnostic => ({ severity: 'warning', place: undefined, message: `${subject} : ${message}` })),
    );
  }
  return found;
}
