/** The reports against the schema, by a validator that knows what the schema uses and fails at anything else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { EVERYTHING, rowsOf } from '../../src/stats/rows.ts';
import { SCHEMA } from '../../src/stats/schema.ts';
import { json } from '../../src/stats/typed.ts';
import { CHECK, makeListen, makeListener, serverConfig } from './objects.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Schema = Readonly<Record<string, unknown>>;

const schema = JSON.parse(SCHEMA) as Schema;
const ANNOTATIONS = new Set(['$schema', 'title', 'definitions']);

/** What is wrong, at which path. */
function faults(value: Json, by: Schema, path = '$'): string[] {
  return Object.entries(by).flatMap(([keyword, wanted]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = KEYWORDS[keyword];
    assert.ok(check, `the schema uses ${keyword}`);
    return check(value, wanted, path, by);
  });
}

type Check = (value: Json, wanted: unknown, path: string, by: Schema) => string[];

const isObject = (value: Json): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function typeOf(value: Json): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (value, wanted, path) => {
    const type = typeOf(value);
    return type === wanted || (wanted === 'number' && type === 'integer') ? [] : [`${path} is ${type}, not ${wanted}`];
  },
  enum: (value, wanted, path) => ((wanted as Json[]).includes(value) ? [] : [`${path} is none of ${wanted}`]),
  minimum: (value, wanted, path) => (typeof value === 'number' && value < (wanted as number) ? [`${path} is below ${wanted}`] : []),
  minItems: (value, wanted, path) => (Array.isArray(value) && value.length < (wanted as number) ? [`${path} is too short`] : []),
  items: (value, wanted, path) =>
    Array.isArray(value) ? value.flatMap((item: Json, index) => faults(item, wanted as Schema, `${path}[${index}]`)) : [],
  properties: (value, wanted, path) =>
    Object.entries(wanted as Readonly<Record<string, Schema>>).flatMap(([name, by]) =>
      isObject(value) && name in value ? faults(value[name] as Json, by, `${path}.${name}`) : [],
    ),
  required: (value, wanted, path) =>
    (wanted as string[]).filter((name) => isObject(value) && !(name in value)).map((name) => `${path}.${name} is missing`),
  additionalProperties: (value, wanted, path, by) => {
    assert.equal(wanted, false);
    const known = by.properties as Schema;
    return isObject(value) ? Object.keys(value).flatMap((name) => (name in known ? [] : [`${path}.${name} is unknown`])) : [];
  },
  oneOf: (value, wanted, path) => {
    const found = (wanted as Schema[]).map((by) => faults(value, by, path));
    return found.filter((each) => each.length === 0).length === 1 ? [] : [`${path} is not one of its kinds`, ...found.flat()];
  },
  $ref: (value, wanted, path) => {
    const { definitions } = schema as { readonly definitions: Readonly<Record<string, Schema>> };
    const name = /^#\/definitions\/(\w+)$/.exec(wanted as string)?.[1] ?? '';
    assert.ok(definitions[name], `${wanted} is defined`);
    return faults(value, definitions[name], path);
  },
};

function report(): Json {
  const servers = [serverConfig('w1', { check: CHECK, maxconn: 3 }), serverConfig('w2', { backup: true })];
  const listen = makeListen('app', servers, { id: 2, socketStats: true });
  if (listen.frontend !== undefined) listen.frontend.listeners = [makeListener(listen.frontend, 1)];
  listen.backend?.servers[0]?.setVerdict({ code: 'L7STS', passed: false, status: 503, info: 'Bad, "really"', duration: 1 }, 1);
  const at = { now: monotonic(), legends: true, counts: false };
  return JSON.parse([...json(rowsOf(listen, EVERYTHING), at)].join('')) as Json;
}

test('the statistics are valid', () => {
  assert.deepEqual(faults(report(), schema), []);
  assert.deepEqual(faults([], schema), [], 'without a row, too');
});

const CELL = {
  field: { pos: 0, name: 'x' },
  processNum: 1,
  tags: { origin: 'Metric', nature: 'Gauge', scope: 'Process' },
  value: { type: 'u32', value: 1 },
};

test('what show info reports is valid', () => {
  const values = [
    { type: 'u32', value: 1 },
    { type: 's32', value: -1 },
    { type: 'flt', value: 1.5 },
    { type: 'str', value: 'a' },
  ];
  assert.deepEqual(
    faults(
      values.map((value) => ({ ...CELL, value })),
      schema,
    ),
    [],
  );
});

test('what is no report is not', () => {
  const broken: readonly Json[] = [
    {},
    [[CELL]],
    [{ ...CELL, processNum: 0 }],
    [{ ...CELL, value: { type: 'u32', value: -1 } }],
    [{ ...CELL, value: { type: 'u32', value: '1' } }],
    [{ ...CELL, value: { type: 'blob', value: 1 } }],
    [{ ...CELL, tags: { ...CELL.tags, origin: 'Elsewhere' } }],
    [{ ...CELL, more: 1 }],
    [{ ...CELL, field: { pos: 0 } }],
    [[{ ...CELL, objType: 'Proxy', proxyId: 1, id: 0 }]],
  ];
  for (const value of broken) assert.notDeepEqual(faults(value, schema), [], JSON.stringify(value));
});
