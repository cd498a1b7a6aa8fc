/** Servers that operators add and take away while clients are served: nobody notices, and a reload forgets them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { underLoad } from '../support/load.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

function configOf(server: Upstream): string {
  return `global
 stats socket %DIR%/cli level admin
defaults
 mode http
 timeout connect 5s
 timeout client 20s
 timeout server 20s
listen www
 bind 127.0.0.1:0
 option httpchk
 default-server weight 0
 server first ${server.address} weight 1
`;
}

interface Story {
  readonly port: number;
  readonly tell: (line: string) => Promise<string>;
  /** The CSV's status of a server. */
  readonly status: (server: string) => Promise<string | undefined>;
}

async function withFairlead(first: Upstream, story: (story: Story) => Promise<void>): Promise<void> {
  const fairlead = await Fairlead.start(configOf(first));
  const tell = (line: string) => fairlead.cli(line);
  const status = async (server: string) =>
    (await tell('show stat www 4 -1')).match(new RegExp(`^www,${server},(?:[^,]*,){15}([^,]*),`, 'm'))?.[1];
  try {
    await story({ port: fairlead.port('www'), tell, status });
  } finally {
    await fairlead.stop('SIGKILL');
  }
}

const REGISTERED = 'New server registered.\n\n';

describe('servers that come and go', () => {
  it('under traffic lose no request', async () => {
    const servers = await Promise.all(['first', 'a', 'b', 'c'].map((name) => startUpstream(name)));
    const [first, ...others] = servers as [Upstream, ...Upstream[]];
    await withFairlead(first, async ({ port, tell }) => {
      const outcomes = await underLoad(
        () => ask(port),
        async ({ more }) => {
          for (let round = 0; round < 2; round++) {
            for (const [index, { address }] of others.entries()) {
              const name = `www/s${index}`;
              assert.equal(await tell(`add server ${name} ${address} weight ${index + 1} check inter 50ms`), REGISTERED);
              assert.equal(await tell(`enable health ${name};enable server ${name}`), '\n\n');
            }
            await more(100);
            // The one of the text goes, too, and comes back as one that the text does not have.
            await tell(`disable server www/first`);
            await until('it has nobody any more', async () => (await tell('del server www/first')) === 'Server deleted.\n');
            await more(50);
            assert.equal(await tell(`add server www/first ${first.address} enabled`), REGISTERED);
            for (const index of others.keys()) {
              await tell(`set server www/s${index} state maint`);
              await until('it has nobody any more', async () => (await tell(`del server www/s${index}`)) === 'Server deleted.\n');
            }
            await more(50);
          }
        },
      );
      assert.deepEqual(Object.keys(outcomes), ['200']);
      for (const { connections } of others) assert.ok(connections() > 0);
    });
    for (const server of servers) await server.stop();
  });

  it('begin in maintenance, with checks that wait until they are enabled', async () => {
    const [first, other] = await Promise.all(['first', 'other'].map((name) => startUpstream(name)));
    assert.ok(first && other);
    await withFairlead(first, async ({ tell, status }) => {
      await tell(`add server www/other ${other.address} check inter 1h`);
      assert.equal(await status('other'), 'MAINT');
      await tell('enable server www/other');
      assert.equal(await status('other'), 'no check');
      assert.equal(other.connections(), 0);
      await tell('enable health www/other');
      await until('it is checked at once', async () => (await status('other')) === 'UP');
      assert.equal(await tell(`add server www/more ${other.address} enabled`), REGISTERED);
      assert.equal(await status('more'), 'no check');
    });
    await first.stop();
    await other.stop();
  });

  it('of a line with many let others have their turn between them', async () => {
    const first = await startUpstream('first');
    await withFairlead(first, async ({ tell }) => {
      const many = Array.from({ length: 300 }, (_, index) => `add server www/n${index} 127.0.0.1:1`).join(';');
      const ends: string[] = [];
      await Promise.all([
        tell(many).then((answer) => ends.push(answer.replaceAll(REGISTERED, ''), 'many')),
        tell('show info').then(() => ends.push('one')),
      ]);
      assert.deepEqual(ends, ['one', '', 'many']);
    });
    await first.stop();
  });

  it('stay while somebody is served', async () => {
    const first = await startUpstream('first');
    let answer = (): void => {};
    const slow = await startRawUpstream((socket) => {
      socket.once('data', () => {
        answer = () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    await withFairlead(first, async ({ port, tell }) => {
      await tell(`disable server www/first;add server www/slow ${slow.address} enabled`);
      const client = await RawClient.connect(port);
      client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await until('the request is there', () => slow.open() === 1);
      const sessions = async () => (await tell('show stat www 4 -1')).match(/^www,slow,(?:[^,]*,){2}([^,]*),/m)?.[1];
      await until('it counts', async () => (await sessions()) === '1');
      assert.equal(await tell('del server www/slow'), 'Only servers in maintenance mode can be deleted.\n');
      await tell('disable server www/slow');
      assert.equal(await tell('del server www/slow'), 'Server still has connections attached to it, cannot remove it.\n');
      answer();
      assert.equal((await client.readResponse()).body, 'ok');
      await until('nobody is left', async () => (await tell('del server www/slow')) === 'Server deleted.\n');
      client.close();
    });
    await first.stop();
    await slow.stop();
  });

  it('are forgotten with the next configuration', async () => {
    const [first, other] = await Promise.all(['first', 'other'].map((name) => startUpstream(name)));
    assert.ok(first && other);
    await withFairlead(first, async ({ port, tell, status }) => {
      await tell(`add server www/other ${other.address} enabled`);
      await tell('disable server www/first');
      await until('it has nobody any more', async () => (await tell('del server www/first')) === 'Server deleted.\n');
      assert.equal(await status('first'), undefined);
      process.kill(Number(/^Pid: (\d+)$/m.exec(await tell('show info'))?.[1]), 'SIGHUP');
      await until('the configuration has been read', async () => (await status('other')) === undefined);
      assert.equal(await status('first'), 'no check');
      assert.equal((await ask(port)).body, 'first');
    });
    await first.stop();
    await other.stop();
  });
});
