/** `monitor-uri`, through the program itself: before the rules, and never in the log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';

const CONFIG = `
defaults
 mode http
 log stdout format raw local0
 option httplog
 timeout connect 2s
 timeout client 20s
 timeout server 20s
 monitor-uri /alive
frontend www
 bind 127.0.0.1:0
 monitor fail if { nbsrv(app) lt 1 }
 http-request deny
frontend other
 bind 127.0.0.1:0
 default_backend app
backend app
 server s1 127.0.0.1:1 disabled
`;

test('a monitor is told how we are before any rule is asked, and no line of it is written', async () => {
  const fairlead = await Fairlead.start(CONFIG);
  try {
    const [www, other] = [fairlead.port('www'), fairlead.port('other')];
    const alive = async (port: number, path: string) => (await ask(port, { path })).status;
    assert.deepEqual([await alive(www, '/alive'), await alive(other, '/alive')], [503, 200]);
    assert.deepEqual([await alive(www, '/alive?'), await alive(other, '/Alive')], [403, 503]);
    await fairlead.said(/ "GET \/Alive HTTP\/1\.1"/);
    const lines = fairlead.output.split('\n').flatMap((line) => / "GET (\S+) /.exec(line)?.[1] ?? []);
    assert.deepEqual(lines, ['/alive?', '/Alive']);
  } finally {
    await fairlead.stop('SIGKILL');
  }
});
