import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/model.ts';
import { Level } from '../../src/core/log.ts';
import { Events, type EventsOptions } from '../../src/stats/event-log.ts';
import { LogSinks } from '../../src/stats/log-sinks.ts';
import { logTarget } from './objects.ts';
import { FakeStream } from './streams.ts';

function setUp(changes: Partial<EventsOptions> = {}) {
  const streams = new Map<number, FakeStream>();
  const stream = (fd: number): FakeStream => {
    const known = streams.get(fd) ?? new FakeStream();
    streams.set(fd, known);
    return known;
  };
  const sinks = new LogSinks({ pid: 4711, hostname: 'h', stream, warn: assert.fail });
  let stderr = '';
  const write = (line: string): void => {
    stderr += line;
  };
  const events = new Events({ pid: 4711, sinks, write, quiet: false, debug: false, ...changes });
  const global = [logTarget({ target: { kind: 'fd', fd: 3 }, format: 'short' })];
  const app = [logTarget({ target: { kind: 'fd', fd: 4 }, format: 'short' })];
  const config = { global: { logs: global, logTag: 'haproxy' }, proxies: [{ name: 'app', logs: app, logStyle: {} }] } as unknown as Config;
  sinks.setTargets(config);
  events.setTargets(config);
  const logged = (fd: number): string => {
    sinks.flush();
    return stream(fd).text;
  };
  return { events, logged, stderr: () => stderr };
}

test('an event of a proxy goes to its log lines with its severity, and to standard error as a warning', () => {
  const { events, logged, stderr } = setUp();
  events.event(Level.Alert, 'Server app/w1 is DOWN.', 'app');
  events.event(Level.Notice, 'Server app/w1 is UP.', 'app');
  events.event(Level.Emerg, 'backend app has no server available!', 'app');
  assert.equal(logged(4), '<1>Server app/w1 is DOWN.\n<5>Server app/w1 is UP.\n<0>backend app has no server available!\n');
  assert.equal(logged(3), '');
  assert.equal(
    stderr(),
    '[WARNING]  (4711) : Server app/w1 is DOWN.\n' +
      '[WARNING]  (4711) : Server app/w1 is UP.\n' +
      "[ALERT]    (4711) : backend 'app' has no server available!\n",
  );
});

test('an event of the process, or of a pool that no section names, goes to the log lines of global', () => {
  const { events, logged, stderr } = setUp();
  events.event(Level.Notice, 'Ready.');
  events.event(Level.Warning, 'Server pool/a is DOWN.', 'pool');
  assert.equal(logged(3), '<5>Ready.\n<4>Server pool/a is DOWN.\n');
  assert.equal(stderr(), '[NOTICE]   (4711) : Ready.\n[WARNING]  (4711) : Server pool/a is DOWN.\n');
});

test('what only a debugger wants needs -d', () => {
  const plain = setUp();
  plain.events.event(Level.Debug, 'detail');
  assert.equal(plain.stderr(), '');
  const debugging = setUp({ debug: true });
  debugging.events.event(Level.Debug, 'detail');
  assert.equal(debugging.stderr(), '[DEBUG]    (4711) : detail\n');
});

test('-q silences standard error and not the logs', () => {
  const { events, logged, stderr } = setUp({ quiet: true });
  events.event(Level.Alert, 'Server app/w1 is DOWN.', 'app');
  assert.deepEqual([logged(4), stderr()], ['<1>Server app/w1 is DOWN.\n', '']);
});

test('an event is one line without control characters, whatever it quotes', () => {
  const { events, logged, stderr } = setUp();
  events.event(Level.Warning, 'label a=1\n<0>forged\r\t\x1b[2Jé\x9b\u2028 is unknown');
  const text = 'label a=1\\n<0>forged\\r\\t\\x1b[2Jé\\x9b\\x2028 is unknown\n';
  assert.equal(logged(3), `<4>${text}`);
  assert.equal(stderr(), `[WARNING]  (4711) : ${text}`);
});
