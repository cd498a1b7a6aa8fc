/** All micro benchmarks, in the order of the folders of src/. */

import { backend } from './backend.ts';
import { core } from './core.ts';
import { http } from './http.ts';
import { rules } from './rules.ts';
import { stats } from './stats.ts';
import type { Entry } from './subject.ts';

export const subjects: readonly Entry[] = [...core, ...http, ...rules, ...backend, ...stats];
