/**
 * The scenarios of test/scenarios/vtc, which `varnishtest` (Debian's `varnish`) plays with clients, servers and syslog of
 * its own: each on HAProxy, which shows that it asks for nothing but what HAProxy does, and on ours.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { command, root } from '../support/paths.ts';

const isThere = (name: string, option: string): boolean => spawnSync(name, [option]).error === undefined;
const noVarnishtest = isThere('varnishtest', '-h') ? false : 'varnishtest is not installed (Debian: apt-get install varnish)';
const haproxy = spawnSync('sh', ['-c', 'command -v haproxy'], { encoding: 'utf8' }).stdout.trim();
const noHaproxy = haproxy === '' ? 'HAProxy is not installed (Debian 12: apt-get install haproxy)' : noVarnishtest;

const folder = join(root, 'test', 'scenarios', 'vtc');
/** Longer than any scenario, s: varnishtest's own limit, and the only one that strikes on a busy machine: theirs are longer. */
const LIMIT = 60;

/** Plays one scenario; answers what varnishtest said when it failed. */
async function play(file: string, balancer: string): Promise<string | undefined> {
  const scratch = mkdtempSync(join(tmpdir(), 'fairlead-vtc-'));
  const env = { ...process.env, HAPROXY_PROGRAM: balancer, TMPDIR: scratch };
  const varnishtest = spawn('varnishtest', ['-t', String(LIMIT), '-v', join(folder, file)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [varnishtest.stdout, varnishtest.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
  }
  const [code] = await once(varnishtest, 'close');
  rmSync(scratch, { recursive: true, force: true });
  return code === 0 ? undefined : said;
}

for (const file of readdirSync(folder).sort()) {
  describe(`varnishtest plays ${file}`, () => {
    it('on HAProxy', { skip: noHaproxy }, async () => assert.equal(await play(file, haproxy), undefined));
    it('on Fairlead', { skip: noVarnishtest }, async () => assert.equal(await play(file, command), undefined));
  });
}
