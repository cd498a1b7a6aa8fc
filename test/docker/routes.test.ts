/** Containers that say by labels which hosts they serve, and the built-in configuration that an image without a file runs. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Answer, ask } from '../support/client.ts';
import { addressOf, appImage, balancerImage, docker, engineAccess, logsOf, removeContainers, shortId } from '../support/docker.ts';
import { until } from '../support/wait.ts';

const config = `
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend www
    bind *:80
    docker-routes
`;

const containers = ['blog', 'shop-1', 'shop-2', 'shop-static', 'hidden', 'routes-lb', 'plain-lb'];

describe('routing by the labels of containers', () => {
  let folder: string;
  let balancer: string;

  const runApp = (name: string, labels: Readonly<Record<string, string>>) =>
    docker(
      'run',
      '-d',
      '--name',
      name,
      ...Object.entries(labels).flatMap(([key, value]) => ['--label', `fairlead.${key}=${value}`]),
      appImage,
    );
  const get = (host: string, path = '/', address = balancer): Promise<Answer> => ask(80, { host: address, path, headers: { host } });
  const answering = async (host: string, path = '/', address = balancer): Promise<string | undefined> => {
    const answer = await get(host, path, address);
    return answer.status === 200 ? JSON.parse(answer.body).hostname : undefined;
  };
  const routed = (host: string, container: string, path = '/', address = balancer): Promise<true> =>
    until(`${host}${path} goes to ${container}`, async () => (await answering(host, path, address)) === shortId(container), 30_000).catch(
      (error: unknown) => {
        throw new Error(`the balancers wrote:\n${logsOf('routes-lb')}\n${logsOf('plain-lb')}`, { cause: error });
      },
    );

  before(() => {
    removeContainers(...containers);
    folder = mkdtempSync(join(tmpdir(), 'fairlead-routes-'));
    writeFileSync(join(folder, 'haproxy.cfg'), config, { mode: 0o644 });
    const mount = `${join(folder, 'haproxy.cfg')}:/usr/local/etc/haproxy/haproxy.cfg:ro`;
    docker('run', '-d', '--name', 'routes-lb', '-v', mount, ...engineAccess(), balancerImage);
    balancer = addressOf('routes-lb');
  });

  after(() => {
    removeContainers(...containers);
    rmSync(folder, { recursive: true, force: true });
  });

  it('sends each host to the container that names it', async () => {
    runApp('blog', { host: 'blog.example.test' });
    runApp('shop-1', { host: 'shop.example.test,www.shop.example.test', service: 'shop' });
    await routed('blog.example.test', 'blog');
    await routed('shop.example.test', 'shop-1');
    await routed('www.shop.example.test', 'shop-1');
  });

  it('balances containers of one service', async () => {
    runApp('shop-2', { host: 'shop.example.test,www.shop.example.test', service: 'shop' });
    await routed('shop.example.test', 'shop-2');
    const seen = [await answering('shop.example.test'), await answering('shop.example.test')];
    assert.deepEqual(seen.sort(), ['shop-1', 'shop-2'].map(shortId).sort());
  });

  it('prefers the longer path', async () => {
    runApp('shop-static', { host: 'shop.example.test', path: '/static', service: 'shop-static' });
    await routed('shop.example.test', 'shop-static', '/static/logo.svg');
    assert.notEqual(await answering('shop.example.test', '/staticky'), shortId('shop-static'));
  });

  it('leaves out a container that says no', async () => {
    runApp('hidden', { host: 'blog.example.test', enable: 'false' });
    const seen = new Set<string | undefined>();
    for (let request = 0; request < 6; request++) seen.add(await answering('blog.example.test'));
    assert.deepEqual([...seen], [shortId('blog')]);
  });

  it('answers 503 and not 404 for a known host without servers', async () => {
    docker('stop', 'blog');
    await until('the host has no server', async () => (await get('blog.example.test')).status === 503, 30_000);
    docker('start', 'blog');
    await routed('blog.example.test', 'blog');
  });

  it('runs a built-in configuration with the same labels where none is mounted', async () => {
    docker('run', '-d', '--name', 'plain-lb', ...engineAccess(), balancerImage);
    await routed('blog.example.test', 'blog', '/', addressOf('plain-lb'));
  });

  /** As people ask for it: by the program in the balancer's container. */
  const explain = (lb: string, asked: string): string => docker('exec', lb, 'sh', '-c', `fairlead explain ${asked}; echo "exit code $?"`);

  it('says in the container why something is routed or not: the built-in configuration has a socket for it', () => {
    const blog = explain('plain-lb', 'blog');
    assert.match(blog, /^container blog \(\w+\) is routed; eviking\/mydockerapp, running, docker$/m);
    assert.match(blog, /docker-routes of 'http-in': no check; server \w+ of backend blog, [\d.]+:8089 \(network bridge\)$/m);
    assert.match(blog, /^exit code 0$/m);
    assert.doesNotMatch(blog, /no running balancer/);
    const hidden = explain('plain-lb', 'hidden');
    assert.match(hidden, /is not used: label fairlead\.enable=false/);
    assert.match(hidden, /^exit code 1$/m);
    assert.match(explain('plain-lb', 'plain-lb'), /it is Fairlead itself, which is never a server/);
    assert.match(explain('plain-lb', 'shop.example.test/static/x'), /route shop\.example\.test\/static of container shop-static/);
  });

  it('says so without a socket, too, by asking the configuration and the engine', () => {
    const told = explain('routes-lb', 'blog.example.test');
    assert.match(told, /^no running balancer was asked/);
    assert.match(told, /route blog\.example\.test\/ of container blog/);
    assert.match(told, /^exit code 0$/m);
  });
});
