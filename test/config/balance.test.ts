import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { BalanceConfig } from '../../src/config/model.ts';

function balanceOf(...lines: readonly string[]): BalanceConfig {
  const { config, diagnostics } = loadText(`defaults\n  mode http\nbackend b\n  ${lines.join('\n  ')}\n`, 'test.cfg', { env: {} });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'alert'),
    [],
  );
  return config?.proxies[0]?.balance as BalanceConfig;
}

describe('balance of a section', () => {
  const cases: readonly (readonly [line: string, args: Partial<BalanceConfig>])[] = [
    ['balance', { algorithm: 'roundrobin' }],
    ['balance random()', { algorithm: 'random' }],
    ['balance uri', { algorithm: 'uri', uri: { length: 0, depth: 0, whole: false, pathOnly: false } }],
    ['balance uri whole depth 2 len 9 path-only', { algorithm: 'uri', uri: { length: 9, depth: 2, whole: true, pathOnly: true } }],
    ['balance url_param id', { algorithm: 'url_param', parameter: { name: 'id', checkPost: false } }],
    ['balance url_param id check_post 64', { algorithm: 'url_param', parameter: { name: 'id', checkPost: true } }],
    ['balance url_param é', { algorithm: 'url_param', parameter: { name: '\xc3\xa9', checkPost: false } }],
    ['balance hdr(X-Key)', { algorithm: 'hdr', header: { name: 'x-key', domainOnly: false } }],
    ['balance hdr(host)junk use_domain_only', { algorithm: 'hdr', header: { name: 'host', domainOnly: true } }],
    ['balance hash path,lower', { algorithm: 'hash', expression: 'path,lower' }],
  ];
  for (const [line, args] of cases) it(`${line} is read`, () => assert.deepEqual(balanceOf(line), { draws: 2, ...args }));

  it('has its hash-type and factor in any order', () => {
    const hash = { method: 'consistent', function: 'wt6', avalanche: false, balanceFactor: 150 };
    const lines = ['balance uri', 'hash-type consistent wt6', 'hash-balance-factor 150'];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      assert.deepEqual(balanceOf(...order.map((at) => lines[at] as string)).hash, hash);
    }
  });

  it('mixes the bits for consistent hashing unless a function is named', () => {
    const avalanche = (type: string): boolean | undefined => balanceOf(`hash-type ${type}`).hash?.avalanche;
    assert.deepEqual(['consistent', 'consistent sdbm', 'map-based', 'map-based sdbm avalanche'].map(avalanche), [true, false, false, true]);
  });
});
