/** What a change of a large set costs does not depend on what is in it: requests change sets, too. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findMatch, type ValueMatch } from '../../src/rules/match.ts';
import { keyOfRef } from '../../src/rules/pattern.ts';
import { PatternSet } from '../../src/rules/pattern-set.ts';
import { stepsOf } from '../support/steps.ts';

const OURS = /\/src\/rules\/(pattern|match|map-value|address|text)/;
const MATCHES = ['str', 'beg', 'end', 'sub', 'ip'];

/** As a file's, with the ways in which its values are compared. */
function filled(count: number, text: (index: number) => string): PatternSet {
  const set = new PatternSet('file', '', 0);
  for (let index = 0; index < count; index++) set.fill(text(index), 'value', index + 1);
  for (const name of MATCHES) set.lookup(findMatch(name) as ValueMatch<string>, false, 'str');
  return set;
}

function unique(index: number): string {
  return `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
}

function lastOf(set: PatternSet): string {
  return [...set.entries(set.version)].at(-1)?.ref ?? '';
}

/** Besides the search in a list, which halves it. */
const HALVES = 200;

function costs(work: (set: PatternSet) => void, text: (index: number) => string): readonly [few: number, many: number] {
  const [few, many] = [filled(20, text), filled(5000, text)];
  // What is compiled when it is called for the first time counts otherwise.
  work(filled(20, text));
  return [stepsOf(OURS, () => work(few)), stepsOf(OURS, () => work(many))];
}

describe('a set of many patterns', () => {
  it('does not look at them when one is changed by its key for the first time', () => {
    const changes: readonly ((set: PatternSet) => unknown)[] = [
      (set) => set.set({ text: unique(7) }, 'other'),
      (set) => set.remove({ text: unique(7) }),
      (set) => set.add('10.255.0.1', 'value'),
      (set) => set.has(unique(7)),
    ];
    for (const change of changes) {
      const [few, many] = costs(change, unique);
      assert.ok(few > 0 && many < few + HALVES, `${change}: ${few}, ${many}`);
    }
  });

  it('does not look at them when one is changed by its reference', () => {
    const refs = new Map<PatternSet, string>();
    const prepared = (count: number): PatternSet => {
      const set = filled(count, unique);
      refs.set(set, lastOf(set));
      return set;
    };
    const [few, many] = [prepared(20), prepared(5000)];
    const cost = (set: PatternSet): number => {
      const ref = refs.get(set) ?? '';
      return stepsOf(OURS, () => assert.ok(set.remove(keyOfRef(ref))));
    };
    cost(prepared(20));
    const [low, high] = [cost(few), cost(many)];
    assert.ok(high < low + HALVES, `${low}, ${high}`);
  });

  it('does not look at them when they are all cleared, nor when a version takes their place', () => {
    const swap = (set: PatternSet): void => {
      const version = set.prepare();
      set.add('10.255.0.1', 'value', version);
      assert.ok(set.commit(version));
      set.clear(version);
      assert.equal(set.size, 0);
    };
    const [few, many] = costs(swap, unique);
    assert.ok(many < few + HALVES, `${few}, ${many}`);
  });

  it('counts a new version while it is filled, and not when it is committed', () => {
    const cost = (count: number): number => {
      const set = filled(1, unique);
      const version = set.prepare();
      for (let index = 0; index < count; index++) set.add(unique(index), 'value', version);
      const steps = stepsOf(OURS, () => assert.ok(set.commit(version)));
      assert.equal(set.ways[0]?.find(unique(count - 1) as never)?.text, unique(count - 1));
      return steps;
    };
    cost(20);
    const [few, many] = [cost(20), cost(5000)];
    assert.ok(many < few + HALVES, `${few}, ${many}`);
  });

  it('takes out all that have one key in one go', () => {
    const count = 5000;
    const same = (): string => '10.0.0.1';
    const set = filled(count, same);
    set.add('10.0.0.2', 'value');
    const steps = stepsOf(OURS, () => set.remove({ text: same() }));
    assert.deepEqual([set.size, set.ways[0]?.find('10.0.0.2' as never)?.text], [MATCHES.length, '10.0.0.2']);
    assert.ok(steps < 10 * count, `${steps}`);
  });
});

describe('a set of patterns', () => {
  it('is as it was when the last of its ways of looking up does not take an entry', () => {
    const set = filled(2, unique);
    for (const version of [0, set.prepare()]) {
      assert.throws(() => set.add('name', 'value', version), /^Error: 'name' is not a valid IPv4 or IPv6 address$/);
      assert.equal([...set.entries(version)].length, version === 0 ? 2 : 0);
    }
    for (const { find } of set.ways) assert.equal(find('name' as never), undefined);
    assert.deepEqual([set.has('name'), set.remove({ text: 'name' })], [false, false]);
  });

  it('finds the next of several when one of them goes by its reference', () => {
    const set = filled(6, (index) => `10.0.0.${index >> 1}`);
    const refs = [...set.entries(0)].map(({ ref }) => ref);
    const found = (text: string): readonly (string | undefined)[] => set.ways.map(({ find }) => find(text as never)?.ref);
    for (const [at, text] of [
      [2, '10.0.0.1'],
      [5, '10.0.0.2'],
    ] as const) {
      assert.ok(set.remove(keyOfRef(refs[at] ?? '')));
      assert.deepEqual(found(text), Array(MATCHES.length).fill(refs[at ^ 1]));
      assert.ok(set.remove(keyOfRef(refs[at ^ 1] ?? '')));
      assert.deepEqual(found(text), Array(MATCHES.length).fill(undefined));
    }
    assert.deepEqual(found('10.0.0.0'), Array(MATCHES.length).fill(refs[0]));
  });

  it('has short forms of networks only from the configuration, and only for ACLs', () => {
    const acl = new PatternSet('file', '', 0);
    acl.fill('10.9/16', undefined, 1);
    const networks = findMatch('ip') as ValueMatch<string>;
    assert.equal(acl.lookup(networks, false, 'none').find('10.9.0.1'), undefined);
    assert.equal(acl.lookup(networks, false, 'none').find('10.0.0.9')?.text, '10.9/16');
    const refusal = /^Error: '[^']*' is not a valid IPv4 or IPv6 address/;
    for (const text of ['1.2.3/24', '9', '010.1.1.1']) assert.throws(() => acl.add(text, undefined), refusal, text);
    for (const text of ['1.2.3.4/24', '1.2.3.4', '::/0', '2001:db8::1']) acl.add(text, undefined);
    const map = new PatternSet('file', '', 0);
    map.fill('10.9/16', 'x', 1);
    assert.throws(() => map.lookup(networks, false, 'str'), refusal);
  });
});
