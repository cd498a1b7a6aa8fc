/** Servers of TLS, good and bad ones, before the real HAProxy and before Fairlead: the same table as in test/scenarios/tls-servers.ts. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  answerOf,
  configuration,
  countersOf,
  requestOf,
  startUpstreams,
  stopUpstreams,
  TLS_STORIES,
  type TlsStory,
  type Upstreams,
} from '../scenarios/tls-servers.ts';
import { answers, startTlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/wait.ts';
import { configurationOf, FILE_CASES, writeFiles } from '../tls/servers-cases.ts';
import { answerAlike, both, DEFAULTS, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const head = `global
 stats socket %DIR%/ctl level admin
 log stdout format raw local0
${DEFAULTS}
 log global
 log-format "%b %ST %ts %rc"
`;

describe('a server of TLS', { skip, concurrency: true }, () => {
  let upstreams: Upstreams;
  let sides: Sides | undefined;
  before(async () => {
    upstreams = await startUpstreams();
    sides = await startSides(head + configuration(upstreams, (name) => `unix@%DIR%/${name}`));
  });
  after(async () => {
    await stopSides(sides);
    await stopUpstreams(upstreams);
  });

  for (const story of TLS_STORIES) {
    it(`as ${story.name}`, async () => {
      const { check, answer, log, counters, haproxyCounters = counters } = story;
      const [haproxy, fairlead] = await both(sides as Sides, (side) => play(side, story, upstreams));
      assert.deepEqual(fairlead, { check, answer, log, counters });
      assert.deepEqual(haproxy, { check, answer, log, counters: haproxyCounters });
    });
  }
});

async function play(side: Side, story: TlsStory, upstreams: Upstreams): Promise<Omit<TlsStory, 'name' | 'kind' | 'words'>> {
  const client = side.client(story.name);
  client.socket.write(requestOf(story));
  if (story.path === '/reset') {
    await until('the response begins', () => client.received.endsWith('body'));
    upstreams[story.kind].reset();
  }
  const answer = answerOf(await client.rest());
  client.close();
  const line = new RegExp(`^${story.name} (\\d+) (..) (\\d+)$`, 'm');
  const [, ...logged] = await until('it is logged', () => line.exec(side.output) ?? undefined);
  const row = async (backend: string) => (await side.rows()).find(({ pxname, svname }) => pxname === backend && svname === 's1') ?? {};
  const checked = await until('it is checked', async () => {
    const found = await row(`c-${story.name}`);
    return /^L\d/.test(found.check_status ?? '') ? found : undefined;
  });
  const served = await row(story.name);
  return {
    check: [checked.check_status ?? '', checked.last_chk ?? ''],
    answer,
    log: logged.join(' '),
    counters: countersOf((name) => served[name]),
  };
}

describe('HAProxy, of the files of servers, says the same', { skip }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-files-'));
    writeFiles(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const one of FILE_CASES) {
    it(one.words, () => {
      const file = join(folder, 'cfg');
      writeFileSync(file, configurationOf(one, folder));
      const { stderr, stdout } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
      const said = (stderr + stdout).split('\n').filter((line) => line.includes(`[${file}:7]`));
      const message = `'server b/s1' : ${one.message.replaceAll('%DIR%', folder)}`;
      assert.deepEqual(
        said.map((line) => [/^\[(\w+)\]/.exec(line)?.[1]?.toLowerCase(), line.slice(line.indexOf("'server b/s1'"))]),
        one.severity === undefined ? [] : [[one.severity, message]],
      );
    });
  }
});

describe('what logs tell of TLS to a server', { skip }, () => {
  const FORMAT = '%b %[ssl_bc] %[ssl_bc_protocol] %[ssl_bc_cipher] %[ssl_bc_is_resumed] %[ssl_bc_alpn]';
  for (const mode of ['http', 'tcp']) {
    it(`in mode ${mode} is the same, also when the connection has gone`, async () => {
      const upstream = await startTlsUpstream('server', answers, { alpn: ['http/1.1'] });
      let sides: Sides | undefined;
      try {
        const server = `server s1 ${upstream.address} ssl verify none alpn http/1.1`;
        const listen = `listen app\n mode ${mode}\n log global\n log-format "${FORMAT}"\n bind unix@%DIR%/app\n ${server}`;
        sides = await startSides(`global\n stats socket %DIR%/ctl\n log stdout format raw local0\n${DEFAULTS}\n${listen}\n`);
        const lines = await both(sides, async (side) => {
          const client = side.client('app');
          client.socket.write('GET /close-notify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
          await client.rest();
          client.close();
          return (await until('it is logged', () => /^app 1 .*$/m.exec(side.output) ?? undefined))[0];
        });
        assert.deepEqual(lines, Array(2).fill('app 1 TLSv1.3 TLS_AES_256_GCM_SHA384 0 http/1.1'));
      } finally {
        await stopSides(sides);
        await upstream.stop();
      }
    });
  }
});

const LINES = [
  'server s1 127.0.0.1:1 ssl verify none',
  'server s2 127.0.0.1:1',
  'server s3 127.0.0.1:1 verify none check check-ssl inter 1h',
];

describe('set server ssl', { skip }, () => {
  let sides: Sides | undefined;
  before(async () => {
    sides = await startSides(`global\n stats socket %DIR%/ctl level admin\n${DEFAULTS}\nbackend app\n ${LINES.join('\n ')}\n`);
  });
  after(() => stopSides(sides));

  const commands = ['s1 ssl off', 's1 ssl on', 's2 ssl on', 's2 ssl off', 's3 ssl on', 's1 ssl', 's1 ssl maybe', 's1 ssl off more'];
  for (const command of commands) {
    it(`answers ${command} as HAProxy, and the state is the same`, async () => {
      await answerAlike(sides as Sides, `set server app/${command}`);
      await answerAlike(sides as Sides, 'show servers state app', (answer) =>
        answer
          .trim()
          .split('\n')
          .slice(2)
          .map((line) => line.split(' ')[20]),
      );
    });
  }
});
