/** Where the configurations under cases/ are: beside the sources, as they are not compiled. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** test/config of the source tree, seen from the compiled test. */
export const here = fileURLToPath(new URL('../../../test/config/', import.meta.url));

/** Names of the files in cases/<folder>. */
export function casesIn(folder: string): readonly string[] {
  return readdirSync(`${here}cases/${folder}`);
}
