/** Debian's chromium without a window, driven by playwright-core. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** The first on PATH; undefined where there is none. */
export const chromiumPath: string | undefined = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser'].map((name) => join(folder, name)))
  .find(existsSync);

export function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('there is no chromium on PATH');
  // Its sandbox wants a user who is not root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({
    executablePath: chromiumPath,
    args: [...sandbox, '--disable-gpu', '--disable-dev-shm-usage', '--disable-lcd-text'],
  });
}
