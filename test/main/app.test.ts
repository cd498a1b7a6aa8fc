/** What a reload brings under a living process, besides its proxies. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { App, type Surroundings } from '../../src/app.ts';
import { Checker } from '../../src/backend/checks/checker.ts';
import { prepare } from '../../src/prepare.ts';

const SURROUNDINGS: Surroundings = {
  pid: 7,
  version: '1',
  released: '2026/11/21',
  env: {},
  self: { hostname: 'here' },
  write: () => {},
  quiet: true,
  debug: false,
  stream: () => assert.fail('no log goes to a descriptor'),
  graceMs: 0,
  descriptors: undefined,
  usage: () => ({ userCPUTime: 0, systemCPUTime: 0, voluntaryContextSwitches: 0, involuntaryContextSwitches: 0 }),
  master: undefined,
  enginesAreOptional: true,
};

function prepared(spread: number) {
  const text = `global
 spread-checks ${spread}
defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
listen www
 bind 127.0.0.1:0
`;
  return prepare({ kind: 'text', text, name: 'test.cfg' }, { env: {} }).prepared ?? assert.fail();
}

it('a reload brings its spread-checks', async (context) => {
  const { mock } = context.mock.setter(Checker.prototype, 'spread');
  const app = new App(SURROUNDINGS, prepared(0));
  try {
    assert.deepEqual(await app.start(), []);
    assert.deepEqual(await app.reload(prepared(20)), []);
    assert.deepEqual(mock.calls.at(-1)?.arguments, [20]);
  } finally {
    app.stop();
  }
});
