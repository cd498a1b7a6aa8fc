/** HAProxy's master CLI (`-W -S`) and ours: the same conversations. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askCli, CliClient } from '../support/cli.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';
import { DEFAULTS, skip } from './side-by-side.ts';

const CONFIG = `
global
    nbthread 1
    stats socket %DIR%/own level admin
${DEFAULTS}
frontend web
    bind unix@%DIR%/web
    default_backend app
backend app
    server s1 127.0.0.1:1
`;

const PROGRAMS: readonly (readonly string[])[] = [['haproxy'], [process.execPath, program]];

interface Master {
  readonly folder: string;
  readonly process: ChildProcess;
}

/** Each is a conversation: whole lines, answered until nothing more comes before the next one. `%WORKER%` is its pid. */
const LINES = [
  'help',
  'help show',
  'nonsense',
  'show',
  '',
  '@1 show version',
  '@1 show version;show version',
  '@1;show version',
  '@1',
  '@!%WORKER% show version',
  '@master show version',
  '@0 show version',
  '@ show version',
  '@9 show version',
  '@!99 show version',
  '@nobody show version',
  '@1show version',
  'show version',
  'show cli level',
  'show cli sockets',
  'show info',
  'show env HOME',
  'set timeout cli 5',
  'set severity-output number;show version',
  '@1 set severity-output number;@1 set weight app/nope 5',
  '@1 foo',
  '@1 help show stat',
  '@1 get weight app/s1',
  '@1 get weight app/nope',
  '@1 set weight app/s1 7;@1 get weight app/s1',
  '@1 show cli level',
  '@1 operator;@1 show cli level',
  '@1 show version <<\nabc\n',
  'operator;show cli level',
  'operator;@1 set weight app/s1 5',
  'operator;@1 show cli level',
  'user;@1 show cli level;reload',
  'expert-mode on;expert-mode',
  '@1 expert-mode',
];

/** With a prompt, line by line. */
const CONVERSATIONS = [
  ['show version', '@1', 'show version', '@', 'show version'],
  ['@!%WORKER%', 'show cli level', 'user', 'show cli level', 'set weight app/s1 5'],
  ['@1 prompt', 'show version', '@1 quit', 'show version'],
  ['expert-mode on', 'expert-mode', '@1 expert-mode', 'expert-mode off'],
  ['experimental-mode on', '@1 experimental-mode', '@1 experimental-mode off', '@1 experimental-mode', 'experimental-mode'],
  ['expert-mode on', 'experimental-mode on', 'mcli-debug-mode on', '@1', 'mcli-debug-mode off', 'expert-mode'],
  ['mcli-debug-mode on', 'show cli level', 'show version', 'show peers'],
  ['@1 show version;@1 show cli level'],
];

describe('the master CLI, side by side with HAProxy', { skip }, () => {
  let masters: readonly Master[] = [];

  before(async () => {
    masters = PROGRAMS.map(([command = '', ...args]) => {
      const folder = mkdtempSync(join(tmpdir(), 'fairlead-master-'));
      writeFileSync(join(folder, 'cfg'), CONFIG.replaceAll('%DIR%', folder));
      const options = [...args, '-W', '-S', `${join(folder, 'master')},level,admin`, '-f', join(folder, 'cfg')];
      return { folder, process: spawn(command, options, { stdio: 'ignore' }) };
    });
    for (const { folder } of masters) {
      await until('the worker answers', async () => {
        const answer = await askCli(join(folder, 'master'), '@1 show version').catch(() => '');
        return answer.startsWith('2.6');
      });
    }
  });

  after(async () => {
    for (const { folder, process: master } of masters) {
      if (master.exitCode === null && master.signalCode === null) {
        // The worker ends with its master.
        master.kill('SIGINT');
        await once(master, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('processes', async () => {
    const shown = await Promise.all(masters.map(({ folder }) => askCli(join(folder, 'master'), 'show proc')));
    assert.deepEqual(withoutPids(shown[1] ?? ''), withoutPids(shown[0] ?? ''));
  });

  for (const line of LINES) {
    it(JSON.stringify(line), async () => {
      const [theirs, ours] = await Promise.all(
        masters.map(async ({ folder }) => {
          const path = join(folder, 'master');
          const worker = await workerOf(path);
          return comparable(await askCli(path, line.replaceAll('%WORKER%', worker)), worker);
        }),
      );
      assert.equal(ours, theirs);
    });
  }

  for (const lines of CONVERSATIONS) {
    it(`with a prompt: ${lines.join(', ')}`, async () => {
      const [theirs, ours] = await Promise.all(masters.map(({ folder }) => converse(join(folder, 'master'), lines)));
      assert.deepEqual(ours, theirs);
    });
  }

  it('a connection stays until its client leaves', async () => {
    for (const { folder } of masters) {
      const client = new CliClient(join(folder, 'master'));
      for (let n = 0; n < 3; n++) {
        client.send('show cli level\n');
        assert.equal(await client.read('\n\n'), 'admin\n\n');
      }
      client.close();
    }
  });

  it('a reload is counted, and ends the connection', async () => {
    for (const { folder } of masters) {
      const path = join(folder, 'master');
      assert.equal(await askCli(path, 'reload'), '');
      await until('the reload is counted', async () =>
        /^\d+ +master +1 \[failed: 0\]/m.test(await askCli(path, 'show proc').catch(() => '')),
      );
    }
  });
});

async function workerOf(path: string): Promise<string> {
  return /^(\d+) +worker/m.exec(await askCli(path, 'show proc'))?.[1] ?? '';
}

async function converse(path: string, lines: readonly string[]): Promise<readonly string[]> {
  const worker = await workerOf(path);
  const client = new CliClient(path);
  const told: string[] = [];
  for (const line of ['prompt', ...lines]) {
    client.send(`${line.replaceAll('%WORKER%', worker)}\n`);
    // A prompt of the worker's own stands before the master's.
    const answers = line === '@1 prompt' ? 2 : line.split(';').length;
    let answer = '';
    for (let n = 0; n < answers; n++) answer += await client.read('> ');
    told.push(comparable(answer, worker));
  }
  client.close();
  return told;
}

function comparable(answer: string, worker: string): string {
  return answer
    .replace(/^((\[\w+\]: )?(Unknown command|The following).*)\n( {2}.*\n)+/gm, '$1\n')
    .replace(/2\.6\.12\S*/g, 'VERSION')
    .replace(new RegExp(`\\b${worker}\\b`, 'g'), 'WORKER');
}

function withoutPids(answer: string): string {
  return answer
    .replace(/^\d+ +/gm, 'PID ')
    .replace(/\d+d\d\dh\d\dm\d\ds/g, 'UPTIME')
    .replace(/2\.6\.12\S*/g, 'VERSION');
}
