/** What there is to explain, made of a configuration's text and containers: nothing serves. */

import assert from 'node:assert/strict';
import type { Container } from '../../src/discovery/docker/container.ts';
import { dockerReport } from '../../src/discovery/docker/report.ts';
import { dockerSnapshot } from '../../src/discovery/docker/snapshot.ts';
import { explain } from '../../src/explain/ask.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import { linesOf } from '../../src/explain/text.ts';
import type { World } from '../../src/explain/world.ts';
import { worldOf as explainedWorld } from '../../src/explained.ts';
import { prepare } from '../../src/prepare.ts';
import { desire } from '../../src/state/desired.ts';
import { view } from '../discovery/docker/make.ts';

/** Without `containers` the engine has not answered yet. */
export function worldOf(text: string, containers?: readonly Container[]): World {
  const { prepared, diagnostics } = prepare({ kind: 'text', text, name: 'haproxy.cfg' }, { env: {} });
  assert.ok(prepared !== undefined, diagnostics.map(({ message }) => message).join('\n'));
  const { config } = prepared;
  const input = { source: 'docker', view: view(containers ?? []), config, self: { hostname: 'here' }, platform: 'linux' };
  const snapshots = new Map(containers === undefined ? [] : [['docker', dockerSnapshot(input)] as const]);
  const sources = {
    names: ['docker'],
    troubleOf: () => '',
    reports: () => (containers === undefined ? [] : dockerReport(input)),
  };
  return explainedWorld(prepared, { state: desire(config, snapshots), sources: snapshots }, sources, undefined);
}

/** As it comes out of JSON. */
export function ask(world: World, asked: string): Explanation {
  return JSON.parse(JSON.stringify(explain(world, asked))) as Explanation;
}

export function textOf(explanation: Explanation): string {
  const lines = [...linesOf(explanation)];
  for (const line of lines) assert.match(line, /^[^\n]+\n$/, 'a line is a line, and none is empty');
  return lines.join('');
}
