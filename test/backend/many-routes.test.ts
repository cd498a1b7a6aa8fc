/** What it costs to find the route of a request among 10,000 hosts. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RouteTable } from '../../src/backend/routes.ts';
import { route } from '../discovery/make.ts';
import { stepsOf } from '../support/steps.ts';

function hosts(count: number): RouteTable {
  const routes = Array.from({ length: count }, (_, i) => {
    const host = { kind: i % 10 === 9 ? 'suffix' : 'exact', value: i % 10 === 9 ? `.h${i}.test` : `h${i}.test` } as const;
    return route(host.value, `p${i}`, { host });
  });
  return new RouteTable(routes, true);
}

it('as many steps as among ten, whether there is one or not', () => {
  const [few, many] = [hosts(10), hosts(10_000)];
  const lookUp = (table: RouteTable) => ['h3.test:8080', 'a.h9.test', 'nobody.test'].map((host) => table.lookup(host, '/x/y')?.pool);
  assert.deepEqual(lookUp(few), ['p3', 'p9', undefined]);
  assert.deepEqual(lookUp(many), ['p3', 'p9', undefined]);
  const [fewSteps, manySteps] = [few, many].map((table) => stepsOf(/\/src\/backend\//, () => lookUp(table)));
  assert.ok(fewSteps !== undefined && fewSteps > 3);
  assert.equal(manySteps, fewSteps);
});
