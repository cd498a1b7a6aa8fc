import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Note, Route, Snapshot } from '../../src/discovery/provider.ts';
import { explained } from '../../src/explained.ts';
import { NOTHING } from '../../src/state/desired.ts';

const note = (subject: string): Note => ({ level: 'error', subject, message: 'is refused' });
const route: Route = {
  frontend: 'www',
  host: { kind: 'suffix', value: '.a.test' },
  path: '/api',
  exact: false,
  rewrite: undefined,
  priority: 3,
  pool: 'app',
  origin: 'container one',
};

test('every source is told of, and what came up in merging them', () => {
  const own = note('one');
  const snapshot: Snapshot = {
    source: 'docker',
    pools: new Map([
      ['app', []],
      ['other', []],
    ]),
    poolOptions: new Map(),
    routes: [route],
    notes: [own],
  };
  const state = { ...NOTHING, routes: new Map([['www', [route]]]), unsettled: new Set(['www']), notes: [own, note('merged')] };
  const store = { state, sources: new Map([['docker', snapshot]]), spokenAt: (name: string) => (name === 'docker' ? 5 : undefined) };
  const sources = { names: ['dns', 'docker'], troubleOf: (name: string) => (name === 'dns' ? 'away' : '') };
  assert.deepEqual(explained(store, sources), {
    sources: [
      { name: 'dns', spokenAt: undefined, trouble: 'away', servers: 0, pools: 0, routes: 0, notes: [] },
      { name: 'docker', spokenAt: 5, trouble: '', servers: 0, pools: 2, routes: 1, notes: [own] },
    ],
    conflicts: [note('merged')],
    routes: [{ frontend: 'www', host: '*.a.test/api', pool: 'app', priority: 3, rewrite: undefined, origin: 'container one' }],
    unsettled: ['www'],
  });
});
