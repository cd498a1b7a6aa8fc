/** Labels through the whole program: an engine tells of containers, and clients meet what their labels say. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

let engine: FakeEngine;
let fairlead: Fairlead;
let upstreams: Upstream[];

const config = (password: string): string => `
global
    stats socket %DIR%/cli level admin
userlist staff
    user ada insecure-password ${password}
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
docker
    endpoint ${engine.endpoint}
frontend www
    bind 127.0.0.1:0
    docker-routes
`;

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
  upstreams = [];
});

afterEach(async () => {
  await fairlead.stop();
  for (const upstream of upstreams) await upstream.stop();
  await engine.dispose();
});

/** A container that answers with its name; answers its id. */
async function run(name: string, labels: Readonly<Record<string, string>>, silent = false): Promise<string> {
  const upstream = await startUpstream(name, (_request, response) => {
    if (silent) response.write('begun');
    else response.end(name);
  });
  upstreams.push(upstream);
  const own = Object.entries({ host: 'a.test', service: 'a', port: `${upstream.port}`, ...labels });
  const all = own.map(([key, value]) => [key.startsWith('com.') ? key : `fairlead.${key}`, value]);
  return engine.run(name, { address: '127.0.0.1', labels: Object.fromEntries(all) });
}

const get = (auth?: string) => ask(fairlead.port('www'), { headers: { host: 'a.test' }, ...(auth === undefined ? {} : { auth }) });

describe('labels', () => {
  it('ask for a password, and a reload that changes nothing but that counts', async () => {
    await run('one', { auth: 'staff' });
    fairlead = await Fairlead.start(config('secret'));
    assert.equal((await get()).status, 401);
    assert.equal((await get('ada:secret')).body, 'one');
    fairlead.rewrite(config('other'));
    fairlead.signal('SIGHUP');
    await until('the other password counts', async () => (await get('ada:other')).status === 200);
    assert.equal((await get('ada:secret')).status, 401);
  });

  it('that have gone with their container are not served by another one of its pool', async () => {
    const id = await run('one', { host: 'a.test,old.test' });
    await run('two', {});
    fairlead = await Fairlead.start(config('x'));
    const status = async (host = 'old.test') => (await ask(fairlead.port('www'), { headers: { host } })).status;
    assert.equal(await status(), 200);
    engine.die(id);
    await until('nobody serves it', async () => (await status()) === 503);
    engine.destroy(id);
    await run('three', { host: 'three.test', service: 'three' });
    await until('what came later is known', async () => (await status('three.test')) === 200);
    assert.equal(await status(), 503);
    assert.equal((await get()).body, 'two');
  });

  it('end what a container still does some time after it was told to stop', async () => {
    const id = await run('one', { drain: '100ms' }, true);
    fairlead = await Fairlead.start(config('x'));
    const client = await RawClient.connect(fairlead.port('www'));
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.readUntil('begun');
    engine.kill(id, '15');
    await until('it is cut', () => client.ended);
    await fairlead.said(/Server a\/c001\w* enters drain state \(container is stopping \(SIGTERM\)\)/);
    await fairlead.said(/Server a\/c001\w* has had 100 ms to drain: 1 sessions are ended\./);
  });

  it('send everybody to the newest generation, and back by hand', async () => {
    const generation = (hash: string) => ({ rollout: 'config', 'com.docker.compose.config-hash': hash });
    await run('old', generation('1'));
    fairlead = await Fairlead.start(config('x'));
    assert.equal((await get()).body, 'old');
    const id = await run('new', generation('2'));
    await until('the new one serves', async () => (await get()).body === 'new');
    const rows = await fairlead.cli('show stat');
    assert.match(rows, /^a,c001\w*,.*,DRAIN,/m);
    for (let i = 0; i < 3; i++) assert.equal((await get()).body, 'new');
    await fairlead.cli(`set server a/${id.slice(0, 12)} state drain`);
    assert.equal((await get()).body, 'old');
    await fairlead.cli(`set server a/${id.slice(0, 12)} state ready`);
    assert.equal((await get()).body, 'new');
  });
});
