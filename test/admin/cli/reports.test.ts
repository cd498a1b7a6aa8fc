/** Reports that need no HAProxy to be compared with: malformed messages, suggestions, what there is none of. */

import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Answer, CliLevel } from '../../../src/admin/cli/command.ts';
import { COMMANDS } from '../../../src/admin/cli/commands.ts';
import { rangesOf } from '../../../src/admin/cli/libraries.ts';
import type { Runtime } from '../../../src/admin/cli/runtime.ts';
import { findCommand } from '../../../src/admin/cli/session.ts';
import type { InvalidMessage } from '../../../src/proxy/invalid.ts';

/** What a command answers to whom, in one piece. */
async function say(line: string, runtime: object = {}, level: CliLevel = 'admin'): Promise<string> {
  const words = line.split(' ');
  const command = findCommand(COMMANDS, words);
  assert.ok(command !== undefined, line);
  const state = {
    level,
    socketLevel: level,
    severity: 'none',
    interactive: false,
    expert: false,
    experimental: false,
    debug: false,
    timeout: 1,
  } as const;
  const args = words.slice(command.name.split(' ').length);
  const answer: Answer = await command.run({ args, payload: undefined, runtime: runtime as Runtime, state: { ...state } });
  return answer.kind === 'data' ? [...answer.pieces].join('') : answer.kind === 'close' ? '' : answer.text;
}

describe('malformed messages', () => {
  const frontend = { name: 'web', config: { id: 2 } };
  const backend = { name: 'app', config: { id: 3 } };
  const server = { id: 1, config: { name: 's1' } };
  const message = (bytes: string, more: object): InvalidMessage =>
    ({
      event: 4,
      at: Date.UTC(2026, 10, 21),
      frontend,
      clientAddress: '10.0.0.1',
      clientPort: 5,
      position: 3,
      state: 'HDR_NAME',
      bytes: Buffer.from(bytes, 'latin1'),
      ...more,
    }) as unknown as InvalidMessage;
  const runtime = {
    config: { global: { bufsize: 16384 } },
    proxies: [
      { name: 'web', frontend, backend: undefined },
      { name: 'app', frontend: undefined, backend },
    ],
    invalid: {
      total: 5,
      request: () => message(`GET /${'x'.repeat(80)} HTTP/1.1\r\n\t\x1b\\\x00\xff\n`, {}),
      response: () => message('NO\r\n', { backend, server, position: 0, state: 'RPVER' }),
    },
  };

  it('are shown byte by byte, in lines that fit', async () => {
    const lines = (await say('show errors web', runtime)).split('\n');
    assert.match(lines[0] ?? '', /^Total events captured on \[.*\] : 5$/);
    assert.deepEqual(lines.slice(3, 9), [
      '  backend <NONE> (#-1), server <NONE> (#-1), event #4, src 10.0.0.1:5',
      '  buffer starts at 0 (including 0 out), 16282 free,',
      '  len 102, wraps at 16336, error at position 3',
      '  H1 connection flags 0x00000000, H1 stream flags 0x00000000',
      '  H1 msg state MSG_HDR_NAME(17), H1 msg flags 0x00000000',
      '  H1 chunk len 0 bytes, H1 body len 0 bytes :',
    ]);
    assert.deepEqual(lines.slice(9), [
      '  ',
      `  00000  GET /${'x'.repeat(65)}`,
      `  00070+ ${'x'.repeat(15)} HTTP/1.1\\r\\n`,
      '  00096  \\t\\e\\\\\\x00\\xFF\\n',
      '',
    ]);
  });

  it('of servers are told with who asked', async () => {
    const text = await say('show errors app', runtime);
    assert.match(text, /backend app \(#3\): invalid response\n {2}frontend web \(#2\), server s1 \(#1\), event #4, src 10\.0\.0\.1:5\n/);
    assert.match(text, / {2}00000 {2}NO\\r\\n\n$/);
  });

  it('are those of the side that is asked for', async () => {
    assert.doesNotMatch(await say('show errors app request', runtime), /invalid/);
    assert.doesNotMatch(await say('show errors web response', runtime), /invalid/);
    assert.match(await say('show errors 2 request', runtime), /frontend web/);
    assert.equal(await say('show errors nobody', runtime), 'No such proxy.\n');
  });
});

describe('what may have been meant', () => {
  const listed = async (line: string): Promise<readonly string[]> =>
    [...(await say(line)).matchAll(/^ {2}(\S.*?) *: /gm)].map(([, syntax = '']) => syntax);
  it('is at most five commands, and those that are always there', async () => {
    const some = await listed('help foo');
    assert.ok(some.length > 3 && some.length <= 8, some.join());
    assert.deepEqual(some.slice(-3), ['help [<command>]', 'prompt', 'quit']);
  });
  it('is what is a typing mistake away', async () =>
    assert.deepEqual((await listed('help show inof')).slice(0, -3), ['show info [desc|json|typed|float]*']));
  it('is everything where there is nothing to go by', async () => assert.ok((await listed('help')).length > 60));
  it('has no empty line inside', async () => assert.doesNotMatch(await say('help'), /\n\n/));
});

describe('names that are resolved', () => {
  const resolver = { sent: 7, valid: 4, update: 1, nx: 2, other: 1, outdated: 0 };
  it('are counted in one section', async () => {
    const text = await say('show resolvers', { resolver });
    assert.match(text, /^Resolvers section default\n nameserver system:\n {2}sent: {8}7\n/);
    assert.match(text, /\n {2}nx: {10}2\n/);
    assert.equal(await say('show resolvers other', { resolver }), "Can't find that resolvers section\n");
  });
  it('are statistics of their own', async () => {
    const csv = await say('show stat domain resolvers', { resolver });
    assert.match(csv, /^# id,pid,sent,.*,\nsystem,default,7,0,4,1,0,0,0,2,0,0,1,0,0,0,0,\n$/);
    const [[id, , sent]] = JSON.parse(await say('show stat domain resolvers json', { resolver }));
    assert.deepEqual(
      [id.value, sent],
      [
        { type: 'str', value: 'system' },
        {
          field: { pos: 2, name: 'sent' },
          tags: { origin: 'Metric', nature: 'Gauge', scope: 'Process' },
          value: { type: 'u64', value: 7 },
        },
      ],
    );
  });
});

describe('how the process runs', () => {
  it('is the heap, by its spaces', async () => {
    const text = await say('show pools');
    const spaces = [...text.matchAll(/^ {2}- Pool (\w+) \(1 bytes\) : (\d+) allocated/gm)];
    const [, count, bytes] = /^Total: (\d+) pools, (\d+) bytes allocated, /m.exec(text) ?? [];
    assert.equal(spaces.length, Number(count));
    assert.equal(
      spaces.reduce((sum, [, , size]) => sum + Number(size), 0),
      Number(bytes),
    );
    assert.ok(Number(bytes) > 1e6);
  });
  it('is what is ready to run', async () => {
    assert.doesNotMatch(await say('show tasks', { ready: 0 }), /deferred/);
    assert.match(await say('show tasks', { ready: 3 }), /^Running tasks: 3 \(1 threads\)\n.*\n {2}deferred +3 100\.0\n$/);
  });
  it('is where log lines go, and how many were dropped', async () => {
    assert.match(await say('show events', { droppedLogs: 12 }), /\n {4}log +: type=fd, 12 dropped, /);
  });
  it('is what was said when it started', async () => {
    assert.equal(await say('show startup-logs', { startupLogs: '' }), '\n');
    assert.equal(await say('show startup-logs', { startupLogs: '[WARNING] (1) : x\n' }), '[WARNING] (1) : x\n');
  });
});

describe('descriptors', { skip: existsSync('/proc/self/fd') ? false : 'the system does not say' }, () => {
  const runtime = { sockets: [], proxies: [], cliConnections: () => [], clients: () => [] };

  it('are those that are open, without the folder that they are read from', async () => {
    const all = await say('show fd', runtime);
    assert.match(all, /^ {6}0 : /m);
    assert.ok(!all.includes('closed'), all);
  });

  it('are looked at one by one', async () => {
    const fd = openSync('/dev/null', 'r');
    assert.equal(await say(`show fd ${fd}`, runtime), `${String(fd).padStart(7)} : /dev/null\n`);
    closeSync(fd);
    for (const wanted of [fd, -1, 'x', 99999]) assert.equal(await say(`show fd ${wanted}`, runtime), '');
  });
});

describe('libraries', () => {
  it('are whole where their parts are neighbours, and there again where they are mapped again', () => {
    const maps = `00400000-00500000 r--p 00000000 08:01 11  /usr/bin/node
00500000-00700000 r-xp 00100000 08:01 11  /usr/bin/node
00800000-00900000 rw-p 00000000 00:00 0   [heap]
7f0000000000-7f0000001000 r--p 00000000 08:01 12  /lib/libc.so.6
7f0000001000-7f0000002000 rw-p 00001000 08:01 12  /lib/libc.so.6
7f0000003000-7f0000004000 r--p 00000000 08:01 11  /usr/bin/node
`;
    const ranges = rangesOf(maps).map(({ from, end, path }) => `${from.toString(16)}-${end.toString(16)} ${path}`);
    assert.deepEqual(ranges, [
      '400000-700000 /usr/bin/node',
      '7f0000000000-7f0000002000 /lib/libc.so.6',
      '7f0000003000-7f0000004000 /usr/bin/node',
    ]);
  });
});
