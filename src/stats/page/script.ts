/**
 * The page's script: what the compiler made of `client.ts` and of the files that it needs, some of them the server's too,
 * behind one another in one inline module. So it is typed, checked and formatted like all of src/, there is no build step of
 * its own, and the page loads nothing.
 *
 * Those files import from each other only, and no name at the top of one is at the top of another: behind one another, they
 * need neither `import` nor `export`.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** In the order of what they need. */
const FILES = [
  'text',
  'shape',
  'columns',
  'tables',
  'view',
  'grid',
  'parts',
  'elements',
  'live',
  'looking',
  'panel',
  'orders',
  'client',
] as const;

export const SCRIPT: string = FILES.map((name) => inlined(readFileSync(new URL(`./${name}.js`, import.meta.url), 'utf8'))).join('\n');

function inlined(source: string): string {
  return source
    .replace(/^import [^;]*;$/gm, '')
    .replace(/^export (?=const |let |function |async function |class )/gm, '')
    .replace(/^export \{\};$/gm, '')
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '');
}

/** Tells one script from another: answers are read by their place in lists, so who has another one is not to read them. */
export const MADE: string = createHash('sha256').update(SCRIPT).digest('hex').slice(0, 12);

/** For a Content-Security-Policy. */
export function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
