import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { EVERYTHING, rowsOf } from '../../src/stats/rows.ts';
import { json, typed } from '../../src/stats/typed.ts';
import { CHECK, makeListen, serverConfig } from './objects.ts';

const at = { now: monotonic(), legends: false, counts: false };

interface JsonCell {
  readonly objType: string;
  readonly proxyId: number;
  readonly id: number;
  readonly field: { readonly pos: number; readonly name: string };
  readonly tags: { readonly origin: string; readonly nature: string; readonly scope: string };
  readonly value: { readonly type: string; readonly value: string | number };
}

function proxy() {
  const listen = makeListen('app', [serverConfig('w1', { check: CHECK })], { id: 2 });
  listen.backend?.servers[0]?.setVerdict({ code: 'L7STS', passed: false, status: 503, info: 'Bad,\n"really"', duration: 1 }, at.now);
  return listen;
}

test('typed lines name type, proxy, object, position, column, tags and value', () => {
  const lines = [...typed(rowsOf(proxy(), EVERYTHING), at)].join('').split('\n');
  for (const line of [
    'F.2.0.0.pxname.1:KNS:str:app',
    'F.2.0.6.slim.1:CLP:u32:100',
    'S.2.1.19.act.1:SGP:u32:1',
    'S.2.1.56.last_chk.1:MOP:str:Bad,\\n"really"',
    'S.2.1.55.lastsess.1:MAP:s32:-1',
    'B.2.0.19.act.1:MGP:u32:0',
    'B.2.0.33.rate.1:MGP:u32:0',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(
    lines.every((line) => line === '' || /^[FSB]\./.test(line)),
    'a line break in a value makes no line',
  );
  assert.ok(!lines.some((line) => line.startsWith('F.2.0.2.')), 'an empty cell has no line');
});

test('JSON is valid whatever the values hold', () => {
  const rows = JSON.parse([...json(rowsOf(proxy(), EVERYTHING), at)].join('')) as JsonCell[][];
  assert.deepEqual(
    rows.map((row) => row[0]?.objType),
    ['Frontend', 'Server', 'Backend'],
  );
  assert.deepEqual(
    rows[1]?.find(({ field }) => field.name === 'last_chk'),
    {
      objType: 'Server',
      proxyId: 2,
      id: 1,
      field: { pos: 56, name: 'last_chk' },
      processNum: 1,
      tags: { origin: 'Metric', nature: 'Output', scope: 'Process' },
      value: { type: 'str', value: 'Bad,\n"really"' },
    },
  );
});
