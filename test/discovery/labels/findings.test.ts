import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { forbiddenInName } from '../../../src/config/values.ts';
import { Findings, plainPort, poolOf, readDuration } from '../../../src/discovery/labels/findings.ts';
import { noSettings } from '../../../src/discovery/labels/settings.ts';
import type { Route } from '../../../src/discovery/provider.ts';

const exact = (value: string): Route['host'] => ({ kind: 'exact', value });

describe('durations as Go writes them', () => {
  const cases: readonly (readonly [text: string, ms: number | undefined])[] = [
    ['15s', 15_000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    [' 10 ', 10_000],
    ['2500us', 3],
    ['1h2m3s4ms', 3_723_004],
    ['0', undefined],
    ['0s', undefined],
    ['1ns', undefined],
    ['', undefined],
    ['s', undefined],
    ['-1s', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['1s2', undefined],
  ];
  for (const [text, ms] of cases) it(JSON.stringify(text), () => assert.equal(readDuration(text), ms));
});

describe('the pool of hosts and a path', () => {
  it('has their name where that tells all there is', () => {
    assert.equal(poolOf([exact('www.example.test')], '/', false), 'www.example.test');
    assert.equal(poolOf([exact('www.example.test')], '/api/v2', false), 'www.example.test_api_v2');
    assert.equal(poolOf([exact('localhost')], '/', false), 'localhost');
  });

  it('has a digest where it does not', () => {
    for (const [hosts, path, only] of [
      [[exact('a.test'), exact('b.test')], '/', false],
      [[exact('a.test')], '/', true],
      [[exact('a.test')], '/a_b', false],
      [[exact('[::1]')], '/', false],
      [[{ kind: 'suffix', value: '.a.test' }], '/', false],
      [[{ kind: 'any', value: '' }], '/', false],
    ] as const) {
      assert.match(poolOf(hosts, path, only), /^[A-Za-z0-9.-]+-[0-9a-f]{8}$/);
    }
  });

  it('does not depend on the order of the hosts', () => {
    const [a, b] = [exact('a.test'), exact('b.test')];
    assert.equal(poolOf([a, b], '/', false), poolOf([b, a], '/', false));
  });

  it('is another one for another host or path, and can be the name of a backend', () => {
    const host = fc.constantFrom<Route['host'][]>(
      [exact('a.b')],
      [exact('a_b')],
      [exact('a.b'), exact('c')],
      [exact('a.b_c')],
      [{ kind: 'any', value: '' }],
    );
    const path = fc.array(fc.constantFrom('a', '_', '/', '-', 'c', '%', '='), { maxLength: 4 }).map((parts) => `/${parts.join('')}`);
    const claim = fc.tuple(host, path, fc.boolean());
    const property = fc.property(claim, claim, (one, other) => {
      const [first, second] = [poolOf(...one), poolOf(...other)];
      assert.equal(forbiddenInName(first), undefined);
      assert.equal(first === second, JSON.stringify(one) === JSON.stringify(other), `${first} ${second}`);
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

describe('findings', () => {
  it('keep routes apart that have one name', () => {
    const findings = new Findings();
    for (let i = 0; i < 3; i++) findings.add('web', noSettings());
    assert.deepEqual([...findings.routes.keys()], ['web', 'web-2', 'web-3']);
  });

  it('are full, and refuse the container once, at a thousand hosts and paths', () => {
    const findings = new Findings();
    for (let i = 0; i < 5000; i++) findings.add('web', { ...noSettings(), hosts: [exact('a.test'), exact('b.test')] });
    assert.deepEqual(findings.errors, ['its labels claim more than 1000 hosts and paths']);
    assert.equal(findings.routes.size, 501);
  });

  it('take port 80 for the plain one unless the container has others alone', () => {
    assert.deepEqual([plainPort([]), plainPort([80, 443]), plainPort([3000])], [80, 80, undefined]);
  });
});
