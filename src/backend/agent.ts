/**
 * What an agent's report changes of its server (manual 5.2, "agent-check"): administrative state first, then weight and
 * maxconn, health last. What it says of health goes into its verdict; whoever reports nothing of it changes nothing.
 */

import type { Server } from './server.ts';
import type { AgentReport } from './types.ts';

const STATIC = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";

/** Answers the report with what could not be done in its verdict, where that has room for it. */
export function applyReport(server: Server, report: AgentReport, now: number): AgentReport['verdict'] {
  const { admin, weight, maxconn, state, verdict } = report;
  if (admin !== undefined) server.setAdmin(admin, now);
  const refused = weight !== undefined && !server.dynamic && weight !== 0 && weight !== 100;
  if (weight !== undefined && !refused) server.setWeight(percent(server.config.weight, weight), now);
  if (maxconn !== undefined) server.setMaxconn(maxconn, now);
  if (!refused) return verdict;
  if (state === undefined) return verdict.info === '' ? { ...verdict, info: `agent warns : ${STATIC}` } : verdict;
  return state === 'up' ? { ...verdict, info: `${verdict.info} (${STATIC})` } : verdict;
}

/** Of the configured weight, rounded down, and no more than there may be. */
function percent(weight: number, share: number): number {
  return Math.min(256, Math.floor((weight * share) / 100));
}
