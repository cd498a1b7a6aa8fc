/** Servers that a file lists, with the program as its users start it: the list changes under traffic, and nothing is reloaded. */

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { checkConfig, Fairlead } from '../support/fairlead.ts';
import { readStats, rowOf, serverNames } from '../support/stats.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const CONFIG = `
global
    stats socket %DIR%/cli level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen app
    bind 127.0.0.1:0
    stats enable
    stats uri /stats
    file-servers %DIR%/servers.yaml maxconn 50
`;

class Stage {
  readonly fairlead: Fairlead;
  readonly port: number;

  constructor(fairlead: Fairlead) {
    this.fairlead = fairlead;
    this.port = fairlead.port('app');
  }

  /** As configuration management writes. */
  list(text: string): void {
    const path = join(this.fairlead.folder, 'servers.yaml');
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  rows() {
    return readStats(this.port, { uri: '/stats' });
  }

  async has(...names: string[]): Promise<void> {
    await until(`the servers are ${names}`, async () => serverNames(await this.rows(), 'app').join() === names.join());
  }

  async answers(): Promise<string> {
    const { status, body } = await ask(this.port, {});
    return status === 200 ? body : String(status);
  }
}

const entry = (name: string, { address }: Upstream, more = '') => `- {name: ${name}, address: "${address}"${more}}\n`;

/** `one` is listed as `a`; `two` is there, too. */
async function onStage(one: Upstream, story: (stage: Stage, two: Upstream) => Promise<void>) {
  const two = await startUpstream('two');
  const fairlead = await Fairlead.start(CONFIG, { files: { 'servers.yaml': entry('a', one) } });
  try {
    await story(new Stage(fairlead), two);
  } finally {
    await fairlead.stop();
    for (const upstream of [one, two]) await upstream.stop();
  }
}

describe('servers that a file lists', () => {
  it('are looked at by -c, which tells their mistakes and refuses nothing for them', () => {
    const check = (text: string) => checkConfig(CONFIG, { files: { 'servers.yaml': text } });
    assert.deepEqual([check('- 192.0.2.1:80\n').code, /valid/.test(check('[]').output)], [0, true]);
    const { code, output } = check('- 192.0.2.1:80\n- {name: b}\n- 192.0.2.2:80 wieght 5\n');
    assert.equal(code, 0);
    assert.match(output, /WARNING.*servers\.yaml:2:3 : has no 'address'/);
    assert.match(output, /WARNING.*servers\.yaml:3:3 : server '192\.0\.2\.2:80': unknown keyword 'wieght'; did you mean 'weight'\?/);
    assert.match(check('- {').output, /WARNING.*servers\.yaml:1:\d+ : /);
  });

  it('keep their counters and what operators say of them while others come and go around them', async () => {
    const one = await startUpstream('one');
    await onStage(one, async (stage, two) => {
      for (let i = 0; i < 3; i++) assert.equal(await stage.answers(), 'one');
      stage.list(entry('a', one) + entry('b', two));
      await stage.has('a', 'b');
      assert.equal(rowOf(await stage.rows(), 'app', 'a').stot, '3');
      await stage.fairlead.cli('set server app/a state maint');
      stage.list(entry('b', two, ', weight: 7') + entry('a', one));
      await until('the weight is another one', async () => rowOf(await stage.rows(), 'app', 'b').weight === '7');
      assert.equal(rowOf(await stage.rows(), 'app', 'a').status, 'MAINT');
      assert.equal(await stage.answers(), 'two');
      await stage.fairlead.cli('set server app/a state ready');
      stage.list(entry('a', one));
      await stage.has('a');
      assert.equal(await stage.answers(), 'one');
      assert.equal(rowOf(await stage.rows(), 'app', 'a').stot, '4');
    });
  });

  it('finish what they have when they are taken out of the list', async () => {
    const held: ServerResponse[] = [];
    const slow = await startUpstream('slow', (_request, response) => held.push(response));
    await onStage(slow, async (stage, two) => {
      const answer = stage.answers();
      await until('the request is there', () => held.length === 1);
      stage.list(entry('b', two));
      await until('the next one is there', async () => serverNames(await stage.rows(), 'app').includes('b'));
      assert.equal(await stage.answers(), 'two');
      held[0]?.end('late');
      assert.equal(await answer, 'late');
      await stage.has('b');
    });
  });

  it('stay while the file is broken, which is told once with its place', async () => {
    const one = await startUpstream('one');
    await onStage(one, async (stage, two) => {
      stage.list(`${entry('a', one)}- {name: b, addr`);
      await stage.fairlead.said(/servers\.yaml:2:\d+.*keeping the 1 servers that it listed before/);
      assert.equal(await stage.answers(), 'one');
      stage.list(entry('b', two) + entry('c', two, ', weight: 999'));
      await stage.has('b');
      await stage.fairlead.said(/servers\.yaml:2:\d+.*server 'c'.*weight/);
      const told = [...stage.fairlead.output.matchAll(/keeping the 1 servers/g)];
      assert.equal(told.length, 1);
    });
  });
});
