/** Where things are, seen from the compiled tests (dist/test/support). */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: the nearest one above with a package.json, whatever the compiler's output folder is called. */
export const root: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** The program of the build that the test belongs to: another folder may hold an older one. */
export const program: string = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** What users start: it runs the build in dist/. */
export const command: string = join(root, 'bin', 'fairlead');
