/** Why a server is in its state, in words: who asked for it, what its checks, its agent or its source say. */

import type { Health } from '../../backend/health.ts';
import type { Server } from '../../backend/server.ts';
import { Admin, OpState, VERDICTS, type Verdict } from '../../backend/types.ts';

/** Empty where there is nothing to tell. The weightiest first. */
export function whyOf(server: Server, throttle: unknown): string {
  return [...(maintenance(server) ?? operation(server, throttle)), ...load(server)].join('; ');
}

function maintenance(server: Server): readonly string[] | undefined {
  const { admin, tracked, reason } = server;
  if (!server.inMaintenance) return undefined;
  const why: string[] = [];
  if ((admin & Admin.ForcedMaint) !== 0)
    why.push((admin & Admin.ConfigMaint) !== 0 && server.adminBy === undefined ? "'disabled' in the configuration" : asked(server));
  if ((admin & Admin.InheritedMaint) !== 0 && tracked !== undefined) why.push(`follows ${nameOf(tracked)}`);
  if ((admin & Admin.ResolutionMaint) !== 0) why.push(reason === '' ? 'it has no address' : reason);
  return why;
}

/** The page's actions and the Runtime API leave who they were; a state file and older flags do not. */
function asked({ adminBy }: Server): string {
  if (adminBy === 'CLI') return 'asked for by the Runtime API';
  if (adminBy === 'Web interface') return 'asked for on this page';
  return adminBy === 'agent' ? 'asked for by its agent' : 'asked for by an operator';
}

function operation(server: Server, throttle: unknown): readonly string[] {
  const { op, tracked, reason, check, agent, heldDown } = server;
  const why: string[] = [];
  if (server.draining) why.push(drain(server));
  if (op === OpState.Starting) why.push(`slow start: ${throttle ?? 100} % of its weight`);
  const down = op === OpState.Stopped;
  if (reason !== '' && !server.draining) why.push(reason);
  if (down && heldDown) return why;
  if (tracked !== undefined) return [...why, `follows ${nameOf(tracked)}`];
  if (server.agentEnabled && agent.value === 0 && server.agentVerdict !== undefined) why.push(`agent: ${said(server.agentVerdict)}`);
  if (server.checkEnabled) why.push(...judged(server, down, check));
  else if (server.config.check !== undefined) why.push('its checks are turned off');
  return why;
}

function drain(server: Server): string {
  const { admin, tracked, reason } = server;
  if ((admin & Admin.ForcedDrain) !== 0) return asked(server);
  if ((admin & Admin.SourceDrain) !== 0) return reason === '' ? 'its source says that it is leaving' : reason;
  const rollout = server.backend.rollout.reasonFor(server);
  if (rollout !== '') return rollout;
  return tracked === undefined ? 'drained' : `follows ${nameOf(tracked)}`;
}

/** What the checks have found, where it is not simply well. */
function judged(server: Server, down: boolean, check: Health): readonly string[] {
  const { verdict, op } = server;
  if (verdict === undefined) return down ? [] : ['not checked yet: the first failure takes it down'];
  if (op === OpState.Stopping) return verdict.passed ? ['its checks ask for no new clients'] : [said(verdict)];
  if (down) {
    if (check.value > 0) return [`${check.value} of ${check.rise} checks passed on its way up`];
    return verdict.passed ? ['told to be down'] : [said(verdict)];
  }
  const failed = check.top - check.value;
  return failed === 0 ? [] : [`${failed} of ${check.fall} checks failed: ${said(verdict)}`];
}

/** `Layer7 wrong status 503: Service Unavailable` */
export function said({ code, status, info }: Verdict): string {
  return `${VERDICTS[code].words}${status > 0 ? ` ${status}` : ''}${info === '' ? '' : `: ${info}`}`;
}

function load(server: Server): readonly string[] {
  const why: string[] = [];
  if (server.removed) why.push('removed: it finishes what it has');
  if (server.weight === 0 && !server.inMaintenance) why.push('weight 0: it takes nothing new');
  if (server.saturated) why.push(`all ${server.limit} slots are taken`);
  return why;
}

function nameOf({ backend, config }: Server): string {
  return `${backend.name}/${config.name}`;
}
