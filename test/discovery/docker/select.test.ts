import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DockerSelector } from '../../../src/config/model.ts';
import { defaultPool, isOneOff, selects, serviceName } from '../../../src/discovery/docker/select.ts';
import { selector } from '../make.ts';
import { type ContainerTraits, container, id, net } from './make.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const compose = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
const swarm = { 'com.docker.swarm.service.name': 'shop_web', 'com.docker.stack.namespace': 'shop' };

describe('selectors', () => {
  const cases: readonly (readonly [what: string, Partial<DockerSelector>, ContainerTraits, boolean])[] = [
    ['no selector takes everything', {}, {}, true],
    ['an image as given', { image: 'eviking/mydockerapp' }, { image: 'eviking/mydockerapp' }, true],
    ['a repository takes :latest', { image: 'eviking/mydockerapp' }, { image: 'eviking/mydockerapp:latest' }, true],
    ['a repository takes any tag', { image: 'eviking/mydockerapp' }, { image: 'eviking/mydockerapp:1.2' }, true],
    ['a repository takes a digest', { image: 'app' }, { image: `app@${digest}` }, true],
    ['another repository', { image: 'eviking/mydockerapp' }, { image: 'eviking/mydockerapp2' }, false],
    ['the end of a repository is not it', { image: 'mydockerapp' }, { image: 'eviking/mydockerapp' }, false],
    ['a tag', { image: 'app:1' }, { image: 'app:1' }, true],
    ['another tag', { image: 'app:1' }, { image: 'app:2' }, false],
    ['latest is what no tag means', { image: 'app:latest' }, { image: 'app' }, true],
    ['no tag of an image by digest', { image: 'app:latest' }, { image: `app@${digest}` }, false],
    ['Docker Hub in full', { image: 'docker.io/library/nginx' }, { image: 'nginx:1.27' }, true],
    ["a registry's port is no tag", { image: 'reg.test:5000/app' }, { image: 'reg.test:5000/app:3' }, true],
    ['a digest', { image: `app@${digest}` }, { image: `app@${digest}` }, true],
    ['an image id', { image: `sha256:${id('f00')}` }, { imageId: `sha256:${id('f00')}` }, true],
    ['a short image id', { image: id('f00').slice(0, 12) }, { imageId: `sha256:${id('f00')}` }, true],
    ['a label with any value', { labels: [{ key: 'tier', value: undefined }] }, { labels: { tier: 'x' } }, true],
    ['a label with its value', { labels: [{ key: 'tier', value: 'web' }] }, { labels: { tier: 'web' } }, true],
    ['a label with another value', { labels: [{ key: 'tier', value: 'web' }] }, { labels: { tier: 'db' } }, false],
    ['a missing label', { labels: [{ key: 'tier', value: undefined }] }, {}, false],
    ['an empty value is a value', { labels: [{ key: 'tier', value: '' }] }, { labels: { tier: '' } }, true],
    ['a name', { name: 'web-1' }, { name: 'web-1' }, true],
    ['a name with a star', { name: 'web-*' }, { name: 'web-12' }, true],
    ['a star in the middle', { name: 'a*z' }, { name: 'abcz' }, true],
    ['a dot is a dot', { name: 'a.b' }, { name: 'axb' }, false],
    ['part of a name', { name: 'web' }, { name: 'web-1' }, false],
    ['a compose service', { service: 'web' }, { labels: compose }, true],
    ['another compose service', { service: 'db' }, { labels: compose }, false],
    ['a compose project', { project: 'shop' }, { labels: compose }, true],
    ['service and project', { service: 'web', project: 'blog' }, { labels: compose }, false],
    ['a Swarm service', { service: 'shop_web' }, { labels: swarm }, true],
    ['a Swarm service without its stack', { service: 'web', project: 'shop' }, { labels: swarm }, true],
    ["a container's name is no service", { service: 'web' }, { name: 'web' }, false],
    ['a network', { network: 'front' }, { networks: [net('front', '10.0.0.2')] }, true],
    ['a network as compose calls it', { network: 'front' }, { networks: [net('shop_front', '10.0.0.2')], labels: compose }, true],
    ['another network', { network: 'front' }, { networks: [net('back', '10.0.0.2')] }, false],
    ['all must match', { image: 'app', name: 'x' }, { image: 'app', name: 'y' }, false],
  ];
  for (const [what, wanted, traits, expected] of cases) {
    it(what, () => assert.equal(selects(selector(wanted), container('c', traits)), expected));
  }
});

describe('names of services', () => {
  it('come from compose, from Swarm, or are the name of the container', () => {
    assert.equal(defaultPool(container('a', { labels: compose })), 'web.shop');
    assert.equal(defaultPool(container('a', { labels: swarm })), 'shop_web');
    assert.equal(defaultPool(container('a')), 'a');
    assert.equal(serviceName(container('a', { labels: compose })), 'web');
    assert.equal(serviceName(container('a', { labels: swarm })), 'web');
    assert.equal(serviceName(container('a')), 'a');
  });

  it('a one-off container is one', () => {
    assert.equal(isOneOff(container('a', { labels: { 'com.docker.compose.oneoff': 'True' } })), true);
    assert.equal(isOneOff(container('a', { labels: { 'com.docker.compose.oneoff': 'False' } })), false);
    assert.equal(isOneOff(container('a')), false);
  });
});
