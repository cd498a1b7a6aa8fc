/**
 * Balancing by container names on a user-defined network, as vSphere Integrated Containers' example script does it:
 * a configuration of `server serverN web-N:80` lines, copied into a balancer on two networks before it starts.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { addressOf, appImage, balancerImage, docker, logsOf, removeContainers, removeNetwork, shortId } from '../support/docker.ts';
import { until } from '../support/wait.ts';

const servers = [1, 2, 3];

/** What the script's `echo -e` writes: tabs, one server per container, and not a word about how to resolve names. */
const config = `global
\tmaxconn 256
\tlog 127.0.0.1:514 local0
defaults
\tmode http
\ttimeout connect 5000ms
\ttimeout client 50000ms
\ttimeout server 5000ms
\tlog global
frontend http-in
\tbind *:80
\tdefault_backend servers
backend servers
${servers.map((number) => `\tserver server${number} web-${number}:80 maxconn 32\n`).join('')}`;

describe('balancing containers by their names on a network', () => {
  let folder: string;
  let balancer: string;
  const runWeb = (number: number) => docker('run', '-d', '-e', 'PORT=80', '--name', `web-${number}`, '--net', 'web-net', appImage);
  const hostname = async (): Promise<string> => JSON.parse((await ask(80, { host: balancer })).body).hostname;
  const hostnames = async (count: number): Promise<Set<string>> => {
    const seen = new Set<string>();
    for (let request = 0; request < count; request++) seen.add(await hostname());
    return seen;
  };

  function removeAll(): void {
    removeContainers('web-lb', 'placeholder', ...servers.map((number) => `web-${number}`));
    removeNetwork('web-net');
    removeNetwork('routable');
  }

  before(async () => {
    removeAll();
    folder = mkdtempSync(join(tmpdir(), 'fairlead-vic-'));
    writeFileSync(join(folder, 'haproxy.cfg'), config, { mode: 0o644 });
    docker('network', 'create', 'web-net');
    docker('network', 'create', 'routable');
    for (const number of servers) runWeb(number);
    docker('create', '--name', 'web-lb', '--net', 'routable', balancerImage);
    docker('network', 'connect', 'web-net', 'web-lb');
    docker('cp', join(folder, 'haproxy.cfg'), 'web-lb:/usr/local/etc/haproxy/haproxy.cfg');
    docker('start', 'web-lb');
    balancer = addressOf('web-lb', 'routable');
    await until('the balancer answers', async () => (await ask(80, { host: balancer })).status === 200, 30_000).catch((error: unknown) => {
      throw new Error(`the balancer wrote:\n${logsOf('web-lb')}`, { cause: error });
    });
  });

  after(() => {
    removeAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes the containers in turn', async () => {
    assert.deepEqual([...(await hostnames(6))].sort(), servers.map((number) => shortId(`web-${number}`)).sort());
  });

  it('follows a container that is made anew with another address', async () => {
    const before = addressOf('web-1', 'web-net');
    removeContainers('web-1');
    // Somebody else gets the address, so that the new container cannot.
    docker('run', '-d', '--name', 'placeholder', '--net', 'web-net', appImage);
    runWeb(1);
    assert.notEqual(addressOf('web-1', 'web-net'), before);
    await until('the new container answers', async () => (await hostnames(6)).has(shortId('web-1')), 60_000);
    await until(
      'all three answer and nobody else',
      async () => {
        const seen = await hostnames(6);
        return seen.size === 3 && !seen.has(shortId('placeholder'));
      },
      60_000,
    );
  });
});
