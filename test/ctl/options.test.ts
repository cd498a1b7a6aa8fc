/** The words behind `fairlead ctl`, and what they connect to. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { splitCommands, splitWords } from '../../src/core/cli-words.ts';
import { findSocket, firstHeard, isTrusted, readTarget } from '../../src/ctl/find-socket.ts';
import { commandsOf, LineReader, quoted } from '../../src/ctl/lines.ts';
import { parseCtl } from '../../src/ctl/options.ts';

describe('options of ctl', () => {
  const cases: readonly (readonly [words: string, expected: object])[] = [
    ['show stat', { words: ['show', 'stat'] }],
    ['--socket /run/x --json show stat --json', { socket: '/run/x', format: 'json', words: ['show', 'stat', '--json'] }],
    ['--socket=/run/x --raw --timeout=3 help', { socket: '/run/x', format: 'raw', timeout: 3000, words: ['help'] }],
    ['-s 9999 -f a.cfg -f b.cfg', { socket: '9999', files: ['a.cfg', 'b.cfg'], words: [] }],
    ['-- --odd', { words: ['--odd'] }],
    ['', { format: 'table', words: [] }],
  ];
  for (const [words, expected] of cases) {
    it(`'${words}'`, () => {
      const command = parseCtl(words.split(' ').filter(Boolean));
      assert.equal(command.kind, 'ask');
      if (command.kind === 'ask') assert.deepEqual({ ...command.options, ...expected }, command.options);
    });
  }
  for (const [words, message] of [
    ['--jsn show', "unknown option '--jsn' of 'ctl'; did you mean '--json'?"],
    ['--socket', "'--socket' expects a value"],
    ['--timeout soon', "'--timeout' expects seconds, got 'soon'"],
    ['--json=1 x', "unknown option '--json=1' of 'ctl'; did you mean '--json'?"],
  ] as const) {
    it(`'${words}' is refused`, () => assert.deepEqual(parseCtl(words.split(' ')), { kind: 'refused', message }));
  }
});

describe('where to connect', () => {
  const targets: readonly (readonly [text: string, options: object | undefined])[] = [
    ['/run/x.sock', { path: '/run/x.sock' }],
    ['unix@x.sock', { path: 'x.sock' }],
    ['./x.sock', { path: './x.sock' }],
    ['9999', { host: '127.0.0.1', port: 9999 }],
    [':9999', { host: '127.0.0.1', port: 9999 }],
    ['lb.example:9999', { host: 'lb.example', port: 9999 }],
    ['ipv4@10.0.0.1:9999', { host: '10.0.0.1', port: 9999 }],
    ['[::1]:9999', { host: '::1', port: 9999 }],
    ['nonsense', undefined],
    ['host:0', undefined],
    ['host:99999', undefined],
  ];
  for (const [text, options] of targets) {
    it(`'${text}'`, () => {
      const target = readTarget(text, '/nowhere');
      assert.deepEqual(typeof target === 'string' ? undefined : target.options, options);
    });
  }

  const find = (files: readonly string[], env: Readonly<Record<string, string>>, socket?: string) =>
    findSocket({ socket, files }, env, process.cwd());
  const optionsOf = (found: Awaited<ReturnType<typeof find>>) => (typeof found === 'string' ? found : found.options);

  it('is what is said, before what the environment says', async () => {
    assert.deepEqual(optionsOf(await find([], { FAIRLEAD_SOCKET: '/b' }, '/a')), { path: '/a' });
    assert.deepEqual(optionsOf(await find([], { FAIRLEAD_SOCKET: '/b' })), { path: '/b' });
  });

  it('is one in which somebody listens, of several', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-ctl-'));
    const [dead, live] = [join(folder, 'dead'), join(folder, 'live')];
    const server = createServer().listen(live);
    try {
      await once(server, 'listening');
      // Whoever is killed leaves its socket.
      const listen = `require('node:net').createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', listen]);
      assert.equal(statSync(dead).isSocket(), true);
      assert.equal(await firstHeard([dead, live]), live);
      assert.equal(await firstHeard([dead, join(folder, 'none')]), undefined);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('is none of somebody else in /tmp', { skip: process.getuid?.() === 0 ? false : 'only root may give files away' }, () => {
    const folder = mkdtempSync('/tmp/fairlead-ctl-');
    const file = join(folder, 'a');
    try {
      writeFileSync(file, '');
      assert.equal(isTrusted(file), true);
      chownSync(file, 1, 1);
      assert.equal(isTrusted(file), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is the socket of a configuration whose users may do most', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-ctl-'));
    try {
      const file = join(folder, 'a.cfg');
      writeFileSync(file, 'global\n stats socket :7 level user\n stats socket /run/admin level admin\n stats socket /run/other\n');
      assert.deepEqual(optionsOf(await find([file], { FAIRLEAD_SOCKET: '/b' })), { path: '/run/admin' });
      writeFileSync(file, 'global\n stats socket :7 level admin\n');
      assert.deepEqual(optionsOf(await find([file], {})), { host: '127.0.0.1', port: 7 });
      writeFileSync(file, 'global\n');
      assert.match(String(await find([file], {})), /there is no 'stats socket' to connect to/);
      writeFileSync(file, 'global\n nonsense\n');
      assert.match(String(await find([file], {})), /unknown keyword 'nonsense'/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('lines of ctl', () => {
  it('are commands, with what is protected left as it is', () =>
    assert.deepEqual(commandsOf('show info; ;set x a\\;b\\ '), ['show info', 'set x a\\;b\\ ']));
  for (const word of ['a b;c\\d', 'a ', ' ', '\\', 'b<<', '<<', '<']) {
    it(`say '${word}' as one word`, () => {
      const said = quoted(word);
      assert.deepEqual([splitCommands(said).map(splitWords), said.endsWith('<<')], [[[word]], false]);
    });
  }

  it('announce payloads, which an empty line ends, or the end of all', () => {
    const reader = new LineReader();
    const asked = ['a', 'b <<', 'c', 'd <<', '', '', 'e <<', 'f'].map((line) => reader.push(line));
    const some = asked.filter((each) => each !== undefined);
    assert.deepEqual(
      [...some, reader.end(), reader.end()],
      [
        { line: 'a', payload: undefined },
        { line: 'b ', payload: 'c\nd <<\n' },
        { line: '', payload: undefined },
        { line: 'e ', payload: 'f\n' },
        undefined,
      ],
    );
  });
});
