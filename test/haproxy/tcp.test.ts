/** TCP sessions before the real HAProxy: the same table as Fairlead's (test/scenarios/tcp-stories.ts). */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { essence, essentials, type Outcome, STORIES, Stage, type Story, withServers } from '../scenarios/tcp-stories.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const found = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
const skip = /version 2\.6\./.test(found.stdout ?? '') ? false : 'HAProxy 2.6 is not installed (Debian 12: apt-get install haproxy)';

let folder = '';

before(() => {
  if (skip === false) folder = mkdtempSync(join(tmpdir(), 'fairlead-tcp-'));
});

after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** It listens on a descriptor that it inherits, so nobody has to find a free port for it. */
const configuration = (path: string, front: string, back: string): string => `
global
 stats socket ${path}.ctl
 log stdout format raw local0
defaults
 mode tcp
 log global
 option tcplog
 timeout connect 2s
 timeout client 10s
 timeout server 10s
frontend www
 bind fd@3
${front}
backend be
${back}`;

async function rows(path: string): Promise<readonly StatsRow[]> {
  const control = connect(`${path}.ctl`);
  control.write('show stat\n');
  let csv = '';
  for await (const bytes of control) csv += bytes.toString();
  return parseStats(csv);
}

async function play(story: Story, path: string): Promise<Outcome> {
  let outcome: Outcome | undefined;
  await withServers(story, async (front, back, servers) => {
    writeFileSync(`${path}.cfg`, configuration(path, front, back));
    const listening = createServer().listen(0, OWN_HOST);
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const { fd } = (listening as unknown as { readonly _handle: { readonly fd: number } })._handle;
    const haproxy = spawn('haproxy', ['-db', '-f', `${path}.cfg`], { stdio: ['ignore', 'pipe', 'ignore', fd] });
    listening.close();
    let text = '';
    haproxy.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
    });
    const logged = () =>
      text
        .split('\n')
        .filter((line) => / www /.test(line))
        .map(essence);
    try {
      await until('HAProxy runs', async () => (await rows(path)).length > 0);
      const counter = async (svname: string, column: string) =>
        Number((await rows(path)).find((row) => row.svname === svname)?.[column] ?? Number.NaN);
      await story.play(new Stage({ port, counter }, servers));
      await until('all is logged', () => logged().length >= story.log.length);
      const counted = await until('all sessions are over', async () => {
        const all = await rows(path);
        return all.every((row) => row.scur === '0') && all;
      });
      outcome = { log: logged(), counters: essentials(counted) };
    } finally {
      haproxy.kill('SIGKILL');
      await once(haproxy, 'exit');
    }
  });
  return outcome ?? assert.fail();
}

for (const [index, story] of STORIES.entries()) {
  test(story.name, { skip }, async () => {
    const { log, counters } = { ...story, ...story.haproxy };
    assert.deepEqual(await play(story, join(folder, String(index))), { log, counters });
  });
}
