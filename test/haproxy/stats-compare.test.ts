/** The statistics beside HAProxy's: the same configuration, the same traffic, every row compared field by field. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FIELDS } from '../../src/stats/fields.ts';
import { refusingAddress } from '../support/faulty.ts';
import type { StatsRow } from '../support/stats.ts';
import { outlast, until } from '../support/wait.ts';
import { both, type Servers, Side, type Sides, skip, startServers, startSides, stopSides } from './side-by-side.ts';
import { GLOBAL, get, STORIES, type Story } from './stats-stories.ts';

let sides: Sides;
let servers: Servers | undefined;

before(async () => {
  if (skip !== false) return;
  servers = await startServers();
  const refusing = (await refusingAddress()).address;
  const config = [GLOBAL, ...STORIES.map(({ config }) => config)]
    .join('\n')
    .replaceAll('%OK%', servers.address)
    .replaceAll('%REFUSES%', refusing)
    .replaceAll('%AGENT.host%', '127.0.0.1')
    .replaceAll('%AGENT.port%', servers.agent.replace(/^.*:/, ''));
  sides = await startSides(config);
});

after(async () => {
  await stopSides(sides);
  await servers?.stop();
});

/** What the clock says differs; that there is something does not. */
const MOMENTS: ReadonlySet<string> = new Set([
  ...['lastchg', 'downtime', 'check_duration', 'agent_duration', 'lastsess'],
  ...['rate', 'req_rate', 'conn_rate', 'rate_max', 'req_rate_max', 'conn_rate_max'],
  ...['qtime', 'ctime', 'rtime', 'ttime', 'qtime_max', 'ctime_max', 'rtime_max', 'ttime_max'],
]);

function comparable(column: string, row: StatsRow): string {
  const value = row[column] ?? '';
  // While a check runs.
  if (column === 'check_code' || column === 'last_chk') return row.check_status?.startsWith('* ') ? 'unknown yet' : value;
  if (column === 'lastsess') return value === '-1' ? value : 'a moment';
  if (MOMENTS.has(column)) return value === '' ? '' : 'a moment';
  return column.endsWith('_status') ? value.replace(/^\* /, '') : value;
}

type Rows = ReadonlyMap<string, StatsRow>;

async function rowsOf(side: Side, { proxies }: Story): Promise<Rows> {
  const rows = (await side.rows()).filter(({ pxname }) => proxies.includes(pxname ?? ''));
  return new Map(rows.map((row) => [`${row.pxname}/${row.svname}`, row]));
}

async function differences(story: Story): Promise<string[]> {
  const [theirs, ours] = await both(sides, (side) => rowsOf(side, story));
  assert.deepEqual([...ours.keys()], [...theirs.keys()]);
  const found: string[] = [];
  for (const [name, row] of theirs) {
    for (const { name: column } of FIELDS) {
      if (story.without?.includes(column)) continue;
      const other = ours.get(name) ?? {};
      if (comparable(column, row) !== comparable(column, other))
        found.push(`${name} ${column}: ${row[column]} there, ${other[column]} here`);
    }
  }
  return found;
}

const played = new Map<Story, Promise<unknown>>();

/** How long the longest story took, ms: so far one side may be behind the other. */
let longest = 0;

/** Once, whoever wants it first. */
function play(story: Story): Promise<unknown> {
  const began = performance.now();
  const playing = played.get(story) ?? both(sides, (side) => story.play(side, servers as Servers));
  played.set(story, playing);
  return playing.finally(() => {
    longest = Math.max(longest, performance.now() - began);
  });
}

async function playAll(): Promise<void> {
  for (const story of STORIES) await play(story);
}

describe('traffic is counted as HAProxy counts it', { skip }, () => {
  for (const story of STORIES) {
    test(story.name, async () => {
      await play(story);
      let last: readonly string[] = [];
      await until(
        'they agree',
        async () => {
          last = await differences(story);
          return last.length === 0;
        },
        10_000,
      ).catch(() => assert.deepEqual(last, []));
    });
  }
});

/** Least ms that a request is held, and that another one waits for it. */
const HELD = 300;

test('times are told where they were spent, and averaged', { skip }, async () => {
  // One request is served at a time.
  const config = `${GLOBAL}\nlisten timed\n bind unix@%DIR%/timed\n server s ${servers?.address} maxconn 1`;
  const times = async (side: Side): Promise<StatsRow> => {
    const name = `timed-${side.name}`;
    const first = side.client('timed');
    const held = first.say(get(`/hold/${name}`));
    await until('it is held', () => servers?.held(name));
    const second = side.client('timed');
    const queued = second.say(get('/'));
    const row = async (name: string): Promise<StatsRow> => (await side.rows()).find(({ svname }) => svname === name) ?? {};
    await until('the other one waits', async () => (await row('BACKEND')).qcur === '1');
    await outlast(HELD / 2);
    await servers?.release(name);
    await Promise.all([held, queued]);
    for (const client of [first, second]) client.close();
    await until('both are counted', async () => (await row('s')).stot === '2' && (await row('FRONTEND')).scur === '0');
    return row('s');
  };
  for (const kind of ['haproxy', 'fairlead'] as const) {
    const side = await Side.start(kind, config);
    const row = await times(side).finally(() => side.stop());
    const [queue, response, total] = ['qtime', 'rtime', 'ttime'].map((name) => [Number(row[name]), Number(row[`${name}_max`])]) as [
      number[],
      number[],
      number[],
    ];
    const told = `${side.name}: ${JSON.stringify({ queue, response, total })}`;
    // One of the two has waited, the other one was held: of the averages, at least half of it is there.
    for (const [average = 0, most = 0] of [queue, response]) assert.ok(most >= HELD && average >= HELD / 2 - 5 && average < most, told);
    assert.ok((total[0] ?? 0) >= HELD - 5 && (total[1] ?? 0) >= HELD, told);
  }
});

/** Seconds, as the clock has gone on between two looks. */
const LOOK = 5;

test('seconds since a change, of outages and since the last session are the same', { skip }, async () => {
  await playAll();
  const read = async (side: Side): Promise<Rows> => new Map((await side.rows()).map((row) => [`${row.pxname}/${row.svname}`, row]));
  const [theirs, ours] = await both(sides, read);
  for (const [name, row] of theirs) {
    for (const column of ['lastchg', 'downtime', 'lastsess']) {
      const [there, here] = [row[column] ?? '', ours.get(name)?.[column] ?? ''];
      const told = `${name} ${column}: ${there} there, ${here} here`;
      assert.equal(here === '', there === '', told);
      assert.ok(Math.abs(Number(here) - Number(there)) <= LOOK + longest / 1000, told);
    }
  }
});

/** Typed lines by what they are about: `B/app 0 pxname KNS:str`. Values are compared above. */
function shapes(typed: string): string[] {
  const names = new Map([...typed.matchAll(/^(\w\.\d+\.\d+)\.0\.pxname\..*:str:(\w+)/gm)].map(([, row, name]) => [row, name]));
  return typed.split('\n').flatMap((line) => {
    const [, row, position, column, tags] = /^(\w\.\d+\.\d+)\.(\d+)\.(\w+)\.1:(\w+:\w+):/.exec(line) ?? [];
    if (row === undefined || Number(position) >= FIELDS.length) return [];
    return [`${row} ${names.get(row)} ${position} ${column} ${tags}`];
  });
}

test('typed reports have the same columns, positions and types', { skip }, async () => {
  await playAll();
  for (const filter of ['', ' up', ' no-maint', ' desc']) {
    const [theirs, ours] = await both(sides, (side) => side.cli(`show stat typed${filter}`));
    assert.deepEqual(shapes(ours ?? ''), shapes(theirs ?? ''), filter);
  }
});

interface Cell {
  readonly objType: string;
  readonly proxyId: number;
  readonly id: number;
  readonly field: { readonly pos: number; readonly name: string };
  readonly processNum: number;
  readonly tags: object;
  readonly value: { readonly type: string; readonly value: unknown };
}

test('JSON reports have the same rows, columns, tags and types', { skip }, async () => {
  await playAll();
  // Of few rows: HAProxy loses parts of more.
  for (const proxy of ['idle', 'sockets', 'tcp']) {
    const read = async (side: Side) => {
      const ask = async () => JSON.parse(await side.cli(`show stat ${proxy} -1 -1 json`)) as Cell[][];
      // HAProxy 2.6.12 loses a part of its answer now and then, of small ones, too.
      const rows = side.name === 'haproxy' ? await until('HAProxy has said it whole', ask) : await ask();
      return rows.map((row) =>
        row.filter(({ field }) => field.pos < FIELDS.length).map(({ value, ...cell }) => ({ ...cell, type: value.type })),
      );
    };
    const [theirs, ours] = await both(sides, read);
    assert.deepEqual(ours, theirs, proxy);
  }
});

test('rows are chosen alike', { skip }, async () => {
  const words = [
    '',
    'sockets 1 -1',
    'sockets 8 2',
    'sockets -1 1',
    '3 4 -1',
    '#3 4 -1',
    'weights 4 3',
    'up',
    'no-maint',
    '-1 2 -1 up',
    '0 1',
    'nope -1 -1',
    'desc',
  ];
  for (const word of words) {
    const read = async (side: Side) =>
      (await side.cli(`show stat ${word}`)).split('\n').map((line) => line.split(',').slice(0, 2).join('/'));
    const [theirs, ours] = await both(sides, read);
    assert.deepEqual(ours, theirs, word);
  }
});

/** Of the machine, the program and the moment. */
const OWN: ReadonlySet<string> = new Set([
  ...['Version', 'Release_date', 'Build info', 'Pid', 'Uptime', 'Uptime_sec', 'Start_time_sec', 'Tasks', 'Run_queue', 'Idle_pct'],
  ...['Memmax_MB', 'Memmax_bytes', 'PoolAlloc_MB', 'PoolAlloc_bytes', 'PoolUsed_MB', 'PoolUsed_bytes', 'Ulimit-n', 'Maxsock'],
  ...['ConnRate', 'MaxConnRate', 'SessRate', 'MaxSessRate', 'TotalBytesOut', 'BytesOutRate'],
]);
/** Connections to the Runtime API are among them, and each has one request. */
const WITH_COMMANDS: ReadonlySet<string> = new Set(['CumConns', 'CumReq']);

test('show info tells the same of the process', { skip }, async () => {
  const config = `${GLOBAL}
 maxconn 300
listen app
 bind unix@%DIR%/app
 bind unix@%DIR%/more
 server s ${(servers as Servers).address}
frontend alone
 bind unix@%DIR%/alone
 maxconn 10`;
  const play = async (side: Side) => {
    await side.ask('app', get('/'), get('/'), get('/404'));
    await side.ask('more', get('/'));
    await side.ask('alone', get('/'));
    const stays = side.client('app');
    await stays.say(get('/'));
    const lines = (await side.cli('show info typed')).trim().split('\n');
    stays.close();
    return lines.map((line) => {
      const [, start = '', name = '', tags = '', value = ''] = /^(\d+\.(.*?)\.1:)(\w+:\w+):(.*)$/.exec(line) ?? [];
      const told = WITH_COMMANDS.has(name) ? Number(value) - side.commands : value;
      return `${start}${tags}${OWN.has(name) ? '' : `:${told}`}`;
    });
  };
  const fresh = await startSides(config);
  try {
    const [theirs, ours] = await both(fresh, play);
    assert.deepEqual(ours, theirs);
  } finally {
    await stopSides(fresh);
  }
});
