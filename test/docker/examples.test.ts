/** The examples with containers do what their READMEs say, over images that need no registry. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { appImage, balancerImage, baseImage, compose, dockerAsync, socketPath } from '../support/docker.ts';
import { root } from '../support/paths.ts';
import { until } from '../support/wait.ts';

const port = 18080;

/** What a user of the examples would export. */
const settings = () => ({
  FAIRLEAD_IMAGE: balancerImage,
  APP_IMAGE: appImage,
  CLIENT_IMAGE: baseImage,
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
    });
    after(() => run('down', '-t', '0'));
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

example('dev-server', (up) => {
  it('serves the hosts that containers claim, and everything else itself', async (test) => {
    await up('--scale', 'shop=2');
    const env = { ...process.env, PORT: String(port), DOCKER_HOST: `unix://${socketPath()}` };
    const server = spawn(process.execPath, [join(root, 'examples', 'dev-server', 'server.mjs')], { env, stdio: 'ignore' });
    test.after(() => server.kill());
    await spreadsOver('shop.localhost', 2);
    await spreadsOver('blog.localhost', 1);
    assert.match((await ask(port)).body, /^The development server's own page\./);
  });
});

describe('examples/internal-balancing', () => {
  const folder = join(root, 'examples', 'internal-balancing');
  const balancer = (...args: readonly string[]) => compose(join(folder, 'compose.yml'), 'fairlead-mesh', ...args);
  /** A version of the application. */
  const line = (name: string) => {
    const run = (...args: readonly string[]) => {
      process.env.PROD_LINE = name;
      return compose(join(folder, 'app.yml'), name, ...args);
    };
    const ids = async (service: string) => (await run('ps', '-q', service)).split('\n').map((id) => id.slice(0, 12));
    /** Who answers a container of this version that asks for `stock` of another one. */
    const answers = async (other: string): Promise<string> => {
      const [caller = ''] = await ids('shop');
      const requests = Array.from({ length: 6 }, () => `wget -qO- http://stock.${other}/`).join(' && ');
      const bodies = await dockerAsync('exec', caller, 'sh', '-c', requests).catch(() => '');
      return [...new Set([...bodies.matchAll(/"hostname":"(\w+)"/g)].map(([, hostname]) => hostname))].sort().join();
    };
    return {
      up: (count: number) => run('up', '-d', '--scale', `stock=${count}`),
      down: () => run('down', '-t', '0'),
      reaches: (other: string, stock: () => Promise<readonly string[]>) =>
        until(`${name} reaches stock.${other}`, async () => (await answers(other)) === [...(await stock())].sort().join(), 30_000),
      stock: () => ids('stock'),
    };
  };
  const prod = line('prod');
  const next = line('next');

  before(async () => {
    Object.assign(process.env, settings());
    await balancer('up', '-d');
  });
  after(async () => {
    await next.down();
    await prod.down();
    await balancer('down', '-t', '0');
  });

  it('lets containers reach a service by its short name, each version its own', async () => {
    await prod.up(2);
    await prod.reaches('prod', prod.stock);
    await next.up(1);
    await next.reaches('next', next.stock);
    await prod.reaches('prod', prod.stock);
    // An alias of the balancer's own, which nobody has to ask for.
    await next.reaches('prod', prod.stock);
  });

  it('follows the service as it is scaled', async () => {
    await next.up(3);
    assert.equal((await next.stock()).length, 3);
    await next.reaches('next', next.stock);
  });
});
