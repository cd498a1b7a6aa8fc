import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS, keyOf, type PageProxy, type PageRow, proxyKeyOf, readable } from '../../../src/stats/page/shape.ts';
import {
  newsOf,
  nextSort,
  ordered,
  PLAIN_VIEW,
  readView,
  tallyOf,
  type View,
  visibleKeys,
  writeView,
} from '../../../src/stats/page/view.ts';

function row(
  side: PageRow['side'],
  name: string,
  cells: Readonly<Record<string, string | number>>,
  changes: Partial<PageRow> = {},
): PageRow {
  const values = CELLS.map((cell) => cells[cell] ?? null);
  return { side, name, cells: values, why: '', legend: '', rates: '', peak: 0, faults: '', checks: '', ...changes };
}

const SHOP: PageProxy = {
  name: 'shop',
  kind: 'listen',
  mode: 'http',
  about: '',
  form: true,
  rows: [
    row('F', 'FRONTEND', { status: 'OPEN', scur: 9 }),
    row('S', 'web-10', { status: 'UP', scur: 1, check_status: 'L7OK' }),
    row('S', 'web-9', { status: 'DOWN', scur: 3 }, { why: 'Connection refused' }),
    row('S', 'spare', { status: 'MAINT' }),
    row('S', 'busy', { status: 'UP', scur: 7, qcur: 4 }),
    row('S', 'failing', { status: 'UP', scur: 2 }, { faults: '000z0' }),
    row('B', 'BACKEND', { status: 'UP', scur: 5 }),
  ],
};

const shown = (changes: Partial<View>): string[] =>
  [...visibleKeys({ ...PLAIN_VIEW, ...changes }, SHOP)].map((key) => readable(key).slice('shop/'.length));

test('a view survives its address', () => {
  const view: View = {
    text: 'a&b=c #1',
    tones: new Set(['down', 'maint']),
    problems: true,
    sort: { column: 'sessions', part: 1, down: true },
    closed: new Set(['backend a,b', 'listen 50%', 'listen ü/x']),
    open: 'shop/web-1',
  };
  assert.deepEqual(readView(`#${writeView(view)}`), view);
  assert.equal(writeView(PLAIN_VIEW), '');
});

test('a name that is cut off within an encoded sign is a name', () => {
  assert.deepEqual(readView('#closed=%25'), { ...PLAIN_VIEW, closed: new Set(['%']) });
  assert.deepEqual(readView('#closed=a%2').closed, new Set(['a%2']));
});

test('no two rows have one key, whatever they are called', () => {
  const rows = [
    row('F', 'FRONTEND', {}),
    row('L', 'x', {}),
    row('S', 'Frontend', {}),
    row('S', 'Backend', {}),
    row('S', 'x', {}),
    row('B', 'BACKEND', {}),
  ];
  const keys = rows.map((one) => keyOf('a', one));
  assert.equal(new Set(keys).size, rows.length);
  assert.deepEqual(keys.map(readable), ['a/Frontend', 'a/+x', 'a/Frontend', 'a/Backend', 'a/x', 'a/Backend']);
  assert.notEqual(proxyKeyOf({ kind: 'frontend', name: 'a' }), proxyKeyOf({ kind: 'backend', name: 'a' }));
});

test('an address that is none of ours is a plain view', () => {
  for (const hash of ['', '#shop/web-1', '#state=purple&sort=nothing.1', '#sort=..']) assert.deepEqual(readView(hash), PLAIN_VIEW, hash);
});

test('a filter looks at names, states and reasons, and keeps what stands around', () => {
  assert.deepEqual(shown({ text: 'REFUSED' }), ['web-9', 'Frontend', 'Backend']);
  assert.deepEqual(shown({ text: 'shop web l7' }), ['web-10', 'Frontend', 'Backend']);
  assert.deepEqual(shown({ text: 'nobody' }), []);
  assert.equal(shown({ text: 'shop' }).length, SHOP.rows.length);
  assert.deepEqual(shown({ tones: new Set(['maint', 'down']) }), ['web-9', 'spare', 'Frontend', 'Backend']);
});

test('problems are what is down, what people wait for and what fails now', () => {
  assert.deepEqual(shown({ problems: true }), ['web-9', 'busy', 'failing', 'Frontend', 'Backend']);
});

const names = (sort: View['sort']): string[] => ordered(SHOP.rows, sort).map(({ name }) => name);

test('servers are sorted between frontend and backend, empty ones last', () => {
  assert.deepEqual(names({ column: 'sessions', part: 0, down: true }), [
    'FRONTEND',
    'busy',
    'web-9',
    'failing',
    'web-10',
    'spare',
    'BACKEND',
  ]);
  assert.deepEqual(names({ column: 'sessions', part: 0, down: false }), [
    'FRONTEND',
    'web-10',
    'failing',
    'web-9',
    'busy',
    'spare',
    'BACKEND',
  ]);
});

test('names are sorted as people count', () => {
  assert.deepEqual(names({ column: 'name', part: 0, down: false }).slice(1, -1), ['busy', 'failing', 'spare', 'web-9', 'web-10']);
});

test('numbers come with the most first, words from A on, and a third click sorts no more', () => {
  const first = nextSort(undefined, 'sessions', 0);
  assert.deepEqual(first, { column: 'sessions', part: 0, down: true });
  const second = nextSort(first, 'sessions', 0);
  assert.deepEqual(second, { column: 'sessions', part: 0, down: false });
  assert.equal(nextSort(second, 'sessions', 0), undefined);
  assert.deepEqual(nextSort(second, 'name', 0), { column: 'name', part: 0, down: false });
});

test('changes of states are told, the first three in full', () => {
  const before = new Map([
    ['a/1', 'UP'],
    ['a/2', 'UP'],
    ['a/3', 'UP'],
  ]);
  assert.equal(newsOf(before, before), '');
  assert.equal(
    newsOf(
      before,
      new Map([
        ['a/1', 'DOWN'],
        ['a/3', 'UP'],
        ['a/4', 'no check'],
      ]),
    ),
    'a/1 is DOWN. a/2 is gone. a/4 is new, no check',
  );
  assert.equal(newsOf(before, new Map([['b/1', 'UP']])), 'a/1 is gone. a/2 is gone. a/3 is gone. 1 more.');
});

test('a proxy says how its servers are', () => {
  assert.equal(tallyOf(SHOP), '5 servers, 1 down, 1 in maintenance');
  assert.equal(tallyOf({ ...SHOP, rows: [] }), '');
});
