/** Unix datagram sockets, as syslog daemons have them at /dev/log: Perl or Python passes the lines on. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BACKLOG, Losses } from '../../src/stats/log-outputs.ts';
import { RELAYS, UnixOutput } from '../../src/stats/log-unix.ts';
import { type Daemon, receiveUnix } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

const has = (program: string): boolean => spawnSync(program, ['-h']).status !== null;
const skip = has('perl') ? false : 'perl is not installed';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-syslog-'));
});
after(() => rmSync(folder, { recursive: true }));

async function withDaemon(story: (path: string, daemon: Daemon) => Promise<void>): Promise<void> {
  const path = join(folder, 'log');
  const daemon = await receiveUnix(path);
  try {
    await story(path, daemon);
  } finally {
    await daemon.stop();
  }
}

for (const relay of RELAYS) {
  const missing = skip === false && has(relay[0]) ? false : `${relay[0]} is not installed`;

  test(`${relay[0]} sends each line as it is`, { skip: missing }, async () => {
    await withDaemon(async (path, daemon) => {
      const output = new UnixOutput(path, new Losses(path, assert.fail), [relay]);
      const lines = ['from the start\n', 'two\nlines of one message\n', 'grüße\n', `${'x'.repeat(60_000)}\n`];
      for (const line of lines) output.write(line);
      await until('all are here', () => daemon.lines.length === lines.length);
      assert.deepEqual(
        daemon.lines.map((line) => Buffer.from(line, 'latin1').toString()),
        lines,
      );
      output.close();
    });
  });

  test(`${relay[0]} tells what cannot be sent`, { skip: missing }, async () => {
    const told: string[] = [];
    const lost = new Losses('it', (message) => told.push(message));
    await withDaemon(async (path, daemon) => {
      const output = new UnixOutput(path, lost, [relay]);
      output.write('one\n');
      await until('the first is here', () => daemon.lines.length === 1);
      await daemon.stop();
      output.write('two\n');
      await until('the loss is told', () => told.length === 1);
      assert.deepEqual([told, lost.count], [['log target it: a line was dropped: ECONNREFUSED.'], 1]);
      output.close();
    });
  });
}

test('a relay that cannot run leaves it to the next', { skip }, async () => {
  await withDaemon(async (path, daemon) => {
    const relays = [['fairlead-no-such-program'], ['perl', '-e', 'exit 1'], ...RELAYS] as const;
    const output = new UnixOutput(path, new Losses(path, assert.fail), relays);
    output.write('one\n');
    await until('it is here', () => daemon.lines.length === 1);
    output.close();
  });
});

test('without any it is told what is missing', { skip }, async () => {
  const told: string[] = [];
  await withDaemon(async (path) => {
    const lost = new Losses('it', (message) => told.push(message));
    const output = new UnixOutput(path, lost, [['fairlead-no-such-program']]);
    output.write('one\n');
    await until('it is told', () => told.length === 1);
    assert.match(told[0] ?? '', /^log target it cannot be used: it is a datagram socket, .* neither perl nor python3 is there to do it/);
    output.close();
    assert.equal(lost.count, 1);
  });
});

/** What Node.js gives where the system has no descriptors left: it has no pipes, and its error comes later. */
function withoutPipes(): ChildProcess {
  const child = new EventEmitter();
  process.nextTick(() => child.emit('error', new Error('spawn perl EMFILE')));
  return child as ChildProcess;
}

/** Some ends of the system's means are thrown. */
function throwing(): never {
  throw new Error('spawn ENOMEM');
}

for (const failing of [withoutPipes, throwing]) {
  test(`a relay that cannot be started for now is started later: ${failing.name}`, { skip }, async () => {
    const told: string[] = [];
    const lost = new Losses('it', (message) => told.push(message));
    await withDaemon(async (path, daemon) => {
      const starts: string[] = [];
      const start = (program: string, words: readonly string[]): ChildProcess => {
        starts.push(program);
        return starts.length < 3 ? failing() : spawn(program, words, { stdio: ['pipe', 'pipe', 'ignore'] });
      };
      const output = new UnixOutput(path, lost, RELAYS, start, 1);
      output.write('one\n');
      await until('it is here', () => daemon.lines.length === 1);
      assert.deepEqual([starts, told.length, lost.count], [['perl', 'perl', 'perl'], 1, 0]);
      assert.match(told[0] ?? '', /^log target it cannot be used: .*passes its lines on/);
      output.close();
    });
  });
}

test('the lines inside of a relay that is killed are counted, and it has a name until then', { skip }, async () => {
  const path = join(folder, 'killed');
  const lost = new Losses(path, () => {});
  const daemon = await receiveUnix(path);
  const relays: ChildProcess[] = [];
  const output = new UnixOutput(path, lost, RELAYS, (program, words) => {
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'ignore'] });
    relays.push(child);
    return child;
  });
  output.write('first\n');
  await until('the first is here', () => daemon.lines.length === 1);
  daemon.pause();
  const [relay] = relays;
  assert.equal(readFileSync(`/proc/${relay?.pid}/cmdline`, 'latin1').replaceAll('\0', ''), `fairlead: log relay to ${path}`);
  const written = 2000;
  for (let i = 0; i < written; i++) output.write(`${i}\n`);
  output.flush();
  relay?.kill('SIGKILL');
  await until('the loss is counted', () => lost.count > 0);
  daemon.resume();
  output.close();
  // What it was at is counted, too: it may have been sent, and nobody can say.
  await until('all are here or counted', () => daemon.lines.length - 1 + lost.count >= written);
  await daemon.stop();
});

test('a daemon that stands still costs lines, not memory; it gets what has waited when it goes on', { skip }, async () => {
  const path = join(folder, 'still');
  const lost = new Losses(path, () => {});
  const daemon = await receiveUnix(path);
  const output = new UnixOutput(path, lost);
  output.write('first\n');
  await until('the first is here', () => daemon.lines.length === 1);
  daemon.pause();
  const line = `${'x'.repeat(1023)}\n`;
  const written = (3 * BACKLOG) / 1024;
  for (let i = 0; i < written; i++) output.write(line);
  output.flush();
  const dropped = lost.count;
  assert.ok(dropped > written / 3, `${dropped} of ${written}`);
  daemon.resume();
  await until('the rest is here', () => daemon.lines.length === 1 + written - lost.count);
  output.close();
  await daemon.stop();
});

/** Runs what follows its first argument with descriptor 5 connected to that path. */
const CONNECTED = `
socket(S, PF_UNIX, SOCK_DGRAM, 0) && connect(S, pack_sockaddr_un(shift @ARGV)) or die $!;
use POSIX; POSIX::dup2(fileno(S), 5);
exec @ARGV;`;

test('fd@N may be a datagram socket: lines wait while its reader stands still, and none is lost', { skip }, async () => {
  await withDaemon(async (path, daemon) => {
    const at = (name: string) => join(folder, name);
    writeFileSync(
      at('cfg'),
      `global
 log fd@5 format priority local0
defaults
 mode http
 log global
 option httplog
 timeout client 5s
listen www
 bind unix@${at('www')}
 http-request return status 200\n`,
    );
    const command = [process.execPath, main, '-db', '-f', at('cfg')];
    const child = spawn('perl', ['-MSocket', '-e', CONNECTED, path, ...command], { stdio: 'ignore' });
    try {
      await until('it listens', () => existsSync(at('www')));
      const count = 2000;
      const socket = connect(at('www'));
      let answers = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        answers += text;
      });
      daemon.pause();
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count));
      await until('all is answered', () => answers.match(/HTTP\/1\.1 200/g)?.length === count);
      socket.destroy();
      daemon.resume();
      await until('all lines are here', () => daemon.lines.length === count);
      assert.match(daemon.lines.at(-1) ?? '', /^<134>unix:1 .* "GET \/ HTTP\/1\.1"\n$/);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});

test('the relay ends with the process it is for, even if that is killed', { skip }, async () => {
  await withDaemon(async (path) => {
    const config = `global\n log ${path} local0\nlisten x\n bind unix@${join(folder, 'x')}\n mode http\n log global\n timeout client 1s\n`;
    writeFileSync(join(folder, 'cfg'), config);
    const child = spawn(process.execPath, [main, '-db', '-f', join(folder, 'cfg')], { stdio: 'ignore' });
    const relay = await until('the relay runs', () => childOf(child.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until('the relay has ended', () => !processes().includes(relay));
  });
});

function processes(): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** `/proc/PID/stat`: the parent stands behind the name, which is in parentheses, and the state. */
function childOf(parent: number | undefined): string | undefined {
  return processes().find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[1] === String(parent);
    } catch {
      return false;
    }
  });
}
