/** `npm start`: set-up where needed, then `fairlead demo` in this very process, so that signals reach it. */

import { ensure } from './ensure.mjs';

const parentPollMs = 500;

ensure();

// npm hands a signal to the shell that it started us with, and a shell that dies of it does not pass it on.
const parent = process.ppid;
if (process.env.npm_lifecycle_event === 'start') {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, parentPollMs).unref();
}

process.argv.splice(2, 0, 'demo');
await import('../bin/fairlead');
