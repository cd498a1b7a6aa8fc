/**
 * haproxy-docker-config's and Jonah's steps with a real engine: containers that publish a port each, taken in and out of
 * balancing by `fairlead servers`; what `docker inspect` prints, rendered by `fairlead render`. The steps build on each other.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { addressOf, appImage, docker, removeContainers, shortId } from '../support/docker.ts';
import { Fairlead, runFairlead } from '../support/fairlead.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';

const names = ['fairlead-servers-1', 'fairlead-servers-2', 'fairlead-servers-3'];
const parameters = 'check inter 200 rise 2 fall 5';

const config = `
global
    stats socket %DIR%/cli level admin
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
listen dockerha-app1
    bind 127.0.0.1:0
    balance roundrobin
    docker-servers members=%DIR%/app1 address=published ${parameters}
`;

describe('containers that publish their ports', () => {
  let fairlead: Fairlead;
  let ids: readonly string[] = [];
  const addressAt = (index: number): string => {
    const [, port] = /:(\d+)$/m.exec(docker('port', names[index] ?? '', '8089/tcp')) ?? [];
    return `127.0.0.1:${port}`;
  };

  const run = (...words: readonly string[]) =>
    runFairlead(['servers', '-l', 'dockerha-app1', ...words], { FAIRLEAD_SOCKET: join(fairlead.folder, 'cli') });
  const hostnames = async (): Promise<readonly string[]> => {
    const found = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const { status, body } = await ask(fairlead.port('dockerha-app1'));
      found.add(status === 200 ? JSON.parse(body).hostname : String(status));
    }
    return [...found].sort();
  };
  const balanced = (...indices: readonly number[]): Promise<true> =>
    until(
      `requests go to ${indices.join(', ')}`,
      async () =>
        (await hostnames()).join() ===
        indices
          .map((index) => ids[index])
          .sort()
          .join(),
      20_000,
    );

  before(async () => {
    removeContainers(...names);
    for (const name of names) docker('run', '-d', '--name', name, '-P', '--expose', '8089', appImage);
    ids = names.map(shortId);
    fairlead = await Fairlead.start(config);
  });

  after(async () => {
    await fairlead?.stop();
    removeContainers(...names);
  });

  it('are taken into balancing at their public ports', async () => {
    const { code, output } = run('--add', `${ids[0]},${ids[1]}:8089`);
    assert.equal(output, [0, 1].map((index) => `${ids[index]}            balanced        ${addressAt(index)}\n`).join(''));
    assert.equal(code, 0);
    await balanced(0, 1);
  });

  it('are taken out, and others in', async () => {
    const { output } = run('-d', ids[0] ?? '', '-a', ids[2] ?? '', '-s');
    const [second, third] = [1, 2].map((index) => `${ids[index]} ${addressAt(index)} ${parameters}\n`);
    assert.equal(output, `${ids[2]}            balanced        ${addressAt(2)}\n${second}${third}`);
    await balanced(1, 2);
  });

  it('are not found when they are killed, and back when they are started', async () => {
    docker('kill', names[1] ?? '');
    await balanced(2);
    assert.equal(run('--verify').output, `${ids[1]}            not_found\n${ids[2]}            found\n`);
    docker('start', names[1] ?? '');
    await balanced(1, 2);
    assert.equal(run('--verify').code, 0);
  });

  it('are rendered as servers over a template, from what docker inspect prints', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-render-'));
    writeFileSync(join(folder, 'haproxyCFG.template'), 'listen http-in\n    bind *:80\n');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [program, 'render', '--image', appImage, '--template', 'haproxyCFG.template'],
      { cwd: folder, input: docker('inspect', ...names), encoding: 'utf8', timeout: 20_000 },
    );
    rmSync(folder, { recursive: true });
    const servers = names.map((name, index) => `    server ${ids[index]} ${addressOf(name)}:8089 maxconn 32\n`);
    assert.deepEqual([status, stderr, stdout], [0, '', `listen http-in\n    bind *:80\n\n${servers.join('')}`]);
  });
});
