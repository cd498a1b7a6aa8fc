/**
 * camptocamp's demo, without its Consul, registrator and consul-template: its compose files as they stand, but for the
 * application's port and shorter intervals, and what its README lets people see. The steps build on each other.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { appImage, compose, docker, dockerAsync } from '../support/docker.ts';
import { Fairlead } from '../support/fairlead.ts';
import { readStats, type StatsRow, servers } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const config = `
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend http
    bind 127.0.0.1:0
    stats enable
    stats uri /admin?stats
    docker-routes domain=127.0.0.1.nip.io compat camptocamp,registrator
`;

const hello = `
version: '2.4'
services:
  web:
    image: ${appImage}
    environment:
      SERVICE_NAME: 'www_hello'
      SERVICE_CHECK_HTTP: '/'
      SERVICE_CHECK_INTERVAL: '500ms'
    ports:
      - "8089"
`;

const hello2 = `
version: '2.4'
services:
  web2:
    image: ${appImage}
    environment:
      SERVICE_NAME: 'www_world_dev'
      SERVICE_CHECK_HTTP: '/'
      SERVICE_CHECK_INTERVAL: '500ms'
      SERVICE_TAGS: 'sticky_session,public_ipaddress=128.1.2.3,server_alias=hello.home.127.0.0.1.nip.io'
`;

const project = 'fairleadcamptocamp';

describe("camptocamp's demo", { timeout: 120_000 }, () => {
  let folder: string;
  let fairlead: Fairlead;

  const inProject = (file: string, ...args: readonly string[]) => compose(join(folder, file), project, ...args);
  const get = (host: string, headers: Readonly<Record<string, string>> = {}) =>
    ask(fairlead.port('http'), { headers: { host: `${host}.127.0.0.1.nip.io`, ...headers } });
  const hostname = async (host: string): Promise<string> => {
    const { status, body } = await get(host);
    return status === 200 ? JSON.parse(body).hostname : String(status);
  };
  const seen = async (host: string): Promise<string[]> => {
    const names = new Set<string>();
    for (let request = 0; request < 6; request++) names.add(await hostname(host));
    return [...names].sort();
  };
  const rows = async (pool: string): Promise<readonly StatsRow[]> =>
    servers(await readStats(fairlead.port('http'), { uri: '/admin?stats' }), pool);
  const containers = (service: string, number = '') => {
    const filters = [`project=${project}`, `service=${service}`, ...(number === '' ? [] : [`container-number=${number}`])];
    const words = filters.flatMap((filter) => ['--filter', `label=com.docker.compose.${filter}`]);
    return docker('ps', '--quiet', ...words)
      .split('\n')
      .sort();
  };
  const answer = (host: string, names: () => readonly string[]): Promise<true> =>
    until(`${host} is answered by ${names().join(' ')}`, async () => (await seen(host)).join() === names().join(), 30_000).catch(
      (error: unknown) => {
        throw new Error(`the balancer wrote:\n${fairlead.output}`, { cause: error });
      },
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-camptocamp-'));
    writeFileSync(join(folder, 'docker-compose.yml'), hello);
    writeFileSync(join(folder, 'hello2.yml'), hello2);
    fairlead = await Fairlead.start(config);
  });

  after(async () => {
    await fairlead?.stop();
    await inProject('docker-compose.yml', 'down', '-t', '0', '--remove-orphans');
    rmSync(folder, { recursive: true, force: true });
  });

  it('is reached by its name, with dots for underscores, under the domain and without', async () => {
    await inProject('docker-compose.yml', 'up', '-d');
    await answer('www.hello', () => containers('web'));
    assert.equal((await ask(fairlead.port('http'), { headers: { host: 'www.hello' } })).status, 200);
    assert.equal((await get('www.world')).status, 404);
  });

  it('has another node after scale, and the page changes its ID', async () => {
    await inProject('docker-compose.yml', 'scale', 'web=2');
    assert.equal(containers('web').length, 2);
    await answer('www.hello', () => containers('web'));
    assert.equal((await rows('www_hello')).length, 2);
  });

  it('goes on with two of three when one is sick, and shows it in error', async () => {
    await inProject('docker-compose.yml', 'scale', 'web=3');
    await answer('www.hello', () => containers('web'));
    const [sick = ''] = containers('web', '2');
    await dockerAsync('exec', sick, 'kill', '-USR2', '1');
    const well = containers('web').filter((id) => id !== sick);
    const inError = async () => {
      const row = (await rows('www_hello')).find(({ svname }) => svname === sick);
      return row?.status === 'DOWN' && row.check_status === 'L7STS' && row.check_code === '502';
    };
    await until('it is shown in error', inError, 30_000);
    assert.deepEqual(await seen('www.hello'), well);
  });

  it('is three again when the sick one is removed, and scaled again', async () => {
    docker('rm', '-f', containers('web', '2')[0] ?? '');
    await inProject('docker-compose.yml', 'scale', 'web=3');
    await answer('www.hello', () => containers('web'));
    assert.equal(containers('web').length, 3);
  });

  it('has a second application by tags: its alias, and one server for each client', async () => {
    await inProject('hello2.yml', 'up', '-d', '--scale', 'web2=2');
    for (const host of ['www.world.dev', 'hello.home']) await answer(host, () => containers('web2'));
    const first = await get('hello.home');
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    const { hostname: own } = JSON.parse(first.body);
    for (let request = 0; request < 4; request++) {
      assert.equal(JSON.parse((await get('hello.home', { cookie })).body).hostname, own);
    }
    await answer('www.hello', () => containers('web'));
  });
});
