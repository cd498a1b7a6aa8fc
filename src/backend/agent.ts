/**
 * What an agent's report changes of its server (manual 5.2, "agent-check"): administrative state first, then weight and
 * maxconn, health last. What it says of health goes into its verdict; whoever reports nothing of it changes nothing.
 */

import type { Server } from './server.ts';
import type { AgentReport } from './types.ts';
import { STATIC_WEIGHTS, shareOfWeight, takesWeight } from './weights.ts';

/** Answers the report with what could not be done in its verdict, where that has room for it. */
export function applyReport(server: Server, report: AgentReport, now: number): AgentReport['verdict'] {
  const { admin, maxconn, state, verdict } = report;
  if (admin !== undefined) server.setAdmin(admin, now, 'agent');
  const weight = report.weight === undefined ? undefined : shareOfWeight(server, report.weight);
  const refused = weight !== undefined && !takesWeight(server, weight);
  if (weight !== undefined && !refused) server.setWeight(weight, now);
  if (maxconn !== undefined) server.setMaxconn(maxconn, now);
  if (!refused) return verdict;
  if (state === undefined) return verdict.info === '' ? { ...verdict, info: `agent warns : ${STATIC_WEIGHTS}` } : verdict;
  return state === 'up' ? { ...verdict, info: `${verdict.info} (${STATIC_WEIGHTS})` } : verdict;
}
