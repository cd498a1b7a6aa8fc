/** Writes docs/configuration.md from the keyword rows of the build. */

import { writeFileSync } from 'node:fs';
import { renderReference } from '../dist/src/config/reference.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderReference());
