/** How many may come in a second: the others wait, unread, and come in their turn. How long that takes is nobody's concern here. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { until } from '../support/wait.ts';

function config(global: string, frontend: string): string {
  return `global
 stats socket %DIR%/cli level admin
 ${global}
defaults
 mode http
 timeout connect 5s
 timeout client 20s
 timeout server 20s
frontend www
 bind 127.0.0.1:0
 option socket-stats
 ${frontend}
 http-request return status 200
`;
}

interface Story {
  readonly port: number;
  readonly tell: (line: string) => Promise<string>;
  /** A field of `show info`. */
  readonly info: (name: string) => Promise<number>;
}

async function withFairlead(text: string, story: (story: Story) => Promise<void>): Promise<void> {
  const fairlead = await Fairlead.start(text);
  const tell = (line: string) => fairlead.cli(line);
  const info = async (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(await tell('show info'))?.[1]);
  try {
    await story({ port: fairlead.port('www'), tell, info });
  } finally {
    await fairlead.stop('SIGKILL');
  }
}

/** Statuses of so many clients that come at once. */
async function statuses(port: number, count: number): Promise<readonly number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(port)));
  return answers.map(({ status }) => status);
}

describe('a limit of rates', () => {
  it('of a frontend lets everybody in, but not more in a second', async () => {
    await withFairlead(config('', 'rate-limit sessions 3'), async ({ port, tell }) => {
      assert.deepEqual(await statuses(port, 7), Array(7).fill(200));
      const [, line = ''] = /^www,FRONTEND,(.*)$/m.exec(await tell('show stat www 1 -1')) ?? [];
      const [limit, most] = line.split(',').slice(32, 34);
      assert.equal(limit, '3');
      assert.ok(Number(most) <= 3, `${most} in a second`);
    });
  });

  it('lets everybody in in the order they came', async () => {
    await withFairlead(config('', 'rate-limit sessions 2'), async ({ port }) => {
      const answered: number[] = [];
      const came = [0, 1, 2, 3, 4, 5];
      const clients: RawClient[] = [];
      for (const number of came) {
        const client = await RawClient.connect(port);
        client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        client.socket.once('data', () => answered.push(number));
        clients.push(client);
      }
      await until('all are answered', () => answered.length === came.length);
      // Two come in at once: which of them we read first is the system's choice.
      const pairs = (numbers: readonly number[]) => numbers.map((number) => Math.floor(number / 2));
      assert.deepEqual(pairs(answered), pairs(came));
      for (const client of clients) client.close();
    });
  });

  it('of the process is told beside those that have no effect', async () => {
    await withFairlead(config('maxconnrate 3\n maxsslrate 8\n maxcomprate 2', ''), async ({ port, info }) => {
      assert.deepEqual(await statuses(port, 5), Array(5).fill(200));
      assert.deepEqual([await info('ConnRateLimit'), await info('SslRateLimit'), await info('CompressBpsRateLim')], [3, 8, 2048]);
      assert.ok((await info('MaxConnRate')) <= 3);
    });
  });

  it('that is set at run time counts at once, and so does its end', async () => {
    await withFairlead(config('', ''), async ({ port, tell, info }) => {
      assert.equal(await tell('set rate-limit sessions global 1'), '\n');
      assert.equal(await info('SessRateLimit'), 1);
      let answered = 0;
      const clients = Array.from({ length: 40 }, () => ask(port).then(() => answered++));
      await until('one has been answered', () => answered > 0);
      assert.ok(answered < 40);
      assert.match(await tell('show stat www 8 -1'), /^www,sock-1,(?:[^,]*,){15}WAITING,/m);
      assert.equal(await tell('set rate-limit sessions global 0'), '\n');
      await Promise.all(clients);
    });
  });
});
