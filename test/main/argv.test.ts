import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, parseArgv, type RunOptions } from '../../src/argv.ts';

const words = (line: string) => line.split(' ').filter((word) => word !== '');

/** Options of a command line that runs something. */
function options(line: string): RunOptions {
  const command = parseArgv(words(line));
  assert.ok('options' in command, JSON.stringify(command));
  return command.options;
}

describe('commands', () => {
  const cases: readonly (readonly [line: string, kind: Command['kind']])[] = [
    ['', 'run'],
    ['-f a.cfg', 'run'],
    ['-f a.cfg -db', 'run'],
    ['-c -f a.cfg', 'check'],
    ['-f a.cfg -q -c', 'check'],
    ['-cc streq(a,a)', 'condition'],
    ['-v', 'version'],
    ['-vv', 'version'],
    ['--version', 'version'],
    ['--help', 'help'],
    ['-h', 'help'],
    ['demo', 'demo'],
    ['demo --help', 'help'],
    ['ctl', 'ctl'],
    ['servers -l web --show', 'servers'],
    ['render -f haproxy.cfg', 'render'],
    ['ctl --help show stat', 'ctl'],
    ['-f', 'refused'],
    ['check a.cfg', 'refused'],
    ['demo 8080', 'refused'],
  ];
  for (const [line, kind] of cases) {
    it(`'fairlead ${line}' is ${kind}`, () => assert.equal(parseArgv(words(line)).kind, kind));
  }

  it('tells the two versions apart', () => {
    assert.deepEqual(parseArgv(['-v']), { kind: 'version', detailed: false });
    assert.deepEqual(parseArgv(['-vv']), { kind: 'version', detailed: true });
  });

  it('gives the condition of -cc whole', () => {
    assert.deepEqual(parseArgv(['-cc', 'version_atleast(2.6) && defined(A)']), {
      kind: 'condition',
      text: 'version_atleast(2.6) && defined(A)',
    });
  });
});

describe('options', () => {
  const cases: readonly (readonly [line: string, expected: Partial<RunOptions>])[] = [
    ['-f a -f b', { files: ['a', 'b'] }],
    ['-f a -- b -c -f', { files: ['a', 'b', '-c', '-f'] }],
    ['-f a -C /etc -p /run/x.pid -L me', { directory: '/etc', pidfile: '/run/x.pid', localPeer: 'me' }],
    ['-n 100 -N 20', { maxconn: 100, frontendMaxconn: 20 }],
    ['-D', { daemon: true }],
    ['-D -db', { daemon: false }],
    ['-d -D', { daemon: false, debug: true }],
    ['-db', { daemon: false, debug: false }],
    ['-W', { worker: true }],
    ['-Ws', { worker: true }],
    ['-d -W -S fd@7', { debug: true, worker: true, master: 'fd@7' }],
    ['-q', { quiet: true }],
    ['-q -V', { quiet: false }],
    ['-dW', { zeroWarning: true }],
    ['-sf 12 34', { replaces: { signal: 'SIGUSR1', pids: [12, 34] } }],
    ['-st 12 -f a', { replaces: { signal: 'SIGTERM', pids: [12] }, files: ['a'] }],
    ['-sf', { replaces: { signal: 'SIGUSR1', pids: [] } }],
    ['-sf -f a', { replaces: { signal: 'SIGUSR1', pids: [] }, files: ['a'] }],
  ];
  for (const [line, expected] of cases) {
    it(`reads '${line}'`, () => {
      const read: Partial<RunOptions> = options(line);
      const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, read[key as keyof RunOptions]]));
      assert.deepEqual(picked, expected);
    });
  }

  it('takes the ids of -sf from one word, as a quoted command gives them', () => {
    assert.deepEqual(parseArgv(['-sf', '12 34\n']), parseArgv(['-sf', '12', '34']));
    assert.deepEqual(parseArgv(['-sf', '']), parseArgv(['-sf']));
  });

  it('starts as the haproxy image does', () => {
    const read = options('-W -db -f /usr/local/etc/haproxy/haproxy.cfg');
    assert.deepEqual(read.files, ['/usr/local/etc/haproxy/haproxy.cfg']);
    assert.equal(read.daemon, false);
  });

  for (const line of ['-x /run/s', '-m 64', '-dM', '-dM0x50,no-merge', '-dKall', '-dp', '-dr', '-dV']) {
    it(`accepts '${line}' and says why it has no effect`, () => {
      const { ignored } = options(line);
      assert.equal(ignored.length, 1);
      assert.ok(ignored[0]?.startsWith(`${words(line)[0]}: `), ignored[0]);
    });
  }
});

describe('demo', () => {
  const cases: readonly (readonly [line: string, port: number])[] = [
    ['demo', 8080],
    ['demo --port 9000', 9000],
    ['demo --port=0', 0],
  ];
  for (const [line, port] of cases) {
    it(`'${line}' is on port ${port}`, () => {
      const command = parseArgv(words(line));
      assert.equal(command.kind === 'demo' && command.port, port);
    });
  }
});

describe('what is refused', () => {
  const cases: readonly (readonly [line: string, message: string])[] = [
    ['--hlep', "unknown option '--hlep'; did you mean '--help'?"],
    ['--versio', "unknown option '--versio'; did you mean '--version'?"],
    ['-zzzzz', "unknown option '-zzzzz'"],
    ['a.cfg', "unexpected 'a.cfg'; a configuration is given as '-f a.cfg'"],
    ['clt', "unknown command 'clt'; did you mean 'ctl'?"],
    ['dmeo', "unknown command 'dmeo'; did you mean 'demo'?"],
    ['-c -f', "'-f' expects a file or directory"],
    ['-n', "'-n' expects a number"],
    ['-n abc', "'-n' expects a positive number, got 'abc'"],
    ['-n 0', "'-n' expects a positive number, got '0'"],
    ['-sf abc', "'-sf' expects a positive number, got 'abc'"],
    ['demo --port 70000', "'--port' expects a port, got '70000'"],
    ['demo --port', "'--port' expects a port, got ''"],
    ['demo --prot 80', "unknown option '--prot' of 'demo'; did you mean '--port'?"],
  ];
  for (const [line, message] of cases) {
    it(`'${line}'`, () => assert.deepEqual(parseArgv(words(line)), { kind: 'refused', message }));
  }
});
