/** What a reload brings under a living process, besides its proxies. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { App, type Surroundings } from '../../src/app.ts';
import { Checker } from '../../src/backend/checks/checker.ts';
import { prepare } from '../../src/prepare.ts';
import { askCli } from '../support/cli.ts';

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

it('a reload sets the variables of its text, and leaves the others as they are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-app-'));
  const socket = join(folder, 'ctl');
  const made = (value: number) => {
    const text = `global\n stats socket ${socket} level admin\n set-var proc.text int(${value})\n`;
    return prepare({ kind: 'text', text, name: 'test.cfg' }, { env: {} }).prepared ?? assert.fail();
  };
  const app = new App(SURROUNDINGS, made(1));
  try {
    assert.deepEqual(await app.start(), []);
    assert.equal(await askCli(socket, 'get var proc.text'), 'proc.text: type=sint value=<1>\n');
    await askCli(socket, 'experimental-mode on; set var proc.text int(5); set var proc.own str(kept)');
    assert.deepEqual(await app.reload(made(2)), []);
    assert.equal(await askCli(socket, 'get var proc.text'), 'proc.text: type=sint value=<2>\n');
    assert.equal(await askCli(socket, 'get var proc.own'), 'proc.own: type=str value=<kept>\n');
  } finally {
    app.stop();
    rmSync(folder, { recursive: true });
  }
});
