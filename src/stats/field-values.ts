/** Values of columns that take more than a look: of checks, weights, states and times (management manual 9.1). */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { SCALE } from '../backend/slowstart.ts';
import { OpState, VERDICTS, type Verdict } from '../backend/types.ts';
import { hasCode } from '../backend/words.ts';
import { textOf } from '../core/bytes.ts';
import type { BackendCounters, ServerCounters } from '../core/counters.ts';
import type { Reading } from './field.ts';

/** Whole ones. */
export const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

export function statusOf(verdict: Verdict | undefined, running: boolean): string {
  return `${running ? '* ' : ''}${verdict?.code ?? 'INI'}`;
}

/** As HAProxy, which forgets it when the next check begins. */
export function codeOf(verdict: Verdict | undefined, running: boolean): number | undefined {
  if (verdict === undefined || !hasCode(verdict)) return undefined;
  return running ? 0 : Math.max(0, verdict.status);
}

export function infoOf(verdict: Verdict | undefined, running: boolean): string | undefined {
  return running ? '' : (verdict?.info ?? '');
}

export function durationOf(verdict: Verdict | undefined): number | undefined {
  return verdict === undefined || verdict.duration < 0 ? undefined : Math.floor(verdict.duration);
}

export function wordsOf(verdict: Verdict | undefined): string {
  return verdict === undefined ? 'Initializing' : VERDICTS[verdict.code].words;
}

/** Of what balancing goes by. */
export function weightOf(eweight: number): number {
  return Math.ceil(eweight / SCALE);
}

/** Over the group that gets traffic. */
export function sumOver({ servers }: Backend, read: (server: Server) => number): number {
  return servers.reduce((sum, server) => (server.elected ? sum + read(server) : sum), 0);
}

export function throttle({ op, draining, weight, eweight }: Server): number | undefined {
  if (op !== OpState.Starting || draining) return undefined;
  return weight === 0 ? 100 : Math.floor((100 * eweight + SCALE - 1) / (SCALE * weight));
}

export function cookie(bytes: string | undefined, at: Reading): string | undefined {
  return bytes === undefined || !at.legends ? undefined : textOf(bytes);
}

export function backendStatus(backend: Backend, at: Reading): string {
  if (!at.counts) return backend.status();
  const usable = backend.servers.filter((server) => server.op !== OpState.Stopped).length;
  return `${backend.status()} (${usable}/${backend.servers.length})`;
}

export function sinceLastSession(counters: ServerCounters | BackendCounters, at: Reading): number {
  return counters.lastsess < 0 ? -1 : seconds(at.now - counters.lastsess);
}
