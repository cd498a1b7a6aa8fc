/** The examples with containers do what their READMEs say, over images that need no registry. */

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { appImage, balancerImage, buildBalancer, compose, socketPath } from '../support/docker.ts';
import { root } from '../support/paths.ts';
import { until } from '../support/wait.ts';

const port = 18080;

/** What a user of the examples would export. */
const settings = () => ({
  FAIRLEAD_IMAGE: balancerImage,
  APP_IMAGE: appImage,
  PORT: String(port),
  DOCKER_SOCKET_DIR: dirname(socketPath()),
  DOCKER_GID: String(statSync(socketPath()).gid),
});

const hostname = async (host: string): Promise<string | undefined> => {
  const answer = await ask(port, { headers: { host } });
  return answer.status === 200 ? JSON.parse(answer.body).hostname : undefined;
};

/** Waits until exactly `count` containers take requests for `host` in turn. */
const spreadsOver = (host: string, count: number): Promise<true> =>
  until(
    `${count} containers answer for ${host}`,
    async () => {
      const seen = new Set<string | undefined>();
      for (let request = 0; request < 2 * count + 2; request++) seen.add(await hostname(host));
      return seen.size === count && !seen.has(undefined);
    },
    30_000,
  );

function example(name: string, story: (up: (...args: readonly string[]) => Promise<string>) => void): void {
  describe(`examples/${name}`, () => {
    const file = join(root, 'examples', name, 'compose.yml');
    const run = (...args: readonly string[]) => compose(file, `fairlead-${name}`, ...args);
    before(() => {
      Object.assign(process.env, settings());
      buildBalancer();
    });
    after(() => run('down', '-t', '1'));
    story((...args) => run('up', '-d', ...args));
  });
}

example('docker-servers', (up) => {
  it('follows the service as it is scaled', async () => {
    await up('--scale', 'app=2');
    await spreadsOver('anything.localhost', 2);
    await up('--scale', 'app=3');
    await spreadsOver('anything.localhost', 3);
    await up('--scale', 'app=1');
    await spreadsOver('anything.localhost', 1);
  });
});

example('docker-routes', (up) => {
  it('routes hosts to the services that name them', async () => {
    await up('--scale', 'shop=2');
    await spreadsOver('shop.localhost', 2);
    await spreadsOver('blog.localhost', 1);
    assert.notEqual(await hostname('blog.localhost'), await hostname('www.shop.localhost'));
  });
});
