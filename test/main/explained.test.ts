import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Note, Route, Snapshot } from '../../src/discovery/provider.ts';
import type { Report } from '../../src/discovery/report.ts';
import type { World } from '../../src/explain/world.ts';
import { explained } from '../../src/explained.ts';
import { type Prepared, prepare } from '../../src/prepare.ts';
import { NOTHING } from '../../src/state/desired.ts';

const note = (subject: string): Note => ({ level: 'error', subject, message: 'is refused' });
const reported = (name: string): Report => ({
  source: 'docker',
  kind: 'container',
  id: 'abc123'.padEnd(64, '0'),
  name,
  what: 'postgres',
  state: 'running',
  health: '',
  words: [],
  networks: [],
  ports: [],
  uses: [],
  reasons: [],
});
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
    // What is told of a container with its verdict is not told twice.
    notes: [own, note('db')],
  };
  const state = { ...NOTHING, routes: new Map([['www', [route]]]), unsettled: new Set(['www']), notes: [own, note('merged')] };
  const store = { state, sources: new Map([['docker', snapshot]]), spokenAt: (name: string) => (name === 'docker' ? 5 : undefined) };
  const sources = { names: ['dns', 'docker'], troubleOf: (name: string) => (name === 'dns' ? 'away' : '') };
  const { config } = prepare({ kind: 'text', text: '', name: 'test' }, { env: {} }).prepared as Prepared;
  const world: World = {
    config,
    rulesOf: () => undefined,
    certificateOf: () => undefined,
    state,
    sources: [],
    reports: [reported('db')],
    live: undefined,
  };
  assert.deepEqual(explained(world, 'db', store, sources), {
    sources: [
      { name: 'dns', spokenAt: undefined, trouble: 'away', servers: 0, pools: 0, routes: 0, notes: [] },
      { name: 'docker', spokenAt: 5, trouble: '', servers: 0, pools: 2, routes: 1, notes: [own] },
    ],
    conflicts: [note('merged')],
    routes: [{ frontend: 'www', host: '*.a.test/api', pool: 'app', priority: 3, rewrite: undefined, origin: 'container one' }],
    containers: [
      {
        kind: 'container',
        name: 'db',
        id: 'abc123000000',
        verdict: 'refused',
        facts: 'postgres, running, docker',
        summary: 'no line of the configuration asks for this container',
      },
    ],
    answer: {
      asked: 'db',
      routed: false,
      lines: [
        "no running balancer was asked: what Fairlead's own checks find is not known here\n",
        'container db (abc123000000) is not routed; postgres, running, docker\n',
        '    no line of the configuration asks for this container\n',
        '    networks: none; ports: none\n',
      ],
    },
    unsettled: ['www'],
  });
});
