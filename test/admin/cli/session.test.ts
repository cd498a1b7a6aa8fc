/** One connection of the Runtime API without its socket: what is said to text that comes whole, in pieces, or with mistakes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, DONE, data, message, refuse } from '../../../src/admin/cli/command.ts';
import type { Runtime } from '../../../src/admin/cli/runtime.ts';
import { CliSession, type Dialect } from '../../../src/admin/cli/session.ts';
import { splitCommands, splitWords } from '../../../src/core/cli-words.ts';
import { Level } from '../../../src/core/log.ts';
import { readAnswer } from '../../../src/ctl/client.ts';

/** Commands that tell what they were given. */
function commandsWith(more: readonly Command[] = []): readonly Command[] {
  return [
    { name: 'say', syntax: '<word>', help: 'repeats', run: ({ args }) => data(`${args.join('|')}\n`) },
    { name: 'say twice', syntax: '<word>', help: 'repeats twice', run: ({ args }) => data(`${args[0]}\n`, `${args[0]}\n`) },
    { name: 'keep', syntax: '', help: 'shows its payload', run: ({ payload }) => data(`<${payload ?? 'none'}>\n`) },
    { name: 'do', syntax: '', help: 'is silent', run: () => DONE },
    { name: 'fail', syntax: '', help: 'refuses', run: () => refuse('No.') },
    { name: 'tell', syntax: '', help: 'is a message', run: () => message(Level.Info, 'Yes.') },
    { name: 'admin', syntax: '', help: 'is for some', level: 'admin', run: () => DONE },
    { name: 'quit', syntax: '', help: 'ends', run: () => ({ kind: 'close' }) },
    {
      name: 'prompt',
      syntax: '',
      help: 'toggles',
      run: ({ state }) => {
        state.interactive = !state.interactive;
        return DONE;
      },
    },
    ...more,
  ];
}

function open(level: 'admin' | 'user' = 'admin', commands: readonly Command[] = commandsWith()): CliSession {
  const dialect: Dialect = { prompt: () => '> ', address: (words) => ({ words, commands }) };
  return new CliSession({} as Runtime, dialect, level, 'none', 1000);
}

/** All that there is to send now. */
function take(session: CliSession): string {
  let text = '';
  for (let piece = session.next(); piece !== undefined; piece = session.next()) text += piece;
  return text;
}

function ask(text: string, level: 'admin' | 'user' = 'admin'): { readonly said: string; readonly over: boolean } {
  const session = open(level);
  session.push(text);
  return { said: take(session), over: session.over };
}

describe('a line', () => {
  const cases: readonly (readonly [what: string, text: string, said: string])[] = [
    ['is answered with an empty line behind the answer', 'say a\n', 'a\n\n'],
    ['may end as lines of other systems do', 'say a\r\n', 'a\n\n'],
    ['has words between any blanks', '  say \t a  b \n', 'a|b\n\n'],
    ['is the command with the most words', 'say twice a\n', 'a\na\n\n'],
    ['may have several commands', 'say a;do;say b\n', 'a\n\n\nb\n\n'],
    ['protects blanks, semicolons and backslashes with a backslash', 'say a\\ b\\;c\\\\d\n', 'a b;c\\d\n\n'],
    ['may be followed by others', 'say a\nsay b\n', 'a\n\nb\n\n'],
    ['may ask for the end', 'say a;quit;say b\nsay c\n', 'a\n\n'],
    ['says what is refused', 'fail\n', 'No.\n\n'],
  ];
  for (const [what, text, said] of cases) {
    it(what, () => assert.deepEqual(ask(text), { said, over: true }));
  }

  // Several lines at once are one conversation; in pieces, the first is all of it.
  for (const [what, text, said] of cases.filter((each) => each[1].indexOf('\n') === each[1].length - 1)) {
    it(`${what}, whatever the pieces in which it comes`, () => {
      const session = open();
      let all = '';
      for (const char of text) {
        session.push(char);
        all += take(session);
      }
      assert.deepEqual([all, session.over], [said, true]);
    });
  }

  it('is no line before its end', () => {
    const session = open();
    session.push('say a');
    assert.deepEqual([take(session), session.over], ['', false]);
  });

  it('of no known command is answered with those that it may have meant', () => {
    const { said } = ask('sya\n');
    assert.match(said, /^Unknown command, but maybe one of the following ones is a better match:\n {2}say <word> {30}: repeats\n/);
    assert.match(said, /\n {2}quit {36}: disconnect\n\n$/);
  });

  it('without a word is answered with all commands', () => {
    assert.match(ask('\n').said, /^Unknown command\. Please enter one of the following commands only:\n(.*\n)* {2}do {38}: is silent\n/);
  });

  it('of a word that no command is like is answered without a guess', () => {
    const bare = ask(`${'sy'.repeat(30)}\n`).said;
    assert.match(bare, /^Unknown command, but .*\n {2}help \[<command>\] +: .*\n {2}prompt +: .*\n {2}quit +: .*\n\n$/);
  });

  it('that is not known is not answered with what help hides', () => {
    const hidden = ['ssl cert', 'ssl crl-file'].map((name) => ({ name: `show ${name}`, syntax: '', help: '', run: () => DONE }));
    const shown = ['libs', 'sess'].map((name) => ({ name: `show ${name}`, syntax: '', help: name, run: () => DONE }));
    const session = open('admin', [...hidden, ...shown]);
    session.push('show ss\n');
    assert.match(take(session), /\n {2}show sess/);
  });

  it('of very many commands has an answer to each', () =>
    assert.equal(ask(`${'do;'.repeat(5000)}tell\n`).said, `${'\n'.repeat(5000)}Yes.\n\n`));

  for (const ending of ['', '\n']) {
    it(`that is too long is the end, ${ending === '' ? 'before' : 'and with'} its own`, () => {
      const session = open();
      session.push(`say ${'x'.repeat(16_384)}${ending}`);
      assert.deepEqual([take(session), session.over], ['', true]);
    });
  }

  it('asks for more than the level allows', () => {
    assert.equal(ask('admin\n', 'user').said, 'Permission denied\n\n');
    assert.equal(ask('admin\n').said, '\n');
  });
});

describe('a payload', () => {
  it('is the lines up to an empty one', () => assert.equal(ask('keep <<\na\nb\n\nsay c\n').said, '<a\nb\n>\n\nc\n\n'));
  it('is none where the line does not ask for one', () => assert.equal(ask('keep\na\n\n').said.slice(0, 8), '<none>\n\n'));
  it('is awaited', () => {
    const session = open();
    session.push('keep <<\na\n');
    assert.deepEqual([take(session), session.over], ['', false]);
    session.push('\n');
    assert.deepEqual([take(session), session.over], ['<a\n>\n\n', true]);
  });
  it('may be longer than a line', () => {
    const lines = 'abc\n'.repeat(15_000);
    assert.equal(ask(`keep <<\n${lines}\n`).said, `<${lines}>\n\n`);
  });
  it('that never ends is the end', () => {
    const session = open();
    session.push('keep <<\n');
    for (let n = 0; n < 80 && !session.over; n++) {
      session.push(`${'x'.repeat(1000)}\n`);
      take(session);
    }
    assert.equal(session.over, true);
  });
});

describe('interactive mode', () => {
  it('has a prompt behind every answer, and stays', () => {
    const session = open();
    session.push('prompt\n');
    assert.equal(take(session), '\n> ');
    session.push('say a;fail\n');
    assert.equal(take(session), 'a\n\n> No.\n\n> ');
    session.push('keep <<\n');
    assert.equal(take(session), '+ ');
    session.push('x\n');
    assert.equal(take(session), '+ ');
    session.push('\n');
    assert.equal(take(session), '<x\n>\n\n> ');
    assert.equal(session.over, false);
  });
  it('ends with a second prompt', () => {
    const session = open();
    session.push('prompt\n');
    take(session);
    session.push('prompt\n');
    assert.deepEqual([take(session), session.over], ['\n', true]);
  });
});

describe('answers', () => {
  it('are made no faster than they are taken', () => {
    let made = 0;
    const slow: Command = {
      name: 'slow',
      syntax: '',
      help: '',
      run: () => ({
        kind: 'data',
        pieces: (function* () {
          for (; made < 5; ) yield `${made++}\n`;
        })(),
      }),
    };
    const session = open('admin', [slow]);
    session.push('slow\n');
    assert.equal(session.next(), '0\n');
    assert.equal(made, 1);
    assert.equal(take(session), '1\n2\n3\n4\n\n');
  });

  it('that take their time hold up what follows, and are told of', async () => {
    let finish: (answer: typeof DONE) => void = () => {};
    const later: Command = { name: 'later', syntax: '', help: '', run: () => new Promise((resolve) => (finish = resolve)) };
    const session = open('admin', commandsWith([later]));
    session.push('later;say a\n');
    assert.equal(take(session), '');
    const ready = new Promise<void>((resolve) => (session.onReady = resolve));
    finish(message(Level.Info, 'Done.'));
    await ready;
    assert.deepEqual([take(session), session.over], ['Done.\n\na\n\n', true]);
  });

  it('that fail are told of, too', async () => {
    const broken: Command = { name: 'broken', syntax: '', help: '', run: () => Promise.reject(new Error('oh')) };
    const session = open('admin', [broken]);
    session.push('broken\n');
    take(session);
    await new Promise<void>((resolve) => (session.onReady = resolve));
    assert.equal(take(session), 'Failed: Error: oh\n\n');
  });

  it('that cannot be made are told of, and the next command is', () => {
    const faulty: Command = {
      name: 'faulty',
      syntax: '',
      help: '',
      run: () => {
        throw new Error('oh');
      },
    };
    const session = open('admin', commandsWith([faulty]));
    session.push('faulty;say a\n');
    assert.equal(take(session), 'Failed: Error: oh\n\na\n\n');
  });

  it('that break off end the connection, and nobody takes them for whole', () => {
    function* broken(): Generator<string> {
      yield 'begun\n';
      throw new Error('oh');
    }
    const session = open(
      'admin',
      commandsWith([{ name: 'broken', syntax: '', help: '', run: () => ({ kind: 'data', pieces: broken() }) }]),
    );
    session.push('broken;say a\n');
    assert.deepEqual([take(session), session.over], ['begun\nFailed: Error: oh', true]);
    assert.throws(() => readAnswer('\nbegun\nFailed: Error: oh'), /closed within the answer/);
  });

  it('have their severity in front where that is asked for, reports have none', () => {
    const session = open();
    session.state.severity = 'number';
    session.push('fail;tell;say a\n');
    assert.equal(take(session), '[3]: No.\n\n[6]: Yes.\n\na\n\n');
    const words = open();
    words.state.severity = 'string';
    words.push('fail;tell\n');
    assert.equal(take(words), '[err]: No.\n\n[info]: Yes.\n\n');
  });
});

describe('words', () => {
  it('of a line with escapes at its end', () => {
    assert.deepEqual(splitCommands('a\\;b;c\\'), ['a\\;b', 'c\\']);
    assert.deepEqual(splitWords('a\\ b \\'), ['a b', '']);
  });
});
