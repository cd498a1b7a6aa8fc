import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Failure, Failures } from '../../src/core/failures.ts';
import { type Attempt, abandons, type Next, nextAfter, type Place } from '../../src/proxy/retry.ts';
import { type ProxyChanges, proxyConfig } from '../support/config.ts';

const NEVER = {
  connFailure: false,
  emptyResponse: false,
  junkResponse: false,
  responseTimeout: false,
  zeroRttRejected: false,
  statuses: new Set<number>(),
};

const TWO_SERVERS: Place = {
  usable: true,
  removed: false,
  weak: false,
  elsewhere: true,
  several: true,
  keyed: false,
  tie: 'free',
  discovered: false,
  untried: false,
};

/** After `failure` of a first attempt at one of several servers, of a request that is here to be sent again. */
function after(failure: Failure | undefined, changes: ProxyChanges, attempt: Partial<Attempt> = {}, place: Partial<Place> = {}): Next {
  return nextAfter(
    { failure, status: 200, retries: 0, resent: 0, repeatable: true, replayable: false, harmless: true, ...attempt },
    { ...TWO_SERVERS, ...place },
    proxyConfig('app', changes),
  );
}

describe('retry-on', () => {
  const words = [
    ['connFailure', Failures.ConnectFailed, 'pause'],
    ['connFailure', Failures.ConnectTimeout, 'again'],
    ['emptyResponse', Failures.ServerClosed, 'again'],
    ['emptyResponse', Failures.HeadCut, 'again'],
    ['junkResponse', Failures.HeadCut, 'again'],
    ['junkResponse', Failures.ResponseInvalid, 'again'],
    ['responseTimeout', Failures.ServerTimeout, 'again'],
  ] as const;
  for (const [word, failure, next] of words) {
    it(`${word} is about ${failure.code}`, () => {
      assert.equal(after(failure, { retryOn: { ...NEVER, [word]: true } }), next);
      assert.equal(after(failure, { retryOn: NEVER }), 'end');
    });
  }

  it('is about a failed connection alone where it is not given', () => {
    for (const failure of Object.values(Failures)) {
      const connecting = failure === Failures.ConnectFailed || failure === Failures.ConnectTimeout;
      assert.equal(after(failure, {}) !== 'end', connecting, failure.code);
    }
  });

  it('goes by statuses where nothing else is wrong', () => {
    const retryOn = { ...NEVER, statuses: new Set([503]) };
    assert.equal(after(undefined, { retryOn }, { status: 503 }), 'again');
    assert.equal(after(undefined, { retryOn }, { status: 500 }), 'end');
    assert.equal(after(Failures.ResponseInvalid, { retryOn }, { status: 503 }), 'end');
  });

  it('sends nothing again that is not here, or of whose answer the client has seen something', () => {
    const retryOn = { ...NEVER, emptyResponse: true };
    assert.equal(after(Failures.ServerClosed, { retryOn }, { repeatable: false }), 'end');
  });

  it('ends with the last of `retries`', () => {
    for (const [retries, next] of [
      [2, 'pause'],
      [3, 'end'],
    ] as const) {
      assert.equal(after(Failures.ConnectFailed, { retries: 3 }, { retries }), next);
    }
    assert.equal(after(Failures.ConnectFailed, { retries: 0 }), 'end');
  });
});

describe('a replay', () => {
  it('needs no configuration', () => {
    assert.equal(after(Failures.ServerClosed, { retryOn: NEVER, retries: 0 }, { replayable: true }), 'replay');
  });

  it('is a retry where that is configured, as long as there are some', () => {
    const retryOn = { ...NEVER, emptyResponse: true };
    assert.equal(after(Failures.ServerClosed, { retryOn }, { replayable: true }), 'again');
    assert.equal(after(Failures.ServerClosed, { retryOn }, { replayable: true, retries: 3 }), 'replay');
  });
});

describe('where', () => {
  const refused = (changes: ProxyChanges, attempt?: Partial<Attempt>, place?: Partial<Place>) =>
    after(Failures.ConnectFailed, changes, attempt, place);

  it('the same server without option redispatch', () => {
    assert.equal(refused({}), 'pause');
  });

  it('another one at once with it, if there is one', () => {
    assert.equal(refused({ redispatch: -1 }), 'other');
    assert.equal(refused({ redispatch: -1 }, {}, { elsewhere: false }), 'pause');
  });

  it('the same one with `option redispatch 0`', () => {
    assert.equal(refused({ redispatch: 0 }, { retries: 2 }), 'pause');
  });

  it('the next one when this one gets no more traffic, whether there is one or not', () => {
    assert.equal(refused({}, {}, { usable: false }), 'other');
    assert.equal(refused({}, {}, { usable: false, elsewhere: false }), 'other');
  });

  it('the same one although it gets no more traffic, for a client that is bound to it, unless it was removed', () => {
    for (const tie of ['bound', 'forced'] as const) {
      assert.equal(refused({}, {}, { usable: false, tie }), 'pause');
      assert.equal(refused({ redispatch: -1 }, {}, { usable: false, tie }), 'pause', 'it drains');
      assert.equal(refused({}, {}, { usable: false, removed: true, tie }), 'other');
    }
  });

  it('another one at once when the server of a bound client is down or still starting, with option redispatch', () => {
    assert.equal(refused({ redispatch: -1 }, {}, { usable: false, weak: true, tie: 'bound' }), 'other');
    assert.equal(refused({ redispatch: -1 }, {}, { usable: false, weak: true, tie: 'bound', elsewhere: false }), 'other');
    assert.equal(refused({ redispatch: -1 }, {}, { weak: true, tie: 'bound' }), 'other');
    assert.equal(refused({}, {}, { weak: true, tie: 'bound' }), 'pause');
    assert.equal(refused({ redispatch: -1 }, {}, { weak: true, tie: 'forced' }), 'pause');
  });

  it('the same one, always, with force-persist', () => {
    for (const retries of [0, 1, 2]) assert.equal(refused({ redispatch: 1 }, { retries }, { tie: 'forced' }), 'pause');
    assert.equal(refused({}, {}, { tie: 'forced', discovered: true }), 'pause');
  });

  it('a discovered server has a successor: not so with only one', () => {
    assert.equal(refused({}, {}, { discovered: true, untried: true }), 'other');
    assert.equal(refused({}, {}, { discovered: true, untried: true, tie: 'bound' }), 'other');
    assert.equal(refused({}, {}, { discovered: true, elsewhere: false }), 'pause');
    assert.equal(refused({}, {}, { discovered: true }), 'pause', 'all others have refused, too');
  });

  // `option redispatch N` with `retries 4`: which retries leave.
  const intervals = [
    [-1, [4]],
    [-2, [3]],
    [-3, [2, 4]],
    [-4, [1, 2, 3, 4]],
    [-5, []],
    [-9, []],
    [1, [1, 2, 3, 4]],
    [2, [2, 4]],
    [3, [3]],
    [5, []],
  ] as const;
  const ties = [
    ['bound by a key', { keyed: true }],
    ['bound by a cookie or a stick table', { tie: 'bound' }],
    ['without a second active server', { several: false }],
  ] as const;
  for (const [who, place] of ties) {
    for (const [redispatch, expected] of intervals) {
      it(`a client ${who} leaves with retry ${expected.join(', ') || 'none'} by option redispatch ${redispatch}`, () => {
        const left = [1, 2, 3, 4].filter((nth) => refused({ retries: 4, redispatch }, { retries: nth - 1 }, place) === 'other');
        assert.deepEqual(left, expected);
      });
    }
  }
});

describe('a discovered server', () => {
  const discovered: Partial<Place> = { discovered: true, untried: true };

  it('is left by what it has not answered, if that may be sent twice', () => {
    for (const failure of [Failures.ServerClosed, Failures.HeadCut]) {
      assert.equal(after(failure, {}, {}, discovered), 'other', failure.code);
      assert.equal(after(failure, {}), 'end', 'a configured one is not');
    }
    for (const failure of [Failures.ServerTimeout, Failures.ResponseInvalid, undefined])
      assert.equal(after(failure, {}, {}, discovered), 'end');
  });

  it('is not left by what may not, nor for nobody', () => {
    const lost = (attempt: Partial<Attempt>, place: Partial<Place> = {}, changes: ProxyChanges = {}) =>
      after(Failures.ServerClosed, changes, attempt, { ...discovered, ...place });
    assert.equal(lost({ harmless: false }), 'end');
    assert.equal(lost({ repeatable: false }), 'end');
    assert.equal(lost({ retries: 16, resent: 1 }), 'other', 'however many have refused it');
    assert.equal(lost({ resent: 2 }), 'end', 'it may be what ends them');
    assert.equal(lost({ resent: 1 }, {}, { retries: 1 }), 'end');
    const retryOn = { ...NEVER, connFailure: true, emptyResponse: true };
    assert.equal(lost({ resent: 2 }, {}, { retryOn }), 'other', '`retry-on` says how often');
    assert.equal(lost({ retries: 3 }, {}, { retryOn }), 'end');
    assert.equal(lost({}, { elsewhere: false, untried: false }), 'end');
    assert.equal(lost({}, { untried: false }), 'other', 'where it has failed before may be well again');
    assert.equal(lost({}, { tie: 'forced' }), 'end');
    assert.equal(lost({}, { tie: 'bound' }), 'other');
    assert.equal(lost({}, {}, { retries: 0 }), 'end');
    assert.equal(lost({}, {}, { retryOn: NEVER }), 'end');
  });

  it('is asked once more where only a kept connection has ended', () => {
    assert.equal(after(Failures.ServerClosed, {}, { replayable: true }, discovered), 'replay');
    assert.equal(after(Failures.ServerClosed, {}, { replayable: true, resent: 2 }, discovered), 'end');
    assert.equal(after(Failures.ServerClosed, {}, { replayable: true, resent: 2 }), 'replay', 'a configured one always');
  });

  it('that refuses has up to 16 successors, whatever `retries` says', () => {
    const unreached = (place: Partial<Place>, changes: ProxyChanges = {}, failure: Failure = Failures.ConnectFailed, retries = 15) =>
      after(failure, { retries: 1, ...changes }, { retries, harmless: false }, place);
    assert.equal(unreached(discovered), 'other');
    assert.equal(unreached(discovered, {}, Failures.ConnectFailed, 16), 'end');
    assert.equal(unreached(discovered, { retries: 20 }, Failures.ConnectFailed, 16), 'other', 'or as many as it says, if that is more');
    assert.equal(unreached(discovered, {}, Failures.ConnectTimeout), 'end', 'what takes long is not done that often');
    assert.equal(unreached({ ...discovered, untried: false }), 'end');
    assert.equal(unreached({ ...discovered, discovered: false }), 'end');
    assert.equal(unreached(discovered, { retries: 0 }), 'end');
    assert.equal(unreached(discovered, { retryOn: NEVER }), 'end');
  });

  it('is abandoned where nothing has left, or it does no harm', () => {
    const settings = proxyConfig('app');
    const left = (sent: boolean, attempt: Partial<Attempt> = {}, place: Partial<Place> = {}) =>
      abandons({ resent: 0, repeatable: true, harmless: true, ...attempt }, sent, { ...TWO_SERVERS, ...discovered, ...place }, settings);
    assert.equal(left(true), true);
    assert.equal(left(true, { harmless: false }), false);
    assert.equal(left(true, { repeatable: false }), false);
    assert.equal(left(true, { resent: 2 }), false);
    assert.equal(left(false, { repeatable: false, harmless: false, resent: 2 }), true);
    for (const place of [{ elsewhere: false, untried: false }, { discovered: false }, { tie: 'forced' }] as const) {
      for (const sent of [true, false]) assert.equal(left(sent, {}, place), false);
    }
  });
});
