/** The sentences of a server's life, as HAProxy logs them: monitoring greps for them. */

import type { Backend } from './backend.ts';
import type { Health } from './health.ts';
import type { Server } from './server.ts';
import { OpState, VERDICTS, type Verdict } from './types.ts';

/** `Server app/web1`, `Backup Server app/spare`. */
export function subject(server: Server): string {
  return `${server.config.backup ? 'Backup ' : ''}Server ${server.backend.name}/${server.config.name}`;
}

/** `, reason: Layer7 wrong status, code: 503, info: "Service Unavailable", check duration: 1ms` */
export function because(verdict: Verdict): string {
  const code = hasCode(verdict) ? `, code: ${Math.max(0, verdict.status)}` : '';
  // What a server said shall not end the quotation.
  const info = verdict.info === '' ? '' : `, info: "${verdict.info.replaceAll('"', '<22>')}"`;
  const took = verdict.duration < 0 ? '' : `, check duration: ${Math.floor(verdict.duration)}ms`;
  return `, reason: ${VERDICTS[verdict.code].words}${code}${info}${took}`;
}

/** Results that stand on an answer's content have a code, be it 0. */
export function hasCode({ code }: Verdict): boolean {
  return VERDICTS[code].number >= VERDICTS.L7OK.number;
}

/** `option log-health-checks` */
export function told(server: Server, kind: 'Health' | 'Agent', health: Health, verdict: Verdict): string {
  const { backend, config, weight } = server;
  const how = verdict.passed ? `${verdict.code === 'L7OKC' ? 'conditionally ' : ''}succeeded` : 'failed';
  const state = health.up ? (weight > 0 ? 'UP' : 'DRAIN') : 'DOWN';
  return (
    `${kind} check for ${config.backup ? 'backup ' : ''}server ${backend.name}/${config.name} ${how}` +
    `${because(verdict)}, status: ${health.part(health.up)} ${state}.`
  );
}

/** ` via app/web1`, of a server that tracks another one. */
export function via({ tracked }: Server): string {
  return tracked === undefined ? '' : ` via ${tracked.backend.name}/${tracked.config.name}`;
}

/** How the others of the backend are off, behind what has happened to this one. */
export function balance(
  { backend, op, queue }: Server,
  sessions: number,
  requeued: number,
  counts: Pick<Backend, 'activeCount' | 'backupCount'> = backend,
): string {
  const active = counts.activeCount();
  const backup = counts.backupCount();
  const running = active === 0 && backup > 0 ? ' Running on backup.' : '';
  if (op !== OpState.Stopped) {
    return `. ${active} active and ${backup} backup servers online.${running} ${requeued} sessions requeued, ${queue.length} total in queue.`;
  }
  return `. ${active} active and ${backup} backup servers left.${running} ${sessions} sessions active, ${requeued} requeued, ${queue.length} remaining in queue.`;
}
