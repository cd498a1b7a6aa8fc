import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { EventLog } from '../src/core/log.ts';
import { type Prepared, prepare } from '../src/prepare.ts';
import { type Survey, survey } from '../src/survey.ts';
import { FakeEngine } from './discovery/docker/fake-engine.ts';
import { until } from './support/wait.ts';

const silent: EventLog = { event: () => {} };
const surroundings = { env: {}, self: { hostname: 'here' }, events: silent };

let engine: FakeEngine;

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
});

afterEach(() => engine.dispose());

function prepared(endpoint: string): Prepared {
  const text = `docker one\n    endpoint ${endpoint}\nbackend app\n    docker-servers image=eviking/mydockerapp\n`;
  const { prepared, diagnostics } = prepare({ kind: 'text', text, name: 'test' }, { env: {} });
  assert.ok(prepared !== undefined, diagnostics.map(({ message }) => message).join('\n'));
  return prepared;
}

const addresses = ({ store }: Survey) => store.state.backends.get('app')?.servers.map(({ config: { address } }) => address);

describe('a survey', () => {
  it('sees what the sources know, as a balancer would', async () => {
    engine.run('one');
    const seen = await survey(prepared(engine.endpoint), surroundings, 10_000, (found) => {
      return [found.missing, addresses(found), found.sources.reports().map(({ name, uses }) => `${name} ${uses.length}`)];
    });
    assert.deepEqual(seen, [[], ['172.17.0.2'], ['one 1']]);
  });

  it('goes without a source that does not answer, and says which', async () => {
    const seen = await survey(prepared('unix:///nowhere/docker.sock'), surroundings, 50, (found) => [found.missing, addresses(found)]);
    assert.deepEqual(seen, [['docker/one'], []]);
  });

  it('lets go of its sources when it has been looked at, well or not', async () => {
    const mistake = new Error('mistake');
    const failing = survey(prepared(engine.endpoint), surroundings, 10_000, () => {
      throw mistake;
    });
    await assert.rejects(failing, mistake);
    await until('nobody listens to the engine', () => engine.subscribers === 0);
  });
});
