/** `npm start`: set-up where needed, then `fairlead demo` in this very process, so that signals reach it. */

import { ensure } from './ensure.mjs';

ensure();
process.argv.splice(2, 0, 'demo');
await import('../bin/fairlead');
