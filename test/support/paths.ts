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

/** The program as users start it. */
export const program: string = join(root, 'bin', 'fairlead');
