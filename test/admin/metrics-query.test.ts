/** What a scrape asks for; test/haproxy/metrics.test.ts puts the same targets to HAProxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScrape, wantsOpenMetrics } from '../../src/admin/metrics-query.ts';
import { SCOPES } from '../../src/stats/exposition.ts';

const ALL = SCOPES.join();

const targets: readonly (readonly [target: string, scopes: string | undefined, noMaint?: boolean])[] = [
  ['/metrics', ALL],
  ['/metrics?', ALL],
  ['/metrics?no-maint', ALL, true],
  ['/metrics?scope=server&no-maint=0', 'server', true],
  ['/metrics?scope=fairlead', 'fairlead'],
  ['/metrics?scope=a', undefined],
  ['/metrics?scope=toString', undefined],
  ['/metrics?no-maint=%4', undefined],
  ['/metrics?%ff=%C3%28', ALL],
  ['/metrics/sub?scope=global&scope=frontend', 'global,frontend'],
  ['http://host/metrics?scope=global', 'global'],
];

for (const [target, scopes, noMaint = false] of targets) {
  test(`${target} asks for ${scopes ?? 'nothing that there is'}${noMaint ? ' without maintenance' : ''}`, () => {
    const asked = parseScrape(target);
    assert.equal(asked && [...asked.scopes].join(), scopes);
    if (asked !== undefined) assert.equal(asked.noMaint, noMaint);
  });
}

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_1 = 'text/plain;version=0.0.4;q=1,*/*;q=0.1';

const accepts: readonly (readonly [accept: string, openMetrics: boolean])[] = [
  ['', false],
  ['*/*', false],
  ['application/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  ['Application/OpenMetrics-Text; Version="1.0.0"', true],
  ['application/openmetrics-text; version=0.0.1', false],
  ['application/openmetrics-text; version=2.0.0', false],
  ['application/openmetrics-text;q=0', false],
  ['application/openmetrics-text;q=nonsense', false],
  ['application/openmetrics-text;q=0.2, text/plain;q=0.9', false],
  ['text/plain;q=0.9, application/openmetrics-text', true],
  ['text/plain;version=1.0.0, application/openmetrics-text;q=0.1', true],
  [PROMETHEUS_2, true],
  [PROMETHEUS_1, false],
];

for (const [accept, openMetrics] of accepts) {
  test(`'${accept}' is answered with ${openMetrics ? 'OpenMetrics' : 'text'}`, () => assert.equal(wantsOpenMetrics(accept), openMetrics));
}
