/** How the servers of a pool are checked: `option httpchk` of the frontend's `defaults`, and what labels say over it. */

import { expectStatus, httpCheck } from '../config/link-check.ts';
import type { CheckRequest, CheckRules, CheckStep } from '../config/model.ts';
import type { HttpCheckOptions } from '../discovery/provider.ts';

/** `limit`: `tune.bufsize`. */
export function poolCheck(inherited: CheckRules | undefined, wanted: HttpCheckOptions | undefined, limit: number): CheckRules | undefined {
  if (wanted === undefined) return inherited;
  const base = inherited?.protocol === 'http' ? inherited : httpCheck('GET', limit);
  const at = base.steps.findIndex((step) => step.kind === 'request');
  const steps = base.steps.map((step, index): CheckStep => (index === at ? overlay(step as CheckRequest, wanted) : step));
  if (wanted.statuses === undefined) return { ...base, steps };
  // The status is all that is looked at then.
  return { ...base, steps: [...steps.filter(({ kind }) => kind !== 'expect'), expectStatus(wanted.statuses)] };
}

function overlay(request: CheckRequest, { method = request.method, path = request.uri, host }: HttpCheckOptions): CheckRequest {
  const asked = { ...request, method, uri: path };
  if (host === undefined) return asked;
  const others = request.headers.filter(([name]) => name.toLowerCase() !== 'host');
  return { ...asked, version: 'HTTP/1.1', headers: [['host', host], ...others] };
}
