/** Lines of a check to the steps that are gone through: comments find their step, and what HAProxy adds by itself is added. */

import type { Reporter } from './diagnostics.ts';
import { BARE_EXPECT, type CheckRulesDraft, type CheckStepDraft, type ProxyDraft, type RequestWords } from './draft.ts';
import type { CheckConnect, CheckExpect, CheckRequest, CheckRules, CheckStep } from './model.ts';

const CONNECT: CheckConnect = {
  kind: 'connect',
  number: 0,
  comment: '',
  port: undefined,
  address: undefined,
  linger: false,
  ssl: 'default',
};

/** `option httpchk` alone: 2xx and 3xx are well. */
const WELL: CheckExpect = expectStatus([[200, 399]]);

/** `node` and `limit` are the global section's. */
export function linkCheck({ check }: ProxyDraft, node: string, limit: number): CheckRules | undefined {
  const { protocol, disableOn404, sendState } = check;
  if (protocol === undefined) return undefined;
  const stateNode = sendState ? node : undefined;
  if (typeof protocol === 'object')
    return { protocol: 'tcp', service: protocol, steps: [], disableOn404: false, stateNode: undefined, limit };
  const steps = protocol === 'http' ? httpSteps(check.http) : tcpSteps(check.tcp);
  return { protocol, service: undefined, steps, disableOn404, stateNode, limit };
}

/** `option httpchk <method>` under nothing else. `limit` is the global section's. */
export function httpCheck(method: string, limit: number): CheckRules {
  const request: CheckRequest = { kind: 'request', number: 0, comment: '', method, uri: '/', version: 'HTTP/1.0', headers: [], body: '' };
  return { protocol: 'http', service: undefined, steps: [CONNECT, request, WELL], disableOn404: false, stateNode: undefined, limit };
}

/** `http-check expect status`. */
export function expectStatus(ranges: readonly (readonly [low: number, high: number])[]): CheckExpect {
  return { ...BARE_EXPECT, number: 0, match: { kind: 'status', ranges } };
}

function tcpSteps(rules: CheckRulesDraft): readonly CheckStep[] {
  return connected(withComments(rules.steps));
}

function httpSteps(rules: CheckRulesDraft): readonly CheckStep[] {
  const steps = [...connected(withComments(rules.steps))];
  const first = steps.findIndex((step) => step.kind === 'request');
  const request = firstRequest(rules, steps[first]);
  if (first >= 0) steps[first] = request;
  else steps.splice(1, 0, request);
  if (steps.at(-1)?.kind === 'request') steps.push(WELL);
  return steps;
}

function connected(steps: readonly CheckStep[]): readonly CheckStep[] {
  return steps[0]?.kind === 'connect' ? steps : [CONNECT, ...steps];
}

/** A comment is the next step's, unless that has one itself. */
function withComments(drafts: readonly CheckStepDraft[]): readonly CheckStep[] {
  const steps: CheckStep[] = [];
  let comment = '';
  for (const step of drafts) {
    if (step.kind === 'comment') comment = step.comment;
    else {
      steps.push(step.comment === '' && comment !== '' ? { ...step, comment } : step);
      comment = '';
    }
  }
  return steps;
}

function firstRequest({ option, send, optionLast }: CheckRulesDraft, step: CheckStep | undefined): CheckRequest {
  const words = optionLast ? overlay(send, option) : overlay(option, send);
  const { method = 'OPTIONS', uri = '/', version = 'HTTP/1.0', headers = [], body = '' } = words;
  return { kind: 'request', number: step?.number ?? 0, comment: step?.comment ?? '', method, uri, version, headers, body };
}

/** What says nothing of headers or body leaves them. */
function overlay(under: RequestWords, over: RequestWords): RequestWords {
  const { headers = [], body = '', ...words } = over;
  return { ...under, ...words, ...(headers.length > 0 ? { headers } : {}), ...(body === '' ? {} : { body }) };
}

export function checkChecks(proxy: ProxyDraft, reporter: Reporter): void {
  if (proxy.kind === 'frontend') return;
  warnWithoutOption(proxy, reporter);
  for (const { place, config } of proxy.servers) {
    if (config.check === undefined || config.port !== 0 || (config.check.port ?? config.check.addressPort) !== undefined) continue;
    if ((config.check.address ?? config.address)?.startsWith('/') || connectsHavePorts(proxy)) continue;
    reporter.alert(place, `'server ${proxy.name}/${config.name}' : has neither service port nor check port.`);
  }
}

function connectsHavePorts({ check }: ProxyDraft): boolean {
  if (check.protocol !== 'tcp') return false;
  const connects = tcpSteps(check.tcp).filter((step) => step.kind === 'connect');
  return connects.every((step) => (step.port ?? step.addressPort) !== undefined);
}

function warnWithoutOption({ kind, name, check }: ProxyDraft, reporter: Reporter): void {
  const options = { tcp: 'option tcp-check', http: 'option httpchk' };
  for (const protocol of ['http', 'tcp'] as const) {
    const { at } = check[protocol];
    if (at === undefined || check.protocol === protocol) continue;
    reporter.warning(at, `${kind} '${name}' uses ${protocol}-check rules without '${options[protocol]}', so the rules are ignored.`);
  }
}
