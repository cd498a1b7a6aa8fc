/**
 * Balancing the containers of one image, as Jonah did it with `docker inspect | node HAproxyGen.js` and a restart per change.
 * His template as it stands, one line more, and nothing to restart. The steps build on each other.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Answer, ask } from '../support/client.ts';
import {
  addressOf,
  appImage,
  balancerImage,
  compose,
  docker,
  dockerAsync,
  engineAccess,
  logsOf,
  removeContainers,
  shortId,
} from '../support/docker.ts';
import { underLoad } from '../support/load.ts';
import { readStats, rowOf, type StatsRow, serverNames, servers, sum } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const template = `
   global
        #daemon
        maxconn 256

    defaults
        mode http
        timeout connect 5000ms
        timeout client 50000ms
        timeout server 50000ms

    listen http-in
    bind *:80
    stats enable
    stats hide-version
    stats scope   .
    stats uri     /admin?stats
    stats realm   Haproxy\\ Statistics
    stats auth    admin:joypass123
`;
const config = `${template}\n    docker-servers image=eviking/mydockerapp\n`;

const composeFile = `
version: '2.4'
services:
  app:
    image: ${appImage}
    stop_grace_period: 10s
`;

/** The first columns of the statistics, as HAProxy 1.5 wrote them and its consumers expect them. */
const oldColumns = '# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,';

const containers = ['myApp', 'myApp2', 'myApp3', 'lb'];
const project = 'fairleadjonah';

describe('balancing the containers of an image', () => {
  let folder: string;
  let balancer: string;
  let startedAt: string;

  const curl = (path = '/'): Promise<Answer> => ask(80, { host: balancer, path });
  const hostname = async (): Promise<string> => JSON.parse((await curl()).body).hostname;
  const stats = (): Promise<readonly StatsRow[]> => readStats(80, { host: balancer, uri: '/admin?stats', auth: 'admin:joypass123' });
  const pool = async (): Promise<string[]> => serverNames(await stats(), 'http-in').sort();
  const poolBecomes = (names: readonly string[]): Promise<true> =>
    until(`the pool is ${names.join(' ')}`, async () => (await pool()).join() === [...names].sort().join(), 30_000);
  /** A container is a server before its process listens. */
  const takeTurns = (count: number): Promise<true> =>
    until(`${count} take turns`, async () => {
      const seen = new Set<string>();
      for (let request = 0; request < count; request++) seen.add(await hostname());
      return seen.size === count;
    });
  const inspectBalancer = (format: string): string => docker('inspect', '--format', format, 'lb');
  const inProject = (...args: readonly string[]): Promise<string> => compose(join(folder, 'docker-compose.yml'), project, ...args);
  const scale = (count: number): Promise<string> => inProject('up', '-d', '--scale', `app=${count}`);
  const projectIds = async (): Promise<string[]> => (await inProject('ps', '-q')).split('\n').map((id) => id.slice(0, 12));

  before(async () => {
    removeContainers(...containers);
    folder = mkdtempSync(join(tmpdir(), 'fairlead-jonah-'));
    writeFileSync(join(folder, 'haproxy.cfg'), config, { mode: 0o644 });
    writeFileSync(join(folder, 'docker-compose.yml'), composeFile);
    docker('run', '-d', '--name=myApp', appImage);
    docker('run', '-d', '-p', '8088:8089', '--name=myApp2', appImage);
    const mount = `${join(folder, 'haproxy.cfg')}:/usr/local/etc/haproxy/haproxy.cfg`;
    docker('run', '-d', '-v', mount, '--name', 'lb', ...engineAccess(), balancerImage);
    balancer = addressOf('lb');
    startedAt = inspectBalancer('{{ .State.StartedAt }}');
    await poolBecomes(['myApp', 'myApp2'].map(shortId)).catch((error: unknown) => {
      throw new Error(`the balancer wrote:\n${logsOf('lb')}`, { cause: error });
    });
    await takeTurns(2);
  });

  after(async () => {
    await inProject('down', '-t', '0');
    removeContainers(...containers);
    rmSync(folder, { recursive: true, force: true });
  });

  it('curl alternates between the two hostnames', async () => {
    const seen = [await hostname(), await hostname(), await hostname(), await hostname()];
    assert.deepEqual([...new Set(seen)].sort(), ['myApp', 'myApp2'].map(shortId).sort());
    assert.equal(seen[0], seen[2]);
    assert.equal(seen[1], seen[3]);
  });

  it('counts every request once: servers, backend and what was asked add up', async () => {
    const earlier = await stats();
    for (let request = 0; request < 10; request++) await curl();
    const now = await stats();
    const grown = (pick: (rows: readonly StatsRow[]) => number) => pick(now) - pick(earlier);
    for (const name of ['myApp', 'myApp2'].map(shortId)) {
      assert.equal(
        grown((rows) => Number(rowOf(rows, 'http-in', name).stot)),
        5,
      );
    }
    for (const column of ['stot', 'hrsp_2xx', 'lbtot']) {
      assert.equal(
        grown((rows) => sum(servers(rows, 'http-in'), column)),
        10,
        column,
      );
    }
    const backend = rowOf(now, 'http-in', 'BACKEND');
    assert.equal(sum(servers(now, 'http-in'), 'lbtot'), Number(backend.lbtot));
    assert.equal(backend.act, '2');
    for (const row of servers(now, 'http-in')) assert.deepEqual([row.slim, row.status], ['', 'no check']);
  });

  it('writes the columns in the order that consumers of the CSV know', async () => {
    const answer = await ask(80, { host: balancer, path: '/admin?stats;csv', auth: 'admin:joypass123' });
    assert.ok(answer.body.startsWith(oldColumns), answer.body.slice(0, 200));
  });

  it('asks for a password, under the realm of the configuration', async () => {
    for (const auth of [undefined, 'admin:wrong']) {
      const answer = await ask(80, { host: balancer, path: '/admin?stats;csv', ...(auth === undefined ? {} : { auth }) });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers['www-authenticate'], 'Basic realm="Haproxy Statistics"');
    }
  });

  it('takes in a third container without a restart, and keeps the counters of the others', async () => {
    const earlier = await stats();
    docker('run', '-d', '--name=myApp3', appImage);
    await poolBecomes(['myApp', 'myApp2', 'myApp3'].map(shortId));
    await takeTurns(3);
    const now = await stats();
    for (const name of ['myApp', 'myApp2'].map(shortId)) {
      assert.ok(Number(rowOf(now, 'http-in', name).stot) > Number(rowOf(earlier, 'http-in', name).stot));
    }
    assert.equal(inspectBalancer('{{ .State.StartedAt }}'), startedAt);
  });

  it('loses no request when a container stops under load', async () => {
    const outcomes = await underLoad(
      () => curl('/slow'),
      async (load) => {
        await load.more(40);
        await dockerAsync('stop', 'myApp2');
        await load.more(40);
      },
    );
    assert.deepEqual(Object.keys(outcomes), ['200'], JSON.stringify(outcomes));
    await poolBecomes(['myApp', 'myApp3'].map(shortId));
  });

  it('follows docker-compose up --scale in both directions, and loses no request over it', async () => {
    const own = ['myApp', 'myApp3'].map(shortId);
    const outcomes = await underLoad(
      () => curl('/slow'),
      async (load) => {
        await scale(3);
        assert.equal((await projectIds()).length, 3);
        await poolBecomes([...own, ...(await projectIds())]);
        await load.more(40);
        await scale(1);
        assert.equal((await projectIds()).length, 1);
        await poolBecomes([...own, ...(await projectIds())]);
        await load.more(40);
      },
    );
    assert.deepEqual(Object.keys(outcomes), ['200'], JSON.stringify(outcomes));
  });

  it('is healthy in the eyes of its HEALTHCHECK, and not root', async () => {
    await until('Docker calls it healthy', () => inspectBalancer('{{ .State.Health.Status }}') === 'healthy', 40_000);
    assert.equal(docker('exec', 'lb', 'id', '-u'), '1000');
  });

  it('docker stop ends it at once and cleanly when nothing is in flight', () => {
    docker('stop', 'lb');
    assert.equal(inspectBalancer('{{ .State.ExitCode }}'), '0', logsOf('lb'));
  });
});
