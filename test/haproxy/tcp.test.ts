/** TCP sessions before the real HAProxy: the same table as Fairlead's (test/scenarios/tcp-stories.ts). */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBalancer } from '../scenarios/balancer.ts';
import { PROBES, probed } from '../scenarios/probes.ts';
import { DEFAULTS, essence, essentials, type Outcome, STORIES, Stage, type Story, withServers } from '../scenarios/tcp-stories.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { Peer, startPeers } from '../support/peer.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

let folder = '';

before(() => {
  if (skip === false) folder = mkdtempSync(join(tmpdir(), 'fairlead-tcp-'));
});

after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

/**
 * It listens on a descriptor that it inherits, so nobody has to find a free port for it. One thread: with several,
 * HAProxy logs two connections now and then where there is one.
 */
const configuration = (path: string, front: string, back: string): string => `
global
 nbthread 1
 stats socket ${path}.ctl level admin
 log stdout format raw local0
defaults${DEFAULTS} log global
frontend www
 bind fd@3
${front}
backend be
${back}`;

interface Running {
  readonly port: number;
  readonly rows: () => Promise<readonly StatsRow[]>;
  /** Lines of sessions so far. */
  readonly logged: () => readonly string[];
}

async function withHaproxy(path: string, front: string, back: string, story: (running: Running) => Promise<void>): Promise<void> {
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
  const logged = () => text.split('\n').filter((line) => / www /.test(line));
  try {
    await until('HAProxy runs', async () => (await readRows(path)).length > 0);
    await story({ port, rows: () => readRows(path), logged });
  } finally {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
  }
}

async function readRows(path: string): Promise<readonly StatsRow[]> {
  const control = connect(`${path}.ctl`);
  control.write('show stat\n');
  let csv = '';
  for await (const bytes of control) csv += bytes.toString();
  return parseStats(csv);
}

/** Nobody is connected any more. */
function over(rows: Running['rows']): Promise<readonly StatsRow[]> {
  return until('all sessions are over', async () => {
    const all = await rows();
    return all.every((row) => row.scur === '0') && all;
  });
}

async function play(story: Story, path: string): Promise<Outcome> {
  let outcome: Outcome | undefined;
  await withServers(story, async (front, back, servers) => {
    await withHaproxy(path, front, back, async ({ port, rows, logged }) => {
      const counter = async (svname: string, column: string) =>
        Number((await rows()).find((row) => row.svname === svname)?.[column] ?? Number.NaN);
      await story.play(new Stage({ port, counter }, servers));
      await until('all is logged', () => logged().length >= story.log.length);
      outcome = { log: logged().map(essence), counters: essentials(await over(rows)) };
    });
  });
  return outcome ?? assert.fail();
}

for (const [index, story] of STORIES.entries()) {
  test(story.name, { skip }, async () => {
    const { log, counters } = { ...story, ...story.haproxy };
    assert.deepEqual(await play(story, join(folder, String(index))), { log, counters });
  });
}

for (const [lines, toClient, toServer] of PROBES) {
  test(`keep-alive probes with${lines.replaceAll('\n', ';') || ' nothing'}`, { skip }, async () => {
    const server = await startPeers();
    try {
      await withHaproxy(
        join(folder, 'probes'),
        ` default_backend be\n${lines}`,
        `${lines} server s1 ${server.address}\n`,
        async ({ port }) => {
          const client = await Peer.connect(port, OWN_HOST);
          assert.deepEqual(await probed(client, await server.next()), [toClient, toServer]);
          client.socket.destroy();
        },
      );
    } finally {
      await server.stop();
    }
  });
}

/** What depends on the clock. */
const FLUID = /^(rate|conn_rate|rate_max|conn_rate_max|lastchg|lastsess|downtime|check_duration|.time|.time_max)$/;
/** Whose numbers follow other rules: how connections are thought to be needed, the limit of files, addresses to listen on. */
const OTHER = /^(need_conn_est|slim|addr|iid)$/;

const LINES = ` default_backend be
 maxconn 50
 option socket-stats
`;

test('a client and a server who have spoken leave the same values in every column', { skip }, async () => {
  const server = await startPeers();
  const probed = await startPeers();
  const back = ` balance leastconn\n server s1 ${server.address} check inter 9s port ${probed.port}\n server s2 ${server.address} disabled\n`;
  const talk = async (port: number) => {
    const client = await Peer.connect(port, OWN_HOST);
    client.send('hello');
    const peer = await server.next();
    await peer.got('hello');
    peer.send('welcome');
    await client.got('welcome');
    client.end();
    peer.end();
    await client.ended();
  };
  const checked = (rows: readonly StatsRow[]) => rows.some((row) => row.svname === 's1' && row.check_status === 'L4OK') && rows;
  try {
    let theirs: readonly StatsRow[] = [];
    let mine: readonly StatsRow[] = [];
    await withHaproxy(join(folder, 'columns'), LINES, back, async ({ port, rows }) => {
      await until('the server is checked', async () => checked(await rows()));
      await talk(port);
      theirs = await over(rows);
    });
    const text = `defaults${DEFAULTS}frontend www\n bind ${OWN_HOST}:0\n${LINES}backend be\n${back}`;
    await withBalancer(text, async (balancer) => {
      await until('the server is checked', () => checked(balancer.rows('www', 'be')));
      await talk(balancer.port('www'));
      await until('it is over', () => balancer.plane.connections === 0);
      mine = balancer.rows('www', 'be');
    });
    assert.deepEqual(
      mine.map((row) => row.svname),
      theirs.map((row) => row.svname),
    );
    for (const [index, row] of mine.entries()) {
      const other = theirs[index] as StatsRow;
      for (const [column, value] of Object.entries(row)) {
        const where = `${column} of ${row.svname}: "${value}" beside "${other[column]}"`;
        if (FLUID.test(column) || OTHER.test(column)) assert.equal(value === '', other[column] === '', where);
        else assert.equal(value, other[column], where);
      }
    }
  } finally {
    await server.stop();
    await probed.stop();
  }
});
