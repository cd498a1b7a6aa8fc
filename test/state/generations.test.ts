import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerOrigin, RolloutMode } from '../../src/config/model.ts';
import type { DiscoveredServer } from '../../src/discovery/provider.ts';
import { withGenerations } from '../../src/state/generations.ts';
import { serverConfig } from '../support/config.ts';

const HASH = 'com.docker.compose.config-hash';
const SERVICE = 'com.docker.swarm.service.name';

function server(origin: Partial<Omit<ContainerOrigin, 'labels'>>, labels: Readonly<Record<string, string>> = {}): DiscoveredServer {
  const facts = { id: 'i', name: 'n', image: 'app:1', imageId: 'sha256:1', created: 7 };
  const container: ContainerOrigin = { ...facts, ...origin, labels: new Map(Object.entries(labels)) };
  return { config: serverConfig('s', { container }), state: 'ready', reason: '' };
}

const keyOf = (one: DiscoveredServer, mode: RolloutMode | undefined) => withGenerations([one], mode)[0]?.config.generation?.key;

describe('the generation of a container', () => {
  const cases: readonly (readonly [what: string, one: DiscoveredServer, config: string, image: string])[] = [
    ['of docker-compose', server({}, { [HASH]: 'abc' }), 'abc', 'sha256:1'],
    ['that was made otherwise', server({}), 'sha256:1', 'sha256:1'],
    [
      'of a Swarm, whose id may not be known',
      server({ image: 'app:1@sha256:9' }, { [SERVICE]: 'app' }),
      'app:1@sha256:9',
      'app:1@sha256:9',
    ],
  ];
  for (const [what, one, config, image] of cases) {
    it(what, () => {
      assert.equal(keyOf(one, 'config'), config);
      assert.equal(keyOf(one, 'image'), image);
      assert.equal(keyOf(one, 'off'), undefined);
      assert.equal(keyOf(one, undefined), undefined);
    });
  }

  it('is as old as the container, and the server with it the same object as long as it is the same', () => {
    const one = server({});
    assert.equal(withGenerations([one], 'image')[0]?.config.generation?.created, 7);
    assert.equal(withGenerations([one], 'image')[0], withGenerations([one], 'image')[0]);
  });
});
