import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Snapshot } from '../../src/discovery/provider.ts';
import { freshNotes, Store } from '../../src/state/store.ts';
import type { Change, DesiredState } from '../../src/state/types.ts';
import { config, dockerServers, proxy, server } from '../discovery/make.ts';

const app = config([proxy('app', { dockerServers: [dockerServers({ engines: ['', 'a', 'b'] })] })]);

function snapshot(source: string, ...names: string[]): Snapshot {
  const servers = names.map((name) => ({ config: server(name), state: 'ready' as const, reason: '' }));
  return { source, pools: new Map([['app', servers]]), poolOptions: new Map(), routes: [], notes: [] };
}

interface Step {
  readonly changes: readonly Change[];
  readonly state: DesiredState;
}

function recorded(configuration = app): { readonly store: Store; readonly steps: Step[] } {
  const steps: Step[] = [];
  const store = new Store(configuration, (changes, state) => steps.push({ changes, state }));
  return { store, steps };
}

const names = (state: DesiredState | undefined) => state?.backends.get('app')?.servers.map((each) => each.config.name);

describe('the store', () => {
  it('begins with what the configuration says', async () => {
    const { steps } = recorded();
    assert.equal(steps.length, 0);
    await turn();
    assert.deepEqual(
      steps.map(({ changes }) => changes.map((change) => change.kind)),
      [['add-backend']],
    );
  });

  it('says what is pending at once when it is asked to', () => {
    const { store, steps } = recorded();
    store.flush();
    store.publish(snapshot('docker', 'a'));
    store.flush();
    store.flush();
    assert.equal(steps.length, 2);
    assert.deepEqual(names(store.state), ['a']);
  });

  it('makes one step of a burst and keeps the last word', async () => {
    const { store, steps } = recorded();
    await turn();
    for (const name of ['a', 'b', 'c']) store.publish(snapshot('docker', name));
    await turn();
    assert.equal(steps.length, 2);
    assert.deepEqual(names(steps[1]?.state), ['c']);
  });

  it('keeps the words of all sources', () => {
    const { store } = recorded();
    store.publish(snapshot('docker/a', 'a'));
    store.publish(snapshot('docker/b', 'b'));
    store.publish(snapshot('docker/a', 'c'));
    store.flush();
    assert.deepEqual(names(store.state), ['c', 'b']);
  });

  it('drops a snapshot that says nothing new', async () => {
    const { store, steps } = recorded();
    store.publish(snapshot('docker', 'a'));
    await turn();
    store.publish(snapshot('docker', 'a'));
    await turn();
    assert.equal(steps.length, 1);
  });

  it('takes an empty list as "no servers"', () => {
    const { store } = recorded();
    store.publish(snapshot('docker', 'a'));
    store.flush();
    store.publish(snapshot('docker'));
    store.flush();
    assert.deepEqual(names(store.state), []);
  });

  it('forgets a source with its servers', () => {
    const { store } = recorded();
    store.publish(snapshot('docker', 'a'));
    store.forget('docker');
    store.flush();
    assert.deepEqual(names(store.state), []);
  });

  it('tells about notes although nothing changes', () => {
    const { store, steps } = recorded();
    store.flush();
    const note = { level: 'warning', subject: 'a', message: 'is odd' } as const;
    const before = store.state;
    store.publish({ ...snapshot('docker'), notes: [note] });
    store.flush();
    assert.deepEqual(steps[1]?.changes, []);
    assert.deepEqual(freshNotes(before, store.state), [note]);
    assert.deepEqual(freshNotes(store.state, store.state), []);
  });

  it('changes from one configuration and its sources to another in one step', async () => {
    const { store, steps } = recorded();
    store.publish(snapshot('docker', 'a'));
    await turn();
    store.configure(config([proxy('other', { dockerServers: [dockerServers({})] })]));
    store.publish({ ...snapshot('docker'), pools: new Map([['other', snapshot('', 'a').pools.get('app') ?? []]]) });
    await turn();
    assert.deepEqual(
      steps[1]?.changes.map((change) => change.kind),
      ['add-backend', 'remove-backend'],
    );
    assert.equal(steps[1]?.state.backends.get('other')?.servers.length, 1);
  });
});

describe('readiness', () => {
  const never = 2 ** 30;

  it('is there at once when nobody is waited for', async () => {
    const { store, steps } = recorded();
    assert.deepEqual(await store.whenReady([], never), []);
    assert.equal(steps.length, 1);
  });

  it('comes when the last of the sources has published, and that has been applied', async () => {
    const { store, steps } = recorded();
    let missing: readonly string[] | undefined;
    const ready = store.whenReady(['dns', 'docker'], never).then((answer) => {
      missing = answer;
    });
    store.publish(snapshot('docker', 'a'));
    await turn();
    assert.equal(missing, undefined);
    store.publish(snapshot('dns'));
    await ready;
    assert.deepEqual(missing, []);
    assert.deepEqual(names(steps.at(-1)?.state), ['a']);
  });

  it('comes when the grace has passed, with those who are missing', async () => {
    const { store } = recorded();
    store.publish(snapshot('dns'));
    assert.deepEqual(await store.whenReady(['dns', 'docker'], 1), ['docker']);
  });
});
