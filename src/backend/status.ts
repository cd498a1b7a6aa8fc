/** The CSV's `status` of a server: HAProxy's words. */

import type { Health } from './health.ts';
import type { Server } from './server.ts';
import { Admin, OpState } from './types.ts';

export function statusText(server: Server): string {
  return inMaintenance(server) ?? inOperation(server);
}

function inMaintenance(server: Server): string | undefined {
  if (!server.inMaintenance) return undefined;
  if ((server.admin & Admin.ResolutionMaint) !== 0) return 'MAINT (resolution)';
  const { tracked } = server;
  if ((server.admin & Admin.InheritedMaint) === 0 || tracked === undefined) return 'MAINT';
  return `MAINT (via ${tracked.backend.name}/${tracked.config.name})`;
}

/** A server that tracks another one is as healthy as that one, to the end of the chain. */
function judged(server: Server): Server {
  let last = server;
  while (last.tracked !== undefined) last = last.tracked;
  return last;
}

/** Down and not on its way up. */
export function isSurelyDown(server: Server): boolean {
  if (server.op !== OpState.Stopped) return false;
  const { check, checkEnabled, agent, agentEnabled } = judged(server);
  if (!checkEnabled && !agentEnabled) return true;
  return (checkEnabled && check.value === 0) || (agentEnabled && agent.value === 0);
}

function inOperation(server: Server): string {
  const { tracked } = server;
  const last = judged(server);
  const check = last.checkEnabled ? last.check : undefined;
  const agent = last.agentEnabled ? last.agent : undefined;
  switch (server.op) {
    case OpState.Stopped:
      return down(check, agent, last.check);
    case OpState.Stopping:
      return check === undefined && tracked === undefined ? 'NOLB' : `NOLB${going(last.check)}`;
    default:
      if (server.draining) return agent === undefined ? `DRAIN${check === undefined ? '' : going(check)}` : 'DRAIN (agent)';
      return check === undefined ? 'no check' : `UP${going(check)}`;
  }
}

function down(check: Health | undefined, agent: Health | undefined, counted: Health): string {
  if (agent?.value === 0) return 'DOWN (agent)';
  if (check?.value === 0 || (check === undefined && agent === undefined)) return 'DOWN';
  return `DOWN ${counted.part(false)}`;
}

/** Up, with some failures. */
function going(check: Health): string {
  return check.value === check.top ? '' : ` ${check.part(true)}`;
}
