/**
 * No request is lost while containers come, go, restart, get sick or move: closed loops of requests while all of it happens.
 *
 * The balancer runs on the engine's machine, behind a socket proxy that lets nothing through but what it needs and cuts what
 * is quiet. Wherever one healthy container exists, every GET must be answered. A POST may be lost with the container that it was
 * sent to: killed, or closing its kept connections in the very moment in which it was told to stop.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { losesNothing, type Phase } from '../support/closed-loop.ts';
import { appImage, compose, docker, dockerAsync, removeContainers, removeNetwork, shortId, socketPath } from '../support/docker.ts';
import { Fairlead } from '../support/fairlead.ts';
import { type SocketProxy, startSocketProxy } from '../support/socket-proxy.ts';
import { readStats, servers } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const project = 'fairleadchanges';
const network = 'fairlead-changes';
const name = 'app.test';
const pool = 'changes';

const config = `
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 30s
    timeout tunnel 1h
frontend www
    bind 127.0.0.1:0
    stats enable
    stats uri /admin?stats
    docker-routes opt-in
`;

const labels = { 'fairlead.enable': 'true', 'fairlead.host': name, 'fairlead.service': pool };

const composeFile = `
version: '2.4'
services:
  app:
    image: ${appImage}
    labels: ${JSON.stringify(labels)}
networks:
  default:
    external: true
    name: ${network}
`;

/** Quiet streams are cut after it, ms: often enough that it happens all through. */
const QUIET = 1500;

describe('no request is lost', { timeout: 170_000 }, () => {
  let folder: string;
  let proxy: SocketProxy;
  let fairlead: Fairlead;
  let port: number;
  const own: string[] = [];

  const inProject = (...args: readonly string[]) => compose(join(folder, 'docker-compose.yml'), project, ...args);
  const up = (count: number, ...args: readonly string[]) => inProject('up', '-d', '--scale', `app=${count}`, ...args);
  const projectIds = async () => (await inProject('ps', '-q')).split('\n').filter((id) => id !== '');

  /** Name -> status, of the servers that the balancer knows. */
  const statuses = async () => {
    const rows = await readStats(port, { uri: '/admin?stats' });
    return new Map(servers(rows, pool).map((row) => [row.svname ?? '', row.status ?? '']));
  };
  const becomes = (what: string, condition: (statuses: ReadonlyMap<string, string>) => boolean) =>
    until(what, async () => condition(await statuses()), 30_000).catch(async (error: unknown) => {
      throw new Error(`there are ${JSON.stringify([...(await statuses())])}; the balancer wrote:\n${fairlead.output}`, { cause: error });
    });
  /** Its process answers, and the balancer has it as ready. */
  const serves = async (container: string) => {
    const format = `{{ range .NetworkSettings.Networks }}{{ .IPAddress }}{{ end }}`;
    const answers = async () => {
      const host = await dockerAsync('inspect', '--format', format, container);
      return host !== '' && (await ask(8089, { host })).status === 200;
    };
    await until(`${container} answers`, answers, 30_000);
    const id = shortId(container);
    await becomes(`${container} is a server`, (all) => all.get(id) === 'no check');
  };
  const run = async (container: string, ...options: readonly string[]) => {
    own.push(container);
    const words = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await dockerAsync('run', '-d', '--name', container, '--network', network, ...words, ...options, appImage);
    await serves(container);
  };

  before(async () => {
    removeContainers('one', 'two', 'three', 'four', 'sick', 'still');
    removeNetwork(network);
    folder = mkdtempSync(join(tmpdir(), 'fairlead-changes-'));
    writeFileSync(join(folder, 'docker-compose.yml'), composeFile);
    docker('network', 'create', network);
    proxy = await startSocketProxy(socketPath(), QUIET);
    fairlead = await Fairlead.start(config, { env: { DOCKER_HOST: proxy.host } });
    port = fairlead.port('www');
    await up(2);
    for (const id of await projectIds()) await serves(id);
  });

  after(async () => {
    await fairlead?.stop();
    await proxy?.stop();
    removeContainers(...own);
    await inProject('down', '-t', '0');
    removeNetwork(network);
    rmSync(folder, { recursive: true, force: true });
  });

  const phases: readonly Phase[] = [
    [
      'up --scale, 2 to 6 to 2',
      4,
      async ({ more }) => {
        await up(6);
        for (const id of await projectIds()) await serves(id);
        await more(200);
        await up(2);
        await becomes('two are left', (all) => all.size === 2);
      },
    ],
    [
      'rolling recreate, one after the other',
      2,
      async ({ more }) => {
        const old = await projectIds();
        for (const [index, container] of ['one', 'two'].entries()) {
          await run(container);
          await dockerAsync('stop', old[index] ?? '');
          await dockerAsync('rm', old[index] ?? '');
          await more(100);
        }
      },
    ],
    [
      'docker restart',
      2,
      async ({ more }) => {
        for (const container of ['one', 'two']) {
          await dockerAsync('restart', container);
          await serves(container);
          await more(100);
        }
      },
    ],
    [
      'up --force-recreate, beside two others',
      4,
      async ({ more }) => {
        await up(2);
        for (const id of await projectIds()) await serves(id);
        await up(2, '--force-recreate');
        for (const id of await projectIds()) await serves(id);
        await more(100);
        await up(0);
        await becomes('two are left', (all) => all.size === 2);
      },
    ],
    [
      'docker pause, unpause',
      0,
      async ({ more }) => {
        for (const container of ['one', 'two']) {
          await dockerAsync('pause', container);
          await more(200);
          await dockerAsync('unpause', container);
          await serves(container);
        }
      },
    ],
    [
      'one hangs, and its HEALTHCHECK finds it',
      0,
      async ({ more }) => {
        const check = ['--health-cmd', 'wget -q -O /dev/null http://127.0.0.1:8089/', '--health-retries', '1'];
        await run('sick', ...check, '--health-interval', '500ms', '--health-timeout', '500ms');
        const id = shortId('sick');
        const pid = Number(await dockerAsync('inspect', '--format', '{{ .State.Pid }}', 'sick'));
        process.kill(pid, 'SIGSTOP');
        await becomes('it is down', (all) => all.get(id) === 'DOWN');
        await more(200);
        process.kill(pid, 'SIGCONT');
        await serves('sick');
        await dockerAsync('stop', 'sick');
      },
    ],
    [
      'network disconnect, connect',
      2,
      async ({ more }) => {
        for (const container of ['one', 'two']) {
          await dockerAsync('network', 'disconnect', network, container);
          await more(200);
          await dockerAsync('network', 'connect', network, container);
          await serves(container);
        }
      },
    ],
    [
      'docker kill, start',
      3,
      async ({ more }) => {
        for (const container of ['one', 'two', 'one']) {
          await dockerAsync('kill', container);
          await more(200);
          await dockerAsync('start', container);
          await serves(container);
        }
      },
    ],
    [
      'docker rm -f, its successor up',
      2,
      async ({ more }) => {
        for (const [gone, successor] of [
          ['one', 'three'],
          ['two', 'four'],
        ] as const) {
          await run(successor);
          await dockerAsync('rm', '-f', gone);
          await more(100);
        }
      },
    ],
  ];

  it('while the containers of a service are changed in every way', async (t) => {
    // Of another service, which does not change: neither its tunnel nor its long poll may notice anything.
    own.push('still');
    await dockerAsync('run', '-d', '--name', 'still', '--label', 'fairlead.enable=true', '--label', 'fairlead.host=still.test', appImage);
    const still = (path: string) => ask(port, { path, headers: { host: 'still.test' } });
    await until('the other service answers', async () => (await still('/')).status === 200, 30_000);
    const tunnel = await RawClient.connect(port);
    tunnel.send('GET / HTTP/1.1\r\nHost: still.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await tunnel.readUntil('\r\n\r\n');
    const poll = still('/slow/20000');
    const target = { host: '127.0.0.1', port, connections: 32, name };
    await losesNothing(
      target,
      phases,
      (line) => t.diagnostic(line),
      () => fairlead.output,
    );
    tunnel.send('still there');
    assert.equal(await tunnel.readUntil('there'), 'still there');
    tunnel.close();
    assert.equal((await poll).status, 200);
  });

  it('and the balancer has asked for nothing that a socket proxy need not allow', () => {
    assert.deepEqual(proxy.refused, []);
    for (const path of ['/version', '/events', '/containers/json', '/containers/{id}/json'])
      assert.ok(proxy.asked.has(`GET ${path}`), path);
    assert.ok(proxy.cuts() > 0, 'streams were cut');
  });
});
