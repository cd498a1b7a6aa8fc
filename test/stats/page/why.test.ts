import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Server } from '../../../src/backend/server.ts';
import { Admin, type Verdict } from '../../../src/backend/types.ts';
import type { ServerConfig } from '../../../src/config/model.ts';
import { whyOf } from '../../../src/stats/page/why.ts';
import { CHECK, makeListen, serverConfig } from '../objects.ts';

const OK: Verdict = { code: 'L7OK', passed: true, status: 200, info: 'OK', duration: 1 };
const REFUSED: Verdict = { code: 'L4CON', passed: false, status: -1, info: 'Connection refused', duration: 0 };

const checked = { check: CHECK };
const none = (): void => {};

const CASES: readonly (readonly [name: string, changes: Partial<ServerConfig>, what: (server: Server) => void, why: string])[] = [
  ['nothing is said of one that is well', checked, (server) => server.setVerdict(OK, 0), ''],
  ['nor of one that nobody checks', {}, none, ''],
  ['before its first check', checked, none, 'not checked yet: the first failure takes it down'],
  ['the check that has taken it down', checked, (server) => server.setVerdict(REFUSED, 0), 'Layer4 connection problem: Connection refused'],
  [
    'on its way down',
    checked,
    (server) =>
      [OK, REFUSED].forEach((verdict) => {
        server.setVerdict(verdict, 0);
      }),
    '1 of 3 checks failed: Layer4 connection problem: Connection refused',
  ],
  [
    'on its way up',
    checked,
    (server) =>
      [REFUSED, OK].forEach((verdict) => {
        server.setVerdict(verdict, 0);
      }),
    '1 of 2 checks passed on its way up',
  ],
  ['an operator by the Runtime API', {}, (server) => server.setAdmin('maint', 0), 'asked for by the Runtime API'],
  ['an operator on the page', {}, (server) => server.setAdmin('drain', 0, 'Web interface'), 'asked for on this page'],
  ['its agent', {}, (server) => server.setAdmin('maint', 0, 'agent'), 'asked for by its agent'],
  [
    'a state file',
    {},
    (server) => {
      server.admin |= Admin.ForcedMaint;
    },
    'asked for by an operator',
  ],
  ['the configuration', { disabled: true }, none, "'disabled' in the configuration"],
  [
    'a name',
    { address: undefined },
    (server) => {
      server.reason = 'name a.test does not resolve';
    },
    'name a.test does not resolve',
  ],
  ['a source that says it is down', {}, (server) => server.startAs('down', 'container is paused'), 'container is paused'],
  ['a source that says it is leaving', {}, (server) => server.startAs('drain', 'container is stopping'), 'container is stopping'],
  ['checks that are turned off', checked, (server) => server.enableCheck(false), 'its checks are turned off'],
  ['a weight of none', {}, (server) => server.setWeight(0, 0), 'weight 0: it takes nothing new'],
  [
    'slots that are taken',
    { maxconn: 2 },
    (server) => {
      server.scur = 2;
    },
    'all 2 slots are taken',
  ],
  [
    'a slow start',
    { ...checked, slowstart: 10_000 },
    (server) => {
      for (const verdict of [REFUSED, OK, OK]) server.setVerdict(verdict, 0);
    },
    'slow start: 7 % of its weight',
  ],
  [
    'a server that it tracks',
    { disabled: true },
    (server) => {
      server.admin = Admin.InheritedMaint;
      server.tracked = makeListen('app', [serverConfig('other')]).backend?.servers[0];
    },
    'follows app/other',
  ],
  [
    'told to be down',
    checked,
    (server) => {
      server.setVerdict(OK, 0);
      server.forceHealth('down', 0);
    },
    'told to be down',
  ],
];

for (const [name, changes, what, why] of CASES) {
  test(`why: ${name}`, () => {
    const [server] = makeListen('app', [serverConfig('w1', changes)]).backend?.servers ?? [];
    assert.ok(server);
    what(server);
    assert.equal(whyOf(server, 7), why);
  });
}
