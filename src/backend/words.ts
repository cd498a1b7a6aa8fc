/** The sentences of a server's life, as HAProxy logs them: monitoring greps for them. */

import type { Server } from './server.ts';
import { VERDICT_WORDS, type Verdict } from './types.ts';

/** `Server app/web1`, `Backup Server app/spare`. */
export function subject(server: Server): string {
  return `${server.config.backup ? 'Backup ' : ''}Server ${server.backend.name}/${server.config.name}`;
}

/** `, reason: Layer7 wrong status, code: 503, info: "Service Unavailable", check duration: 1ms` */
export function because(verdict: Verdict): string {
  const code = verdict.status >= 0 ? `, code: ${verdict.status}` : '';
  const info = verdict.info === '' ? '' : `, info: "${verdict.info}"`;
  return `, reason: ${VERDICT_WORDS[verdict.code]}${code}${info}, check duration: ${Math.floor(verdict.duration)}ms`;
}

function count(server: Server, tail: string): string {
  const backend = server.backend;
  const active = backend.activeCount();
  const backup = backend.backupCount();
  return `${active} active and ${backup} backup servers ${tail}.${active === 0 && backup > 0 ? ' Running on backup.' : ''}`;
}

/** What stands behind bad news. `requeued`: how many waited for this very server and now wait for any. */
export function left(server: Server, requeued: number): string {
  return `${count(server, 'left')} ${server.scur} sessions active, ${requeued} requeued, ${server.backend.queued} remaining in queue.`;
}

/** What stands behind good news. `requeued`: how many got a slot by it. */
export function online(server: Server, requeued: number): string {
  return `${count(server, 'online')} ${requeued} sessions requeued, ${server.backend.queued} total in queue.`;
}
