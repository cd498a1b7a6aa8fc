import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, isIPv6, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config, LogTarget } from '../../src/config/model.ts';
import { Level } from '../../src/core/log.ts';
import { NodeDatagrams } from '../../src/stats/datagrams.ts';
import { BACKLOG, Losses, openDescriptor, StreamOutput } from '../../src/stats/log-outputs.ts';
import { LogSinks } from '../../src/stats/log-sinks.ts';
import { UdpOutput } from '../../src/stats/log-udp.ts';
import { UnixOutput } from '../../src/stats/log-unix.ts';
import { headerParts, type LogIdentity } from '../../src/stats/syslog.ts';
import { until } from '../support/wait.ts';
import { logTarget } from './objects.ts';
import { FakeStream } from './streams.ts';

const DATE = new Date(2026, 10, 1, 0, 29, 47, 90).getTime();
const ISO = /^2026-11-01T00:29:47\.090000[+-]\d\d:\d\d$/;
const IDENTITY: LogIdentity = { pid: '11489', hostname: undefined, system: 'edge1' };

function sinksOn(stream: FakeStream, told: string[] = []): LogSinks {
  return new LogSinks({ pid: 11489, hostname: 'edge1', stream: () => stream, warn: (message) => told.push(message) });
}

function config(...proxies: (readonly LogTarget[])[]): Config {
  return { global: { logs: [], logTag: 'haproxy' }, proxies: proxies.map((logs) => ({ logs })) } as unknown as Config;
}

/** Losses that nobody is told of. */
function losses(): Losses {
  return new Losses('the target', () => {});
}

const HEADERS: readonly (readonly [format: LogTarget['format'], expected: string])[] = [
  ['raw', ''],
  ['short', '<6>'],
  ['priority', '<134>'],
  ['local', '<134>Nov  1 00:29:47 haproxy[11489]: '],
  ['rfc3164', '<134>Nov  1 00:29:47 edge1 haproxy[11489]: '],
  ['iso', 'ISO '],
  ['timed', '<6>ISO '],
  ['rfc5424', '<134>1 ISO - haproxy 11489 - - '],
];

for (const [format, expected] of HEADERS) {
  test(`format ${format} puts ${expected === '' ? 'nothing' : expected.trim()} before the message`, () => {
    const text = headerParts(logTarget({ format }), IDENTITY, { severity: Level.Info, wall: DATE, sd: '', tag: 'haproxy' }).join('');
    const date = /2026\S+/.exec(text)?.[0];
    if (date !== undefined) assert.match(date, ISO);
    assert.equal(date === undefined ? text : text.replace(date, 'ISO'), expected);
  });
}

test('a target gets what is severe enough, and nothing more severe than its minimum', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  const targets = [logTarget({ format: 'short', level: Level.Notice, minLevel: Level.Err })];
  for (const level of [Level.Emerg, Level.Err, Level.Warning, Level.Notice, Level.Info]) sinks.send(targets, level, `m${level}`);
  sinks.flush();
  assert.equal(stream.text, '<3>m0\n<3>m3\n<4>m4\n<5>m5\n');
});

test('a line and its newline are cut to the length of their target', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  sinks.send([logTarget({ format: 'short', length: 80 })], Level.Info, 'x'.repeat(200));
  sinks.flush();
  assert.equal(stream.text, `<6>${'x'.repeat(76)}\n`);
});

test('what is cut are bytes, and no character is cut in two', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  sinks.send([logTarget({ length: 80 })], Level.Info, 'ä'.repeat(40));
  sinks.flush();
  assert.equal(stream.text, `${'ä'.repeat(39)}\n`);
});

test('of the lines of a sample those in its ranges are sent', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  const ranges = [
    { low: 1, high: 1 },
    { low: 3, high: 4 },
  ];
  const targets = [logTarget({ level: Level.Info, sample: { ranges, size: 5 } })];
  for (let i = 1; i <= 12; i++) {
    sinks.send(targets, Level.Info, `${i}`);
    sinks.send(targets, Level.Debug, 'not counted');
  }
  sinks.flush();
  assert.equal(stream.text.replaceAll('\n', ' '), '1 3 4 6 8 9 11 ');
});

test('the lines of one tick are one write', async () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  const targets = [logTarget()];
  sinks.send(targets, Level.Info, 'one');
  sinks.send(targets, Level.Info, 'two');
  assert.equal(stream.writes, 0);
  await until('the lines are written', () => stream.writes > 0);
  assert.deepEqual([stream.writes, stream.text], [1, 'one\ntwo\n']);
});

test('a reader that stands still costs lines, not memory', () => {
  const stream = new FakeStream();
  stream.stalled = true;
  const told: string[] = [];
  const sinks = sinksOn(stream, told);
  const targets = [logTarget({ length: 65535 })];
  const line = 'x'.repeat(1023);
  const fit = BACKLOG / 1024;
  for (let i = 0; i < fit + 10; i++) sinks.send(targets, Level.Info, line);
  sinks.flush();
  assert.equal(sinks.droppedLogs, 10);
  assert.equal(stream.writableLength, BACKLOG);
  assert.deepEqual(told, [
    'log target fd@1: a line was dropped: what waits for it has reached its limit.',
    'log target fd@1: 10 lines were dropped so far: what waits for it has reached its limit.',
  ]);
  stream.writableLength = 0;
  sinks.send(targets, Level.Info, line);
  assert.equal(sinks.droppedLogs, 10);
});

test('a broken stream loses its lines and harms nobody', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  const targets = [logTarget()];
  sinks.send(targets, Level.Info, 'waiting');
  stream.emit('error', new Error('EPIPE'));
  sinks.send(targets, Level.Info, 'late');
  sinks.flush();
  assert.deepEqual([stream.writes, sinks.droppedLogs], [0, 2]);
});

test('lines that a stream took but could not write are counted', async () => {
  const stream = new FakeStream();
  stream.failure = new Error('ENOSPC: no space left on device, write');
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const output = new StreamOutput(stream, lost, BACKLOG, 1);
  const writeTwo = (): void => {
    output.write('one\n');
    output.write('two\n');
    output.flush();
  };
  writeTwo();
  assert.equal(lost.count, 2);
  assert.deepEqual(told, ['log target it cannot be used: ENOSPC: no space left on device, write.']);
  stream.failure = undefined;
  await until('it is tried again', () => {
    writeTwo();
    return stream.text !== '';
  });
  assert.equal(stream.text, 'one\ntwo\n');
  const before = lost.count;
  stream.failure = new Error('EFBIG');
  writeTwo();
  assert.deepEqual([lost.count - before, told.at(-1)], [2, 'log target it cannot be used: EFBIG.']);
});

test('lines in front of a stream that closes are counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  const server = createServer((socket) => socket.pause());
  server.listen(path);
  await once(server, 'listening');
  const lost = losses();
  const output = new UnixOutput(path, lost);
  const [peer] = (await once(server, 'connection')) as [Socket];
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 1000; i++) output.write(line);
  output.flush();
  assert.equal(lost.count, 0);
  peer.destroy();
  await until('they are counted', () => lost.count === 1000);
  output.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test('lines wait for a daemon that is not there yet, as many as there is room for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const output = new UnixOutput(path, lost, [], assert.fail, 1);
  output.write('waits\n');
  await until('it is told', () => told.length === 1);
  output.write(`${'x'.repeat(BACKLOG)}\n`);
  assert.equal(lost.count, 1);
  let got = '';
  const server = createServer((socket) => socket.on('data', (bytes) => (got += bytes.toString())));
  server.listen(path);
  await until('the line is here', () => got === 'waits\n');
  assert.equal(lost.count, 1);
  output.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test('a full pipe does not hold the process up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  // Read and write: opening does not wait for a reader, and there is none.
  const stream = openDescriptor(openSync(path, constants.O_RDWR));
  assert.ok(stream instanceof Socket);
  const lost = losses();
  const output = new StreamOutput(stream, lost, 200_000);
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 300; i++) output.write(line);
  output.flush();
  await until('the pipe is full and the rest waits', () => stream.writableLength > 0);
  assert.equal(lost.count, 100);
  output.close();
  stream.destroy();
  rmSync(folder, { recursive: true });
});

test('a descriptor may be a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const stream = openDescriptor(fd);
  assert.ok('write' in stream);
  const output = new StreamOutput(stream, losses());
  output.write('one\n');
  output.flush();
  await until('the line is in the file', () => readFileSync(path, 'utf8') === 'one\n');
  output.close();
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

test('a file that was full is written to when there is room again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  const fd = openSync('/dev/full', 'w');
  const stream = openDescriptor(fd);
  assert.ok('write' in stream);
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const output = new StreamOutput(stream, lost, BACKLOG, 1);
  output.write('one\n');
  output.write('two\n');
  await until('they are lost', () => lost.count === 2);
  assert.match(told.join(), /^log target it cannot be used: ENOSPC/);
  // Another file takes the place of the full one: the system gives the lowest number that is free.
  closeSync(fd);
  const opened = [openSync(path, 'w')];
  while ((opened.at(-1) as number) < fd) opened.push(openSync(path, 'w'));
  assert.equal(opened.at(-1), fd);
  await until('a line is in the file', () => {
    output.write('three\n');
    return readFileSync(path, 'utf8').startsWith('three\n');
  });
  output.close();
  await until('all is written', () => stream.writableLength === 0);
  for (const each of opened) closeSync(each);
  rmSync(folder, { recursive: true });
});

test('datagrams arrive one per line, those from before the connection included', async () => {
  const receiver = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const got: string[] = [];
  receiver.on('message', (message) => got.push(message.toString()));
  const target = { kind: 'udp', host: '127.0.0.1', port: receiver.address().port, family: 4 } as const;
  const targets = [logTarget({ target, format: 'priority', facility: 17 })];
  const sinks = sinksOn(new FakeStream());
  sinks.send(targets, Level.Info, 'first');
  await until('the first line is here', () => got.length === 1);
  sinks.send(targets, Level.Alert, 'second');
  await until('the second line is here', () => got.length === 2);
  assert.deepEqual(got, ['<142>first\n', '<137>second\n']);
  sinks.close();
  receiver.close();
});

for (const [host, address] of [
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['localhost', '127.0.0.1'],
] as const) {
  test(`lines reach ${host}, and are as they were`, async () => {
    const receiver = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    receiver.bind(0, address);
    await once(receiver, 'listening');
    const got: string[] = [];
    receiver.on('message', (message) => got.push(message.toString()));
    const output = new UdpOutput(host, receiver.address().port, host === 'localhost' ? 4 : 0, losses());
    const lines = ['one\n', 'zwölf\n', `${'x'.repeat(3000)}\n`];
    for (const line of lines) output.write(line);
    await until('all are here', () => got.length === lines.length);
    assert.deepEqual(got, lines);
    output.close();
    receiver.close();
  });
}

test('without a binding of Node lines are sent by node:dgram', async () => {
  const receiver = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const got: string[] = [];
  receiver.on('message', (message) => got.push(message.toString()));
  const socket = new NodeDatagrams('127.0.0.1', receiver.address().port, 4);
  assert.equal(socket.send('one\n'), 0);
  assert.equal(socket.send('zwölf\n'), 0);
  await until('both are here', () => got.length === 2);
  assert.deepEqual(got, ['one\n', 'zwölf\n']);
  socket.close();
  receiver.close();
});

test('a syslog host that does not exist costs its lines', async () => {
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const asked: unknown[] = [];
  const output = new UdpOutput('no-such-host.invalid', 514, 6, lost, (name, { family }, done) => {
    asked.push(name, family);
    done(new Error('getaddrinfo ENOTFOUND'), '', 0);
  });
  output.write('waits\n');
  assert.deepEqual([asked, lost.count], [['no-such-host.invalid', 6], 0]);
  output.close();
  assert.deepEqual([told, lost.count], [['log target it cannot be used: getaddrinfo ENOTFOUND.'], 1]);
});

test('a port where nobody listens is told once, and no line is dropped', async () => {
  const probe = createSocket('udp4');
  probe.bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(resolve));
  const told: string[] = [];
  const lost = new Losses('nobody', (message) => told.push(message));
  const output = new UdpOutput('127.0.0.1', port, 4, lost);
  await until('the kernel has told', () => {
    output.write('anybody?\n');
    return told.length > 0;
  });
  output.write('anybody else?\n');
  assert.deepEqual([told, lost.count], [['log target nobody cannot be used: nobody listens there.'], 0]);
  output.close();
});

test('that nobody listens is told again when somebody has in between', async () => {
  const listen = async (port: number) => {
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  };
  const first = await listen(0);
  const { port } = first.address();
  await new Promise<void>((resolve) => first.close(resolve));
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const output = new UdpOutput('127.0.0.1', port, 4, lost, assert.fail, 1);
  const refused = (times: number) => (): boolean => {
    output.write('anybody?\n');
    return told.length >= times;
  };
  await until('it is told', refused(1));
  const second = await listen(port);
  let got = 0;
  second.on('message', () => got++);
  await until('somebody has heard', () => {
    output.write('anybody?\n');
    return got > 2;
  });
  await new Promise<void>((resolve) => second.close(resolve));
  await until('it is told again', refused(2));
  assert.deepEqual(new Set(told), new Set(['log target it cannot be used: nobody listens there.']));
  output.close();
});

test('a datagram that is too long is lost alone', async () => {
  const receiver = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const got: string[] = [];
  receiver.on('message', (message) => got.push(message.toString()));
  const told: string[] = [];
  const lost = new Losses('it', (message) => told.push(message));
  const output = new UdpOutput('127.0.0.1', receiver.address().port, 0, lost);
  output.write(`${'x'.repeat(65535)}\n`);
  output.write('after\n');
  await until('the next is here', () => got.length > 0);
  assert.deepEqual([got, told], [['after\n'], ['log target it: a line was dropped: EMSGSIZE.']]);
  output.close();
  receiver.close();
});

test('a unix stream socket gets lines', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  let got = '';
  const server = createServer((socket) => socket.on('data', (bytes) => (got += bytes.toString())));
  server.listen(path);
  await once(server, 'listening');
  const output = new UnixOutput(path, new Losses(path, assert.fail));
  output.write('hello\n');
  await until('the line is here', () => got === 'hello\n');
  output.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test('a unix path that cannot be used is told once', async () => {
  const told: string[] = [];
  const path = join(tmpdir(), 'fairlead-no-such-socket');
  const lost = new Losses(path, (message) => told.push(message));
  const output = new UnixOutput(path, lost);
  await until('it is told', () => told.length === 1);
  assert.match(told[0] ?? '', /^log target .*fairlead-no-such-socket cannot be used: .*ENOENT/);
  output.write('lost\n');
  output.close();
  assert.equal(lost.count, 1);
});

test('a descriptor is opened once, whatever reloads name', () => {
  const opened: number[] = [];
  const stream = new FakeStream();
  const sinks = new LogSinks({
    pid: 1,
    hostname: 'h',
    stream: (fd) => {
      opened.push(fd);
      return stream;
    },
    warn: assert.fail,
  });
  const on = (fd: number): LogTarget => logTarget({ target: { kind: 'fd', fd } });
  sinks.setTargets(config([on(1)], [on(3)], [on(1)]));
  assert.deepEqual(opened, [1, 3]);
  const next = [on(1)];
  sinks.setTargets(config(next));
  sinks.send(next, Level.Info, 'still here');
  sinks.flush();
  assert.deepEqual(opened, [1, 3]);
  sinks.setTargets(config([on(3)]));
  assert.deepEqual(opened, [1, 3]);
});
