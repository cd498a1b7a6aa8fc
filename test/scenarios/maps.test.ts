/** Maps in a running process: what operators change counts with the next request, what stands in the files with the next reload. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { underLoad } from '../support/load.ts';
import { until } from '../support/wait.ts';

const CONFIG = `
global
    stats socket %DIR%/cli level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend www
    bind 127.0.0.1:0
    http-request deny if { path -f %DIR%/denied.lst }
    http-request return status 200 content-type text/plain lf-string "%[path,map(%DIR%/names.map,nobody)]"
`;

describe('maps', () => {
  it('are as operators say until the configuration is read again, and wrong files keep what is there', async () => {
    const fairlead = await Fairlead.start(CONFIG, { files: { 'names.map': '/a one\n', 'denied.lst': '/no\n' } });
    try {
      const port = fairlead.port('www');
      const at = (name: string) => join(fairlead.folder, name);
      const tell = (line: string) => fairlead.cli(line);
      const at200 = async (path: string) => (await ask(port, { path })).body;
      assert.deepEqual([await at200('/a'), await at200('/b'), (await ask(port, { path: '/no' })).status], ['one', 'nobody', 403]);

      await tell(`set map ${at('names.map')} /a two;add map ${at('names.map')} /b bee;clear acl ${at('denied.lst')}`);
      assert.deepEqual([await at200('/a'), await at200('/b'), await at200('/no')], ['two', 'bee', 'nobody']);

      writeFileSync(at('names.map'), '/a three\n');
      fairlead.process.kill('SIGHUP');
      await until('the files have been read', async () => (await at200('/a')) === 'three');
      assert.deepEqual([await at200('/b'), (await ask(port, { path: '/no' })).status], ['nobody', 403]);
      assert.match(await tell(`show map ${at('names.map')}`), /^0x[0-9a-f]+ \/a three\n\n$/);

      writeFileSync(at('haproxy.cfg'), CONFIG.replaceAll('%DIR%', fairlead.folder).replace('denied.lst', 'missing.lst'));
      fairlead.process.kill('SIGHUP');
      await fairlead.said(/failed to open pattern file <\S+missing\.lst>/);
      assert.equal(await at200('/a'), 'three');
    } finally {
      await fairlead.stop('SIGKILL');
    }
  });

  it('go over to a version as a whole, under traffic', async () => {
    const fairlead = await Fairlead.start(CONFIG, { files: { 'names.map': '/a old\n', 'denied.lst': '' } });
    try {
      const port = fairlead.port('www');
      const map = join(fairlead.folder, 'names.map');
      const tell = (line: string) => fairlead.cli(line);
      const bodies = new Set<string>();
      const outcomes = await underLoad(
        async () => {
          const answer = await ask(port, { path: '/a' });
          bodies.add(answer.body);
          return answer;
        },
        async ({ more }) => {
          for (let round = 0; round < 5; round++) {
            const version = /: (\d+)/.exec(await tell(`prepare map ${map}`))?.[1];
            await tell(`add map @${version} ${map} /b new`);
            await more(20);
            await tell(`add map @${version} ${map} /a new${round};commit map @${version} ${map}`);
            assert.equal((await ask(port, { path: '/a' })).body, `new${round}`);
          }
        },
      );
      assert.deepEqual(Object.keys(outcomes), ['200']);
      assert.ok(!bodies.has('nobody'), [...bodies].join());
    } finally {
      await fairlead.stop('SIGKILL');
    }
  });
});
