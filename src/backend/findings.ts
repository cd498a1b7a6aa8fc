/**
 * What is found out about a server, and what follows: verdicts of its checks, reports of its agent, errors of its traffic.
 *
 * Most verdicts change nothing: no sentence is made for them. A server is up when all who are asked say so, and down when
 * one of them surely says the opposite.
 */

import { Level } from '../core/log.ts';
import { applyReport } from './agent.ts';
import { rescue } from './effects.ts';
import type { Health } from './health.ts';
import { bringUp, holdBack, takeDown } from './operation.ts';
import type { Server } from './server.ts';
import { type AgentReport, type Observation, OpState, type Verdict } from './types.ts';
import { because, told } from './words.ts';

export function takeVerdict(server: Server, verdict: Verdict, now: number): void {
  const { check, verdict: before } = server;
  server.verdict = verdict;
  server.checkHistory.add(verdict, now);
  server.fastCheck = false;
  if (server.inMaintenance || server.heldDown) return;
  if (verdict.passed) server.observer.errors = 0;
  const changed = verdict.passed ? check.pass() : check.fail();
  if (!verdict.passed && changed) server.counters.chkfail++;
  if (changed || verdict.code !== before?.code) tell(server, 'Health', check, verdict);
  if (!verdict.passed) failed(server, check, verdict, now);
  else if (verdict.code === 'L7OKC') yielded(server, verdict, now);
  else passed(server, verdict, now);
}

/** An agent takes a server down by what it says, never by being away. */
export function takeReport(server: Server, report: AgentReport, now: number): void {
  const { agent, agentVerdict: before } = server;
  const verdict = applyReport(server, report, now);
  server.agentVerdict = verdict;
  server.agentHistory.add(verdict, now);
  if (verdict.code === 'CHECKED') return;
  const said = verdict.code === 'L7STS';
  const changed = verdict.passed ? agent.pass() : said && agent.fail();
  if (changed || verdict.code !== before?.code) tell(server, 'Agent', agent, verdict);
  if (verdict.passed && server.op !== OpState.Stopping) passed(server, verdict, now);
  else if (said) failed(server, agent, verdict, now);
}

/** Too many errors in a row count as a failed check, as one that leaves no chance, or as the last one (`on-error`). */
export function takeObservation(server: Server, observation: Observation, now: number): void {
  const found = server.checkEnabled ? server.observer.see(observation, server.config) : undefined;
  if (found === undefined) return;
  const { check } = server;
  const { onError } = server.config;
  if (onError === 'mark-down') check.value = check.rise;
  else if (onError === 'sudden-death' && check.value > check.rise) check.value = check.rise + 1;
  if (onError !== 'fastinter') takeVerdict(server, { code: 'HANA', passed: false, status: -1, info: found, duration: -1 }, now);
  server.fastCheck = true;
  server.onFastCheck?.();
}

function passed(server: Server, verdict: Verdict, now: number): void {
  if (server.op === OpState.Running || server.op === OpState.Starting) return;
  if (!server.mayRun) return;
  bringUp(server, reasonOf(server, verdict), now);
  rescue(server.backend);
}

function yielded(server: Server, verdict: Verdict, now: number): void {
  if (server.op !== OpState.Stopping && server.mayRun) holdBack(server, reasonOf(server, verdict), now);
}

function failed(server: Server, health: Health, verdict: Verdict, now: number): void {
  if (health.value !== 0 || server.op === OpState.Stopped) return;
  takeDown(server, reasonOf(server, verdict), now);
  rescue(server.backend);
}

function tell(server: Server, kind: 'Health' | 'Agent', health: Health, verdict: Verdict): void {
  const { config, events, name } = server.backend;
  if (config.logHealthChecks) events.event(Level.Notice, told(server, kind, health, verdict), name);
}

/** With `option log-health-checks` a line of its own has said it. */
function reasonOf(server: Server, verdict: Verdict): string {
  return server.backend.config.logHealthChecks || server.config.track !== undefined ? '' : because(verdict);
}
