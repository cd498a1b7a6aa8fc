import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeOptions } from '../../src/discovery/pool-options.ts';
import type { PoolOptions } from '../../src/discovery/provider.ts';

const cookie = (name: string): PoolOptions => ({ sticky: { kind: 'cookie', name, secure: false, httponly: false } });

describe('of two that speak about a pool', () => {
  it('the first has its way, option by option, and the other one says what is left', () => {
    const { options, overruled } = mergeOptions(
      { ...cookie('A'), redirect: 301, httpCheck: { path: '/a' } },
      { ...cookie('B'), redirect: 301, httpCheck: { path: '/b' }, auth: 'staff', rollout: 'off' },
    );
    assert.deepEqual(options, { ...cookie('A'), redirect: 301, httpCheck: { path: '/a' }, auth: 'staff', rollout: 'off' });
    assert.deepEqual(overruled, ['check.path, check.host or check.status', 'sticky']);
  });

  it('nobody is overruled who says the same, or nothing', () => {
    assert.deepEqual(mergeOptions(cookie('A'), cookie('A')).overruled, []);
    assert.deepEqual(mergeOptions(cookie('A'), { sticky: undefined }), { options: cookie('A'), overruled: [] });
    assert.deepEqual(mergeOptions({}, cookie('A')).options, cookie('A'));
  });
});
