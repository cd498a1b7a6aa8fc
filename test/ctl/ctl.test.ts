/** `fairlead ctl` against a Runtime API of ours: answers, exit codes, conversations, completion. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Call, type Command, DONE, data, message, refuse } from '../../src/admin/cli/command.ts';
import { help } from '../../src/admin/cli/help.ts';
import { Peer } from '../../src/admin/cli/peer.ts';
import type { Runtime } from '../../src/admin/cli/runtime.ts';
import { CliSession, type Dialect } from '../../src/admin/cli/session.ts';
import { Level } from '../../src/core/log.ts';
import { ctl } from '../../src/ctl/ctl.ts';
import { until } from '../support/wait.ts';

const STAT_OF: readonly string[] = ['# pxname,svname,scur,status,\n', 'web,FRONTEND,3,OPEN,\n', 'app,BACKEND,2,UP,\n', 'app,s1,2,UP,\n'];
const STAT = STAT_OF.join('');
const TYPED = 'F.2.0.0.pxname.1:KNS:str:web\nF.2.0.4.scur.1:MGP:u32:3\n';
/** Payloads of `add map`. */
const added: string[] = [];
const addMap = ({ payload = '' }: Call): Answer => {
  if (payload.includes('bad')) return refuse('Bad.');
  added.push(payload);
  return DONE;
};
const COMMANDS: Command[] = [
  { name: 'show stat', syntax: '[json|typed]*', help: 'statistics', run: ({ args }) => data(statistics(args)) },
  { name: 'show version', syntax: '', help: 'the version', run: () => message(Level.Info, '2.6') },
  {
    name: 'show table',
    syntax: '[<table> [key <key>|data.server_id <operator> <id>]]',
    help: 'tables',
    run: () => data('# table: t, type: ip, size:5, used:0\n'),
  },
  { name: 'set server', syntax: '<server> <what>', help: 'changes a server', run: () => DONE },
  { name: 'warn', syntax: '', help: 'warns', run: () => message(Level.Warning, 'Careful.') },
  { name: 'shout', syntax: '', help: 'refuses loudly', run: () => refuse('No\x1b[2J!') },
  {
    name: 'doubt',
    syntax: '',
    help: 'refuses with a warning',
    run: () => message(Level.Warning, "Invalid addr 'x' by 'stats socket command'"),
  },
  {
    name: 'wonder',
    syntax: '',
    help: 'refuses with a notice',
    run: () => message(Level.Notice, 'Frontend was previously shut down, cannot disable.'),
  },
  { name: 'add map', syntax: '<map>', help: 'keeps', run: addMap },
  { name: 'fail', syntax: '', help: 'refuses', run: () => refuse('No.') },
  { name: 'keep', syntax: '', help: 'repeats', run: ({ args, payload }) => data(`${args.join('|')}:${JSON.stringify(payload)}\n`) },
  {
    name: 'set severity-output',
    syntax: '{none|number|string}',
    help: 'severities',
    run: ({ state }) => {
      state.severity = 'number';
      return DONE;
    },
  },
  { name: 'help', syntax: '', help: 'help', run: ({ args }) => help(COMMANDS, args) },
];

/** `-1 <kinds> -1`: 1 frontends, 2 backends, 4 servers. */
function statistics(args: readonly string[]): string {
  if (args.includes('typed')) return TYPED;
  const kinds = Number(args[1] ?? -1);
  return STAT_OF.filter((_, index) => index === 0 || (kinds & (1 << (index - 1))) !== 0).join('');
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('fairlead ctl', () => {
  let folder = '';
  let path = '';
  let server: Server;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-ctl-'));
    path = join(folder, 'api');
    const dialect: Dialect = { prompt: () => '> ', address: (words) => ({ words, commands: COMMANDS }) };
    server = createServer({ allowHalfOpen: true }, (socket) => {
      new Peer(socket, new CliSession({} as Runtime, dialect, 'admin', 'none', 60_000), () => {}).serve();
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** What was said, and how it ended. */
  async function run(words: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Said> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.end(input);
    const code = await ctl(words, { env: { FAIRLEAD_SOCKET: path, ...env }, cwd: folder, stdin, stdout, stderr });
    return { code, out: textOf(stdout), err: textOf(stderr) };
  }

  /** All that is there: newer versions of Node read what was written together, and no more, at once. */
  function textOf(stream: PassThrough): string {
    let text = '';
    for (let piece = stream.read(); piece !== null; piece = stream.read()) text += piece;
    return text;
  }

  const TABLE = 'pxname  svname    scur  status\nweb     FRONTEND     3  OPEN\napp     BACKEND      2  UP\napp     s1           2  UP\n';
  const ONE_LINE = 'fairlead: a command is one line: several are read from standard input\n';
  const cases: readonly (readonly [what: string, words: readonly string[], expected: Said])[] = [
    ['shows a report as a table', ['show', 'stat'], { code: 0, out: TABLE, err: '' }],
    ['shows it as it came', ['--raw', 'show', 'stat'], { code: 0, out: STAT, err: '' }],
    ['shows it as records, with types', ['--json', 'show', 'stat'], { code: 0, out: '[{"pxname":"web","scur":3}]\n', err: '' }],
    ['shows a message', ['show', 'version'], { code: 0, out: '2.6\n', err: '' }],
    ['shows a message as JSON', ['--json', 'show', 'version'], { code: 0, out: '{"answer":"2.6"}\n', err: '' }],
    ['says nothing of what is done', ['set', 'server', 'a/b', 'x'], { code: 0, out: '', err: '' }],
    ['says nothing of it in JSON, too', ['--json', 'set', 'server', 'a/b', 'x'], { code: 0, out: '{"answer":""}\n', err: '' }],
    ['takes a warning for an answer', ['warn'], { code: 0, out: 'Careful.\n', err: '' }],
    ['ends badly where something is refused', ['fail'], { code: 1, out: '', err: 'No.\n' }],
    ['tells of a refusal in JSON', ['--json', 'fail'], { code: 1, out: '{"error":"No."}\n', err: '' }],
    [
      'takes what HAProxy refuses with a warning for a refusal',
      ['doubt'],
      { code: 1, out: '', err: "Invalid addr 'x' by 'stats socket command'\n" },
    ],
    ['takes one with a notice for one, too', ['wonder'], { code: 1, out: '', err: 'Frontend was previously shut down, cannot disable.\n' }],
    ['lets no refusal speak to the terminal', ['shout'], { code: 1, out: '', err: 'No?[2J!\n' }],
    ['says blanks at the end of a word', ['keep', 'a ', '\\ '], { code: 0, out: 'a |\\ :undefined\n', err: '' }],
    ['announces no payload with a word that looks like it', ['keep', 'b<<'], { code: 0, out: 'b<<:undefined\n', err: '' }],
    ['asks no second command behind a line break', ['keep', 'x\nfail'], { code: 2, out: '', err: ONE_LINE }],
    ['asks none in a single word either', ['keep x\rfail'], { code: 2, out: '', err: ONE_LINE }],
    [
      'does not lose an empty word',
      ['keep', 'a', '', 'b'],
      { code: 2, out: '', err: 'fairlead: an empty word cannot be said to the Runtime API\n' },
    ],
    ['goes on behind what is refused', ['fail; show version'], { code: 1, out: '2.6\n', err: 'No.\n' }],
    ['takes a single word for a line', ['show version; warn'], { code: 0, out: '2.6\nCareful.\n', err: '' }],
    ['takes several for words, whatever is in them', ['keep', 'a b', 'c;d\\'], { code: 0, out: 'a b|c;d\\:undefined\n', err: '' }],
    ['reads JSON where an answer is some', ['--json', 'keep', '[1]', '2'], { code: 0, out: '{"answer":"[1]|2:undefined"}\n', err: '' }],
  ];
  for (const [what, words, expected] of cases) it(what, async () => assert.deepEqual(await run(words), expected));

  it('ends badly where there is no such command', async () => {
    const { code, out, err } = await run(['shw', 'stat']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^Unknown command/);
  });

  it('reads commands line by line', async () => {
    const { code, out, err } = await run([], 'show version\nfail\n\nkeep x <<\na\nb\n\nkeep y <<\nc\n');
    assert.deepEqual([code, out, err], [1, '2.6\nx:"a\\nb\\n"\ny:"c\\n"\n', 'No.\n']);
  });

  it('reads a payload', async () => {
    assert.equal((await run(['keep', 'x', '<<'], 'a b\nc')).out, 'x:"a b\\nc\\n"\n');
    assert.equal((await run(['keep x <<'], 'a\n')).out, 'x:"a\\n"\n');
  });

  it('reads empty lines of a payload as nothing: they would end it', async () => {
    assert.equal((await run(['keep', 'x', '<<'], '\na\r\n\r\n\nfail\n\n')).out, 'x:"a\\nfail\\n"\n');
    assert.deepEqual(await run(['keep', 'x', '<<'], '\n\n'), { code: 0, out: 'x:""\n', err: '' });
  });

  it('adds very many entries of a map in pieces', async () => {
    added.length = 0;
    const lines = Array.from({ length: 5000 }, (_, index) => `key${index} value of some length\n`);
    assert.deepEqual(await run(['add', 'map', 'm', '<<'], lines.join('')), { code: 0, out: '', err: '' });
    assert.equal(added.join(''), lines.join(''));
    assert.ok(added.every(({ length }) => length <= 8192));
  });

  it('stops adding where one is refused', async () => {
    added.length = 0;
    const lines = `${'a b\n'.repeat(4000)}bad b\n${'a b\n'.repeat(4000)}`;
    assert.deepEqual(await run(['add', 'map', 'm', '<<'], lines), { code: 1, out: '', err: 'Bad.\n' });
    assert.equal(added.join('').length, 8192);
  });

  it('does not tell a payload that is too long', async () => {
    const { code, err } = await run(['keep', 'x', '<<'], 'secret\n'.repeat(20_000));
    assert.equal(code, 2);
    assert.match(err, /^fairlead: \S+: 'keep x': the connection was closed without an answer; it may be too long: /);
    assert.ok(!err.includes('secret'));
  });

  for (const [what, text, why] of [
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'what answers is no Runtime API'],
    ['another protocol with empty lines', 'HTTP/1.1 400\n\n400\n', 'what answers is no Runtime API'],
    ['half of an answer', '\n# name\na', 'the connection was closed within the answer'],
    ['nothing', '', 'the connection was closed without an answer'],
  ] as const) {
    it(`takes ${what} for no answer`, async () => {
      const at = join(folder, what.replaceAll(' ', '-'));
      const other = createServer((socket) => socket.end(text));
      await new Promise<void>((resolve) => other.listen(at, resolve));
      try {
        const said = await run(['-s', at, 'show', 'stat']);
        assert.deepEqual(said, { code: 2, out: '', err: `fairlead: ${at}: 'show stat': ${why}\n` });
      } finally {
        other.close();
      }
    });
  }

  it('is told of by a socket in this folder alone, too', async () => {
    assert.equal((await run(['-s', 'api', 'show', 'version'], '', { FAIRLEAD_SOCKET: '' })).out, '2.6\n');
  });

  it('ends badly where its answer cannot be written', async () => {
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    const full = (code: string) =>
      new Writable({ write: (_piece, _encoding, done) => done(Object.assign(new Error('no space left'), { code })) });
    const env = { FAIRLEAD_SOCKET: path };
    assert.equal(await ctl(['show', 'version'], { env, cwd: folder, stdin, stdout: full('ENOSPC'), stderr }), 2);
    assert.equal(String(stderr.read()), 'fairlead: the answer could not be written: no space left\n');
    // Who reads no further has gone.
    assert.equal(await ctl(['show', 'version'], { env, cwd: folder, stdin, stdout: full('EPIPE'), stderr }), 0);
  });

  it('says why nobody can be asked', async () => {
    const { code, err } = await run(['--socket', join(folder, 'nobody'), 'show', 'stat']);
    assert.deepEqual([code, err], [2, `fairlead: ${join(folder, 'nobody')}: there is no such socket\n`]);
  });

  it('does not wait for ever', async () => {
    const silent = createServer({ allowHalfOpen: true }, () => {});
    const at = join(folder, 'silent');
    await new Promise<void>((resolve) => silent.listen(at, resolve));
    try {
      const { code, err } = await run(['--timeout', '1', '-s', at, 'show', 'stat']);
      assert.deepEqual([code, err], [2, `fairlead: ${at}: nothing came for 1 s\n`]);
    } finally {
      silent.close();
    }
  });

  describe('completes', () => {
    const completions: readonly (readonly [words: readonly string[], found: string])[] = [
      [[''], 'add doubt fail help keep prompt quit set shout show warn wonder'],
      [['se'], 'set'],
      [['show', ''], 'stat table version'],
      [['show', 'st'], 'stat'],
      [['set', 'server', ''], 'app/s1'],
      [['set', 'server', 'app/s1', 'state', ''], 'drain maint ready'],
      [['show', 'stat', 'j'], 'json'],
      [['show', 'table', ''], 't'],
      [['--j'], '--json'],
      [['--js', 'show', 'st'], ''],
      [['--json', 'show', 'st'], 'stat'],
      [['completion', ''], 'bash fish zsh'],
      [['completion', 'z'], 'zsh'],
      [['nonsense', ''], ''],
    ];
    for (const [words, found] of completions) {
      it(`'${words.join(' ')}'`, async () => {
        const { code, out } = await run(['complete', ...words]);
        assert.deepEqual([code, out.split('\n').filter(Boolean).sort()], [0, found.split(' ').filter(Boolean).sort()]);
      });
    }
    it('with the options that stand before', async () => {
      const { out } = await run(['complete', '--socket', path, 'show', 'v'], '', { FAIRLEAD_SOCKET: '/nowhere' });
      assert.equal(out, 'version\n');
    });
    it('with the options that stand before the word itself', async () => {
      const { out } = await run(['--socket', path, 'complete', 'show', 'v'], '', { FAIRLEAD_SOCKET: '/nowhere' });
      assert.equal(out, 'version\n');
    });
    it('not for ever', async () => {
      // It says something all the time, and never ends.
      const endless = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        const timer = setInterval(() => socket.write('x'), 50);
        socket.on('close', () => clearInterval(timer));
      });
      const at = join(folder, 'endless');
      await new Promise<void>((resolve) => endless.listen(at, resolve));
      try {
        assert.deepEqual(await run(['-s', at, 'complete', 's']), { code: 0, out: '', err: '' });
      } finally {
        endless.close();
      }
    });
    it('nothing where nobody answers', async () => {
      const { code, out } = await run(['complete', 's'], '', { FAIRLEAD_SOCKET: join(folder, 'nobody') });
      assert.deepEqual([code, out], [0, '']);
    });
    it('in bash', { skip: spawnSync('bash', ['-c', 'true']).status === 0 ? false : 'there is no bash' }, async () => {
      const { out } = await run(['completion', 'bash']);
      // In place of the program: one that says what it was asked.
      const script = `${out}\nasked() { printf '%s\\n' "$@" | tail -n 2; }\nCOMP_WORDS=(asked ctl show st); COMP_CWORD=3; _fairlead; echo "\${COMPREPLY[*]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual([stdout, stderr], ['show st\n', '']);
    });
    it('in no shell that it does not know', async () => {
      const { code, err } = await run(['completion', 'tcsh']);
      assert.deepEqual([code, err], [2, "fairlead: 'completion' expects one of bash, zsh, fish\n"]);
    });
  });

  describe('at a terminal', () => {
    /** Types each when what stands before it was to be seen, and answers all that was. */
    async function talk(typed: readonly (readonly [seen: string, keys: string])[]): Promise<string> {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      let seen = '';
      stdout.on('data', (piece: Buffer) => {
        seen += piece.toString();
      });
      const ended = ctl([], { env: { FAIRLEAD_SOCKET: path, HOME: folder }, cwd: folder, stdin, stdout, stderr });
      let from = 0;
      for (const [expected, keys] of typed) {
        await until(`'${expected}' is seen`, () => seen.slice(from).includes(expected));
        from = seen.length;
        stdin.write(keys);
      }
      assert.equal(await ended, 0);
      return seen;
    }

    it('answers lines, completes words and keeps what was said', async () => {
      const seen = await talk([
        ['fairlead> ', 'show version\r'],
        ['2.6', 'show ver\t'],
        ['version ', '\r'],
        ['2.6', 'keep x <<\r'],
        ['+ ', 'a\r\r'],
        ['x:"a\\n"', 'quit\r'],
      ]);
      assert.equal(seen.split('2.6').length - 1, 2);
      // The key that goes one line up: what was said last.
      await talk([
        ['fairlead> ', '\u001b[A'],
        ['quit', '\r'],
      ]);
    });

    it('keeps no payload', async () => {
      await talk([
        ['fairlead> ', 'keep x <<\rsecret\r\r'],
        ['x:"secret', 'warn;quit;fail\r'],
      ]);
      const kept = readFileSync(join(folder, '.local', 'state', 'fairlead', 'history'), 'utf8');
      assert.ok(!kept.includes('secret'), kept);
      assert.match(kept, /keep x <<\nwarn;quit;fail\n$/);
    });

    it('clears the line, and leaves a payload, where it is interrupted', async () => {
      const seen = await talk([
        ['fairlead> ', 'fail'],
        ['fail', '\u0003'],
        ['^C', 'keep x <<\r'],
        ['+ ', 'a\u0003'],
        ['^C', 'show version\r'],
        ['2.6', 'quit;fail\r'],
      ]);
      assert.ok(!seen.includes('No.') && !seen.includes('x:'), seen);
    });

    it('ends with the input, on a line of its own', async () => {
      assert.match(await talk([['fairlead> ', '\u0004']]), /\n$/);
    });
  });
});
