import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindUri, parseQuery, type StatsQuery } from '../../src/admin/stats-query.ts';

const PREFIXES: readonly (readonly [target: string, rest: string | undefined])[] = [
  ['/admin?stats', ''],
  ['/admin?stats;csv', ';csv'],
  ['/admin?statsfoo;bar;csv', 'foo;bar;csv'],
  ['/admin?stats/;csv', '/;csv'],
  ['/admin', undefined],
  ['//admin?stats', undefined],
  ['/admin%3Fstats', undefined],
  ['/ADMIN?stats', undefined],
];

for (const [target, rest] of PREFIXES) {
  test(`${target} is ${rest === undefined ? 'not ' : ''}under /admin?stats`, () => {
    assert.equal(behindUri('/admin?stats', target), rest);
  });
}

const OPTIONS: readonly (readonly [rest: string, expected: Partial<StatsQuery>])[] = [
  ['', {}],
  [';csv', { format: 'csv' }],
  ['/;csv;norefresh', { format: 'csv', norefresh: true }],
  [';up;csv;no-maint', { format: 'csv', up: true, noMaint: true }],
  ['&csv', {}],
  [';json;csv', { format: 'json' }],
  [';typed;csv', { format: 'typed' }],
  [';json-schema;json;csv', { format: 'schema' }],
  [';csv;scope=Web_be', { format: 'csv', scope: 'Web_be' }],
  [';csv&scope=be_&x', { format: 'csv', scope: 'be_' }],
  [';csv;scope=b%20e', { format: 'csv' }],
  ['scope=a.b:c-d_e;csv', { format: 'csv', scope: 'a.b:c-d_e' }],
  [';scope=abcdefghijklmnopqrstuvwxyz', { scope: 'abcdefghijklmnopqrst' }],
  [';st=DONE;up', { result: 'DONE', up: true }],
  [';st=done', {}],
];

for (const [rest, expected] of OPTIONS) {
  test(`"${rest}" behind the uri`, () => {
    const nothing: StatsQuery = { format: 'html', up: false, noMaint: false, norefresh: false, scope: '', result: '' };
    assert.deepEqual(parseQuery(rest), { ...nothing, ...expected });
  });
}
