import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config, LogTarget } from '../../src/config/model.ts';
import { Level } from '../../src/core/log.ts';
import { BACKLOG, openDescriptor, StreamOutput, UdpOutput, UnixOutput } from '../../src/stats/log-outputs.ts';
import { LogSinks } from '../../src/stats/log-sinks.ts';
import { header } from '../../src/stats/syslog.ts';
import { until } from '../support/wait.ts';
import { logTarget } from './objects.ts';
import { FakeStream } from './streams.ts';

const DATE = new Date(2026, 10, 1, 0, 29, 47, 90).getTime();
const ISO = /^2026-11-01T00:29:47\.090000[+-]\d\d:\d\d$/;
const IDENTITY = { tag: 'haproxy', pid: 11489, hostname: 'edge1' };

function sinksOn(stream: FakeStream): LogSinks {
  return new LogSinks({ pid: 11489, hostname: 'edge1', stream: () => stream, warn: assert.fail });
}

function config(...proxies: (readonly LogTarget[])[]): Config {
  return { global: { logs: [], logTag: 'haproxy' }, proxies: proxies.map((logs) => ({ logs })) } as unknown as Config;
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
    const text = header(logTarget({ format }), IDENTITY, Level.Info, DATE);
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

test('a line is cut to the length of its target', () => {
  const stream = new FakeStream();
  const sinks = sinksOn(stream);
  sinks.send([logTarget({ format: 'short', length: 80 })], Level.Info, 'x'.repeat(200));
  sinks.flush();
  assert.equal(stream.text, `<6>${'x'.repeat(77)}\n`);
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
  const sinks = sinksOn(stream);
  const targets = [logTarget({ length: 65535 })];
  const line = 'x'.repeat(1023);
  const fit = BACKLOG / 1024;
  for (let i = 0; i < fit + 10; i++) sinks.send(targets, Level.Info, line);
  sinks.flush();
  assert.equal(sinks.droppedLogs, 10);
  assert.equal(stream.writableLength, BACKLOG);
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

test('a full pipe does not hold the process up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  // Read and write: opening does not wait for a reader, and there is none.
  const stream = openDescriptor(openSync(path, constants.O_RDWR));
  assert.ok(stream instanceof Socket);
  const output = new StreamOutput(stream, 200_000);
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 300; i++) output.write(line);
  output.flush();
  await until('the pipe is full and the rest waits', () => stream.writableLength > 0);
  assert.equal(output.dropped, 100);
  output.close();
  stream.destroy();
  rmSync(folder, { recursive: true });
});

test('a descriptor may be a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const output = new StreamOutput(openDescriptor(fd));
  output.write('one\n');
  output.flush();
  await until('the line is in the file', () => readFileSync(path, 'utf8') === 'one\n');
  output.close();
  closeSync(fd);
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

test('a syslog host that does not exist costs its lines', async () => {
  const output = new UdpOutput('no-such-host.invalid', 514, 4);
  output.write('lost\n');
  await until('the name has failed', () => output.dropped === 1, 60_000);
  output.close();
});

test('a port where nobody listens is no error of ours', async () => {
  const probe = createSocket('udp4');
  probe.bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise<void>((resolve) => probe.close(resolve));
  const output = new UdpOutput('127.0.0.1', port, 4);
  await until('the kernel has told', () => {
    output.write('anybody?\n');
    return output.dropped > 0;
  });
  output.close();
});

test('a unix stream socket gets lines', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-log-'));
  const path = join(folder, 'log');
  let got = '';
  const server = createServer((socket) => socket.on('data', (bytes) => (got += bytes.toString())));
  server.listen(path);
  await once(server, 'listening');
  const output = new UnixOutput(path, assert.fail);
  output.write('hello\n');
  await until('the line is here', () => got === 'hello\n');
  output.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test('a unix path that cannot be used is told once', async () => {
  const told: string[] = [];
  const output = new UnixOutput(join(tmpdir(), 'fairlead-no-such-socket'), (message) => told.push(message));
  await until('it is told', () => told.length === 1);
  assert.match(told[0] ?? '', /^log target .*fairlead-no-such-socket cannot be used: .*ENOENT/);
  output.write('lost\n');
  assert.equal(output.dropped, 1);
  output.close();
});

test('a reload keeps the outputs that are still named and lets go of the others', () => {
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
  assert.deepEqual(opened, [1, 3, 3]);
});
