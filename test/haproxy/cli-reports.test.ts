/**
 * Reports of the Runtime API beside HAProxy's after the same traffic: the process, its sessions, malformed messages; what there is
 * none of; who may ask; what hostile clients are answered; what becomes of sockets.
 */

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { ctl } from '../../src/ctl/ctl.ts';
import { CliClient } from '../support/cli.ts';
import { until } from '../support/wait.ts';
import { answerAlike, both, type Servers, type Side, type Sides, skip, startServers, startSides, stopSides } from './side-by-side.ts';

const CONFIG = (servers: Servers): string => `
global
    nbthread 1
    maxconn 200
    node here
    stats socket %DIR%/ctl mode 640 level admin expose-fd listeners
    stats socket %DIR%/operator
    stats socket %DIR%/user level user
    stats timeout 20s
defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
frontend web
    bind unix@%DIR%/web name main
    maxconn 100
    use_backend purged if { path /purged }
    default_backend app
frontend stream
    mode tcp
    bind unix@%DIR%/stream
    default_backend bytes
backend bytes
    mode tcp
    server t1 ${servers.address}
backend app
    server s1 ${servers.address}
backend bad
    server s1 ${servers.address}
backend purged
    server s1 ${servers.address} pool-purge-delay 100ms
    server s2 unix@%DIR%/nobody disabled
`;

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`;

describe('reports of the Runtime API, side by side with HAProxy', { skip }, () => {
  let servers: Servers;
  let sides: Sides;

  before(async () => {
    servers = await startServers();
    sides = await startSides(CONFIG(servers));
  });

  after(async () => {
    await stopSides(sides);
    await servers?.stop();
  });

  /** What both answer, without what is of one program or of one moment. */
  async function compare(command: string, level = 'ctl'): Promise<void> {
    const [wanted, got] = await both(sides, (side) => ask(side, command, level));
    assert.deepEqual([command, got], [command, wanted]);
  }

  it('the process, before and after traffic, and when its counters are cleared', async () => {
    // What asks is counted: as often on both sides.
    const start = await both(sides, (side) => info(side));
    await both(sides, (side) => side.ask('web', GET('/ok'), GET('/ok')));
    await both(sides, (side) => side.ask('stream', GET('/ok')));
    const names = Object.keys(start[0] ?? {});
    assert.deepEqual(Object.keys(start[1] ?? {}), names);
    const grown = async (): Promise<readonly object[]> => {
      const now = await both(sides, (side) => info(side));
      return now.map((fields, index) => withoutOwn(fields, start[index] ?? {}));
    };
    const [wanted, got] = await grown();
    assert.deepEqual(got, wanted);
    for (const command of ['disable frontend stream', 'enable frontend stream']) {
      await compare(command);
      const [before, after] = await grown();
      assert.deepEqual(after, before, command);
    }
    for (const command of ['clear counters', 'clear counters all']) {
      await compare(command);
      const [before, after] = await grown();
      assert.deepEqual(after, before, command);
    }
  });

  it('the process in every format', async () => {
    for (const command of ['show info typed', 'show info typed float', 'show info desc', 'show info float', 'show info typed desc']) {
      const [wanted, got] = await both(sides, (side) => side.cli(command));
      assert.deepEqual(shapeOf(got ?? ''), shapeOf(wanted ?? ''), command);
    }
    for (const command of ['show info json', 'show info float json', 'show info typed json']) {
      const [wanted, got] = await both(sides, async (side) => JSON.parse(await side.cli(command)) as InfoCell[]);
      assert.deepEqual(got?.map(cellShape), wanted?.map(cellShape), command);
    }
  });

  it('sessions', async () => {
    for (const side of sides) {
      const path = `/hold/${side.name}`;
      const waiting = side.client('web');
      waiting.socket.write(GET(path));
      await until(`${path} is at its server`, () => servers.held(path.slice('/hold/'.length)));
    }
    const listed = await both(sides, (side) => side.cli('show sess'));
    assert.deepEqual(sessionsOf(listed[1] ?? ''), sessionsOf(listed[0] ?? ''));
    assert.equal(sessionsOf(listed[1] ?? '').length, 2);
    for (const [index, side] of sides.entries()) {
      const id = /^(0x\w+): .* fe=web be=app srv=s1 ts=00 /m.exec(listed[index] ?? '')?.[1];
      const whole = await side.cli(`show sess ${id}`);
      assert.match(whole, new RegExp(`^${id}: \\[\\d\\d/\\w+/\\d+:[\\d:.]+\\] id=\\d+ proto=unix_stream source=unix:1\\n {2}flags=`));
      assert.match(whole, /\n {2}frontend=web \(id=2 mode=http\), listener=main \(id=1\) addr=unix:1\n {2}backend=app \(id=5 mode=http\)/);
      assert.match(whole, /\n {2}server=s1 \(id=1\) addr=127\.0\.0\.1:\d+\n {2}task=0x/);
      assert.match(await side.cli('show sess all'), new RegExp(`^${id}: \\[`, 'm'));
      assert.equal(await side.cli(`shutdown session ${id}`), '\n');
      await until('the session is gone', async () => !(await side.cli('show sess')).includes('fe=web'));
    }
  });

  it('malformed requests', async () => {
    const malformed = [
      'BAD\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n',
      `GET /\x01\t\\\xff${'y'.repeat(200)} HTTP/1.1\r\n\r\n`,
    ];
    for (const text of malformed) {
      await both(sides, async (side) => {
        const client = side.client('web');
        client.socket.write(text, 'latin1');
        await client.rest();
        client.close();
      });
      for (const command of ['show errors', 'show errors web request', 'show errors 2', 'show errors -1']) await compare(command);
    }
    for (const command of [
      'show errors web response',
      'show errors app',
      'show errors 99',
      'show errors #2',
      'show errors 0',
      'show errors web foo',
    ]) {
      await compare(command);
    }
  });

  it('connections to servers, when those that are idle have been purged', async () => {
    await both(sides, (side) => side.ask('web', GET('/purged')));
    for (const side of sides) {
      await until('nothing is thought to be needed', async () => {
        const [, s1 = '', s2 = ''] = (await side.cli('show servers conn purged')).split('\n');
        return / - 100 0 0 0 0 0 -1 0 0$/.test(s1) && / - 0 - 5000 0 0 0 0 0 -1 0 0$/.test(s2);
      });
    }
  });

  const ABSENT = [
    'show cache',
    'show peers',
    'show peers foo',
    'show peers dict',
    'show peers - foo',
    'show ssl cert',
    'show ssl cert foo',
    'show ssl ca-file foo',
    'show ssl crl-file foo',
    'show ssl crt-list foo',
    'show ssl crt-list -n',
    'show ssl ocsp-response 12',
    'show tls-keys foo',
    'show tls-keys *',
    'show ssl crt-list',
    'show ssl crl-file',
    'show ssl ocsp-response',
    'show tls-keys',
    'get var',
    'get var proc.x',
    'set var',
    'set var proc.x int(3)',
    'show trace foo',
    'trace foo',
    'trace 0',
    'show events foo',
    'show resolvers foo',
    'show profiling tasks',
    'show profiling foo',
    'set profiling',
    'set profiling tasks',
    'set profiling tasks off',
    'set profiling tasks foo',
    'set profiling memory on',
    'set profiling foo',
    'show tasks',
    'expert-mode',
    'expert-mode on',
    'expert-mode on;expert-mode;expert-mode off;expert-mode',
    'experimental-mode on;experimental-mode',
    'show sess 0x1',
    'shutdown session 0x',
  ];

  it('what there is none of', async () => {
    for (const command of ABSENT) await compare(command);
  });

  it('who may ask', async () => {
    const commands = [
      ...ABSENT,
      'show activity',
      'show events',
      'show events stdout -w',
      'show fd',
      'show libs',
      'show pools',
      'show profiling',
      'show resolvers',
      'show schema json',
      'show startup-logs',
      'show threads',
      'show trace',
      'trace',
      'show sess',
      'show errors',
      'show info',
      'show env HOME',
      'show cli sockets',
      'set profiling tasks auto',
    ];
    for (const level of ['operator', 'user']) {
      for (const command of commands) {
        const denied = await both(sides, async (side) => (await ask(side, command, level)) === 'Permission denied\n\n');
        assert.deepEqual([level, command, denied[1]], [level, command, denied[0]]);
      }
    }
  });

  it('activity has the same lines', async () => {
    const [wanted, got] = await both(sides, async (side) =>
      (await side.cli('show activity')).split('\n').map((line) => line.split(': ')[0]),
    );
    assert.deepEqual(got, wanted);
  });

  it('resolvers have the same counters', async () => {
    for (const command of ['show resolvers', 'show resolvers default', 'show stat domain resolvers', 'show stat domain resolvers typed']) {
      await answerAlike(sides, command, (answer) => answer.replace(/nameserver \S+|^[^#\n]*?,\w*(?=,0,)|(?<=id:CGP:str:).*/gm, 'SERVER'));
    }
  });

  it('pools, descriptors, libraries, threads and sinks are told of in the same words', async () => {
    const words: readonly (readonly [command: string, line: RegExp])[] = [
      [
        'show pools',
        /^ {2}- Pool \w+ \(\d+ bytes\) : \d+ allocated \(\d+ bytes\), \d+ used \(~\d+ by thread caches\), needed_avg \d+, 0 failures, \d+ users/m,
      ],
      ['show pools', /^Total: \d+ pools, \d+ bytes allocated, \d+ used \(~\d+ by thread caches\)\.$/m],
      ['show fd', /^ {5,6}\d+ : .*l\.st=RDY fe=GLOBAL fam=unix$/m],
      ['show fd', /^ {5,6}\d+ : .*l\.st=RDY fe=web fam=unix$/m],
      ['show libs', /^0x[0-9a-f]{12,}-0x[0-9a-f]{12,} \(0x[0-9a-f]{7,}\) \/\S+$/m],
      ['show threads', /^\* Thread 1 : .*act=1 glob=0 wq=\d rq=\d tl=0 tlsz=0 rqsz=\d+$/m],
      ['show events', /^ {4}\w+ +: type=\w+, 0 dropped, /m],
      ['show trace', /^Supported trace sources and states \(\.=stopped, w=waiting, R=running\) :$/m],
      ['show profiling', /^Per-task CPU profiling {14}: \S*off /m],
    ];
    for (const [command, line] of words) {
      for (const side of sides) assert.match(await side.cli(command), line, side.name);
    }
  });

  const HOSTILE: readonly (readonly [what: string, text: string])[] = [
    ['a line of ten thousand bytes', `show version ${'x'.repeat(10_000)}\n`],
    ['two hundred words', `show version${' a'.repeat(200)}\n`],
    ['a hundred commands', `${'show cli level;'.repeat(100)}\n`],
    ['nothing but separators', `${';'.repeat(20)}\n`],
    ['bytes that are no text', 'show vers\x80\xff\xfe\n'],
    ['control characters', 'show\x0bversion\x0c\x1b[2J\n'],
    ['a line without its end', 'show cli level'],
    ['half of a line behind a whole one', 'show cli level\nshow cli'],
    ['an error in the middle', 'show cli level;nonsense;show cli level\n'],
    ['a refusal in the middle', 'operator;set weight app/s1 5;show cli level\n'],
    ['a payload that does not end', 'show cli level <<\nabc\n'],
    ['a payload for nothing', '<<\n\nshow cli level\n'],
    ['carriage returns', 'show cli level\r\r\n'],
    ['a prompt that is left', 'prompt\nshow cli level'],
    ['a prompt twice', 'prompt;prompt;show cli level\n'],
    ['what stands behind the end', 'quit;show cli level\nshow cli level\n'],
  ];

  for (const [what, text] of HOSTILE) {
    it(`clients that send ${what}`, async () => {
      const [wanted, got] = await both(sides, (side) => halfClose(join(side.folder, 'ctl'), text));
      assert.deepEqual(comparable(got ?? ''), comparable(wanted ?? ''));
    });
  }

  it('more clients than may ask at once are answered in turn', async () => {
    for (const side of sides) {
      const path = join(side.folder, 'ctl');
      const holding = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const client = new CliClient(path);
          client.send('prompt\n');
          await client.read('> ');
          return client;
        }),
      );
      const asking = Array.from({ length: 5 }, () => halfClose(path, 'show cli level\n'));
      for (const client of holding) client.close();
      for (const answer of await Promise.all(asking)) assert.equal(answer, 'admin\n\n', side.name);
    }
  });

  it('fairlead ctl reads both alike', async () => {
    const commands = [
      ['show', 'servers', 'state'],
      ['show', 'servers', 'conn'],
      ['show', 'backend'],
      ['show', 'stat', '-1', '4', '-1'],
      ['show', 'table'],
      ['show', 'cli', 'level'],
      ['get', 'weight', 'app/s1'],
      ['set', 'weight', 'app/nope', '5'],
      ['set', 'server', 'app/s1', 'state', 'ready'],
      ['set', 'server', 'app/s1', 'addr', '127.0.0.1'],
      ['nonsense'],
      ['complete', 'set', 'server', ''],
      ['complete', 'show', 'servers', 'state', ''],
    ];
    for (const command of commands) {
      // A table shows no column in which everybody has 0, and so may not show an age.
      const formats = command[0] === 'complete' ? [[]] : command.length > 2 ? [['--json']] : [[], ['--json'], ['--raw']];
      for (const format of formats) {
        const [wanted, got] = await both(sides, (side) => control(side, [...format, ...command]));
        assert.deepEqual([command, got], [command, wanted]);
      }
    }
  });

  it('sockets have the mode that is asked for, and their files stay when the process has gone', async () => {
    for (const side of sides) assert.equal(statSync(join(side.folder, 'ctl')).mode & 0o777, 0o640, side.name);
    // The last test here: nobody answers any more.
    for (const side of sides) {
      const { Pid: pid } = await info(side);
      process.kill(Number(pid), 'SIGTERM');
      const path = join(side.folder, 'ctl');
      await until(`${side.name} has gone`, async () => (await halfClose(path, 'show version\n')) === '');
      assert.ok(statSync(path).isSocket(), side.name);
    }
  });
});

// --- what is compared -----------------------------------------------------------------------------------------------

async function ask(side: Side, command: string, level: string): Promise<string> {
  return comparable(await halfClose(join(side.folder, level), `${command}\n`));
}

/** What `fairlead ctl` says of one, and its exit code. */
async function control(side: Side, words: readonly string[]): Promise<readonly unknown[]> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end();
  const code = await ctl(words, { env: { FAIRLEAD_SOCKET: join(side.folder, 'ctl') }, cwd: side.folder, stdin, stdout, stderr });
  // Numbers are compared elsewhere, commands are not all the same, and HAProxy's modules have columns of their own.
  const own = (text: string): string =>
    text
      .replace(/(Unknown command[^\\\n]*).*/s, '$1')
      .replace(/,"(?:ssl|h[12])_\w+":\d+/g, '')
      .replace(/\d+/g, 'N');
  return [code, own(String(stdout.read() ?? '')), own(String(stderr.read() ?? ''))];
}

/** Sends, ends, and answers all that came until the other side closed, or reset. */
function halfClose(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ path, allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.on('end', () => socket.destroy());
    socket.end(text, 'latin1');
  });
}

function comparable(answer: string): string {
  return answer
    .replace(/^((\[\w+\]: )?Unknown command.*)\n( {2}.*\n)+/gm, '$1\n')
    .replace(/2\.6\.12\S*/g, 'VERSION')
    .replace(/\[\d\d\/\w{3}\/\d{4}:[\d:.]+\]/g, '[TIME]')
    .replace(/flags 0x[0-9a-f]+/g, 'flags');
}

type Fields = Readonly<Record<string, string>>;

async function info(side: Side): Promise<Fields> {
  const lines = (await side.cli('show info')).split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
}

/** Of the program, the machine and the moment. */
const OWN = new Set(
  'Version Release_date Pid Uptime Uptime_sec Memmax_MB PoolAlloc_MB PoolUsed_MB Ulimit-n Maxsock Tasks Run_queue Idle_pct'.split(' '),
);
for (const name of ['Build info', 'Memmax_bytes', 'PoolAlloc_bytes', 'PoolUsed_bytes', 'Start_time_sec', 'BytesOutRate']) OWN.add(name);
/** Rates are of the last second. */
const OF_THE_MOMENT = /^(Conn|Sess)Rate$/;

/** Totals count from `start` on: how often each was asked until it answered is its own. What `show info` itself sends is not compared. */
function withoutOwn(now: Fields, start: Fields): object {
  const left = Object.entries(now).filter(([name]) => !OWN.has(name) && !OF_THE_MOMENT.test(name) && name !== 'TotalBytesOut');
  return Object.fromEntries(left.map(([name, value]) => [name, /^Cum/.test(name) ? Number(value) - Number(start[name]) : value]));
}

/** Names, numbers, tags and whether there is an explanation, but no values. */
function shapeOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^\d+\.[^:]+:\w+:\w+:|^[^:]+: )[^"]*?(:".*")?$/, (_all, field, desc) => `${field}${desc ? 'desc' : ''}`));
}

interface InfoCell {
  readonly field: { readonly pos: number; readonly name: string };
  readonly processNum: number;
  readonly tags: object;
  readonly value: { readonly type: string; readonly value: string | number };
}

function cellShape({ field, processNum, tags, value: { type, value } }: InfoCell): object {
  return { field, processNum, tags, type, kind: typeof value };
}

/** The words of each line in their order, and what those say that mean the same for everybody. */
function sessionsOf(text: string): readonly object[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => ({
    words: line.match(/\w+(?==)|\w+(?=\[)/g),
    same: line.match(/\b(proto|src|fe|be|srv|ts|rc)=\S*/g),
    id: /^0x[0-9a-f]{12}: /.test(line),
  }));
}
