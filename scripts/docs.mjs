/** Writes docs/configuration.md from the rows of the build: keywords, and what rules are made of. */

import { writeFileSync } from 'node:fs';
import { renderReference } from '../dist/src/config/reference.js';
import { rulesReference } from '../dist/src/rules/reference.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderReference(rulesReference()));
