import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExitCode, Life, type Living } from '../../src/life.ts';
import { prepare } from '../../src/prepare.ts';

const VALID = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten www\n bind :8080\n';

/** A life over an app that only remembers what it was told. */
class Stage {
  readonly done: string[] = [];
  readonly said: string[] = [];
  readonly codes: number[] = [];
  /** The text that a reload reads. */
  text = VALID;
  /** Ends the exchanges that a soft stop waits for. */
  finish: () => void = () => {};
  /** Ends the reload under way. */
  reloaded: () => void = () => {};
  readonly life: Life;

  constructor(global = '') {
    const { config } = this.read(`global\n${global}\n${VALID}`).prepared ?? assert.fail();
    const app: Living = {
      config,
      connections: 1,
      log: { event: (_level, message) => this.said.push(message) },
      reload: () => this.pending('reload', (resolve) => (this.reloaded = () => resolve([]))),
      pause: () => this.pending('pause', (resolve) => resolve(undefined)),
      resume: () => this.pending('resume', (resolve) => resolve([])),
      drain: (hurried) => this.pending(hurried ? 'hurry' : 'drain', (resolve) => (this.finish = () => resolve(undefined))),
      stop: () => void this.done.push('stop'),
      banner: () => ({ version: '1', config: 'x', backends: 0, servers: 0, checked: 0, sources: [], frontends: [] }),
    };
    this.life = new Life(app, {
      pid: 7,
      read: () => this.read(this.text),
      print: (lines) => void this.said.push(...lines),
      exit: (code) => void this.codes.push(code),
      interrupted: ExitCode.Interrupted,
    });
  }

  private read(text: string) {
    return prepare({ kind: 'text', text, name: 'test.cfg' }, { env: {} });
  }

  private pending<T>(what: string, hold: (resolve: (value: T) => void) => void): Promise<T> {
    this.done.push(what);
    return new Promise(hold);
  }
}

/** Lets everything that is due be done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a soft stop', () => {
  for (const [signal, how] of [
    ['terminate', 'hurry'],
    ['finish', 'drain'],
  ] as const) {
    it(`waits for the exchanges (${signal})`, async () => {
      const { life, done, codes, ...stage } = new Stage();
      life.running();
      life[signal]();
      await settled();
      assert.deepEqual([done, codes], [[how], []]);
      assert.ok(stage.said.some((line) => /Stopping/.test(line)));
    });
  }

  it('ends with 0 when the last exchange has ended', async () => {
    const stage = new Stage();
    stage.life.running();
    stage.life.terminate();
    stage.finish();
    await settled();
    assert.deepEqual([stage.done, stage.codes], [['hurry', 'stop'], [ExitCode.Done]]);
  });

  it('is cut short by a second SIGTERM, but not by another SIGUSR1', () => {
    const stage = new Stage();
    stage.life.running();
    stage.life.finish();
    stage.life.finish();
    assert.deepEqual(stage.codes, []);
    stage.life.terminate();
    assert.deepEqual([stage.done, stage.codes], [['drain', 'stop'], [ExitCode.Terminated]]);
  });

  it('is cut short by hard-stop-after', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const stage = new Stage('hard-stop-after 5s');
    stage.life.running();
    stage.life.terminate();
    context.mock.timers.tick(4999);
    assert.deepEqual(stage.codes, []);
    context.mock.timers.tick(1);
    assert.deepEqual(stage.codes, [ExitCode.Done]);
  });

  it('ends once only', async () => {
    const stage = new Stage();
    stage.life.running();
    stage.life.terminate();
    stage.life.interrupt();
    stage.finish();
    stage.life.interrupt();
    await settled();
    assert.deepEqual([stage.done, stage.codes], [['hurry', 'stop'], [ExitCode.Interrupted]]);
  });
});

describe('before it listens', () => {
  it('a signal to stop ends it at once', () => {
    const terminated = new Stage();
    terminated.life.terminate();
    assert.deepEqual(terminated.codes, [ExitCode.Terminated]);
    const finished = new Stage();
    finished.life.finish();
    assert.deepEqual(finished.codes, [ExitCode.Done]);
  });

  it('a reload waits until it does', async () => {
    const stage = new Stage();
    await stage.life.reload();
    assert.deepEqual(stage.done, []);
    stage.life.running();
    assert.deepEqual(stage.done, ['reload']);
  });
});

describe('a reload', () => {
  it('hands a valid configuration on', async () => {
    const stage = new Stage();
    stage.life.running();
    const reload = stage.life.reload();
    stage.reloaded();
    await reload;
    assert.deepEqual(stage.done, ['reload']);
  });

  it('changes nothing with an invalid one, and says every reason', async () => {
    const stage = new Stage();
    stage.life.running();
    stage.text = `${VALID} blance x\n bnid :81\n`;
    await stage.life.reload();
    assert.deepEqual(stage.done, []);
    const said = stage.said.join('\n');
    for (const word of ['blance', 'bnid', 'nothing has changed']) assert.ok(said.includes(word), `${word} in ${said}`);
  });

  it('changes nothing where nothing would listen', async () => {
    const stage = new Stage();
    stage.life.running();
    stage.text = 'defaults\n mode http\n';
    await stage.life.reload();
    assert.deepEqual(stage.done, []);
  });

  it('is done once more when a signal comes while it is under way', async () => {
    const stage = new Stage();
    stage.life.running();
    const reload = stage.life.reload();
    void stage.life.reload();
    void stage.life.reload();
    stage.reloaded();
    await settled();
    assert.deepEqual(stage.done, ['reload', 'reload']);
    stage.reloaded();
    await reload;
    assert.deepEqual(stage.done, ['reload', 'reload']);
  });

  it('does not begin while it stops', async () => {
    const stage = new Stage();
    stage.life.running();
    stage.life.terminate();
    await stage.life.reload();
    assert.deepEqual(stage.done, ['hurry']);
  });
});

describe('pausing', () => {
  it('leaves the ports and takes them again', async () => {
    const stage = new Stage();
    stage.life.running();
    await stage.life.pause();
    await stage.life.resume();
    assert.deepEqual(stage.done, ['pause', 'resume']);
  });
});
